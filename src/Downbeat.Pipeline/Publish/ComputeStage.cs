using System.Collections.Concurrent;
using System.Security.Cryptography;
using Downbeat.Engine;
using Downbeat.Engine.Catalogue;
using Downbeat.Engine.Days;
using Downbeat.Engine.Kpis;
using Downbeat.Engine.Listens;
using Downbeat.Engine.Slices;
using Downbeat.Pipeline.Compaction;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Ledger;
using Downbeat.Pipeline.Quality;
using Downbeat.Pipeline.Repair;
using Downbeat.Pipeline.Runs;
using Downbeat.Pipeline.Telemetry;

namespace Downbeat.Pipeline.Publish;

/// <summary>
/// Computes stale dates and publishes their tables under <c>kpis/</c>: files first, each whole, then the commit that says
/// from what they were computed. When that has changed meanwhile, the date stays stale and is done again. Of a date that fails
/// a check only <c>quality_daily</c> is published: the other tables are those of before, or there are none.
/// </summary>
sealed class ComputeStage(RunContext run, RunRequest request)
{
    const int DatesPerCommit = 32;

    static readonly TimeSpan CommitInterval = TimeSpan.FromSeconds(2);

    /// <summary>A date is done again only when another run changes its inputs meanwhile; not for ever.</summary>
    const int MaxRounds = 10;

    readonly CounterMemory counterMemory = new();
    readonly Lazy<SignupScan?> signups = new(() =>
        run.Options.Quality.Of(QualityCheck.ListensBeforeSignup) is null ? null : SignupFiles.Read(run, default)
    );
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

