using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Downbeat.Engine;
using Downbeat.Engine.Listens;
using Downbeat.Engine.Scan;
using Downbeat.Engine.Slices;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Ledger;
using Downbeat.Pipeline.Quarantine;

namespace Downbeat.Pipeline.Runs;

/// <summary>
/// A landed file on its way into the lake. A large one is scanned in sections, by several workers at once; when the last is done, what
/// they hold is put into the lake, as slices and rejects. It does not exist until a commit names it.
/// </summary>
sealed class LandedSource
{
    /// <summary>How often a source is expected to get another id, because what it had made was swept, by whoever looks for the one it has.</summary>
    internal const int MaxSweeps = 16;

    const int MergeBufferBytes = 16 << 20;

    readonly ILake lake;
    readonly RunOptions options;
    readonly IReadOnlyList<SourceEntry> versions;
    readonly Func<string, bool> isSwept;
    readonly SectionBytes bytes; // Of a file that is scanned in sections.
    readonly CsvHeader? header; // Likewise.
    readonly ScannedSection?[] scanned;
    int unfinished;
    int failed;
    IReadOnlyList<ScannedSection> whole = [];

    /// <summary>Prepares a file.</summary>
    /// <param name="lake">The lake.</param>
    /// <param name="options">How to work.</param>
    /// <param name="landed">The file as it was listed.</param>
    /// <param name="versions">Older versions of it.</param>
    /// <param name="isSwept">Whether what a source of an id had made was swept.</param>
    /// <param name="sections">How many sections it should have; it is one where that cannot be.</param>
    public LandedSource(
        ILake lake,
        RunOptions options,
        LakeObject landed,
        IReadOnlyList<SourceEntry> versions,
        Func<string, bool> isSwept,
        int sections
    )
    {
        this.lake = lake;
        this.options = options;
        this.versions = versions;
        this.isSwept = isSwept;
        Landed = landed;
        sections = (int)Math.Min(sections, ContentHash.BlockCount(landed.Size));
        bytes = new(lake, landed);
        header = sections <= 1 || LandedStreams.IsCompressed(landed.Path) || versions.Count > 0 ? null : ReadHeader();
        unfinished = header is null ? 1 : sections;
        scanned = new ScannedSection?[unfinished];
        bytes.CutAt(Enumerable.Range(1, Sections - 1).Select(Start));
    }

    /// <summary>The file as it was listed.</summary>
    public LakeObject Landed { get; }

    /// <summary>How many sections it has.</summary>
    public int Sections => scanned.Length;

    /// <summary>Scans a section, each once and on any thread.</summary>
    /// <param name="scan">Does it.</param>
    /// <param name="number">The section, from 0.</param>
    /// <param name="cancellationToken">Stops in the middle.</param>
    /// <returns>Whether it was the last section, and the file is to be kept.</returns>
    public bool Scan(SectionScan scan, int number, CancellationToken cancellationToken)
    {
        try
        {
            if (failed == 0 && !HasQuote)
            {
                scanned[number] = header is null
                    ? scan.ScanFile(Landed, bytes.OpenWhole(), versions, cancellationToken)
                    : scan.ScanSection(Landed, bytes, Start(number), Start(number + 1), header, cancellationToken);
            }
        }
        catch (EndOfStreamException) when (header is not null)
        {
            // The file became shorter: without the section it is not what was listed.
        }
        catch when (Interlocked.Exchange(ref failed, 1) == 1)
        {
            // Another section has said so before.
        }
        finally
        {
            number = Interlocked.Decrement(ref unfinished);
            if (number == 0)
            {
                bytes.Close();
            }

            if (number == 0 && failed != 0)
            {
                DeleteFiles();
            }
        }

        if (number > 0 || failed != 0)
        {
            return false;
        }

        if (HasQuote && header is not null)
        {
            // An LF within quotes ends no row: only who reads the file from the begin knows where rows end.
            DeleteFiles();
            whole = [scan.ScanFile(Landed, lake.Open(Landed), versions, cancellationToken)];
            return true;
        }

        whole = [.. scanned.OfType<ScannedSection>()];
        return true;
    }

    bool HasQuote => Array.Exists(scanned, section => section is { HasQuote: true });

