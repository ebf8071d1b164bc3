using System.Globalization;
using System.Text;
using Downbeat.Engine.Listens;
using Downbeat.Engine.Scan;
using Downbeat.Pipeline.Landing;

namespace Downbeat.Pipeline.Quarantine;

/// <summary>
/// Rejected rows as they are kept: CSV with <c>file, line_number, byte_offset, byte_length, reason, raw</c>. Written to
/// a scratch file while a source is scanned; there is no file until there is a reject.
/// </summary>
sealed class RejectsFile(string scratchFolder) : IDisposable
{
    static readonly string[] Columns = ["file", "line_number", "byte_offset", "byte_length", "reason", "raw"];

    /// <summary>A record of 1 MiB with every byte a doubled quote, and the columns before it.</summary>
    const int MaxKeptBytes = 4 * CsvReader.MaxRecordBytes;

    ScratchStream? output;
    string fileName = "";

    /// <summary>The scratch file, or null when there was no reject.</summary>
    public string? Path { get; private set; }

    /// <summary>Names the file whose rejects follow.</summary>
    public void StartFile(string name) => fileName = name;

    /// <summary>Takes a reject.</summary>
    public void Add(in Reject reject, ReadOnlySpan<byte> raw) =>
        Add(fileName, reject.LineNumber, reject.ByteOffset, reject.ByteLength, reject.Reason.Text(), raw);

    /// <summary>Takes a reject that was kept before.</summary>
    public void Add(RejectedRow row) =>
        Add(row.File, row.LineNumber, row.ByteOffset, row.ByteLength, row.Reason, Encoding.UTF8.GetBytes(row.Raw));

    /// <summary>Ends writing, so that the scratch file is complete.</summary>
    public void Dispose() => output?.Dispose();

    /// <summary>Reads rejects that were kept.</summary>
    public static IEnumerable<RejectedRow> Read(Stream stream)
    {
        var csv = new CsvReader(stream, MaxKeptBytes);
        var header = Enumerable.Range(0, csv.Read() ? csv.FieldCount : 0).Select(field => Text(csv, field));
        if (!header.SequenceEqual(Columns, StringComparer.Ordinal))
        {
            throw Unreadable(csv.FileFault?.Detail ?? "its first line is another one");
        }

        while (csv.Read())
        {
            yield return new(Text(csv, 0), Number(csv, 1), Number(csv, 2), Number(csv, 3), Text(csv, 4), Text(csv, 5));
        }

        if (csv.FileFault is { } fault)
        {
            throw Unreadable(fault.Detail);
        }
    }

    static LakeException Unreadable(string why) =>
        new(
            $"The rejects.csv cannot be read: {why}. It is CSV in UTF-8 with commas, and begins with {string.Join(',', Columns)}; nothing was changed."
        );

    static string Text(CsvReader csv, int field) =>
        field < csv.FieldCount ? Encoding.UTF8.GetString(csv.Field(field)) : "";

    static long Number(CsvReader csv, int field) =>
        long.TryParse(Text(csv, field), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    void Add(string file, long lineNumber, long byteOffset, long byteLength, string reason, ReadOnlySpan<byte> raw)
    {
        if (output is null)
        {
            Path = ScratchStream.NewName(scratchFolder);
            output = new(Path);
            output.Write(Encoding.UTF8.GetBytes(string.Join(',', Columns) + "\n"));
        }

        WriteField(Encoding.UTF8.GetBytes(file));
        output.Write(
            Encoding.UTF8.GetBytes(
                string.Create(CultureInfo.InvariantCulture, $",{lineNumber},{byteOffset},{byteLength},{reason},")
            )
        );
        WriteField(raw);
        output.WriteByte((byte)'\n');
    }

    void WriteField(ReadOnlySpan<byte> text)
    {
        if (text.IndexOfAny(",\"\r\n"u8) < 0)
        {
            output!.Write(text);
            return;
        }

        output!.WriteByte((byte)'"');
        while (text.IndexOf((byte)'"') is var quote && quote >= 0)
        {
            output.Write(text[..(quote + 1)]);
            output.WriteByte((byte)'"');
            text = text[(quote + 1)..];
        }

        output.Write(text);
        output.WriteByte((byte)'"');
    }
}

/// <summary>A rejected row in quarantine.</summary>
/// <param name="File">Where its file landed.</param>
/// <param name="LineNumber">The line on which it begins; the first line is 1.</param>
/// <param name="ByteOffset">Its first byte in the decompressed file; the first byte is 0.</param>
/// <param name="ByteLength">Its length in bytes, which may be more than what is kept of it.</param>
/// <param name="Reason">Why it was rejected, like <c>bad_user_id</c>.</param>
/// <param name="Raw">The row as it stands in the file, at most its first 1 MiB.</param>
public sealed record RejectedRow(
    string File,
    long LineNumber,
    long ByteOffset,
    long ByteLength,
    string Reason,
    string Raw
);
