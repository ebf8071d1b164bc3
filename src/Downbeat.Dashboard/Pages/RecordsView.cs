using System.Collections.Concurrent;
using System.Text.Json;
using Downbeat.Dashboard.Api;
using Downbeat.Dashboard.Lakes;
using Downbeat.Dashboard.Safety;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Ledger;
using Downbeat.Pipeline.Quarantine;
using Downbeat.Pipeline.Runs;
using Microsoft.Extensions.Logging.Abstractions;

namespace Downbeat.Dashboard.Pages;

/// <summary>What is known of the data: what came and what became of it, what was set aside, what runs did, and what the next will do.</summary>
sealed class RecordsView(
    LakeFollower follower,
    SourcesByDate sources,
    PublishedTables tables,
    RunOptions run,
    TimeProvider clock
)
{
    static readonly TimeSpan Fresh = TimeSpan.FromSeconds(5);
    const int Shown = 50;
    const int MostRows = 100;
    const int MostLetters = 2000;

    readonly Kept<LakeStatus> status = new();
    readonly Kept<RunPlan> plan = new();
    readonly Kept<IReadOnlyList<LakeObject>> runFiles = new();
    readonly ConcurrentDictionary<LakeObject, RunRecord?> records = new();

    /// <summary>Writes the dates of a range, and how the lake is.</summary>
    public void WriteData(Utf8JsonWriter json, LakeMoment moment, DateRange range)
    {
        var dates = moment.KnownBetween(range.From, range.To);
        json.WriteRange(range, dates.Count);
        json.WriteObjects(
            "dates",
            dates.AsEnumerable().Reverse(),
            date =>
            {
                json.WriteDate("date", date.Date);
                json.WriteNumberOrNull("shown", date.HasTables ? tables.Listens(date) : null);
                sources.WriteDate(json, date);
                json.WriteQuality(date);
            }
        );
        var held = moment.Known.Where(date => date.IsHeld).ToList();
        json.WriteNumber("heldCount", held.Count);
        json.WriteObjects(
            "held",
            held.AsEnumerable().Reverse().Take(Shown),
            date =>
            {
                json.WriteDate("date", date.Date);
                json.WriteQuality(date, onlyFindings: true);
            }
        );

        var now = status.Get(clock, () => LakeStatus.Read(follower.Lake, clock, [], run.LeaseStore));
        json.WriteStartObject("lake");
        json.WriteNumber("files", now.Sources.Files);
        json.WriteNumber("rows", now.Sources.Rows);
        json.WriteNumber("accepted", now.Sources.Accepted);
        json.WriteNumber("duplicates", now.Sources.Duplicates);
        json.WriteNumber("rejected", now.Sources.Rejected);
        json.WriteNumber("quarantinedFiles", now.QuarantinedFiles);
        json.WriteNumber("rejectedRows", now.RejectedRows);
        json.WriteNumber("filesWaiting", now.FilesWaiting);
        json.WriteNumber("bytesWaiting", now.BytesWaiting);
        if (now.NewestArrival is { } newest)
        {
            json.WriteInstant("newestArrival", newest);
        }

        json.WriteBoolean("running", now.Running is not null);
        WriteCatalogue(json, "songs", now.Songs);
        WriteCatalogue(json, "users", now.Users);
        json.WriteStartObject("reasons");
        foreach (var (reason, count) in Reasons())
        {
            json.WriteNumber(reason, count);
        }

        json.WriteEndObject();
        json.WriteEndObject();
        WriteDestinations(json, moment);
    }

    /// <summary>Writes the files of a date.</summary>
    public void WriteSources(Utf8JsonWriter json, DateOnly date)
    {
        json.WriteDate("date", date);
        json.WriteObjects(
            "sources",
            sources.Find(date),
            source =>
            {
                json.WriteString("name", NameOf(source.Entry.Key));
                json.WriteString("source", source.Entry.Id);
                json.WriteInstant("arrived", source.Entry.Arrived);
                json.WriteInstant("scanned", source.ScannedAt);
                json.WriteNumber("listens", source.Listens);
                json.WriteNumber("rows", source.Entry.Rows);
                json.WriteNumber("accepted", source.Entry.Accepted);
                json.WriteNumber("duplicates", source.Entry.Duplicates);
                json.WriteNumber("rejected", source.Entry.Rejected);
                WriteReasons(json, source.Entry.Reasons);
                json.WriteString("what", source.What);
            }
        );
    }

    /// <summary>Writes what is in quarantine.</summary>
    public void WriteQuarantine(Utf8JsonWriter json) =>
        json.WriteObjects(
            "entries",
            Quarantine().List(),
            entry =>
            {
                json.WriteString("source", entry.Source);
                json.WriteString("name", NameOf(entry.Path));
                json.WriteInstant("arrived", entry.Arrived);
                json.WriteString("fault", entry.Fault);
                json.WriteString("detail", entry.FaultDetail is { } detail ? WithoutPaths(detail) : null);
                json.WriteNumber("rejects", entry.Rejects);
                WriteReasons(json, entry.Reasons);
            }
        );

    /// <summary>Writes raw rows of an entry of the quarantine, or the beginning of a file that was set aside whole.</summary>
    public void WriteRejects(Utf8JsonWriter json, string source, string reason, int skip)
    {
        QuarantineEntry entry;
        try
        {
            entry = Quarantine().Find(source);
        }
        catch (LakeException)
        {
            throw Problem.Missing("Nothing in quarantine is called that any more.");
        }

        json.WriteString("name", NameOf(entry.Path));
        json.WriteString("fault", entry.Fault);
        json.WriteString("detail", entry.FaultDetail is { } detail ? WithoutPaths(detail) : null);
        var rows = entry.Fault is null
            ? Quarantine().Show(entry.Source).Where(row => reason.Length == 0 || row.Reason == reason)
            : Beginning(entry);
        var page = rows.Skip(skip).Take(MostRows + 1).ToList();
        json.WriteBoolean("more", page.Count > MostRows);
        json.WriteObjects(
            "rows",
            page.Take(MostRows),
            row =>
            {
                json.WriteNumber("line", row.LineNumber);
                json.WriteString("reason", row.Reason);
                json.WriteNumber("bytes", row.ByteLength);
                json.WriteString("raw", row.Raw.Length <= MostLetters ? row.Raw : row.Raw[..MostLetters] + "…");
            }
        );
    }

    /// <summary>Writes what the last runs did.</summary>
    public void WriteRuns(Utf8JsonWriter json, int skip)
    {
        var files = runFiles.Get(clock, () => follower.Lake.List(LakePaths.Runs));
        var page = files.Reverse().Skip(skip).Take(Shown).ToList();
        json.WriteNumber("count", files.Count);
        json.WriteObjects(
            "runs",
            page.Select(ReadRun).OfType<RunRecord>(),
            record =>
            {
                json.WriteString("id", record.Id);
                json.WriteInstant("started", record.Started);
                if (record.Ended is { } ended)
                {
                    json.WriteInstant("ended", ended);
                }

                json.WriteString("outcome", record.Outcome.ToString());
                json.WriteString("version", record.Version);
                json.WriteStartArray("errors");
                foreach (var error in record.Errors)
                {
                    json.WriteStringValue(WithoutPaths(error));
                }

                json.WriteEndArray();
                json.WriteNumber("files", record.Scanned.Count);
                json.WriteNumber("rows", record.Scanned.Sum(file => file.Rows));
                json.WriteNumber("accepted", record.Scanned.Sum(file => file.Accepted));
                json.WriteNumber("duplicates", record.Scanned.Sum(file => file.Duplicates));
                json.WriteNumber("rejected", record.Scanned.Sum(file => file.Rejected));
                json.WriteNumber("quarantined", record.Scanned.Count(file => file.Fault is not null));
                json.WriteNumber("dates", record.Dates.Count);
                json.WriteNumber("restated", record.Dates.Count(date => date.Restated.Count > 0));
                json.WriteNumber("archived", record.Archived);
                json.WriteStartObject("stages");
                foreach (var (stage, seconds) in record.StageSeconds)
                {
                    json.WriteNumber(stage, seconds);
                }

                json.WriteEndObject();
                json.WriteObjects(
                    "published",
                    record.Published,
                    one =>
                    {
                        json.WriteString("name", one.Destination);
                        json.WriteNumber("dates", one.Dates);
                        json.WriteNumber("rows", one.Rows);
                        json.WriteNumber("seconds", one.Seconds);
                        json.WriteString("error", one.Error is { } error ? WithoutPaths(error) : null);
                    }
                );
            }
        );
    }

    /// <summary>Writes what the next run would do. Destinations and databases are not asked: whoever looks at a page needs no access to them.</summary>
    public void WritePlan(Utf8JsonWriter json)
    {
        RunPlan next;
        try
        {
            next = plan.Get(clock, () => new Reconciliation(follower.Lake, run, clock, NullLogger.Instance).Plan());
        }
        catch (Exception error) when (LakeFollower.IsOfLake(error))
        {
            // Songs or users are missing, or a run takes away what was just looked at.
            json.WriteString("problem", WithoutPaths(error.Message));
            return;
        }

        WriteFiles("read", next.Catalogue);
        WriteFiles("scan", next.Scan);
        WriteFiles("move", next.Move);
        WriteFiles("leave", next.Leave);
        WriteFiles("delete", next.Delete);
        WriteDates("dates", next.Dates);
        WriteDates("held", next.Held);

        void WriteDates(string name, IReadOnlyList<PlannedDate> dates)
        {
            json.WriteNumber(name + "Count", dates.Count);
            json.WriteObjects(
                name,
                dates.Take(Shown),
                date =>
                {
                    json.WriteDate("date", date.Date);
                    json.WriteString("why", WithoutPaths(date.Why));
                }
            );
        }

        void WriteFiles(string name, IReadOnlyList<PlannedFile> files)
        {
            json.WriteNumber(name + "Count", files.Count);
            json.WriteObjects(
                name,
                files.Take(Shown),
                file =>
                {
                    json.WriteString("name", file.Path);
                    json.WriteNumber("bytes", file.Size);
                    json.WriteString("why", WithoutPaths(file.Why));
                }
            );
        }
    }

    /// <summary>
    /// What is known of destinations without asking them: what the last run that published to each told. It brought all dates of its time
    /// there, unless it says why not; what was restated since is behind.
    /// </summary>
    void WriteDestinations(Utf8JsonWriter json, LakeMoment moment)
    {
        var files = runFiles.Get(clock, () => follower.Lake.List(LakePaths.Runs));
        var last = files
            .Reverse()
            .Take(Shown)
            .Select(ReadRun)
            .OfType<RunRecord>()
            .SelectMany(record => record.Published.Select(published => (Record: record, Published: published)))
            .GroupBy(one => one.Published.Destination, StringComparer.Ordinal)
            .OrderBy(group => group.Key, StringComparer.Ordinal);
        json.WriteObjects(
            "destinations",
            last,
            group =>
            {
                var (record, published) = group.First();
                var at = record.Ended ?? record.Started;
                var restatedSince = moment.Known.Where(date => date.Entry.RestatedAt > at).ToList();
                json.WriteString("name", group.Key);
                json.WriteInstant("at", at);
                json.WriteString("error", published.Error is { } error ? WithoutPaths(error) : null);
                json.WriteNumber("behind", restatedSince.Count);
                if (restatedSince.Count > 0)
                {
                    json.WriteDate("behindFrom", restatedSince[0].Date);
                }
            }
        );
    }

    RunRecord? ReadRun(LakeObject file)
    {
        if (records.TryGetValue(file, out var known))
        {
            return known;
        }

        RunRecord? record = null;
        try
        {
            using var stream = follower.Lake.Open(file.Path);
            record = JsonSerializer.Deserialize(stream, LakeJson.Readable.RunRecord);
        }
        catch (Exception error) when (error is JsonException or FileNotFoundException or DirectoryNotFoundException)
        {
            // It is for people only: one that cannot be read is not shown.
        }

        if (records.Count > 4 * Shown)
        {
            records.Clear();
        }

        return records[file] = record;
    }

    /// <summary>The first lines of a file that was set aside whole; of a compressed one nothing.</summary>
    IEnumerable<RejectedRow> Beginning(QuarantineEntry entry)
    {
        const int Bytes = 16 << 10;
        if (entry.Where.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) || follower.Lake.Find(entry.Where) is null)
        {
            return [];
        }

        using var stream = follower.Lake.Open(entry.Where);
        var buffer = new byte[Bytes];
        var count = stream.ReadAtLeast(buffer, Bytes, throwOnEndOfStream: false);
        var lines = System.Text.Encoding.UTF8.GetString(buffer, 0, count).Split('\n');
        return lines
            .Take(count == Bytes ? lines.Length - 1 : lines.Length)
            .Where(line => line.Length > 0)
            .Select((line, number) => new RejectedRow(entry.Path, number + 1, 0, line.Length, "", line.TrimEnd('\r')));
    }

    QuarantineStore Quarantine() => new(follower.Lake, run, clock);

    SortedDictionary<string, long> Reasons() =>
        follower.Look(state =>
        {
            var reasons = new SortedDictionary<string, long>(StringComparer.Ordinal);
            foreach (var source in state.Sources.Values.Where(source => source.Counts))
            {
                foreach (var (reason, count) in source.Entry.Reasons)
                {
                    reasons[reason] = reasons.GetValueOrDefault(reason) + count;
                }
            }

            return reasons;
        });

    static void WriteCatalogue(Utf8JsonWriter json, string name, CatalogueEntry? read)
    {
        if (read is null)
        {
            json.WriteNull(name);
            return;
        }

        json.WriteStartObject(name);
        json.WriteNumber("version", read.Version);
        json.WriteNumber("count", read.Count);
        json.WriteNumber("rows", read.Rows);
        json.WriteNumber("rejected", read.Rejected);
        json.WriteEndObject();
    }

    static void WriteReasons(Utf8JsonWriter json, IReadOnlyDictionary<string, long> reasons)
    {
        json.WriteStartObject("reasons");
        foreach (var (reason, count) in reasons.OrderByDescending(reason => reason.Value))
        {
            json.WriteNumber(reason, count);
        }

        json.WriteEndObject();
    }

    static string NameOf(string path) => path[(path.LastIndexOf('/') + 1)..];

    /// <summary>Paths of this machine and addresses are nobody's business who looks at a page.</summary>
    string WithoutPaths(string text) => Redaction.Of(text, follower.Lake.Name);

    /// <summary>Something that takes a while to find, and is not found again within seconds, nor twice at once.</summary>
    sealed class Kept<T>
        where T : class
    {
        readonly Lock finding = new();
        T? found;
        DateTimeOffset at;

        public T Get(TimeProvider clock, Func<T> find)
        {
            lock (finding)
            {
                if (found is null || clock.GetUtcNow() - at > Fresh)
                {
                    found = find();
                    at = clock.GetUtcNow();
                }

                return found;
            }
        }
    }
}