        SayQuality();
    }

    void ComputeAll(List<PlannedDate> stale, HashSet<DateOnly> failed, CancellationToken cancellationToken)
    {
        new CompactStage(run).Run(stale.Select(date => date.Date), cancellationToken);
        var slicesByDate = run.Ledger.State.SlicesByDate();
        var slices = stale.ToDictionary(date => date.Date, date => slicesByDate.GetValueOrDefault(date.Date) ?? []);
        var pieces = stale.ToDictionary(
            date => date.Date,
            date => run.Ledger.State.PathsToRead(date.Date, slices[date.Date].ConvertAll(slice => slice.Slice))
        );

        // Dates are judged by those before them, so that these come first, whoever is quicker.
        var unfinished = slices.Where(date => date.Value.Count > 0).Select(date => date.Key).ToHashSet();
        var pending = stale
            .Where(date => slices[date.Date].Count == 0)
            .Select(date => new Computation(date, null, [], null))
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
                    unfinished.Remove(date.Date.Date);
                    if (pending.Count >= DatesPerCommit || run.Clock.GetElapsedTime(lastCommit) > CommitInterval)
                    {
                        Publish(pending, unfinished);
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
                    unfinished.Remove(date.Date.Date);
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
                        ? new IOException($"{error.Message} {WhatMends(error, slices[date.Date.Date])}", error)
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
                    Publish(pending, unfinished);
                }
            }
            catch (Exception error) when (RunContext.IsExpected(error))
            {
                failed.UnionWith(pending.Select(computation => computation.Date.Date));
                run.Fail("tables were not published; the next run tries again", error);
            }
        }
    }

    static string WhatMends(Exception error, List<(SliceEntry Slice, SourceState Source)> slices)
    {
        var source = slices
            .Find(one =>
                one.Source.RawDeletedAt is not null && error.Message.Contains(one.Slice.Path, StringComparison.Ordinal)
            )
            .Source;
        return source is null
            ? "`downbeat repair` makes slices again from the raw files."
            : $"The raw file of this slice was deleted by `downbeat sweep` (keepArchiveDays): {SourceRepair.ToDo(source)}, or take its listens out with `downbeat retract {source.Entry.Id}`.";
    }

    /// <summary>Whether another run has deleted what was to be read, and put something else in its place.</summary>
    bool IsReadOtherwiseNow(DateOnly date, List<string> read)
    {
        run.Ledger.Refresh();
        var slices = run.Ledger.State.SlicesByDate().GetValueOrDefault(date) ?? [];
        return !run
            .Ledger.State.PathsToRead(date, slices.ConvertAll(slice => slice.Slice))
            .SequenceEqual(read, StringComparer.Ordinal);
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

    Computation Compute(
        PlannedDate date,
        List<(SliceEntry Slice, SourceState Source)> slices,
        CatalogueSnapshot catalogue,
        DayCounts counts
    )
    {
        var unknown = Enumerable.Range(0, counts.Day.Tracks.Count).Where(track => counts.SongOf(track) < 0).ToList();
        var entry = new DateEntry
        {
            Date = date.Date,
            Inputs = LakeState.Inputs(slices.Select(slice => slice.Slice.Path)),
            Shape = run.Options.Kpis.Shape,
            Songs = catalogue.SongsVersion,
            Users = catalogue.UsersVersion,
            Listens = counts.Listens,
            UnknownTracks = unknown.Count,
            UnknownTrackListens = unknown.Sum(counts.ListensOf),
            UnknownUsers = counts.UnknownUsers,
            Files = [],
            Fingerprint = "",
            Why = date.Why,
            RestatedAt = run.Clock.GetUtcNow(),
            RestatedWhy = date.Why,
        };
        return new(
            date,
            entry,
            [.. KpiTables.Compute(counts, run.Options.Kpis).Select(TableFile.Of)],
            QualityFacts.Of(entry, counts, slices, run.Ledger.State, run.Zone) with
            {
                BeforeSignup = signups.Value is { } known ? counts.Day.CountBefore(known) : null,
            }
        );
    }

    /// <summary>Judges a date, and says which files it has then: those that were computed, or those of before.</summary>
    /// <param name="computation">The date.</param>
    /// <param name="judged">Dates that were judged just now.</param>
    /// <param name="there">What lies there, as far as it is known; what was found to lie there is added.</param>
    Computation Judge(Computation computation, List<DateEntry> judged, Dictionary<string, LakeObject> there)
    {
        var (date, entry, tables, facts) = computation;
        var state = run.Ledger.State;
        var now = judged.Select(one => one.Date).ToHashSet();
        var quality = facts!.Judge(
            run.Options.Quality,
            state.Dates.Values.Select(one => one.Entry).Where(one => !now.Contains(one.Date)).Concat(judged)
        );
        state.Dates.TryGetValue(date.Date, out var before);
        var isHeld = quality.Exists(check => check.IsFail) && before?.ApprovedInputs != entry!.Inputs;
        var table = TableFile.Of(
            QualityDaily.Of(
                date.Date,
                quality.Select(check => (check.Check, check.Value, check.Threshold, check.Status))
            )
        );
        var files = tables.ConvertAll(file => file.Entry);
        if (isHeld)
        {
            (files, tables) = (FindKept(before, there), []);
        }

        files.Add(table.Entry);
        List<string> Listens(IReadOnlyList<FileEntry> of) =>
            [.. of.Where(file => file.Table != table.Entry.Table).Select(file => file.Sha256)];
        var isSame =
            before is not null && Listens(files).SequenceEqual(Listens(before.Entry.Files), StringComparer.Ordinal);
        return computation with
        {
            Entry = entry! with
            {
                Files = files,
                Fingerprint = Sum(
                    System.Text.Encoding.UTF8.GetBytes(
                        string.Join('\n', files.Select(file => $"{file.Table} {file.Sha256}"))
                    )
                ),
                Quality = quality,
                IsHeld = isHeld,
                JudgedBy = isHeld ? QualityOptions.JudgedBy(run.Options.Quality, state) : null,
                OpenUntil = facts.IsOver ? null : facts.End,
                RestatedAt = isSame ? before!.Entry.RestatedAt : entry.RestatedAt,
                RestatedWhy = isSame ? before!.Entry.RestatedWhy : entry.RestatedWhy,
            },
            Files = [.. tables, table],
        };
    }

    /// <summary>
    /// The files that a date keeps that is held back: all of before, or none. None when users were forgotten since, whose listens
    /// may be in them.
    /// </summary>
    List<FileEntry> FindKept(DateState? before, Dictionary<string, LakeObject> there)
    {
        var kept = before?.Entry.Files.Where(file => file.Table != QualityDaily.Schema.Name).ToList() ?? [];
        return
            kept.Count == KpiTables.Schemas.Count
            && run.Ledger.State.ForgottenIn <= before!.ComputedIn
            && kept.TrueForAll(file => IsThere(LakePaths.Kpi(file.Table, before.Entry.Date), file.Sha256, there))
            ? kept
            : [];
    }

    /// <summary>Judges computed dates, puts their files that are not there yet, and commits the dates.</summary>
    /// <param name="pending">Computed dates; those that are published are taken out.</param>
    /// <param name="unfinished">Dates that are being computed: those that are judged by them wait.</param>
    void Publish(List<Computation> pending, HashSet<DateOnly> unfinished)
    {
        var ready = pending
            .Where(one => !unfinished.Any(date => date < one.Date.Date && date.DayOfWeek == one.Date.Date.DayOfWeek))
            .OrderBy(one => one.Date.Date)
            .ToList();
        if (ready.Count == 0)
        {
            return;
        }

        var said = new Dictionary<DateOnly, ComputedDate>();
        var entries = new List<DateEntry>();
        var removed = new List<DateOnly>();
        var put = new List<(string Path, byte[] Bytes)>();
        var there = new Dictionary<string, LakeObject>(StringComparer.Ordinal); // What lies there, as far as it is known.
        foreach (var computation in ready)
        {
            var date = computation.Date;
            run.Ledger.State.Dates.TryGetValue(date.Date, out var before);
            if (computation.Entry is null)
            {
                removed.Add(date.Date);
                said[date.Date] = new(date.Date, date.Why, 0, [.. KpiTables.Schemas.Select(table => table.Name)]);
                continue;
            }

            var (_, entry, files, _) = Judge(computation, entries, there);

            // A file that is there already is left alone, so that its readers see no change where there is none.
            var changed = files
                .Where(file =>
                    before?.Entry.Files.Any(old => old.Table == file.Entry.Table && old.Sha256 == file.Entry.Sha256)
                        != true
                    || !IsThere(LakePaths.Kpi(file.Entry.Table, date.Date), file.Entry.Sha256, there)
                )
                .ToList();
            put.AddRange(changed.Select(file => (LakePaths.Kpi(file.Entry.Table, date.Date), file.Bytes)));
            entries.Add(entry!);
            var findings = entry!.Quality.Where(check => !check.IsOk).ToList();
            said[date.Date] = new(
                date.Date,
                date.Why,
                entry.Listens,
                [.. changed.Select(file => file.Entry.Table).Where(table => table != QualityDaily.Schema.Name)],
                entry.IsHeld,
                findings.Count == 0 ? null : findings
            )
            {
                Tables = [.. files.Select(file => new WrittenTable(file.Entry.Table, file.Rows, file.Entry.Size))],
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
        foreach (
            var path in removed
                .Where(said.ContainsKey)
                .SelectMany(date => KpiTables.Published.Select(table => LakePaths.Kpi(table.Name, date)))
                .Concat(
                    // Of a date that is held back and keeps nothing.
                    entries
                        .Where(entry => entry.Files.Count == 1)
                        .SelectMany(entry => KpiTables.Schemas.Select(table => LakePaths.Kpi(table.Name, entry.Date)))
                )
        )
        {
            run.Lake.Delete(path);
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

        pending.RemoveAll(ready.Contains);
    }

    /// <summary>Says which dates are held back, each, and of how many there is something to say.</summary>
    void SayQuality()
    {
        foreach (var date in computed.Values.Where(date => date.IsHeld))
        {
            run.Logger.Held(
                ListenDate.Text(date.Date),
                string.Join(", ", date.Findings!.Where(check => check.IsFail).Select(QualityText.Of)),
                run.Ledger.State.Dates.GetValueOrDefault(date.Date)?.Entry.Files.Count > 1
                    ? "What was published of it before stays."
                    : "Nothing of it is published."
            );
        }

        var warnings = computed
            .Values.SelectMany(date => date.Findings ?? [])
            .Where(check => !check.IsFail)
            .GroupBy(check => check.Check, StringComparer.Ordinal)
            .OrderBy(check => check.Key, StringComparer.Ordinal)
            .Select(check => $"{check.Key} of {check.Count()} date{(check.Count() == 1 ? "" : "s")}")
            .ToList();
        if (warnings.Count > 0)
        {
            run.Logger.OddQuality(string.Join(", ", warnings));
        }
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
            bool IsMoved(DateEntry entry) =>
                entry.Inputs != InputsNow(entry.Date)
                || (entry.IsHeld && state.Dates.GetValueOrDefault(entry.Date)?.ApprovedInputs == entry.Inputs);
            foreach (var moved in entries.Where(IsMoved).ToList())
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
    bool IsThere(string path, string sum, Dictionary<string, LakeObject> there)
    {
        if (run.Lake.Find(path) is not { } listed)
        {
            return false;
        }

        there[path] = listed; // As it was before it is read: whoever replaces it now is noticed.

        using var stream = run.Lake.Open(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream)) == sum;
    }

    static string Sum(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    /// <summary>A file of a table: what the ledger says of it, how many rows it has, and its bytes.</summary>
    sealed record TableFile(FileEntry Entry, int Rows, byte[] Bytes)
    {
        public static TableFile Of(KpiTable table)
        {
            var bytes = table.ToCsv();
            return new(new(table.Schema.Name, bytes.Length, Sum(bytes)), table.Rows.Count, bytes);
        }
    }

    /// <summary>A computed date: all its tables and what it is judged by, and when it was judged what is published of it.</summary>
    sealed record Computation(PlannedDate Date, DateEntry? Entry, List<TableFile> Files, QualityFacts? Facts);
}
