using System.Globalization;
using System.Text;
using System.Text.Json;
using Downbeat.Engine.Listens;
using Downbeat.Engine.Scan;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Ledger;
using Downbeat.Pipeline.Runs;

namespace Downbeat.Pipeline.Quarantine;

/// <summary>
/// What was set aside, and the way back: whole files, and rejected rows. Someone mends the cause (the file, the rows in
/// <c>rejects.csv</c>, a setting), and a retry lands them again for the next run.
/// </summary>
public sealed class QuarantineStore(ILake lake, RunOptions options, TimeProvider clock)
{
    const string Songs = "songs";
    const string Users = "users";

    /// <summary>Everything in quarantine, in the order it was scanned.</summary>
    /// <exception cref="LakeException">There is no lake.</exception>
    public IReadOnlyList<QuarantineEntry> List()
    {
        LakeFile.Read(lake);
        return List(LakeLedger.Open(lake, "quarantine", clock).State);
    }

    /// <summary>The one entry that a source's id, the beginning of one, or a file's name means.</summary>
    /// <exception cref="LakeException">None or several are meant.</exception>
    public QuarantineEntry Find(string source)
    {
        var all = List();
        var found = all.Where(entry => entry.Source.StartsWith(source, StringComparison.Ordinal)).ToList();
        if (found.Count == 0)
        {
            found =
            [
                .. all.Where(entry =>
                    entry.Path == source || entry.Path.EndsWith("/" + source, StringComparison.Ordinal)
                ),
            ];
        }

        return found switch
        {
            [var only] => only,
            [] => throw new LakeException(
                $"Nothing in quarantine is called {source}: `downbeat quarantine list` shows what is there."
            ),
            _ => throw new LakeException(
                $"{source} means several: {string.Join(", ", found.Select(entry => $"{entry.Source} ({entry.Path})"))}. Give more of the id."
            ),
        };
    }

    /// <summary>The rejected rows of an entry; none when the whole file was quarantined.</summary>
    public IEnumerable<RejectedRow> Show(string source)
    {
        var entry = Find(source);
        if (entry.Fault is not null || lake.Find(LakePaths.Rejects(entry.Source)) is null)
        {
            yield break;
        }

        using var stream = lake.Open(LakePaths.Rejects(entry.Source));
        foreach (var row in RejectsFile.Read(stream))
        {
            yield return row;
        }
    }

    /// <summary>
    /// Lands an entry again. A whole file goes back to where it landed. Of rejected rows those that are listens now
    /// become a new file, and the others stay.
    /// </summary>
    /// <exception cref="LakeException">A run works on the lake, or the entry cannot be retried.</exception>
    public RetryResult Retry(string source)
    {
        var entry = Find(source);
        if (entry.Source is Songs or Users)
        {
            throw new LakeException(
                $"Rows of {entry.Path} are mended in the files there: the next run reads a changed file again."
            );
        }

        try
        {
            using var lease = Lease.Take(
                lake,
                RunRecords.NewId(clock),
                options.LeaseSeconds,
                clock,
                options.LeaseStore
            );
            if (lease.Previous is not null)
            {
                throw new LakeException(
                    $"A run died on {lake.Name}: `downbeat run` first, which cleans up, and then retry."
                );
            }

            return entry.Fault is null ? RetryRows(entry) : RetryFile(entry);
        }
        finally
        {
            lake.DeleteScratch();
        }
    }

