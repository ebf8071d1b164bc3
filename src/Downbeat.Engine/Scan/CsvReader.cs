using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Unicode;
using Downbeat.Engine.Listens;

namespace Downbeat.Engine.Scan;

/// <summary>
/// Reads the records of a CSV file, RFC 4180 in UTF-8, one after the other from a stream: fields may be quoted and then
/// hold commas, line ends and doubled quotes; LF or CRLF ends a record, a lone CR does not; blank lines are no records.
/// Memory stays within a few times the longest record whatever the file holds. Nothing is thrown for what the file holds: a record can have a
/// <see cref="Fault"/>, the file a <see cref="FileFault"/>, after which no more records come.
/// </summary>
public sealed class CsvReader : IRow
{
    /// <summary>The longest record in bytes, its line end not counted.</summary>
    public const int MaxRecordBytes = 1 << 20;

    const int BlockBytes = 256 * 1024;

    /// <summary>Many a file is no larger, and there may be very many of them: larger arrays would keep the collector busy.</summary>
    const int FirstBytes = 32 * 1024;

    /// <summary>Plain records are taken from so many bytes at most, so that none of them is too long.</summary>
    const int PlainBytes = 2 * BlockBytes;

    /// <summary>In so many bytes at a time delimiters are located: their places stay in the nearest cache.</summary>
    const int LocatedBytes = 16 * 1024;

    readonly Stream bytes;
    readonly int maxRecordBytes;
    byte[] buffer = GC.AllocateUninitializedArray<byte>(FirstBytes);
    byte[] unescaped = [];
    FieldSpan[] fields = new FieldSpan[32];

    int start; // Of the record at hand.
    int position; // Behind the record at hand and its line end.
    int end; // Of the bytes at hand.
    int validated; // Bytes at hand up to here are UTF-8.
    int recordEnd; // Of the record at hand, its line end not counted.
    int lineEnds; // Within the record at hand.
    long bufferOffset; // Of the buffer's first byte in the file.
    long nextLineNumber = 1;
    bool ended;
    byte[]? tooLong;
    int[] places = []; // Of the delimiters of plain records.

    // The delimiters of the complete lines among the bytes from `located` on, which they are counted from, behind a -1
    // in place of the line feed before. There are none while nothing is located.
    int[] cuts = [];
    int cutCount;
    int nextCut; // The first behind the record at hand.
    int firstCut; // The first of the record at hand; 0 when its fields are in `fields`.
    int located;
    int locatedPosition = -1; // Where the record of the next cut begins.
    bool cutsMayBeQuoted;

    /// <summary>Starts before the first record of a stream of uncompressed bytes; a byte order mark is skipped.</summary>
    /// <param name="bytes">The stream; the caller closes it.</param>
    /// <param name="maxRecordBytes">The longest record in bytes.</param>
    /// <param name="firstByte">Where the stream begins in the file, at the begin of a record.</param>
    public CsvReader(Stream bytes, int maxRecordBytes = MaxRecordBytes, long firstByte = 0)
    {
        this.bytes = bytes;
        this.maxRecordBytes = maxRecordBytes;
        bufferOffset = firstByte;
        Fill();
        if (firstByte == 0 && buffer.AsSpan(0, end).StartsWith("\uFEFF"u8))
        {
            position = 3;
        }
    }

    /// <summary>By which kernel delimiters are located.</summary>
    internal ScanKernel Kernel { get; init; } = ScanKernels.Chosen;

    /// <summary>How many fields the record at hand has.</summary>
    public int FieldCount { get; private set; }

    /// <summary>How many line ends were passed.</summary>
    public long LineEnds => nextLineNumber - 1;

    /// <summary>The line on which the record at hand begins; the first line is 1.</summary>
    public long LineNumber { get; private set; }

    /// <summary>The first byte of the record at hand in the file; the first byte is 0, a byte order mark counts.</summary>
    public long ByteOffset { get; private set; }

