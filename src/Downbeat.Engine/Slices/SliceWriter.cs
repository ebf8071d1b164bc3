using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Downbeat.Engine.Listens;

namespace Downbeat.Engine.Slices;

/// <summary>Writes a slice: listens of one date, sorted and each once, come in; bytes go to a stream, front to back.</summary>
/// <remarks>The same listens and tracks make the same bytes, however the listens are handed over.</remarks>
public sealed class SliceWriter
{
    /// <summary>Bytes are collected up to here: a call of the system for each block would cost more than making it.</summary>
    const int BufferBytes = 128 * 1024;

    /// <summary>The LEB128 of a length takes no more.</summary>
    const int MaxLengthBytes = 5;

    readonly Stream output;
    readonly DateOnly date;
    readonly Texts tracks;
    readonly int trackBits;
    readonly List<byte> index = [];
    Listen[] pending = []; // The listens of a block that is not full.
    int pendingCount;
    byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
    int buffered;
    Listen before;
    ulong firstUser;
    long listens;
    long written;

    /// <summary>Starts a slice.</summary>
    /// <param name="output">Where its bytes go. The caller closes it.</param>
    /// <param name="date">The date of its listens.</param>
    /// <param name="tracks">Its dictionary; listens name tracks by their numbers in it.</param>
    public SliceWriter(Stream output, DateOnly date, Texts tracks)
    {
        ArgumentNullException.ThrowIfNull(tracks);
        if (tracks.Count > Listen.MaxTracks)
        {
            throw new ArgumentException("A listen cannot name as many tracks.", nameof(tracks));
        }

        this.output = output;
        this.date = date;
        this.tracks = tracks;
        trackBits = SliceFormat.TrackBits(tracks.Count);
        Write(SliceFormat.Magic);
    }

    /// <summary>Takes the next listen.</summary>
    /// <exception cref="ArgumentException">It does not come after the one before.</exception>
    public void Add(in Listen listen) => Add(new ReadOnlySpan<Listen>(in listen));

    /// <summary>Takes the next listens.</summary>
    /// <exception cref="ArgumentException">One does not come after the one before. None was taken.</exception>
    public void Add(ReadOnlySpan<Listen> more)
    {
        if (more.IsEmpty)
        {
            return;
        }

        Check(more);
        if (listens == 0)
        {
            firstUser = more[0].User;
        }

        before = more[^1];
        listens += more.Length;
        while (!more.IsEmpty)
        {
            if (pendingCount == 0 && more.Length >= SliceFormat.BlockListens)
            {
                WriteBlock(more[..SliceFormat.BlockListens]);
                more = more[SliceFormat.BlockListens..];
                continue;
            }

            if (pending.Length == 0)
            {
                pending = ArrayPool<Listen>.Shared.Rent(SliceFormat.BlockListens);
            }

            var count = Math.Min(more.Length, SliceFormat.BlockListens - pendingCount);
            more[..count].CopyTo(pending.AsSpan(pendingCount));
            more = more[count..];
            pendingCount += count;
            if (pendingCount == SliceFormat.BlockListens)
            {
                WriteBlock(pending.AsSpan(0, pendingCount));
                pendingCount = 0;
            }
        }
    }

    /// <summary>Writes what is left, and says what the slice holds.</summary>
    public SliceSummary Finish()
    {
        if (pendingCount > 0)
        {
            WriteBlock(pending.AsSpan(0, pendingCount));
        }

        var dictionaryOffset = written;
        var dictionarySum = WriteDictionary();
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
        BinaryPrimitives.WriteUInt32LittleEndian(footer.AsSpan(52), dictionarySum);
        BinaryPrimitives.WriteUInt32LittleEndian(footer.AsSpan(56), SliceFormat.Crc32C(indexBytes));
        BinaryPrimitives.WriteUInt32LittleEndian(footer.AsSpan(60), SliceFormat.Crc32C(footer.AsSpan(0, 60)));
        Write(footer);
        Flush();
        ArrayPool<byte>.Shared.Return(buffer);
        buffer = [];
        if (pending.Length > 0)
        {
            ArrayPool<Listen>.Shared.Return(pending);
            pending = [];
        }

        return new(date, listens, firstUser, before.User, tracks.Count, written);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void Check(ReadOnlySpan<Listen> more)
    {
        var last = listens > 0 ? before : default;
        var good = true;
        var from = 0;
        if (listens == 0)
        {
            good = (uint)more[0].Track < (uint)tracks.Count;
            last = more[0];
            from = 1;
        }

        var (user, rest) = (last.User, last.Rest | 3);
        var trackCount = (uint)tracks.Count;
        foreach (ref readonly var listen in more[from..])
        {
            // Without branches. A rest that is larger, whatever the flags before were, is that of a later moment.
            good &= (listen.User > user | (listen.User == user & listen.Rest > rest)) & (uint)listen.Track < trackCount;
            (user, rest) = (listen.User, listen.Rest | 3);
        }

        if (!good || user > SliceFormat.MaxUser)
        {
            throw new ArgumentException(
                "Listens come sorted and each once, of tracks of the dictionary.",
                nameof(more)
            );
        }
    }

    void WriteBlock(ReadOnlySpan<Listen> block)
    {
        if (buffer.Length - buffered < SliceBlock.MaxBytes)
        {
            Flush();
        }

        var bytes = buffer.AsSpan(buffered);
        bytes = bytes[..SliceBlock.Encode(block, trackBits, bytes)];
        Span<byte> entry = stackalloc byte[SliceFormat.IndexEntryBytes];
        entry.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(entry, block[0].User);
        BinaryPrimitives.WriteInt64LittleEndian(entry[8..], written);
        BinaryPrimitives.WriteUInt16LittleEndian(entry[16..], (ushort)block.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(entry[20..], SliceFormat.Crc32C(bytes));
        index.AddRange(entry);
        buffered += bytes.Length;
        written += bytes.Length;
    }

    /// <summary>Writes the ids of the tracks, and says their checksum.</summary>
    uint WriteDictionary()
    {
        Flush();
        var sum = 0U;
        for (var track = 0; track < tracks.Count; track++)
        {
            var id = tracks[track];
            if (buffer.Length - buffered < MaxLengthBytes + id.Length)
            {
                sum = SliceFormat.Crc32C(buffer.AsSpan(0, buffered), sum);
                written += buffered;
                Flush();
                if (buffer.Length < MaxLengthBytes + id.Length)
                {
                    buffer = new byte[MaxLengthBytes + id.Length];
                }
            }

            var length = (uint)id.Length;
            for (; length >= 0x80; length >>= 7)
            {
                buffer[buffered++] = (byte)(length | 0x80);
            }

            buffer[buffered++] = (byte)length;
            id.CopyTo(buffer.AsSpan(buffered));
            buffered += id.Length;
        }

        written += buffered;
        return SliceFormat.Crc32C(buffer.AsSpan(0, buffered), sum);
    }

    void Write(ReadOnlySpan<byte> bytes)
    {
        written += bytes.Length;
        while (bytes.Length > buffer.Length - buffered)
        {
            var count = buffer.Length - buffered;
            bytes[..count].CopyTo(buffer.AsSpan(buffered));
            bytes = bytes[count..];
            buffered += count;
            Flush();
        }

        bytes.CopyTo(buffer.AsSpan(buffered));
        buffered += bytes.Length;
    }

    void Flush()
    {
        output.Write(buffer.AsSpan(0, buffered));
        buffered = 0;
    }
}
