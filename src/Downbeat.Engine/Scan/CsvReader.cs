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

    /// <summary>Plain records are taken from so many bytes at most, so that none of them is too long.</summary>
    const int PlainBytes = 2 * BlockBytes;

    readonly Stream bytes;
    readonly int maxRecordBytes;
    byte[] buffer = new byte[2 * BlockBytes];
    byte[] unescaped = [];
    int[] positions = [];
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

    /// <summary>Starts before the first record of a stream of uncompressed bytes; a byte order mark is skipped.</summary>
    /// <param name="bytes">The stream; the caller closes it.</param>
    /// <param name="maxRecordBytes">The longest record in bytes.</param>
    public CsvReader(Stream bytes, int maxRecordBytes = MaxRecordBytes)
    {
        this.bytes = bytes;
        this.maxRecordBytes = maxRecordBytes;
        Fill();
        if (buffer.AsSpan(0, end).StartsWith("\uFEFF"u8))
        {
            position = 3;
        }
    }

    /// <summary>How many fields the record at hand has.</summary>
    public int FieldCount { get; private set; }

    /// <summary>The line on which the record at hand begins; the first line is 1.</summary>
    public long LineNumber { get; private set; }

    /// <summary>The first byte of the record at hand in the file; the first byte is 0, a byte order mark counts.</summary>
    public long ByteOffset { get; private set; }

    /// <summary>How many bytes the record at hand has, its line end not counted.</summary>
    public long ByteLength { get; private set; }

    /// <summary>What is wrong with the record at hand, if anything is.</summary>
    public RejectReason? Fault { get; private set; }

    /// <summary>What is wrong with the file, if anything is: set when <see cref="Read"/> says false.</summary>
    public FileFault? FileFault { get; private set; }

    /// <summary>The record at hand as it stands in the file, of one that is too long the first 1 MiB.</summary>
    public ReadOnlySpan<byte> Raw => tooLong ?? buffer.AsSpan(start, recordEnd - start);

    /// <summary>A field's value, quotes taken off. Valid until the next call.</summary>
    public ReadOnlySpan<byte> Field(int index)
    {
        var field = fields[index];
        var value = buffer.AsSpan(field.Start, field.Length);
        return field.HasDoubledQuotes ? Unescape(value) : value;
    }

    /// <summary>Goes to the next record; false at the end of the file or at a <see cref="FileFault"/>.</summary>
    public bool Read()
    {
        while (FileFault is null)
        {
            tooLong = null;
            start = position;
            if (TryParse())
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
        if (FileFault is not null)
        {
            return false;
        }

        for (var tries = 0; tries < 2; tries++)
        {
            var here = buffer.AsSpan(position, Math.Min(end - position, Math.Min(PlainBytes, maxRecordBytes)));
            var quote = here.IndexOf((byte)'"');
            var length = here[..(quote < 0 ? here.Length : quote)].LastIndexOf((byte)'\n') + 1;
            if (length > 0)
            {
                if (positions.Length < length + 1)
                {
                    positions = new int[PlainBytes + 1];
                }

                var count = Delimiters.Locate(here[..length], positions.AsSpan(1), out _);
                foreach (ref var place in positions.AsSpan(1, count))
                {
                    place += position;
                }

                positions[0] = position - 1;
                rows = new()
                {
                    Bytes = buffer.AsSpan(0, end),
                    Ends = positions.AsSpan(0, count + 1),
                    FirstLineNumber = nextLineNumber,
                    ByteOffset = bufferOffset,
                };
                nextLineNumber += here[..length].Count((byte)'\n');
                position += length;
                return true;
            }

            if (ended || quote >= 0)
            {
                return false;
            }

            start = position;
            Fill();
            if (FileFault is not null)
            {
                return false;
            }
        }

        return false;
    }

    /// <summary>
    /// Finds the fields and the end of the record that begins at <see cref="start"/>; false when it needs more bytes,
    /// or when it ends in an open quote.
    /// </summary>
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

            var length = data[at..].IndexOfAny((byte)',', (byte)'\n');
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
        var length = data[next..].IndexOfAny((byte)',', (byte)'\n');
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
        if (start > 0)
        {
            buffer.AsSpan(start, end - start).CopyTo(buffer);
            bufferOffset += start;
            position -= start;
            end -= start;
            validated -= start;
            start = 0;
        }

        if (buffer.Length - end < BlockBytes)
        {
            Array.Resize(ref buffer, Math.Min(buffer.Length * 2, maxRecordBytes + (2 * BlockBytes)));
        }

        // A whole block, however little the stream hands out at a time.
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
