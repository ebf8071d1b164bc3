using System.Collections.Concurrent;
using System.Security.Cryptography;
using Downbeat.Engine;
using Downbeat.Engine.Days;
using Downbeat.Engine.Kpis;
using Downbeat.Engine.Listens;
using Downbeat.Engine.Slices;
using Downbeat.Pipeline.Compaction;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Ledger;
using Downbeat.Pipeline.Runs;
using Downbeat.Pipeline.Telemetry;

namespace Downbeat.Pipeline.Publish;

/// <summary>
/// Computes stale dates and publishes their tables under <c>kpis/</c>: files first, each whole, then the commit that says
/// from what they were computed. When that has changed meanwhile, the date stays stale and is done again.
/// </summary>
sealed class ComputeStage(RunContext run, RunRequest request)
{
    const int DatesPerCommit = 32;

    static readonly TimeSpan CommitInterval = TimeSpan.FromSeconds(2);

    /// <summary>A date is done again only when another run changes its inputs meanwhile; not for ever.</summary>
    const int MaxRounds = 10;

    readonly CounterMemory counterMemory = new();
    readonly SortedDictionary<DateOnly, ComputedDate> computed = [];
    readonly ConcurrentDictionary<DateOnly, DateTimeOffset> began = []; // Where somebody listens to spans.

    /// <summary>Dates whose files were written here but not committed: what lies there may be older than the ledger says.</summary>
    readonly HashSet<DateOnly> overwritten = [];

    /// <summary>The dates that were computed and committed.</summary>
    public IReadOnlyList<ComputedDate> Computed => [.. computed.Values];

    /// <summary>Computes until no date is stale.</summary>
    public void Run(CancellationToken cancellationToken)
    {
        if (run.Ledger.State.LacksFacts)
        {
            run.Fail(
                "no date was computed, and dates keep their tables",
                new LakeException(
                    "the ledger lost facts, and not all were found again. `downbeat repair` says what to do."
                )
            );
            return;
        }

        var failed = new HashSet<DateOnly>();
        var (knownNow, seen) = StaleDates.FindKnownNow(run, cancellationToken);
        if (seen.Count > 0)
        {
            run.Ledger.Commit(_ => LakeLedger.Facts with { Checked = seen });
        }

        for (var round = 0; round < MaxRounds; round++)
        {
            var (stale, touched) = StaleDates.Find(run.Lake, run.Ledger.State, run.Options);
            if (touched.Count > 0)
            {
                run.Ledger.Commit(_ => LakeLedger.Facts with { Seen = touched });
            }

            stale.AddRange(knownNow.Where(known => stale.TrueForAll(other => other.Date != known.Date)));
            stale.AddRange(
                overwritten
                    .Where(date => stale.TrueForAll(other => other.Date != date))
                    .Select(date => new PlannedDate(date, "another run published it meanwhile"))
            );
            stale.RemoveAll(date => failed.Contains(date.Date) || !request.Concerns(date.Date));
            if (stale.Count == 0)
            {
                break;
            }

            knownNow = [];
            ComputeAll([.. stale.OrderBy(date => date.Date)], failed, cancellationToken);
        }
    }