    /// <summary>Sections begin where blocks of the content hash do.</summary>
    long Start(int section)
    {
        var blocks = ContentHash.BlockCount(Landed.Size);
        return Math.Min(blocks * section / Sections * ContentHash.BlockBytes, Landed.Size);
    }

    /// <summary>The header of a file that can be scanned in sections; null of another, which is better read from the begin.</summary>
    CsvHeader? ReadHeader()
    {
        try
        {
            var first = bytes.KeepFirst(CsvReader.MaxRecordBytes);
            return first.Contains((byte)'"') ? null : ListenScan.ReadHeader(new(new MemoryStream(first)), out _);
        }
        catch (Exception error) when (RunContext.IsExpected(error))
        {
            return null; // Whoever scans it says what is wrong.
        }
    }

    void DeleteFiles()
    {
        foreach (var section in scanned)
        {
            section?.DeleteFiles();
        }
    }

    /// <summary>Puts what the sections hold into the lake.</summary>
    /// <returns>The source to commit; null when the file changed while it was read.</returns>
    public SourceEntry? Keep()
    {
        var sections = whole;
        try
        {
            // What was read of a version was of that version; a file without one is looked at again.
            UInt128[] blocks = [.. sections.SelectMany(section => section.Blocks)];
            var now = Landed.Version is null ? lake.Find(Landed.Path) : Landed;
            if (now != Landed || blocks.Length != ContentHash.BlockCount(Landed.Size))
            {
                return null;
            }

            var hash = ContentHash.Combine(blocks, Landed.Size);
            var id = MakeId(hash);
            var entry = new SourceEntry
            {
                Id = id,
                Key = Landed.Path,
                Size = Landed.Size,
                Arrived = Landed.Modified,
                Version = Landed.Version,
                Hash = hash,
                Retracts = [.. sections[0].Continues.Where(old => old.Id != id).Select(old => old.Id)],
            };
            var rows = sections.Sum(section => section.Rows);
            var rejected = sections.Sum(section => section.Rejected);
            var reasons = RejectReasons.ByName(SumUp(sections));
            var headerText = sections[0].Header;
            var fault =
                sections.Select(section => section.Fault).FirstOrDefault(fault => fault is not null)
                ?? TooManyDates(sections)
                ?? TooManyRejected(rows, rejected, reasons);
            if (fault is not null)
            {
                KeepAbout(entry, headerText, fault);
                return entry with { Fault = fault.Kind.Text(), FaultDetail = fault.Detail, Retracts = [] };
            }

            var slices = KeepSlices(id, sections);
            if (rejected > 0)
            {
                lake.PutScratch(LakePaths.Rejects(id), JoinRejects(sections));
                KeepAbout(entry, headerText, null);
            }

            var accepted = slices.Sum(slice => slice.Listens);
            return entry with
            {
                Rows = rows,
                Accepted = accepted,
                Duplicates = rows - rejected - accepted,
                Rejected = rejected,
                Reasons = reasons,
                Slices = slices,
            };
        }
        finally
        {
            foreach (var section in sections)
            {
                section.DeleteFiles();
            }
        }
    }

    static long[] SumUp(IReadOnlyList<ScannedSection> sections)
    {
        var sums = new long[RejectReasons.Count];
        foreach (var section in sections)
        {
            for (var reason = 0; reason < sums.Length; reason++)
            {
                sums[reason] += section.RejectsByReason[reason];
            }
        }

        return sums;
    }

    FileFault? TooManyDates(IReadOnlyList<ScannedSection> sections)
    {
        var dates = sections.SelectMany(section => section.Dates).ToHashSet();
        return dates.Count > options.MaxDatesPerFile
            ? new(
                FileFaultKind.TooManyDates,
                string.Create(
                    System.Globalization.CultureInfo.InvariantCulture,
                    $"its listens are of {dates.Count} dates, from {dates.Min():yyyy-MM-dd} to {dates.Max():yyyy-MM-dd}, and maxDatesPerFile is {options.MaxDatesPerFile}: look at listen_time; if the dates are right, raise maxDatesPerFile or cut the file, and retry"
                )
            )
            : null;
    }

    FileFault? TooManyRejected(long rows, long rejected, SortedDictionary<string, long> reasons) =>
        rejected > 0 && (double)rejected / rows > options.MaxRejectedShare // Rounded like the setting.
            ? new(
                FileFaultKind.TooManyRejected,
                string.Create(
                    System.Globalization.CultureInfo.InvariantCulture,
                    $"{rejected} of {rows} rows were rejected ({string.Join(", ", reasons.Select(reason => $"{reason.Key}: {reason.Value}"))}), and maxRejectedShare is {options.MaxRejectedShare}"
                )
            )
            : null;

