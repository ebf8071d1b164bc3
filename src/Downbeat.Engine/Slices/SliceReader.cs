using System.Buffers.Binary;
using Downbeat.Engine.Listens;

namespace Downbeat.Engine.Slices;

/// <summary>Bytes that lie somewhere and can be read in any order, like those of a file.</summary>
public interface IByteSource
{
    /// <summary>What the bytes are called, for messages.</summary>
    string Name { get; }

    /// <summary>How many bytes there are.</summary>
    long Length { get; }

    /// <summary>Reads exactly as many bytes as the destination takes.</summary>
    /// <exception cref="EndOfStreamException">There are not as many.</exception>
    void Read(long offset, Span<byte> destination);
}

/// <summary>Reads a slice: its summary, dictionary and block index at once, its blocks on demand.</summary>
/// <remarks>Every byte is covered by a checksum, and checked before it is used. Safe to use from many threads.</remarks>
public sealed class SliceReader
{
    readonly IByteSource bytes;
    readonly byte[] index;
    readonly long dictionaryOffset;

    /// <summary>Opens a slice.</summary>
    /// <exception cref="DamagedObjectException">The bytes are not those of a slice as it was written.</exception>
    public SliceReader(IByteSource bytes)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        this.bytes = bytes;
        if (bytes.Length < SliceFormat.Magic.Length + SliceFormat.FooterBytes)
        {
            throw Damaged("it is too short");
        }

        var magic = new byte[SliceFormat.Magic.Length];
        bytes.Read(0, magic);
        if (!SliceFormat.Magic.SequenceEqual(magic))
        {
            throw Damaged("it does not begin as a slice does");
        }

        var footer = new byte[SliceFormat.FooterBytes];
        bytes.Read(bytes.Length - footer.Length, footer);
        if (SliceFormat.Crc32C(footer.AsSpan(0, 60)) != BinaryPrimitives.ReadUInt32LittleEndian(footer.AsSpan(60)))
        {
            throw Damaged("its footer does not fit its checksum");
        }

        var date = ListenDate.FromDay(BinaryPrimitives.ReadInt32LittleEndian(footer));
        BlockCount = BinaryPrimitives.ReadInt32LittleEndian(footer.AsSpan(4));
        dictionaryOffset = BinaryPrimitives.ReadInt64LittleEndian(footer.AsSpan(32));
        var indexOffset = BinaryPrimitives.ReadInt64LittleEndian(footer.AsSpan(40));
        if (bytes.Length != indexOffset + ((long)BlockCount * SliceFormat.IndexEntryBytes) + SliceFormat.FooterBytes)
        {
            throw Damaged("its length is not what its footer says");
        }

        Summary = new(
            date,
            BinaryPrimitives.ReadInt64LittleEndian(footer.AsSpan(8)),
            BinaryPrimitives.ReadUInt64LittleEndian(footer.AsSpan(16)),
            BinaryPrimitives.ReadUInt64LittleEndian(footer.AsSpan(24)),
            BinaryPrimitives.ReadInt32LittleEndian(footer.AsSpan(48)),
            bytes.Length
        );
        index = new byte[BlockCount * SliceFormat.IndexEntryBytes];
        bytes.Read(indexOffset, index);
        if (SliceFormat.Crc32C(index) != BinaryPrimitives.ReadUInt32LittleEndian(footer.AsSpan(56)))
        {
            throw Damaged("its block index does not fit its checksum");
        }

        var dictionary = new byte[indexOffset - dictionaryOffset];
        bytes.Read(dictionaryOffset, dictionary);
        if (SliceFormat.Crc32C(dictionary) != BinaryPrimitives.ReadUInt32LittleEndian(footer.AsSpan(52)))
        {
            throw Damaged("its track dictionary does not fit its checksum");
        }