    void ComputeAll(List<PlannedDate> stale, HashSet<DateOnly> failed, CancellationToken cancellationToken)
    {
        new CompactStage(run).Run(stale.Select(date => date.Date), cancellationToken);
        var slicesByDate = run.Ledger.State.SlicesByDate();
        var slices = stale.ToDictionary(
            date => date.Date,
            date => slicesByDate.GetValueOrDefault(date.Date)?.ConvertAll(slice => slice.Slice) ?? []
        );
        var pieces = stale.ToDictionary(
            date => date.Date,
            date => run.Ledger.State.PathsToRead(date.Date, slices[date.Date])
        );
        var pending = stale
            .Where(date => slices[date.Date].Count == 0)
            .Select(date => new Computation(date, null, []))
            .ToList();
        var committing = new Lock();
        var lastCommit = run.Clock.GetTimestamp();
        var done = pending.Count;
        var catalogue = run.Catalogue();
        var queue = new DateQueue(
            stale.FindAll(date => slices[date.Date].Count > 0),
            date => Prepare(date, pieces[date.Date], catalogue)
        );
        run.Report("compute", done, stale.Count, "dates");

        void Work(OpenDate date)
        {
            try
            {
                if (date.Work(cancellationToken) is not { } counts)
                {
                    return;
                }

                var computation = Compute(date.Date, slices[date.Date.Date], catalogue, counts);
                counterMemory.Reuse(counts);
                queue.Close(date);
                lock (committing)
                {
                    pending.Add(computation);
                    if (pending.Count >= DatesPerCommit || run.Clock.GetElapsedTime(lastCommit) > CommitInterval)
                    {
                        Publish(pending);
                        lastCommit = run.Clock.GetTimestamp();
                    }
                }

                run.Report("compute", Interlocked.Increment(ref done), stale.Count, "dates");
            }
            catch (Exception error) when (RunContext.IsExpected(error))
            {
                queue.Close(date);
                if (error is FileNotFoundException && IsReadOtherwiseNow(date.Date.Date, pieces[date.Date.Date]))
                {
                    return; // It is still stale, and done again.
                }

                lock (committing)
                {
                    if (!failed.Add(date.Date.Date))
                    {
                        return; // Another worker has said so.
                    }
                }

                using var span = StartSpan(date.Date.Date);
                RunSpans.Fail(span, error);
                run.Fail(
                    $"{ListenDate.Text(date.Date.Date)} was not computed and keeps its tables; the next run tries again",
                    error is DamagedObjectException or FileNotFoundException or DirectoryNotFoundException
                        ? new IOException(
                            $"{error.Message} `downbeat repair` makes slices again from the raw files.",
                            error
                        )
                        : error
                );
            }
        }

        try
        {
            Workers.Run(
                run.Options.Workers,
                run.Options.Workers,
                _ =>
                {
                    try
                    {
                        while (queue.Take() is { } date)
                        {
                            cancellationToken.ThrowIfCancellationRequested();
                            Work(date);
                        }
                    }
                    catch
                    {
                        queue.Stop();
                        throw;
                    }
                },
                cancellationToken
            );
        }
        finally
        {
            try
            {
                if (!cancellationToken.IsCancellationRequested)
                {
                    Publish(pending);
                }
            }
            catch (Exception error) when (RunContext.IsExpected(error))
            {
                failed.UnionWith(pending.Select(computation => computation.Date.Date));
                run.Fail("tables were not published; the next run tries again", error);
            }
        }
    }

    /// <summary>Whether another run has deleted what was to be read, and put something else in its place.</summary>
    bool IsReadOtherwiseNow(DateOnly date, List<string> read)
    {
        run.Ledger.Refresh();
        var slices = run.Ledger.State.SlicesByDate().GetValueOrDefault(date) ?? [];
        return !run.Ledger.State.PathsToRead(date, slices.ConvertAll(slice => slice.Slice)).SequenceEqual(read);
    }

    DayCounting Prepare(PlannedDate date, List<string> pieces, CatalogueSnapshot catalogue)
    {
        if (RunSpans.IsHeard)
        {
            began[date.Date] = DateTimeOffset.UtcNow;
        }

        var day = new Day(date.Date, run.Zone, run.OpenSlices(pieces), run.Options.Workers);
        return new(day, catalogue.Songs, catalogue.Users, run.Options.Workers, counterMemory);
    }

    Computation Compute(PlannedDate date, List<SliceEntry> slices, CatalogueSnapshot catalogue, DayCounts counts)
    {
        var files = KpiTables
            .Compute(counts, run.Options.Kpis)
            .Select(table => (Table: table.Schema.Name, Bytes: table.ToCsv(), Rows: table.Rows.Count))
            .ToList();
        var entries = files.ConvertAll(file => new FileEntry(file.Table, file.Bytes.Length, Sum(file.Bytes)));
        var unknown = Enumerable.Range(0, counts.Day.Tracks.Count).Where(track => counts.SongOf(track) < 0).ToList();
        var entry = new DateEntry
        {
            Date = date.Date,
            Inputs = LakeState.Inputs(slices.Select(slice => slice.Path)),
            Shape = run.Options.Kpis.Shape,
            Songs = catalogue.SongsVersion,
            Users = catalogue.UsersVersion,
            Listens = counts.Listens,
            UnknownTracks = unknown.Count,
            UnknownTrackListens = unknown.Sum(counts.ListensOf),
            UnknownUsers = counts.UnknownUsers,
            Files = entries,
            Fingerprint = Sum(
                System.Text.Encoding.UTF8.GetBytes(
                    string.Join('\n', entries.Select(file => $"{file.Table} {file.Sha256}"))
                )
            ),
            Why = date.Why,
            RestatedAt = run.Clock.GetUtcNow(),
            RestatedWhy = date.Why,
        };
        return new(date, entry, files);
    }