    /// <summary>Makes slices of the sorted runs, a part or more a date, and puts them into the lake.</summary>
    List<SliceEntry> KeepSlices(string id, IReadOnlyList<ScannedSection> sections)
    {
        var dates = sections
            .SelectMany(section => section.Runs.Zip(section.RunFiles))
            .GroupBy(run => run.First.Date, (_, runs) => runs.ToList())
            .OrderBy(runs => runs[0].First.Date)
            .ToList();
        var slices = new List<SliceEntry>[dates.Count];

        // Dates of one run only move. The runs of the others are merged, which takes as long as sorting them did.
        var workers = dates.TrueForAll(runs => runs.Count == 1) ? 1 : options.Workers;
        Workers.Run(dates.Count, workers, date => slices[date] = KeepDate(id, dates[date]));
        return [.. slices.SelectMany(date => date)];
    }

    List<SliceEntry> KeepDate(string id, List<(SliceSummary Run, string File)> runs)
    {
        var slices = new List<SliceEntry>();
        if (runs is [var only] && SliceParts.IsWhole(only.Run))
        {
            Put(only.File, only.Run);
            return slices;
        }

        var parts = new List<string>();
        var summaries = SliceParts.Merge(
            [.. runs.Select(run => new SliceReader(new FileBytes(run.File, run.File)))],
            MergeBufferBytes,
            _ =>
            {
                parts.Add(ScratchStream.NewName(lake.Scratch));
                return new ScratchStream(parts[^1]);
            }
        );
        for (var part = 0; part < parts.Count; part++)
        {
            Put(parts[part], summaries[part]);
        }

        return slices;

        void Put(string file, SliceSummary summary)
        {
            var path = LakePaths.Slice(id, summary.Date, slices.Count);
            lake.PutScratch(path, file);
            slices.Add(new(path, summary.Date, summary.Listens, summary.Bytes));
        }
    }

    /// <summary>The rejects of all sections in one scratch file, their lines counted from the begin of the file.</summary>
    string JoinRejects(IReadOnlyList<ScannedSection> sections)
    {
        if (sections is [var whole])
        {
            return whole.RejectsFile!;
        }

        using var joined = new RejectsFile(lake.Scratch);
        var lines = 0L;
        foreach (var section in sections)
        {
            if (section.RejectsFile is { } file)
            {
                using var stream = File.OpenRead(file);
                foreach (var row in RejectsFile.Read(stream))
                {
                    joined.Add(row with { LineNumber = row.LineNumber + lines });
                }
            }

            lines += section.Lines;
        }

        return joined.Path!;
    }

    void KeepAbout(SourceEntry entry, byte[] headerText, FileFault? fault)
    {
        var about = new QuarantinedSourceFile(
            entry.Id,
            entry.Key,
            entry.Arrived,
            Encoding.UTF8.GetString(headerText),
            fault?.Kind.Text(),
            fault?.Detail
        );
        var file = ScratchStream.NewName(lake.Scratch);
        FileSystem.Write(file, JsonSerializer.SerializeToUtf8Bytes(about, LakeJson.Readable.QuarantinedSourceFile));
        lake.PutScratch(LakePaths.QuarantinedSource(entry.Id), file);
    }

    /// <summary>
    /// A source's id stands for everything that shapes its slices, so that making them again makes the same. The time of
    /// arrival is part of it because rows after it are rejected. Names that were swept are never used again: who sweeps
    /// may have stalled, and delete them only now.
    /// </summary>
    string MakeId(string hash) => Ids(Landed, hash).First(id => !isSwept(id));

    /// <summary>The ids that a source may have, the usual one first.</summary>
    internal static IEnumerable<string> Ids(LakeObject landed, string hash)
    {
        var text = string.Create(
            System.Globalization.CultureInfo.InvariantCulture,
            $"downbeat source 2\n{landed.Path}\n{landed.Size}\n{landed.ModifiedSecond}\n{hash}"
        );
        while (true)
        {
            yield return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..24];
            text += "\nagain";
        }
    }
}