    List<QuarantineEntry> List(LakeState state)
    {
        var entries = new List<QuarantineEntry>();
        AddCatalogue(Songs, LakePaths.Songs, state.Songs);
        AddCatalogue(Users, LakePaths.Users, state.Users);
        var sources = state
            .Sources.Values.Where(source =>
                source.IsQuarantined || (source.Entry.Fault is null && source.OpenRejects > 0 && !source.IsRetracted) // Landed again, its rows would count.
            )
            .OrderBy(source => source.ScannedAt)
            .ThenBy(source => source.Entry.Key, StringComparer.Ordinal);
        foreach (var source in sources)
        {
            var entry = source.Entry;
            var where = entry.Fault is null ? LakePaths.Rejects(entry.Id) : source.MovedTo ?? entry.Key;
            entries.Add(
                new(
                    entry.Id,
                    entry.Key,
                    entry.Arrived,
                    entry.Fault,
                    entry.FaultDetail,
                    source.OpenRejects,
                    source.OpenRejects == entry.Rejected ? entry.Reasons : CountReasons(entry.Id),
                    where
                )
            );
        }

        return entries;

        void AddCatalogue(string name, string folder, CatalogueEntry? read)
        {
            if (read is { Rejected: > 0 })
            {
                var arrived = read.Files.Max(file => file.Modified);
                entries.Add(
                    new(
                        name,
                        folder,
                        arrived,
                        null,
                        null,
                        read.Rejected,
                        new Dictionary<string, long>(StringComparer.Ordinal),
                        LakePaths.Rejects(name)
                    )
                );
            }
        }
    }

    /// <summary>The reasons of rows that are left after some were taken out.</summary>
    SortedDictionary<string, long> CountReasons(string source)
    {
        var reasons = new SortedDictionary<string, long>(StringComparer.Ordinal);
        if (lake.Find(LakePaths.Rejects(source)) is { } rejects)
        {
            using var stream = lake.Open(rejects);
            foreach (var row in RejectsFile.Read(stream))
            {
                reasons[row.Reason] = reasons.GetValueOrDefault(row.Reason) + 1;
            }
        }

        return reasons;
    }

    RetryResult RetryFile(QuarantineEntry entry)
    {
        var landed = FreePath(entry.Path);
        var file = lake.Find(entry.Where);
        if (file is not null && !lake.Move(file, null, landed))
        {
            throw new LakeException($"{entry.Where} changed just now; try again.");
        }

        lake.Flush();
        LakeLedger
            .Open(lake, "quarantine retry", clock)
            .Commit(_ => LakeLedger.Facts with { Released = [entry.Source] });
        return file is not null
            ? new(entry.Source, landed, 0, 0, new Dictionary<string, long>(StringComparer.Ordinal))
            : throw new LakeException(
                $"{entry.Where} is gone, so it is no longer listed. If it is not in {LakePaths.Streams}/ either, land it there again."
            );
    }

    RetryResult RetryRows(QuarantineEntry entry)
    {
        var about = ReadAbout(entry.Source);
        var header = Encoding.UTF8.GetBytes(about.Header);
        var zone = LakeFile.Read(lake).FindZone();
        var buffer = new SortBuffer(1 << 20);
        var (landedRows, left) = (0L, 0L);
        var reasons = new SortedDictionary<string, long>(StringComparer.Ordinal);
        var mended = ScratchStream.NewName(lake.Scratch);
        using var kept = new RejectsFile(lake.Scratch);
        using (var output = new ScratchStream(mended))
        {
            output.Write(header);
            output.Write("\n"u8);
            foreach (var row in Show(entry.Source))
            {
                var raw = Encoding.UTF8.GetBytes(row.Raw);
                // Of a record that is too long only the beginning was kept, and that is another row.
                var isCut = row.Reason == RejectReason.RecordTooLong.Text() && row.ByteLength > raw.Length;
                var why = isCut ? row.Reason : Judge([.. header, (byte)'\n', .. raw, (byte)'\n'], zone, buffer);
                if (why is { } reason)
                {
                    left++;
                    reasons[reason] = reasons.GetValueOrDefault(reason) + 1;
                    kept.Add(row with { Reason = reason });
                }
                else
                {
                    landedRows++;
                    output.Write(raw);
                    output.Write("\n"u8);
                }
            }
        }

        kept.Dispose();
        string? landed = null;
        if (landedRows > 0)
        {
            // Named after what it holds: a retry that died and is done again lands the same file, or none when a run has
            // taken that in meanwhile.
            var hash = Hash(mended);
            landed = $"{LakePaths.Streams}/retry-{entry.Source}-{hash[..8]}.csv";
            var ledger = LakeLedger.Open(lake, "quarantine retry", clock);
            if (!ledger.State.Sources.Values.Any(source => source.Entry.Key == landed && source.Entry.Hash == hash))
            {
                lake.PutScratch(landed, mended);
                lake.Flush();
            }

            if (kept.Path is { } rest)
            {
                lake.PutScratch(LakePaths.Rejects(entry.Source), rest);
            }
            else
            {
                lake.Delete(LakePaths.Rejects(entry.Source));
            }

            ledger.Commit(_ => LakeLedger.Facts with { OpenRejects = [new(entry.Source, left)] });
        }

        File.Delete(mended);
        if (kept.Path is { } unused)
        {
            File.Delete(unused);
        }

        return new(entry.Source, landed, landedRows, left, reasons);
    }

