using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Downbeat.Engine.Listens;
using Downbeat.Engine.Scan;
using Downbeat.Engine.Slices;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Ledger;
using Downbeat.Pipeline.Quarantine;

namespace Downbeat.Pipeline.Runs;

/// <summary>
/// Scans landed files, one after the other, on one worker: what they hold lies in the lake then, as slices and rejects,
/// but does not exist until a commit names it.
/// </summary>
sealed class SourceScan(
    ILake lake,
    LakeZone zone,
    RunOptions options,
    TrackIndex known,
    long bufferBytes,
    Action<long, long> onProgress
)
{
    const int MergeBufferBytes = 16 << 20;

    readonly SortBuffer buffer = new(bufferBytes, known);

    /// <summary>Scans a file.</summary>
    /// <param name="landed">The file as it was listed.</param>
    /// <param name="versions">Older versions of the same key.</param>
    /// <param name="cancellationToken">Stops in the middle; nothing is left behind but scratch files.</param>
    /// <returns>The source to commit; null when the file changed while it was read.</returns>
    public SourceEntry? Scan(
        LakeObject landed,
        IReadOnlyList<SourceEntry> versions,
        CancellationToken cancellationToken
    )
    {
        var runs = new List<string>();
        using var rejects = new RejectsFile(lake.Scratch);
        rejects.StartFile(landed.Path);
        buffer.Begin(_ =>
        {
            runs.Add(ScratchStream.NewName(lake.Scratch));
            return new ScratchStream(runs[^1]);
        });
        try
        {
            var scan = new ListenScan(zone, landed.ModifiedSecond, buffer, rejects.Add);
            var fault = Read(landed, versions, scan, out var hash, out var continues, cancellationToken);
            rejects.Dispose();
            var now = lake.Find(landed.Path);
            if (now is null || now.Size != landed.Size || now.Modified != landed.Modified)
            {
                return null;
            }

            fault ??= TooManyRejected(scan);
            var id = MakeId(landed, hash);
            var entry = new SourceEntry
            {
                Id = id,
                Key = landed.Path,
                Size = landed.Size,
                Arrived = landed.Modified,
                Hash = hash,
                Retracts = [.. continues.Where(old => old.Id != id).Select(old => old.Id)],
            };
            if (fault is not null)
            {
                KeepAbout(entry, scan, fault);
                return entry with { Fault = fault.Kind.Text(), FaultDetail = fault.Detail, Retracts = [] };
            }

            var slices = Keep(id, runs);
            if (rejects.Path is { } rejected)
            {
                lake.PutScratch(LakePaths.Rejects(id), rejected);
                KeepAbout(entry, scan, null);
            }

            var accepted = slices.Sum(slice => slice.Listens);
            return entry with
            {
                Rows = scan.Rows,
                Accepted = accepted,
                Duplicates = scan.Rows - scan.Rejected - accepted,
                Rejected = scan.Rejected,
                Reasons = RejectReasons.ByName(scan.RejectsByReason),
                Slices = slices,
            };
        }
        finally
        {
            rejects.Dispose();
            foreach (var left in runs.Append(rejects.Path).OfType<string>())
            {
                File.Delete(left);
            }
        }
    }

    FileFault? Read(
        LakeObject landed,
        IReadOnlyList<SourceEntry> versions,
        ListenScan scan,
        out string hash,
        out IReadOnlyList<SourceEntry> continues,
        CancellationToken cancellationToken
    )
    {
        var older = versions.Where(version => version.Size <= landed.Size).ToList();
        var reported = 0L;
        void Report(long rows)
        {
            onProgress(0, rows - reported);
            reported = rows;
        }

        using var raw = new HashingStream(
            lake.Open(landed.Path),
            older.Select(version => version.Size),
            bytes => onProgress(bytes, 0)
        );
        FileFault? fault;
        try
        {
            using var csv = LandedStreams.IsCompressed(landed.Path) ? new GunzipStream(raw) : null;
            fault = scan.Scan((Stream?)csv ?? raw, Report, cancellationToken);
            if (fault is null)
            {
                buffer.Seal();
            }
        }
        catch (InvalidDataException error)
        {
            fault = new(FileFaultKind.CannotDecompress, $"{error.Message.TrimEnd('.')}");
        }

        hash = raw.Finish();
        Report(scan.Rows);
        continues = [.. older.Where(version => raw.Prefix(version.Size) == version.Hash)];
        return fault;
    }

    FileFault? TooManyRejected(ListenScan scan) =>
        scan.Rejected > 0 && (double)scan.Rejected / scan.Rows > options.MaxRejectedShare // Rounded like the setting.
            ? new(
                FileFaultKind.TooManyRejected,
                string.Create(
                    System.Globalization.CultureInfo.InvariantCulture,
                    $"{scan.Rejected} of {scan.Rows} rows were rejected ({string.Join(", ", RejectReasons.ByName(scan.RejectsByReason).Select(reason => $"{reason.Key}: {reason.Value}"))}), and maxRejectedShare is {options.MaxRejectedShare}"
                )
            )
            : null;

    /// <summary>Makes slices of the sorted runs, a part or more a date, and puts them into the lake.</summary>
    List<SliceEntry> Keep(string id, List<string> files)
    {
        var slices = new List<SliceEntry>();
        var runsByDate = buffer
            .Runs.Select((run, number) => (Run: run, File: files[number]))
            .GroupBy(run => run.Run.Date);
        foreach (var date in runsByDate.OrderBy(date => date.Key))
        {
            var runs = date.ToList();
            if (runs is [var only] && SliceParts.IsWhole(only.Run))
            {
                Put(0, only.File, only.Run);
                continue;
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
                Put(part, parts[part], summaries[part]);
            }
        }

        return slices;

        void Put(int part, string file, SliceSummary summary)
        {
            var path = LakePaths.Slice(id, summary.Date, part);
            lake.PutScratch(path, file);
            slices.Add(new(path, summary.Date, summary.Listens, summary.Bytes));
        }
    }

    void KeepAbout(SourceEntry entry, ListenScan scan, FileFault? fault)
    {
        var about = new QuarantinedSourceFile(
            entry.Id,
            entry.Key,
            entry.Arrived,
            Encoding.UTF8.GetString(scan.Header),
            fault?.Kind.Text(),
            fault?.Detail
        );
        var file = ScratchStream.NewName(lake.Scratch);
        File.WriteAllBytes(file, JsonSerializer.SerializeToUtf8Bytes(about, LakeJson.Readable.QuarantinedSourceFile));
        lake.PutScratch(LakePaths.QuarantinedSource(entry.Id), file);
    }

    /// <summary>
    /// A source's id stands for everything that shapes its slices, so that making them again makes the same. The time of
    /// arrival is part of it because rows after it are rejected.
    /// </summary>
    static string MakeId(LakeObject landed, string hash) =>
        Convert.ToHexStringLower(
            SHA256.HashData(
                Encoding.UTF8.GetBytes(
                    string.Create(
                        System.Globalization.CultureInfo.InvariantCulture,
                        $"downbeat source 2\n{landed.Path}\n{landed.Size}\n{landed.ModifiedSecond}\n{hash}"
                    )
                )
            )
        )[..24];
}