        var tracks = new Texts.Builder();
        for (var at = 0; at < dictionary.Length; )
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(dictionary.AsSpan(at));
            tracks.Add(dictionary.AsSpan(at + 4, length));
            at += 4 + length;
        }

        Tracks = tracks.Build();
    }

    /// <summary>What the slice holds.</summary>
    public SliceSummary Summary { get; }

    /// <summary>The slice's dictionary.</summary>
    public Texts Tracks { get; }

    /// <summary>How many blocks there are.</summary>
    public int BlockCount { get; }

    /// <summary>The user of a block's first listen.</summary>
    public ulong FirstUser(int block) => BinaryPrimitives.ReadUInt64LittleEndian(Entry(block));

    /// <summary>How many listens a block holds.</summary>
    public int BlockListens(int block) => BinaryPrimitives.ReadUInt16LittleEndian(Entry(block)[16..]);

    /// <summary>The block in which the listens of a user begin, if there are any.</summary>
    public int FindBlock(ulong user)
    {
        var low = 0;
        var high = BlockCount; // The first block that begins with the user or a later one.
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (FirstUser(middle) < user)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return Math.Max(0, low - 1);
    }

    /// <summary>Reads the bytes of consecutive blocks: as many as fit, at least one.</summary>
    /// <param name="block">The first block.</param>
    /// <param name="buffer">Where the bytes go; it grows when one block does not fit.</param>
    /// <returns>The block behind the last one read.</returns>
    public int ReadBlocks(int block, ref byte[] buffer)
    {
        var from = Offset(block);
        var to = block + 1;
        while (to < BlockCount && Offset(to + 1) - from <= buffer.Length)
        {
            to++;
        }

        var length = (int)(Offset(to) - from);
        if (length > buffer.Length)
        {
            buffer = new byte[length];
        }

        bytes.Read(from, buffer.AsSpan(0, length));
        return to;
    }

    /// <summary>Decodes a block.</summary>
    /// <param name="block">The block.</param>
    /// <param name="buffer">Bytes that <see cref="ReadBlocks"/> read.</param>
    /// <param name="firstBlock">The first block in the buffer.</param>
    /// <param name="listens">Room for 1,024 listens.</param>
    /// <returns>How many listens there are.</returns>
    /// <exception cref="DamagedObjectException">The block does not fit its checksum.</exception>
    public int Decode(int block, ReadOnlySpan<byte> buffer, int firstBlock, Span<Listen> listens)
    {
        var start = Offset(firstBlock);
        var data = buffer[(int)(Offset(block) - start)..(int)(Offset(block + 1) - start)];
        var entry = Entry(block);
        if (SliceFormat.Crc32C(data) != BinaryPrimitives.ReadUInt32LittleEndian(entry[20..]))
        {
            throw Damaged($"its block {block} does not fit its checksum");
        }

        var count = BinaryPrimitives.ReadUInt16LittleEndian(entry[16..]);
        var at = 0;
        var before = default(Listen);
        for (var listen = 0; listen < count; listen++)
        {
            var userDelta = Get(data, ref at);
            var second = (uint)Get(data, ref at);
            if (listen > 0 && userDelta == 0)
            {
                second += before.Second;
            }

            before = new(before.User + userDelta, second, (int)Get(data, ref at), ListenFlags.None);
            listens[listen] = before;
        }

        if (entry[18] != 0)
        {
            for (var listen = 0; listen < count; listen++)
            {
                var flags = (ListenFlags)((data[at + (listen / 4)] >> (listen % 4 * 2)) & 3);
                listens[listen] = listens[listen].WithFlags(flags);
            }
        }

        return count;
    }

    static ulong Get(ReadOnlySpan<byte> data, ref int at)
    {
        var value = 0UL;
        for (var shift = 0; ; shift += 7)
        {
            var next = data[at++];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }
    }

    ReadOnlySpan<byte> Entry(int block) =>
        index.AsSpan(block * SliceFormat.IndexEntryBytes, SliceFormat.IndexEntryBytes);

    long Offset(int block) =>
        block == BlockCount ? dictionaryOffset : BinaryPrimitives.ReadInt64LittleEndian(Entry(block)[8..]);

    DamagedObjectException Damaged(string how) => new($"{bytes.Name} is damaged: {how}.");
}

/// <summary>An object's bytes are not those that were written; the message names it.</summary>
public sealed class DamagedObjectException(string message) : IOException(message);
