using System.Text;

namespace Downbeat.Testing.Oracle;

/// <summary>A data row whose fields are as many as the header's.</summary>
sealed class CsvRow(IReadOnlyList<string> header, IReadOnlyList<string> fields)
{
    /// <summary>The field of a column; null when the file has no such column, the first when it has several.</summary>
    public string? this[string column]
    {
        get
        {
            for (var i = 0; i < header.Count; i++)
            {
                if (string.Equals(header[i], column, StringComparison.Ordinal))
                {
                    return fields[i];
                }
            }

            return null;
        }
    }
}

/// <summary>Reads a row into a value. Returns null, or the reason why the row is rejected.</summary>
delegate string? RowParser<T>(CsvRow row, out T value);

/// <summary>What a whole file came to; a quarantined one to nothing but its reason.</summary>
sealed record CsvRows<T>(string? Quarantined, IReadOnlyList<T> Valid, IReadOnlyList<OracleReject> Rejects);

/// <summary>Reads a listens, songs or users file: its header, its rows, its rejects, or why it is set aside.</summary>
static class CsvRows
{
    public static CsvRows<T> Read<T>(
        OracleFile file,
        IReadOnlyList<string> requiredColumns,
        RowParser<T> parse,
        double maxRejectedShare
    )
    {
        // Faults are told in the order in which they are noticed; each discards all rows of the file (docs/kpis.md,
        // When a whole file is set aside).
        var isCompressed = file.Name.EndsWith(".csv.gz", StringComparison.Ordinal);
        if ((isCompressed ? Gunzip.TryDecompress(file.Bytes) : file.Bytes) is not { } text)
        {
            return Quarantine("cannot_decompress");
        }

        if (!IsUtf8(text))
        {
            return Quarantine("not_utf8");
        }

        IReadOnlyList<string>? header = null;
        var valid = new List<T>();
        var rejects = new List<OracleReject>();

        foreach (var record in CsvRecords.Read(text))
        {
            // Nobody can tell where the rows behind an open quote begin.
            if (record.Fault == CsvFault.UnclosedQuote)
            {
                return Quarantine("unclosed_quote");
            }

            if (header is null)
            {
                // A first record that would be rejected names no columns. Names are case-insensitive.
                header = record.Fault == CsvFault.None ? [.. record.Fields.Select(Ascii.Fold)] : [];
                if (requiredColumns.Any(column => !header.Contains(column, StringComparer.Ordinal)))
                {
                    return Quarantine("missing_column");
                }

                // Of two required columns of one name neither can be preferred; others may repeat.
                if (
                    header
                        .GroupBy(name => name, StringComparer.Ordinal)
                        .Any(same => same.Count() > 1 && requiredColumns.Contains(same.Key, StringComparer.Ordinal))
                )
                {
                    return Quarantine("repeated_column");
                }

                continue;
            }

            T? value = default;
            var reason = record switch
            {
                { Fault: CsvFault.TooLong } => "record_too_long",
                { Fault: CsvFault.TextAfterQuote } => "text_after_quote",
                { Fields.Count: var count } when count != header.Count => "wrong_field_count",
                _ => parse(new(header, record.Fields), out value),
            };
            if (reason is null)
            {
                valid.Add(value!);
            }
            else
            {
                rejects.Add(new(file.Name, record.LineNumber, record.ByteOffset, reason));
            }
        }

        if (header is null)
        {
            return Quarantine("no_header");
        }

        var rowCount = valid.Count + rejects.Count;
        return rowCount > 0 && (double)rejects.Count / rowCount > maxRejectedShare
            ? Quarantine("too_many_rejected")
            : new(null, valid, rejects);

        static CsvRows<T> Quarantine(string reason) => new(reason, [], []);
    }

    static bool IsUtf8(byte[] text)
    {
        try
        {
            new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetCharCount(text);
            return true;
        }
        catch (DecoderFallbackException)
        {
            return false;
        }
    }
}
