using Downbeat.Engine.Listens;
using Downbeat.Engine.Scan;
using Downbeat.Engine.Slices;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Ledger;
using Downbeat.Pipeline.Quarantine;

namespace Downbeat.Pipeline.Runs;

/// <summary>
/// Scans files, or sections of them, one after the other on one worker: what they hold becomes sorted runs and rejects in
/// scratch files.
/// </summary>
sealed class SectionScan(
    ILake lake,
    LakeZone zone,
    TrackIndex known,
    long bufferBytes,
    int mostDates,
    Action<long, long> onProgress
)
{
    readonly SortBuffer buffer = new(bufferBytes, known, mostDates);

    /// <summary>Scans a whole file.</summary>
    /// <param name="landed">The file as it was listed.</param>
    /// <param name="bytes">Its bytes; closed with it.</param>
    /// <param name="versions">Older versions of it, of which it may be the continuation.</param>
    /// <param name="cancellationToken">Stops in the middle.</param>
    public ScannedSection ScanFile(
        LakeObject landed,
        Stream bytes,
        IReadOnlyList<SourceEntry> versions,
        CancellationToken cancellationToken
    )
    {
        var older = versions.Where(version => version.Size <= landed.Size).ToList();
        using var raw = new HashingStream(bytes, older.Select(version => version.Size), bytes => onProgress(bytes, 0));
        using var csv = LandedStreams.IsCompressed(landed.Path) ? new GunzipStream(raw) : null;
        var scanned = Scan(
            landed,
            scan =>
            {
                try
                {
                    return scan.Scan((Stream?)csv ?? raw, Reporter(), cancellationToken);
                }
                catch (InvalidDataException error)
                {
                    return new(FileFaultKind.CannotDecompress, $"{error.Message.TrimEnd('.')}");
                }
            },
            raw.Finish
        );
        return scanned with { Continues = [.. older.Where(version => raw.Prefix(version.Size) == version.Hash)] };
    }

    /// <summary>Scans the rows that begin in a section of a file.</summary>
    /// <param name="landed">The file as it was listed.</param>
    /// <param name="bytes">Its bytes.</param>
    /// <param name="start">The section's first byte, at the begin of a block of the content hash.</param>
    /// <param name="end">The byte behind its last.</param>
    /// <param name="header">The file's header.</param>
    /// <param name="cancellationToken">Stops in the middle.</param>
    public ScannedSection ScanSection(
        LakeObject landed,
        IByteSource bytes,
        long start,
        long end,
        CsvHeader header,
        CancellationToken cancellationToken
    )
    {
        using var section = new SectionStream(bytes, start, end, bytes => onProgress(bytes, 0));
        var scanned = Scan(
            landed,
            scan =>
                start == 0
                    ? scan.Scan(section, Reporter(), cancellationToken)
                    : scan.ScanRows(section, header, section.FirstByte, Reporter(), cancellationToken),
            section.Finish
        );
        return scanned with { HasQuote = section.HasQuote };
    }

    /// <summary>Reads rows, and then what is left of the bytes; whatever goes wrong, no scratch file is left.</summary>
    ScannedSection Scan(LakeObject landed, Func<ListenScan, FileFault?> read, Func<UInt128[]> finish)
    {
        var files = new List<string>();
        using var rejects = new RejectsFile(lake.Scratch);
        rejects.StartFile(landed.Path);
        buffer.Begin(_ =>
        {
            files.Add(ScratchStream.NewName(lake.Scratch));
            return new ScratchStream(files[^1]);
        });
        try
        {
            var scan = new ListenScan(zone, landed.ModifiedSecond, buffer, rejects.Add);
            var fault = read(scan);
            if (fault is null)
            {
                buffer.Seal();
            }

            var blocks = finish();
            rejects.Dispose();
            return new()
            {
                Rows = scan.Rows,
                Lines = scan.Lines,
                Rejected = scan.Rejected,
                RejectsByReason = scan.RejectsByReason.ToArray(),
                Header = scan.Header,
                Fault = fault,
                Runs = [.. buffer.Runs],
                Dates = [.. buffer.Dates],
                RunFiles = files,
                RejectsFile = rejects.Path,
                Blocks = blocks,
            };
        }
        catch
        {
            rejects.Dispose();
            new ScannedSection { RunFiles = files, RejectsFile = rejects.Path }.DeleteFiles();
            throw;
        }
    }

    Action<long> Reporter()
    {
        var reported = 0L;
        return rows =>
        {
            onProgress(0, rows - reported);
            reported = rows;
        };
    }
}

/// <summary>What a section of a file holds, or a whole file.</summary>
sealed record ScannedSection
{
    /// <summary>Rows read.</summary>
    public long Rows { get; init; }

    /// <summary>Lines read, those of a header too.</summary>
    public long Lines { get; init; }

    /// <summary>Rows rejected.</summary>
    public long Rejected { get; init; }

    /// <summary>Rows rejected, by reason.</summary>
    public long[] RejectsByReason { get; init; } = [];

    /// <summary>The file's header, of the first section.</summary>
    public byte[] Header { get; init; } = [];

    /// <summary>Why the file is quarantined.</summary>
    public FileFault? Fault { get; init; }

    /// <summary>The sorted runs.</summary>
    public IReadOnlyList<SliceSummary> Runs { get; init; } = [];

    /// <summary>The dates of its listens. When they are too many, some have no run.</summary>
    public IReadOnlyList<DateOnly> Dates { get; init; } = [];

    /// <summary>The scratch file of each run.</summary>
    public IReadOnlyList<string> RunFiles { get; init; } = [];

    /// <summary>The scratch file of the rejects, whose lines are counted from the section's begin; null without any.</summary>
    public string? RejectsFile { get; init; }

    /// <summary>The hashes of the section's blocks.</summary>
    public UInt128[] Blocks { get; init; } = [];

    /// <summary>Older versions of the file that it begins with.</summary>
    public IReadOnlyList<SourceEntry> Continues { get; init; } = [];

    /// <summary>Whether the section has a quote, and was left because of it.</summary>
    public bool HasQuote { get; init; }

    /// <summary>Deletes the scratch files that are still there.</summary>
    public void DeleteFiles()
    {
        foreach (var file in RunFiles.Append(RejectsFile).OfType<string>())
        {
            File.Delete(file);
        }
    }
}
