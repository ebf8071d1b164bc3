using System.Security.Cryptography;
using System.Text;
using Downbeat.Engine.Listens;
using Downbeat.Engine.Scan;

namespace Downbeat.Engine.Tests.Scan;

/// <summary>All that a reader says of a record. The fields of a faulty one mean nothing.</summary>
sealed record ReadRecord(
    long LineNumber,
    long ByteOffset,
    long ByteLength,
    RejectReason? Fault,
    int FieldCount,
    string Fields,
    string Raw
)
{
    /// <summary>A text, so that it can be compared and shown: of a long one its beginning and its hash.</summary>
    public static string Shown(string text) =>
        text.Length <= 500
            ? text
            : $"{text[..100]}… {text.Length} bytes {Convert.ToHexString(SHA256.HashData(Encoding.Latin1.GetBytes(text)))}";
}

/// <summary>All that a reader says of a file.</summary>
sealed record ReadFile(IReadOnlyList<ReadRecord> Records, FileFault? Fault)
{
    public static ReadFile Of(byte[] file, int maxRecordBytes = CsvReader.MaxRecordBytes) =>
        Of(new MemoryStream(file), maxRecordBytes);

    public static ReadFile Of(Stream file, int maxRecordBytes = CsvReader.MaxRecordBytes)
    {
        var records = new List<ReadRecord>();
        var reader = new CsvReader(file, maxRecordBytes);
        while (reader.Read())
        {
            var fields = new StringBuilder();
            var count = reader.Fault is null ? reader.FieldCount : 0;
            for (var field = 0; field < count; field++)
            {
                fields.Append('[').Append(Given.Latin1(reader.Field(field))).Append(']');
            }

            records.Add(
                new(
                    reader.LineNumber,
                    reader.ByteOffset,
                    reader.ByteLength,
                    reader.Fault,
                    count,
                    ReadRecord.Shown(fields.ToString()),
                    ReadRecord.Shown(Given.Latin1(reader.Raw))
                )
            );
        }

        return new(records, reader.FileFault);
    }
}