    /// <summary>How many bytes the record at hand has, its line end not counted.</summary>
    public long ByteLength { get; private set; }

    /// <summary>The first byte behind the record at hand and its line end.</summary>
    public long NextByteOffset => bufferOffset + position;

    /// <summary>What is wrong with the record at hand, if anything is.</summary>
    public RejectReason? Fault { get; private set; }

    /// <summary>What is wrong with the file, if anything is: set when <see cref="Read"/> says false.</summary>
    public FileFault? FileFault { get; private set; }

    /// <summary>The record at hand as it stands in the file, of one that is too long the first 1 MiB.</summary>
    public ReadOnlySpan<byte> Raw => tooLong ?? buffer.AsSpan(start, recordEnd - start);

    /// <summary>A field's value, quotes taken off. Valid until the next call.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public ReadOnlySpan<byte> Field(int index)
    {
        if (firstCut > 0)
        {
            Debug.Assert((uint)index < (uint)FieldCount, "Behind the last field the next record begins.");
            var from = located + cuts[firstCut + index - 1] + 1;
            return buffer.AsSpan(from, Math.Min(located + cuts[firstCut + index], recordEnd) - from);
        }

        var field = fields[index];
        var value = buffer.AsSpan(field.Start, field.Length);
        return field.HasDoubledQuotes ? Unescape(value) : value;
    }

    /// <summary>Goes to the next record; false at the end of the file or at a <see cref="FileFault"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool Read()
    {
        while (FileFault is null)
        {
            tooLong = null;
            start = position;
            if (TryTakeLocated() || TryParse())
            {
                if (recordEnd - start > maxRecordBytes)
                {
                    SkipTooLong();
                    return FileFault is null;
                }

                LineNumber = nextLineNumber;
                nextLineNumber += lineEnds;
                ByteOffset = bufferOffset + start;
                ByteLength = recordEnd - start;
                if (recordEnd > start)
                {
                    return true;
                }

                if (position == end && ended)
                {
                    return false;
                }

                continue; // A blank line is no record.
            }

            // The record runs past the bytes at hand; up to two bytes more may be its line end.
            if (end - start > maxRecordBytes + 2)
            {
                SkipTooLong();
                return FileFault is null;
            }

            if (!ended)
            {
                Fill();
                continue;
            }

            if (end - start > maxRecordBytes)
            {
                SkipTooLong();
                return FileFault is null;
            }

            FileFault = new(
                FileFaultKind.UnclosedQuote,
                $"the quote that opens in the record of line {nextLineNumber} never closes"
            );
        }

        return false;
    }

    /// <summary>
    /// Takes all records at hand up to the first that has a quote, or that is not complete; false when the next one is
    /// such, and has to be <see cref="Read"/>.
    /// </summary>
    internal bool TryTakePlain(out PlainRows rows)
    {
        rows = default;
        var most = Math.Min(PlainBytes, maxRecordBytes);
        while (FileFault is null)
        {
            var here = buffer.AsSpan(position, Math.Min(end - position, most));
            var quote = here.IndexOf((byte)'"');
            var length = here[..(quote < 0 ? here.Length : quote)].LastIndexOf((byte)'\n') + 1;
            if (length > 0)
            {
                rows = TakePlain(here[..length]);
                return true;
            }

            if (ended || quote >= 0 || here.Length == most)
            {
                return false;
            }

            start = position;
            Fill();
        }

        return false;
    }

    PlainRows TakePlain(ReadOnlySpan<byte> records)
    {
        if (places.Length <= records.Length)
        {
            // A small file needs few, and there may be very many small files.
            places = GC.AllocateUninitializedArray<int>(ended ? records.Length + 1 : PlainBytes + 1);
        }

        var count = Delimiters.Locate(records, places.AsSpan(1), out _, Kernel, position);
        places[0] = position - 1;
        var rows = new PlainRows
        {
            Bytes = buffer.AsSpan(0, end),
            Ends = places.AsSpan(0, count + 1),
            FirstLineNumber = nextLineNumber,
            ByteOffset = bufferOffset,
        };
        nextLineNumber += records.Count((byte)'\n');
        position += records.Length;
        return rows;
    }

