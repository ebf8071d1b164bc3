using System.Buffers;
using System.Buffers.Binary;
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
        if (tracks.Count >= Listen.MaxTracks)
        {
            throw new ArgumentException("A listen cannot name as many tracks.", nameof(tracks));
        }

        this.output = output;
        this.date = date;
        this.tracks = tracks;
        Write(SliceFormat.Magic);
    }

    /// <summary>Takes the next listen.</summary>
    /// <exception cref="ArgumentException">It does not come after the one before.</exception>
    public void Add(in Listen listen) => Add(new ReadOnlySpan<Listen>(in listen));

    /// <summary>Takes the next listens.</summary>
    /// <exception cref="ArgumentException">One does not come after the one before. Of those before it some may have been taken.</exception>
    public void Add(ReadOnlySpan<Listen> more)
    {
        while (!more.IsEmpty)
        {
            var count = Math.Min(more.Length, SliceFormat.BlockListens - pendingCount);
            var some = more[..count];
            if (listens > 0 && !IsBefore(before, some[0]))
            {
                throw Refused(nameof(more));
            }

            if (count == SliceFormat.BlockListens)
            {
                WriteBlock(some);
            }
            else
            {
                Keep(some);
            }

            if (listens == 0)
            {
                firstUser = some[0].User;
            }

            before = some[^1];
            listens += count;
            more = more[count..];
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

    /// <summary>Keeps listens until there are enough for a block.</summary>
    void Keep(ReadOnlySpan<Listen> some)
    {
        if (pending.Length == 0)
        {
            pending = ArrayPool<Listen>.Shared.Rent(SliceFormat.BlockListens);
        }

        some.CopyTo(pending.AsSpan(pendingCount));
        for (var at = 0; at < some.Length; at++)
        {
            if ((at > 0 && !IsBefore(some[at - 1], some[at])) || some[at].Track >= tracks.Count)
            {
                throw Refused(nameof(some));
            }
        }

        if (some[^1].User > SliceFormat.MaxUser)
        {
            throw Refused(nameof(some));
        }

        pendingCount += some.Length;
        if (pendingCount == SliceFormat.BlockListens)
        {
            WriteBlock(pending.AsSpan(0, pendingCount));
            pendingCount = 0;
        }
    }

    static bool IsBefore(in Listen one, in Listen other) =>
        one.User < other.User || (one.User == other.User && one.Moment < other.Moment);

    static ArgumentException Refused(string name) =>
        new("Listens come sorted and each once, with users below 2^63 and tracks of the dictionary.", name);

    void WriteBlock(ReadOnlySpan<Listen> block)
    {
        if (buffer.Length - buffered < SliceBlock.MaxBytes)
        {
            Flush();
        }

        var bytes = buffer.AsSpan(buffered);
        bytes = bytes[..SliceBlock.Encode(block, tracks.Count, bytes)];
        if (bytes.IsEmpty)
        {
            throw Refused(nameof(block));
        }

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
                    ArrayPool<byte>.Shared.Return(buffer);
                    buffer = ArrayPool<byte>.Shared.Rent(MaxLengthBytes + id.Length);
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
