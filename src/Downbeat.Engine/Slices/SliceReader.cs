using System.Buffers.Binary;
using System.Runtime.CompilerServices;
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

/// <summary>Reads a slice: its summary and block index at once, its dictionary and blocks on demand.</summary>
/// <remarks>
/// Every byte is covered by a checksum, and checked before it is used; and what it says is checked too, so that no
/// bytes whatever lead to anything but a <see cref="DamagedObjectException"/>. Safe to use from many threads.
/// </remarks>
public sealed class SliceReader
{
    /// <summary>So much of the end of the file is read at first: of a small slice all that is not a block.</summary>
    const int TailBytes = 16 * 1024;

    readonly IByteSource bytes;
    readonly byte[] index;
    readonly long dictionaryOffset;
    readonly int dictionaryBytes;
    readonly uint dictionarySum;
    Texts? dictionary;

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

        var tail = new byte[Math.Min(bytes.Length, TailBytes)];
        bytes.Read(bytes.Length - tail.Length, tail);
        if (!SliceFormat.Magic.SequenceEqual(Range(0, SliceFormat.Magic.Length, tail)))
        {
            throw Damaged("it does not begin as a slice of this version does");
        }

        var footer = tail.AsSpan(tail.Length - SliceFormat.FooterBytes);
        if (SliceFormat.Crc32C(footer[..60]) != BinaryPrimitives.ReadUInt32LittleEndian(footer[60..]))
        {
            throw Damaged("its footer does not fit its checksum");
        }

        var day = BinaryPrimitives.ReadInt32LittleEndian(footer);
        BlockCount = BinaryPrimitives.ReadInt32LittleEndian(footer[4..]);
        dictionaryOffset = BinaryPrimitives.ReadInt64LittleEndian(footer[32..]);
        var indexOffset = BinaryPrimitives.ReadInt64LittleEndian(footer[40..]);
        var tracks = BinaryPrimitives.ReadInt32LittleEndian(footer[48..]);
        if (
            BlockCount is < 0 or > int.MaxValue / SliceFormat.IndexEntryBytes
            || dictionaryOffset < SliceFormat.Magic.Length
            || indexOffset < dictionaryOffset
            || indexOffset - dictionaryOffset > Array.MaxLength
            || bytes.Length - SliceFormat.FooterBytes - indexOffset != (long)BlockCount * SliceFormat.IndexEntryBytes
        )
        {
            throw Damaged("its length is not what its footer says");
        }

        if (
            day < ListenDate.ToDay(DateOnly.MinValue)
            || day > ListenDate.ToDay(DateOnly.MaxValue)
            || tracks is < 0 or >= Listen.MaxTracks
            || tracks > indexOffset - dictionaryOffset
        )
        {
            throw Damaged("its footer is not that of a slice");
        }

        Summary = new(
            ListenDate.FromDay(day),
            BinaryPrimitives.ReadInt64LittleEndian(footer[8..]),
            BinaryPrimitives.ReadUInt64LittleEndian(footer[16..]),
            BinaryPrimitives.ReadUInt64LittleEndian(footer[24..]),
            tracks,
            bytes.Length
        );
        index = Range(indexOffset, BlockCount * SliceFormat.IndexEntryBytes, tail);
        if (SliceFormat.Crc32C(index) != BinaryPrimitives.ReadUInt32LittleEndian(footer[56..]))
        {
            throw Damaged("its block index does not fit its checksum");
        }

