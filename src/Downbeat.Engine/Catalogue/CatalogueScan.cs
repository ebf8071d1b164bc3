using System.Runtime.CompilerServices;
using Downbeat.Engine.Listens;
using Downbeat.Engine.Scan;

namespace Downbeat.Engine.Catalogue;

/// <summary>Reads the rows of catalogue files, given in the byte order of their names, and counts them.</summary>
public abstract class CatalogueScan(IReadOnlyList<string> requiredColumns, RejectHandler onReject)
{
    /// <summary>How many rows were read.</summary>
    public long Rows { get; private set; }

    /// <summary>How many rows were rejected.</summary>
    public long Rejected { get; private set; }

    /// <summary>Reads a file to its end.</summary>
    /// <returns>Why the file cannot be used, or null.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public FileFault? Scan(Stream csv, CancellationToken cancellationToken = default)
    {
        var reader = new CsvReader(csv);
        var header = CsvHeader.Read(reader, [.. requiredColumns], [], out var fault);
        if (header is null)
        {
            return fault;
        }

        while (reader.Read())
        {
            Rows++;
            if ((Rows & 0xFFF) == 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }

            if (WhyRejected(reader, header) is { } reason)
            {
                Rejected++;
                onReject(new(reason, reader.LineNumber, reader.ByteOffset, reader.ByteLength), reader.Raw);
            }
        }

        return reader.FileFault;
    }

    /// <summary>Takes a row that has as many fields as the header; says why when it is none of the catalogue's.</summary>
    private protected abstract RejectReason? TakeRow(CsvReader row, CsvHeader header);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    RejectReason? WhyRejected(CsvReader row, CsvHeader header) =>
        row.Fault ?? (row.FieldCount == header.FieldCount ? TakeRow(row, header) : RejectReason.WrongFieldCount);
}