    /// <summary>Puts the files of computed dates that are not there yet, and commits the dates.</summary>
    void Publish(List<Computation> pending)
    {
        if (pending.Count == 0)
        {
            return;
        }

        var said = new Dictionary<DateOnly, ComputedDate>();
        var entries = new List<DateEntry>();
        var removed = new List<DateOnly>();
        var put = new List<(string Path, byte[] Bytes)>();
        var there = new Dictionary<string, LakeObject>(StringComparer.Ordinal); // What lies there, as far as it is known.
        foreach (var (date, entry, files) in pending)
        {
            run.Ledger.State.Dates.TryGetValue(date.Date, out var before);
            if (entry is null)
            {
                removed.Add(date.Date);
                said[date.Date] = new(date.Date, date.Why, 0, [.. KpiTables.Schemas.Select(table => table.Name)]);
                continue;
            }

            // A file that is there already is left alone, so that its readers see no change where there is none.
            var changed = files
                .Where(
                    (file, number) =>
                        before?.Entry.Files.Any(old =>
                            old.Table == file.Table && old.Sha256 == entry.Files[number].Sha256
                        ) != true
                        || !IsThere(LakePaths.Kpi(file.Table, date.Date), file.Bytes, there)
                )
                .ToList();
            put.AddRange(changed.Select(file => (LakePaths.Kpi(file.Table, date.Date), file.Bytes)));
            var isSame = before?.Entry.Fingerprint == entry.Fingerprint;
            entries.Add(
                isSame
                    ? entry with
                    {
                        RestatedAt = before!.Entry.RestatedAt,
                        RestatedWhy = before.Entry.RestatedWhy,
                    }
                    : entry
            );
            said[date.Date] = new(date.Date, date.Why, entry.Listens, [.. changed.Select(file => file.Table)])
            {
                Tables = [.. files.Select(file => new WrittenTable(file.Table, file.Rows, file.Bytes.Length))],
            };
        }

        overwritten.UnionWith(entries.Select(entry => entry.Date));
        foreach (var seen in run.Lake.PutSeen(put))
        {
            there[seen.Path] = seen;
        }

        entries = entries.ConvertAll(entry =>
            entry with
            {
                Files = [.. entry.Files.Select(file => file.As(there[LakePaths.Kpi(file.Table, entry.Date)]))],
            }
        );
        Commit(entries, removed, said);
        overwritten.ExceptWith(entries.Select(entry => entry.Date)); // Those that were committed.
        foreach (var date in removed.Where(said.ContainsKey))
        {
            foreach (var table in KpiTables.Schemas)
            {
                run.Lake.Delete(LakePaths.Kpi(table.Name, date));
            }
        }

        foreach (var date in said.Values)
        {
            computed[date.Date] = date;
            StartSpan(date.Date)
                ?.SetTag("downbeat.date.why", date.Why)
                .SetTag("downbeat.date.listens", date.Listens)
                .SetTag("downbeat.date.restated_tables", date.Restated.Count)
                .Dispose();
            RunMeasures.AddComputed(run.Lake, date);
        }

        pending.Clear();
    }

    /// <summary>The span of a date on which work has ended.</summary>
    System.Diagnostics.Activity? StartSpan(DateOnly date) =>
        began.TryRemove(date, out var at) ? RunSpans.StartDate(date, at) : null;

    void Commit(List<DateEntry> entries, List<DateOnly> removed, Dictionary<DateOnly, ComputedDate> said)
    {
        run.Ledger.Commit(state =>
        {
            var slicesByDate = state.SlicesByDate();
            string InputsNow(DateOnly date) =>
                LakeState.Inputs((slicesByDate.GetValueOrDefault(date) ?? []).Select(slice => slice.Slice.Path));
            foreach (var moved in entries.Where(entry => entry.Inputs != InputsNow(entry.Date)).ToList())
            {
                entries.Remove(moved);
                said.Remove(moved.Date);
                run.Logger.ComputedAgain(ListenDate.Text(moved.Date));
            }

            foreach (var filled in removed.Where(slicesByDate.ContainsKey).ToList())
            {
                removed.Remove(filled);
                said.Remove(filled);
            }

            return entries.Count + removed.Count == 0
                ? null
                : LakeLedger.Facts with
                {
                    Dates = entries,
                    RemovedDates = removed,
                };
        });
    }

    /// <summary>Looks at the bytes: a file may be damaged, or of another run.</summary>
    bool IsThere(string path, byte[] bytes, Dictionary<string, LakeObject> there)
    {
        if (run.Lake.Find(path) is not { } listed || listed.Size != bytes.Length)
        {
            return false;
        }

        there[path] = listed; // As it was before it is read: whoever replaces it now is noticed.

        using var stream = run.Lake.Open(path);
        using var found = new MemoryStream(bytes.Length);
        stream.CopyTo(found);
        return found.GetBuffer().AsSpan(0, (int)found.Length).SequenceEqual(bytes);
    }

    static string Sum(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    sealed record Computation(PlannedDate Date, DateEntry? Entry, List<(string Table, byte[] Bytes, int Rows)> Files);
}