    /// <summary>Why one row under its header is no listen; null when it is.</summary>
    string? Judge(byte[] file, LakeZone zone, SortBuffer buffer)
    {
        buffer.Begin(_ => Stream.Null);
        string? reason = null;
        var scan = new ListenScan(
            zone,
            clock.GetUtcNow().ToUnixTimeSeconds(),
            buffer,
            (in Reject reject, ReadOnlySpan<byte> _) => reason = reject.Reason.Text()
        );
        var fault = scan.Scan(new MemoryStream(file));
        return fault is not null
            ? fault.Kind.Text()
            : reason ?? (scan.Rows == 0 ? RejectReason.WrongFieldCount.Text() : null);
    }

    QuarantinedSourceFile ReadAbout(string source)
    {
        var path = LakePaths.QuarantinedSource(source);
        try
        {
            using var stream = lake.Open(path);
            return JsonSerializer.Deserialize(stream, LakeJson.Readable.QuarantinedSourceFile) is { Header: not null } about
                ? about
                : throw new JsonException("it has no header.");
        }
        catch (Exception error) when (error is JsonException or FileNotFoundException or DirectoryNotFoundException)
        {
            throw new LakeException(
                $"{path} cannot be read, and holds the header that the rows need: {error.Message}",
                error
            );
        }
    }

    /// <summary>A path of the landing area where nothing lies yet.</summary>
    string FreePath(string wanted)
    {
        var slash = wanted.LastIndexOf('/') + 1;
        var free = wanted;
        for (var number = 2; lake.Find(free) is not null; number++)
        {
            free = string.Create(CultureInfo.InvariantCulture, $"{wanted[..slash]}{number}-{wanted[slash..]}");
        }

        return free;
    }

    static string Hash(string file)
    {
        using var stream = File.OpenRead(file);
        return ContentHash.Of(stream);
    }
}

/// <summary>A file of which something is in quarantine.</summary>
/// <param name="Source">The source's id; <c>songs</c> or <c>users</c> for rows of the catalogue.</param>
/// <param name="Path">Where the file landed.</param>
/// <param name="Arrived">When it was last written.</param>
/// <param name="Fault">Why the whole file was quarantined; null when only rows were rejected.</param>
/// <param name="FaultDetail">What exactly is wrong with the file.</param>
/// <param name="Rejects">Rejected rows that are still there.</param>
/// <param name="Reasons">Those by reason.</param>
/// <param name="Where">Where the rows or the file lie now.</param>
public sealed record QuarantineEntry(
    string Source,
    string Path,
    DateTimeOffset Arrived,
    string? Fault,
    string? FaultDetail,
    long Rejects,
    IReadOnlyDictionary<string, long> Reasons,
    string Where
);

/// <summary>What a retry did.</summary>
/// <param name="Source">The source's id.</param>
/// <param name="LandedAs">The file that the next run scans; null when there is none.</param>
/// <param name="RowsLanded">Rejected rows that are listens now.</param>
/// <param name="RowsLeft">Rejected rows that are still none.</param>
/// <param name="ReasonsLeft">Those by reason.</param>
public sealed record RetryResult(
    string Source,
    string? LandedAs,
    long RowsLanded,
    long RowsLeft,
    IReadOnlyDictionary<string, long> ReasonsLeft
);
