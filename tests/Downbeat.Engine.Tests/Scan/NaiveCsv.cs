using System.Text;
using Downbeat.Engine.Listens;
using Downbeat.Engine.Scan;

namespace Downbeat.Engine.Tests.Scan;

/// <summary>Reads CSV a byte at a time, with the whole file at hand: slow, and plain enough to be believed.</summary>
sealed class NaiveCsv(byte[] file, int maxRecordBytes)
{
    readonly List<ReadRecord> records = [];
    readonly StringBuilder fields = new();
    readonly StringBuilder field = new();
    int fieldCount;
    int at;
    int line = 1;
    int counted; // Line ends before here are counted.

    /// <summary>The records, and whether the last one ended in an open quote. Whether the bytes are UTF-8 does not matter.</summary>
    public static (IReadOnlyList<ReadRecord> Records, bool EndsInQuote) Read(byte[] file, int maxRecordBytes) =>
        new NaiveCsv(file, maxRecordBytes).Read();

    static bool IsUtf8(byte[] file)
    {
        try
        {
            new UTF8Encoding(false, throwOnInvalidBytes: true).GetCharCount(file);
            return true;
        }
        catch (DecoderFallbackException)
        {
            return false;
        }
    }

    /// <summary>Whether a reader said of a file what there is to say.</summary>
    public static void AssertAgreesWith(ReadFile read, byte[] file, int maxRecordBytes = CsvReader.MaxRecordBytes)
    {
        var (expected, endsInQuote) = Read(file, maxRecordBytes);
        if (!IsUtf8(file))
        {
            // How much was read before depends on the buffer, and is quarantined anyway.
            Assert.Equal(FileFaultKind.NotUtf8, read.Fault?.Kind);
            Assert.Equal(expected.Take(read.Records.Count), read.Records);
            return;
        }

        Assert.Equal(expected, read.Records);
        Assert.Equal(endsInQuote ? FileFaultKind.UnclosedQuote : null, read.Fault?.Kind);
    }

    (IReadOnlyList<ReadRecord> Records, bool EndsInQuote) Read()
    {
        at = file.AsSpan().StartsWith("\uFEFF"u8) ? 3 : 0;
        while (at < file.Length)
        {
            if (LineEnd() > 0)
            {
                at += LineEnd();
            }
            else if (!TryReadRecord())
            {
                return (records, true);
            }
        }

        return (records, false);
    }

    bool TryReadRecord()
    {
        var start = at;
        var isFaulty = false;
        fields.Clear();
        fieldCount = 0;
        while (true)
        {
            field.Clear();
            if (at < file.Length && file[at] == '"')
            {
                at++;
                while (at < file.Length && (file[at] != '"' || (at + 1 < file.Length && file[at + 1] == '"')))
                {
                    at += file[at] == '"' ? 1 : 0;
                    field.Append((char)file[at++]);
                }

                if (at == file.Length)
                {
                    return at - start > maxRecordBytes && TakeTooLong(start);
                }

                at++;
                isFaulty |= at < file.Length && file[at] != ',' && LineEnd() == 0;
            }

            while (at < file.Length && file[at] != ',' && LineEnd() == 0)
            {
                field.Append((char)file[at++]);
            }

            fields.Append('[').Append(field).Append(']');
            fieldCount++;
            if (at == file.Length || file[at] != ',')
            {
                break;
            }

            at++;
        }

        if (at - start > maxRecordBytes)
        {
            return TakeTooLong(start);
        }

        Take(start, at - start, isFaulty ? RejectReason.TextAfterQuote : null);
        at += LineEnd();
        return true;
    }

    /// <summary>Takes all up to the first LF behind the bytes that a record may have.</summary>
    bool TakeTooLong(int start)
    {
        at = start + maxRecordBytes;
        while (at < file.Length && LineEnd() == 0)
        {
            at++;
        }

        Take(start, at - start, RejectReason.RecordTooLong);
        at += LineEnd();
        return true;
    }

    void Take(int start, int length, RejectReason? fault)
    {
        var kept = Math.Min(length, maxRecordBytes);
        while (fault == RejectReason.RecordTooLong && kept > 0 && (file[start + kept] & 0xC0) == 0x80)
        {
            kept--; // A letter is kept whole or not at all.
        }

        var raw = file.AsSpan(start, kept);
        line += file.AsSpan(counted..start).Count((byte)'\n');
        counted = start;
        var (count, text) = fault is null ? (fieldCount, ReadRecord.Shown(fields.ToString())) : (0, "");
        records.Add(new(line, start, length, fault, count, text, ReadRecord.Shown(Given.Latin1(raw))));
    }

    int LineEnd() =>
        file.AsSpan(Math.Min(at, file.Length)) switch
        {
            [(byte)'\n', ..] => 1,
            [(byte)'\r', (byte)'\n', ..] => 2,
            _ => 0,
        };
}
