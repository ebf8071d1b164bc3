using System.Text;

namespace Downbeat.Testing.Oracle;

enum CsvFault
{
    None,
    TooLong,
    TextAfterQuote,
    UnclosedQuote,
}

/// <summary>One record of a file: where it begins and its fields, without their quotes.</summary>
sealed record CsvRecord(long LineNumber, int ByteOffset, IReadOnlyList<string> Fields, CsvFault Fault);

/// <summary>Cuts a file into records. What is wrong with one is told, not judged.</summary>
static class CsvRecords
{
    const int MaxRecordBytes = 1 << 20;

    /// <summary>Returns the records that are no blank lines. One with an unclosed quote is the last.</summary>
    public static IEnumerable<CsvRecord> Read(byte[] text)
    {
        // A BOM is no part of the header (docs/kpis.md, CSV).
        var at = text.AsSpan().StartsWith("\uFEFF"u8) ? 3 : 0;
        long lineNumber = 1;

        while (at < text.Length)
        {
            var (record, next) = LineEndLength(text, at) is > 0 and var lineEndLength
                ? (null, at + lineEndLength) // A blank line makes no record.
                : ReadRecord(text, at, lineNumber);
            if (record is not null)
            {
                yield return record;
            }

            lineNumber += text.AsSpan(at..next).Count((byte)'\n');
            at = next;
        }
    }

    /// <summary>The length of the line end that begins here, or 0. A CR needs its LF to be one.</summary>
    static int LineEndLength(byte[] text, int at) =>
        text.AsSpan(at) switch
        {
            [(byte)'\n', ..] => 1,
            [(byte)'\r', (byte)'\n', ..] => 2,
            _ => 0,
        };

    static (CsvRecord Record, int Next) ReadRecord(byte[] text, int start, long lineNumber)
    {
        var fields = new List<string>();
        var field = new List<byte>();
        var fault = CsvFault.None;
        var place = Place.FieldStart;
        var at = start;

        while (at < text.Length && at - start <= MaxRecordBytes)
        {
            var value = text[at];
            if (place == Place.InQuotes)
            {
                // Up to the closing quote everything is content, and two quotes are one.
                if (value == '"' && at + 1 < text.Length && text[at + 1] == '"')
                {
                    field.Add(value);
                    at++;
                }
                else if (value == '"')
                {
                    place = Place.AfterQuotes;
                }
                else
                {
                    field.Add(value);
                }
            }
            else if (LineEndLength(text, at) > 0)
            {
                break;
            }
            else if (value == ',')
            {
                EndField();
            }
            else if (value == '"' && place == Place.FieldStart)
            {
                place = Place.InQuotes;
            }
            else
            {
                // The row is lost once something follows a closing quote. The rest is read like any unquoted text,
                // where a quote is a character like others.
                fault = place == Place.AfterQuotes ? CsvFault.TextAfterQuote : fault;
                place = Place.InText;
                field.Add(value);
            }

            at++;
        }

        // What is too long is skipped up to an LF, whatever the quotes (docs/kpis.md, What makes a row a listen).
        if (at - start > MaxRecordBytes)
        {
            var lineFeed = Array.IndexOf(text, (byte)'\n', start + MaxRecordBytes);
            return (new(lineNumber, start, [], CsvFault.TooLong), lineFeed < 0 ? text.Length : lineFeed + 1);
        }

        fault = place == Place.InQuotes ? CsvFault.UnclosedQuote : fault;
        EndField();
        return (new(lineNumber, start, fields, fault), at == text.Length ? at : at + LineEndLength(text, at));

        void EndField()
        {
            fields.Add(Encoding.UTF8.GetString([.. field]));
            field.Clear();
            place = Place.FieldStart;
        }
    }

    enum Place
    {
        FieldStart,
        InText,
        InQuotes,
        AfterQuotes,
    }
}