        CheckIndex();
        dictionaryBytes = (int)(indexOffset - dictionaryOffset);
        dictionarySum = BinaryPrimitives.ReadUInt32LittleEndian(footer[52..]);
    }

    /// <summary>What the slice holds.</summary>
    public SliceSummary Summary { get; }

    /// <summary>The slice's dictionary, read once and kept.</summary>
    /// <exception cref="DamagedObjectException">It does not fit its checksum, or is none.</exception>
    public Texts Tracks => dictionary ??= ReadTracks(GC.AllocateUninitializedArray<byte>(dictionaryBytes));

    /// <summary>How many bytes reading the dictionary takes.</summary>
    internal int DictionaryBytes => dictionaryBytes;

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

    /// <summary>How many bytes the blocks take from one that may hold listens of a user to the last that may hold those of another.</summary>
    internal long BytesOfUsers(ulong firstUser, ulong lastUser)
    {
        var first = FindBlock(firstUser);
        var last = lastUser >= Summary.LastUser ? BlockCount : FindBlock(lastUser + 1) + 1;
        return Offset(Math.Max(first, last)) - Offset(first);
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
    /// <param name="listens">Room for 1,024 listens, or as many as the block holds.</param>
    /// <returns>How many listens there are.</returns>
    /// <exception cref="DamagedObjectException">The block does not fit its checksum, or is none.</exception>
    public int Decode(int block, ReadOnlySpan<byte> buffer, int firstBlock, Span<Listen> listens)
    {
        var start = Offset(firstBlock);
        var data = buffer[(int)(Offset(block) - start)..(int)(Offset(block + 1) - start)];
        if (SliceFormat.Crc32C(data) != BinaryPrimitives.ReadUInt32LittleEndian(Entry(block)[20..]))
        {
            throw Damaged($"its block {block} does not fit its checksum");
        }

        listens = listens[..BlockListens(block)];
        var lastUser = block + 1 < BlockCount ? FirstUser(block + 1) : Summary.LastUser;
        if (!SliceBlock.TryDecode(data, FirstUser(block), Summary.Tracks, listens) || listens[^1].User > lastUser)
        {
            throw Damaged($"its block {block} holds no listens in order");
        }

        return listens.Length;
    }

    /// <summary>What to throw when the bytes are not those that were written.</summary>
    internal DamagedObjectException Damaged(string how) => new($"{bytes.Name} is damaged: {how}.");

    /// <summary>Bytes of the file: from the end that was read, or read now.</summary>
    byte[] Range(long offset, int length, byte[] tail)
    {
        var tailOffset = bytes.Length - tail.Length;
        if (offset >= tailOffset)
        {
            return tail.AsSpan((int)(offset - tailOffset), length).ToArray();
        }

        var read = GC.AllocateUninitializedArray<byte>(length);
        bytes.Read(offset, read);
        return read;
    }

    void CheckIndex()
    {
        var listens = 0L;
        var user = Summary.FirstUser;
        var offset = (long)SliceFormat.Magic.Length;
        for (var block = 0; block < BlockCount; block++)
        {
            var count = BlockListens(block);
            var good =
                Offset(block) == offset
                && Offset(block + 1) - offset is > 0 and <= SliceBlock.MaxBytes
                && count is > 0 and <= SliceFormat.BlockListens
                && (block == 0 ? FirstUser(block) == user : FirstUser(block) >= user);
            if (!good)
            {
                throw Damaged("its block index is not that of a slice");
            }

            user = FirstUser(block);
            offset = Offset(block + 1);
            listens += count;
        }

        if (
            listens != Summary.Listens
            || offset != dictionaryOffset
            || Summary.LastUser < user
            || Summary.LastUser > SliceFormat.MaxUser
        )
        {
            throw Damaged("its block index is not what its footer says");
        }
    }

    /// <summary>Reads the dictionary, and takes the lengths from between the ids.</summary>
    /// <param name="ids">Room for <see cref="DictionaryBytes"/>, where the ids stay.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal Texts ReadTracks(byte[] ids)
    {
        var raw = ids.AsSpan(0, dictionaryBytes);
        bytes.Read(dictionaryOffset, raw);
        if (SliceFormat.Crc32C(raw) != dictionarySum)
        {
            throw Damaged("its track dictionary does not fit its checksum");
        }

        var starts = new int[Summary.Tracks + 1];
        var at = 0;
        var end = 0;
        for (var track = 0; track < Summary.Tracks; track++)
        {
            var length = ReadLength(raw, ref at);
            if (length > raw.Length - at)
            {
                throw Damaged("its track dictionary is none");
            }

            raw.Slice(at, length).CopyTo(ids.AsSpan(end));
            if (track > 0 && !IsBefore(ids.AsSpan(starts[track - 1]..end), ids.AsSpan(end, length)))
            {
                throw Damaged("its track dictionary is not sorted");
            }

            starts[track] = end;
            end += length;
            at += length;
        }

        starts[^1] = end;
        return at == raw.Length ? Texts.Of(ids, starts) : throw Damaged("its track dictionary is too long");
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    int ReadLength(ReadOnlySpan<byte> dictionary, ref int at)
    {
        if (at < dictionary.Length && dictionary[at] < 0x80)
        {
            return dictionary[at++];
        }

        var length = 0UL;
        for (int shift = 0, more = 0x80; more >= 0x80; shift += 7)
        {
            if (at == dictionary.Length || shift > 28)
            {
                throw Damaged("its track dictionary is none");
            }

            more = dictionary[at++];
            length |= (ulong)(more & 0x7F) << shift;
        }

        return (int)Math.Min(length, int.MaxValue);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool IsBefore(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        // Nearly always the first eight bytes tell.
        if (
            BinaryPrimitives.TryReadUInt64BigEndian(left, out var leftWord)
            && BinaryPrimitives.TryReadUInt64BigEndian(right, out var rightWord)
            && leftWord != rightWord
        )
        {
            return leftWord < rightWord;
        }

        return left.SequenceCompareTo(right) < 0;
    }

    ReadOnlySpan<byte> Entry(int block) =>
        index.AsSpan(block * SliceFormat.IndexEntryBytes, SliceFormat.IndexEntryBytes);

    long Offset(int block) =>
        block == BlockCount ? dictionaryOffset : BinaryPrimitives.ReadInt64LittleEndian(Entry(block)[8..]);
}

/// <summary>An object's bytes are not those that were written; the message names it.</summary>
public sealed class DamagedObjectException(string message) : IOException(message);
