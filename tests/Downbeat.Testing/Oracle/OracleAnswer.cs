namespace Downbeat.Testing.Oracle;

/// <summary>A row of a listens file set aside.</summary>
/// <param name="File">Name of the file.</param>
/// <param name="LineNumber">Physical line, from 1, on which the record begins; lines end in LF, quoted or not.</param>
/// <param name="ByteOffset">Offset, from 0, of the record's first byte in the decompressed file, a BOM counted.</param>
/// <param name="Reason">The first fault of the row in the order of the product's list.</param>
public sealed record OracleReject(string File, long LineNumber, long ByteOffset, string Reason);

/// <summary>What became of one listens file. In a quarantined one all counts are 0.</summary>
/// <param name="File">Name of the file.</param>
/// <param name="Rows">Records that are not blank lines, without the header.</param>
/// <param name="Accepted">Distinct listens within this one file.</param>
/// <param name="Duplicates">Valid rows beyond the accepted ones.</param>
/// <param name="Rejected">Rows set aside.</param>
/// <param name="Quarantined">Why the whole file was set aside, or null.</param>
public sealed record OracleSource(
    string File,
    long Rows,
    long Accepted,
    long Duplicates,
    long Rejected,
    string? Quarantined
);

/// <summary>What the product has to publish and report for the files it was given.</summary>
public sealed class OracleAnswer
{
    internal OracleAnswer(
        IReadOnlyDictionary<string, string> files,
        IReadOnlyList<OracleSource> sources,
        IReadOnlyList<OracleReject> rejects
    )
    {
        Files = files;
        Sources = sources;
        Rejects = rejects;
    }

    /// <summary>The published files: <c>genre_daily/date=2024-06-25.csv</c> gives the whole text.</summary>
    public IReadOnlyDictionary<string, string> Files { get; }

    /// <summary>The listens files, by the bytes of their names.</summary>
    public IReadOnlyList<OracleSource> Sources { get; }

    /// <summary>The rejected rows of the listens files not quarantined, in the order of files and rows.</summary>
    public IReadOnlyList<OracleReject> Rejects { get; }
}
