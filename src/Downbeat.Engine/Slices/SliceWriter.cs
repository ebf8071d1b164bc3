using System.Buffers.Binary;
using Downbeat.Engine.Listens;

namespace Downbeat.Engine.Slices;

/// <summary>Writes a slice: listens of one date, sorted and each once, come in; bytes go to a stream, front to back.</summary>
public sealed class SliceWriter
{
    readonly Stream output;
    readonly DateOnly date;
    readonly Texts tracks;
    readonly List<byte> index = [];
    readonly byte[] block = new byte[SliceFormat.MaxBlockBytes];
    readonly byte[] flags = new byte[SliceFormat.BlockListens / 4];
    Listen before;
    ulong blockUser;
    int blockListens;
    int blockBytes;
    bool blockHasFlags;
    ulong firstUser;
    long listens;
    long written;

    /// <summary>Starts a slice.</summary>
    /// <param name="output">Where its bytes go. The caller closes it.</param>
    /// <param name="date">The date of its listens.</param>
    /// <param name="tracks">Its dictionary; listens name tracks by their numbers in it.</param>
    public SliceWriter(Stream output, DateOnly date, Texts tracks)
    {
        this.output = output;
        this.date = date;
        this.tracks = tracks;
        Write(SliceFormat.Magic);
    }

    /// <summary>Takes the next listen.</summary>
    /// <exception cref="ArgumentException">It does not come after the one before.</exception>
    public void Add(in Listen listen)
    {
        if (listens == 0)
        {
            firstUser = listen.User;
        }
        else if (listen.User < before.User || (listen.User == before.User && listen.Moment <= before.Moment))
        {
            throw new ArgumentException("Listens come sorted and each once.", nameof(listen));
        }

        if (blockListens == 0)
        {
            blockUser = listen.User;
            before = default;
        }

        var sameUser = blockListens > 0 && listen.User == before.User;
        Put(listen.User - before.User);
        Put(sameUser ? listen.Second - before.Second : listen.Second);
        Put((uint)listen.Track);
        if (listen.Flags != ListenFlags.None)
        {
            flags[blockListens / 4] |= (byte)((int)listen.Flags << (blockListens % 4 * 2));
            blockHasFlags = true;
        }

        before = listen;
        listens++;
        if (++blockListens == SliceFormat.BlockListens)
        {
            EndBlock();
        }
    }

    /// <summary>Takes the next listens.</summary>
    public void Add(ReadOnlySpan<Listen> listens)
    {
        foreach (ref readonly var listen in listens)
        {
            Add(listen);
        }
    }

    /// <summary>Writes what is left, and says what the slice holds.</summary>
    public SliceSummary Finish()
    {
        EndBlock();
        var dictionary = new byte[tracks.ByteCount + (4L * tracks.Count)];
        var at = 0;
        for (var track = 0; track < tracks.Count; track++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(dictionary.AsSpan(at), tracks[track].Length);
            tracks[track].CopyTo(dictionary.AsSpan(at + 4));
            at += 4 + tracks[track].Length;
        }

        var dictionaryOffset = written;
        Write(dictionary);
        var indexOffset = written;
        byte[] indexBytes = [.. index];
        Write(indexBytes);

        var footer = new byte[SliceFormat.FooterBytes];
        BinaryPrimitives.WriteInt32LittleEndian(footer, ListenDate.ToDay(date));
        BinaryPrimitives.WriteInt32LittleEndian(footer.AsSpan(4), indexBytes.Length / SliceFormat.IndexEntryBytes);
        BinaryPrimitives.WriteInt64LittleEndian(footer.AsSpan(8), listens);
        BinaryPrimitives.WriteUInt64LittleEndian(footer.AsSpan(16), firstUser);
        BinaryPrimitives.WriteUInt64LittleEndian(footer.AsSpan(24), before.User);
        BinaryPrimitives.WriteInt64LittleEndian(footer.AsSpan(32), dictionaryOffset);
        BinaryPrimitives.WriteInt64LittleEndian(footer.AsSpan(40), indexOffset);
        BinaryPrimitives.WriteInt32LittleEndian(footer.AsSpan(48), tracks.Count);
        BinaryPrimitives.WriteUInt32LittleEndian(footer.AsSpan(52), SliceFormat.Crc32C(dictionary));
        BinaryPrimitives.WriteUInt32LittleEndian(footer.AsSpan(56), SliceFormat.Crc32C(indexBytes));
        BinaryPrimitives.WriteUInt32LittleEndian(footer.AsSpan(60), SliceFormat.Crc32C(footer.AsSpan(0, 60)));
        Write(footer);
        return new(date, listens, firstUser, before.User, tracks.Count, written);
    }

    void EndBlock()
    {
        if (blockListens == 0)
        {
            return;
        }

        if (blockHasFlags)
        {
            var flagBytes = (blockListens + 3) / 4;
            flags.AsSpan(0, flagBytes).CopyTo(block.AsSpan(blockBytes));
            blockBytes += flagBytes;
            Array.Clear(flags);
        }

        var bytes = block.AsSpan(0, blockBytes);
        Span<byte> entry = stackalloc byte[SliceFormat.IndexEntryBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(entry, blockUser);
        BinaryPrimitives.WriteInt64LittleEndian(entry[8..], written);
        BinaryPrimitives.WriteUInt16LittleEndian(entry[16..], (ushort)blockListens);
        entry[18] = blockHasFlags ? (byte)1 : (byte)0;
        entry[19] = 0;
        BinaryPrimitives.WriteUInt32LittleEndian(entry[20..], SliceFormat.Crc32C(bytes));
        index.AddRange(entry);
        Write(bytes);
        blockListens = 0;
        blockBytes = 0;
        blockHasFlags = false;
    }

    void Put(ulong value)
    {
        while (value >= 0x80)
        {
            block[blockBytes++] = (byte)(value | 0x80);
            value >>= 7;
        }

        block[blockBytes++] = (byte)value;
    }

    void Write(ReadOnlySpan<byte> bytes)
    {
        output.Write(bytes);
        written += bytes.Length;
    }
}