    /// <summary>
    /// Finds the end of the record that begins at <see cref="start"/> among the delimiters located; false, and nothing
    /// has happened, when it has quotes or ends elsewhere.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    bool TryTakeLocated()
    {
        if ((position != locatedPosition || nextCut == cutCount) && !Locate())
        {
            firstCut = 0;
            return false;
        }

        // The last cut located is a line feed, and it is one of those from the next on.
        ref var cut = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(cuts), nextCut);
        ref var data = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(buffer), located);
        var last = 0;
        if (cutsMayBeQuoted)
        {
            for (; ; last++)
            {
                if (Unsafe.Add(ref data, Unsafe.Add(ref cut, last - 1) + 1) == '"')
                {
                    firstCut = 0;
                    return false;
                }

                if (Unsafe.Add(ref data, Unsafe.Add(ref cut, last)) == '\n')
                {
                    break;
                }
            }
        }
        else
        {
            while (Unsafe.Add(ref data, Unsafe.Add(ref cut, last)) != '\n')
            {
                last++;
            }
        }

        var lineFeed = Unsafe.Add(ref cut, last);
        var isCrlf = lineFeed > Unsafe.Add(ref cut, last - 1) + 1 && Unsafe.Add(ref data, lineFeed - 1) == '\r';
        recordEnd = located + lineFeed - (isCrlf ? 1 : 0);
        position = locatedPosition = located + lineFeed + 1;
        firstCut = nextCut;
        nextCut += last + 1;
        FieldCount = last + 1;
        Fault = null;
        lineEnds = 1;
        Debug.Assert(nextCut <= cutCount, "A line feed is the last cut.");
        return true;
    }

    /// <summary>Brings the next cut to the record that begins at <see cref="position"/>; false when no line end is near.</summary>
    bool Locate()
    {
        // A record that was read otherwise may have left the cuts behind.
        if (locatedPosition >= 0 && position >= locatedPosition)
        {
            while (nextCut < cutCount && located + cuts[nextCut] < position)
            {
                nextCut++;
            }
        }
        else
        {
            nextCut = cutCount;
        }

        if (nextCut == cutCount)
        {
            if (cuts.Length == 0)
            {
                cuts = GC.AllocateUninitializedArray<int>(1 + LocatedBytes);
            }

            // No record that is found so can be too long.
            var near = buffer.AsSpan(position, Math.Min(Math.Min(end - position, LocatedBytes), maxRecordBytes));
            cuts[0] = -1;
            cutCount = 1 + Delimiters.Locate(near, cuts.AsSpan(1), out var kinds, Kernel);
            while (cutCount > 1 && near[cuts[cutCount - 1]] != '\n')
            {
                cutCount--;
            }

            located = position;
            nextCut = 1;
            cutsMayBeQuoted = kinds.HasFlag(DelimiterKinds.Quotes);
        }

        locatedPosition = position;
        Debug.Assert(located + cuts[nextCut - 1] + 1 == position, "A record begins behind a line feed.");
        return nextCut < cutCount;
    }

    /// <summary>
    /// Finds the fields and the end of the record that begins at <see cref="start"/>; false when it needs more bytes,
    /// or when it ends in an open quote.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    bool TryParse()
    {
        var data = buffer.AsSpan(0, end);
        var at = start;
        FieldCount = 0;
        Fault = null;
        lineEnds = 0;
        while (true)
        {
            if (at < end && data[at] == '"')
            {
                if (!TryParseQuoted(data, ref at, out var isLast))
                {
                    return false;
                }

                if (isLast)
                {
                    return true;
                }

                continue;
            }

            var length = FindCut(data, at) - at;
            if (length < 0)
            {
                if (!ended)
                {
                    return false;
                }

                AddField(at, end - at, hasDoubledQuotes: false);
                recordEnd = position = end;
                return true;
            }

            var stop = at + length;
            if (data[stop] == '\n')
            {
                var last = length > 0 && data[stop - 1] == '\r' ? stop - 1 : stop;
                AddField(at, last - at, hasDoubledQuotes: false);
                EndAtLineFeed(last, stop);
                return true;
            }

            AddField(at, length, hasDoubledQuotes: false);
            at = stop + 1;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    bool TryParseQuoted(ReadOnlySpan<byte> data, ref int at, out bool isLast)
    {
        isLast = false;
        var from = at + 1;
        var close = from;
        var doubled = false;
        while (true)
        {
            var quote = data[close..].IndexOf((byte)'"');
            if (quote < 0)
            {
                return false;
            }

            close += quote;
            if (close + 1 < end && data[close + 1] == '"')
            {
                doubled = true;
                close += 2;
                continue;
            }

            break;
        }

        var next = close + 1;
        if (next + 1 >= end && !ended)
        {
            // Whether the quote is doubled, or which line end follows, is still to come.
            return false;
        }

        AddField(from, close - from, doubled);
        lineEnds += data[from..close].Count((byte)'\n');
        if (next < end && data[next] == ',')
        {
            at = next + 1;
            return true;
        }

        if (next >= end)
        {
            recordEnd = position = end;
            return isLast = true;
        }

        var crlf = data[next] == '\r' && next + 1 < end && data[next + 1] == '\n';
        if (data[next] == '\n' || crlf)
        {
            EndAtLineFeed(next, crlf ? next + 1 : next);
            return isLast = true;
        }

        // Text after a closing quote: the record still ends where it would have.
        Fault = RejectReason.TextAfterQuote;
        var length = FindCut(data, next) - next;
        if (length < 0)
        {
            if (!ended)
            {
                return false;
            }

            recordEnd = position = end;
            return isLast = true;
        }

        var stop = next + length;
        if (data[stop] == ',')
        {
            at = stop + 1;
            return true;
        }

        EndAtLineFeed(data[stop - 1] == '\r' ? stop - 1 : stop, stop);
        return isLast = true;
    }

    /// <summary>The first comma or line feed from a place within the record on; less than that when none is at hand.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    int FindCut(ReadOnlySpan<byte> data, int at)
    {
        while (nextCut < cutCount && located + cuts[nextCut] < at)
        {
            nextCut++;
        }

        if (nextCut < cutCount)
        {
            return located + cuts[nextCut];
        }

        var length = data[at..].IndexOfAny((byte)',', (byte)'\n');
        return length < 0 ? -1 : at + length;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    void AddField(int from, int length, bool hasDoubledQuotes)
    {
        if (FieldCount == fields.Length)
        {
            Array.Resize(ref fields, fields.Length * 2);
        }

        fields[FieldCount++] = new(from, length, hasDoubledQuotes);
    }

    void EndAtLineFeed(int contentEnd, int lineFeed)
    {
        recordEnd = contentEnd;
        position = lineFeed + 1;
        lineEnds++;
    }

    ReadOnlySpan<byte> Unescape(ReadOnlySpan<byte> value)
    {
        if (unescaped.Length < value.Length)
        {
            unescaped = new byte[Math.Max(256, value.Length)];
        }

        var length = 0;
        for (var at = 0; at < value.Length; at++)
        {
            unescaped[length++] = value[at];
            if (value[at] == '"')
            {
                at++; // Its double.
            }
        }

        return unescaped.AsSpan(0, length);
    }

    /// <summary>Keeps the first 1 MiB of a record that is too long, and goes on behind the next LF.</summary>
    void SkipTooLong()
    {
        locatedPosition = -1; // The cuts may have come further than the line feed that is looked for here.
        Fault = RejectReason.RecordTooLong;
        FieldCount = 0;
        LineNumber = nextLineNumber;
        ByteOffset = bufferOffset + start;
        var kept = maxRecordBytes;
        while ((buffer[start + kept] & 0xC0) == 0x80)
        {
            kept--; // What is kept must be UTF-8 too.
        }

        tooLong = buffer.AsSpan(start, kept).ToArray();
        nextLineNumber += buffer.AsSpan(start, maxRecordBytes).Count((byte)'\n');
        position = start + maxRecordBytes;
        byte lastOfBlock = 0;
        while (true)
        {
            var lineFeed = buffer.AsSpan(position, end - position).IndexOf((byte)'\n');
            if (lineFeed >= 0)
            {
                position += lineFeed + 1;
                nextLineNumber++;
                ByteLength = bufferOffset + position - 1 - ByteOffset;
                if ((lineFeed > 0 ? buffer[position - 2] : lastOfBlock) == '\r')
                {
                    ByteLength--;
                }

                return;
            }

            position = end;
            if (ended || FileFault is not null)
            {
                ByteLength = bufferOffset + position - ByteOffset;
                return;
            }

            lastOfBlock = end > 0 ? buffer[end - 1] : lastOfBlock;
            start = validated; // The bytes at hand may end within a letter.
            Fill();
        }
    }

    /// <summary>Reads more bytes behind those of the record at hand.</summary>
    void Fill()
    {
        (cutCount, locatedPosition) = (nextCut, -1);
        if (start > 0)
        {
            buffer.AsSpan(start, end - start).CopyTo(buffer);
            bufferOffset += start;
            position -= start;
            end -= start;
            validated -= start;
            start = 0;
        }

        // A whole block, however little the stream hands out at a time; only at the start less.
        if (buffer.Length - end < (bufferOffset + end == 0 ? buffer.Length : BlockBytes))
        {
            Array.Resize(
                ref buffer,
                Math.Min(Math.Max(buffer.Length, BlockBytes) * 2, maxRecordBytes + (2 * BlockBytes))
            );
        }

        var block = buffer.AsSpan(end, Math.Min(BlockBytes, buffer.Length - end));
        var read = bytes.ReadAtLeast(block, block.Length, throwOnEndOfStream: false);
        end += read;
        ended = read < block.Length;
        Validate();
    }

    /// <summary>Checks that the bytes just read go on being UTF-8. A sequence cut by their end may still be completed.</summary>
    void Validate()
    {
        var fresh = buffer.AsSpan(validated, end - validated);
        if (Utf8.IsValid(fresh))
        {
            validated = end;
            return;
        }

        var wrong = IndexOfInvalid(fresh, out var isCut);
        validated += wrong;
        if (isCut && !ended)
        {
            return;
        }

        // What stands before it might have been read already; a file is quarantined whole, so nobody minds.
        var found = bufferOffset + validated;
        var utf16 = found == 0 && buffer.AsSpan(0, end) is [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..];
        FileFault = new(
            FileFaultKind.NotUtf8,
            utf16 ? "the file is UTF-16, and UTF-8 is expected" : $"byte {found} is not UTF-8"
        );
    }

    static int IndexOfInvalid(ReadOnlySpan<byte> utf8, out bool isCut)
    {
        var at = 0;
        while (at < utf8.Length)
        {
            var status = Rune.DecodeFromUtf8(utf8[at..], out _, out var length);
            if (status != System.Buffers.OperationStatus.Done)
            {
                isCut = status == System.Buffers.OperationStatus.NeedMoreData;
                return at;
            }

            at += length;
        }

        isCut = false;
        return at;
    }

    /// <summary>Where a field's value lies in the buffer.</summary>
    readonly record struct FieldSpan(int Start, int Length, bool HasDoubledQuotes);
}
