using System.Diagnostics;
using System.Reflection;
using Downbeat.Engine;
using Downbeat.Pipeline.Archive;
using Downbeat.Pipeline.Catalogue;
using Downbeat.Pipeline.Corrections;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Ledger;
using Downbeat.Pipeline.Publish;
using Downbeat.Pipeline.Quality;
using Downbeat.Pipeline.Telemetry;
using Microsoft.Extensions.Logging;

namespace Downbeat.Pipeline.Runs;

/// <summary>
/// Compares what is with what should be, and brings the one to the other: landing, scan, slices, days, KPIs, publish,
/// archive. There is no resuming to get wrong, because the next run is the resume.
/// </summary>
/// <param name="lake">The lake.</param>
/// <param name="options">How to work.</param>
/// <param name="clock">The time.</param>
/// <param name="logger">Told what matters.</param>
/// <param name="progress">Told how far each stage has come.</param>
/// <param name="destinations">What the tables are published to besides the lake's own files; the caller closes them.</param>
/// <param name="source">The database that songs and users come from, if it is not landed files; the caller closes it.</param>
public sealed class Reconciliation(
    ILake lake,
    RunOptions options,
    TimeProvider clock,
    ILogger logger,
    IProgress<RunProgress>? progress = null,
    IReadOnlyList<IDestination>? destinations = null,
    ICatalogueSource? source = null
)
{
    readonly IReadOnlyList<IDestination> destinations = destinations ?? [];

    /// <summary>Told of every run that has something to do, before it does it, by the thread that runs.</summary>
    public Action<RunRequest, RunRecord>? Began { get; init; }

    /// <summary>Told how every run ended, once, by the thread that ran.</summary>
    public Action<RunEnd>? Ended { get; init; }

    /// <summary>The program's version, as records state it.</summary>
    public static string Version { get; } =
        typeof(Reconciliation)
            .Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()
            ?.InformationalVersion.Split('+')[0]
        ?? "";

    /// <summary>What a run would do now; changes nothing.</summary>
    /// <exception cref="LakeException">There is no lake, or it has no songs or no users.</exception>
    public RunPlan Plan(CancellationToken cancellationToken = default)
    {
        var run = OpenLake("plan");
        return PlanLake(run, cancellationToken) with
        {
            Publish = [.. PlanPublications(destinations, run.Ledger.State, cancellationToken)],
        };
    }

    /// <summary>What a run would do but for destinations, which are not asked.</summary>
    RunPlan PlanLake(RunContext run, CancellationToken cancellationToken)
    {
        var state = run.Ledger.State;
        var (catalogue, unread) = CatalogueStage.Plan(lake, state, source);
        var (scan, move, leave) = ScanStage.Plan(lake, state, options, clock.GetUtcNow());
        var (dates, _) = StaleDates.Find(lake, state, options);
        if (catalogue.Count == 0 && state.Songs is not null && state.Users is not null)
        {
            dates.AddRange(
                StaleDates
                    .FindKnownNow(run, cancellationToken)
                    .Stale.Where(known => dates.TrueForAll(date => date.Date != known.Date))
            );
        }

        return new()
        {
            Lake = lake.Name,
            Catalogue = catalogue,
            CatalogueFrom = source?.Place,
            Scan = scan,
            Move = move,
            Leave = [.. unread, .. leave],
            Delete =
            [
                .. state
                    .Obsolete.OrderBy(one => one.Key, StringComparer.Ordinal)
                    .Select(one => new PlannedFile(one.Key, 0, "it holds users who were forgotten")),
            ],
            Dates = [.. dates.OrderBy(date => date.Date)],
            Held =
            [
                .. state
                    .Dates.Values.Where(date =>
                        date.Entry.IsHeld && dates.TrueForAll(one => one.Date != date.Entry.Date)
                    )
                    .Select(date => new PlannedDate(date.Entry.Date, string.Join(", ", date.Entry.Failed))),
            ],
        };
    }

    /// <summary>Does what there is to do, or what of it is asked for.</summary>
    /// <param name="request">What is asked for, or null for all there is to do.</param>
    /// <param name="cancellationToken">Stops the run; what was committed stays, and the next run goes on.</param>
    /// <returns>What was done. What failed with one file or one date is in its errors.</returns>
    /// <exception cref="LakeException">Nothing was done: there is no lake, songs or users are missing, or another run works.</exception>
    public RunRecord Run(RunRequest? request = null, CancellationToken cancellationToken = default)
    {
        request ??= new();
        LakeState? state = null;
        RunRecord record;
        var start = Stopwatch.GetTimestamp();
        using var span = RunSpans.StartRun(lake, request);
        try
        {
            LakeFile.Read(lake);
            lake.DeleteScratch(); // What runs that died left may be what fills the disk.
            try
            {
                record = Run(request, ref state, cancellationToken);
            }
            finally
            {
                lake.DeleteScratch();
            }
        }
        catch (Exception error)
        {
            End(new(null, state, error) { Request = request });
            throw;
        }

        End(new(record, state, null) { Request = request });
        return record;

        void End(RunEnd end)
        {
            RunSpans.EndRun(span, end);
            var asked = request.Does(RunStep.Publish) ? Chosen(request).Select(destination => destination.Name) : [];
            RunMeasures.AddRun(lake, request, end, Stopwatch.GetElapsedTime(start).TotalSeconds, asked, clock);
            Ended?.Invoke(end);
        }
    }

    RunRecord Run(RunRequest request, ref LakeState? known, CancellationToken cancellationToken)
    {
        var id = RunRecords.NewId(clock);
        using var lease = Lease.Take(
            lake,
            id,
            options.LeaseSeconds,
            clock,
            request.Shard is { } shard ? new LakeLeaseStore(lake, LakePaths.ShardLease(shard)) : options.LeaseStore
        );
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lease.Lost);
        var run = OpenLake(id);
        known = run.Ledger.State;
        var record = new RunRecord
        {
            Id = id,
            OrchestratorRun = request.OrchestratorRun,
            Only = request.Only,
            Shard = request.Shard?.ToString(),
            Lake = lake.Name,
            Version = Version,
            Host = Environment.MachineName,
            ProcessId = Environment.ProcessId,
            Started = clock.GetUtcNow(),
        };
        if (request.Rebuild is { } rebuild)
        {
            // Committed, so that a rebuild that dies is ended by the next run.
            run.Ledger.Commit(state =>
                state.Dates.Keys.Where(date => date >= rebuild.From && date <= rebuild.To).ToList() is [_, ..] wanted
                    ? LakeLedger.Facts with
                    {
                        Wanted = wanted,
                    }
                    : null
            );
        }

        if (request is { Retract: not null } or { Restore: not null })
        {
            Retraction.Commit(run.Ledger, request);
        }

        if (request.Approve is { } approved)
        {
            Approval.Commit(run.Ledger, approved);
        }

        var hasWork = true;
        var hasEnded = ObsoleteStage.Run(run) > 0; // What a run that died has promised.
        var forget = request.Forget is { } users ? new ForgetStage(run, users) : null;
        List<PlannedPublication> publications = [];
        if (lease.Previous is { } previous)
        {
            logger.TookOver(previous.Run, previous.ProcessId, previous.Host);
        }
        else if (!request.TakeOver)
        {
            hasWork = hasEnded || HasWork(run, request, publications, stop.Token);
        }

        CatalogueFetch? fetch = null;
        try
        {
            record = Fetch(run, record, request, out fetch, stop.Token);
            hasWork |= fetch is { IsNews: true };
            if (forget is not null && record.Outcome == RunOutcome.Running && !hasWork)
            {
                hasWork = forget.Find(stop.Token) || forget.Report is { Unclear.Count: > 0 };
                record = record with { Forgotten = forget.Report, WhyNothing = hasWork ? null : ForgetStage.Nothing };
            }

            if (record.Outcome == RunOutcome.Running && !hasWork)
            {
                record = record with { Outcome = RunOutcome.NothingToDo };
            }

            if (record is { Outcome: RunOutcome.NothingToDo, WhyNothing: null or ForgetStage.Nothing, Fallback: null })
            {
                return record with { Ended = clock.GetUtcNow(), Stale = FindStale(run, request, stop.Token) };
            }

            RunRecords.Write(lake, record);
            Began?.Invoke(request, record);
            if (record.Outcome == RunOutcome.Running)
            {
                // What a shard that died left behind others may be about to commit; and it makes the same again.
                var sweep = lease.Previous is not null && request.Shard is null && !Lease.IsAnyShardAtWork(lake, clock);
                record = Work(run, record, request, fetch, publications, forget, sweep, stop.Token);
            }
        }
        finally
        {
            fetch?.Dispose();
        }

        record = record with { Ended = clock.GetUtcNow(), Errors = [.. run.Errors] };
        if (lease.Lost.IsCancellationRequested)
        {
            const string TakenOver = "another run took the lease over; that one goes on";
            logger.Failed(TakenOver);
            record = record with { Outcome = RunOutcome.Failed, Errors = [.. record.Errors, TakenOver] };
        }

        lake.DeleteScratch(); // First: on a full disk there is no room for the record otherwise.
        RunRecords.Write(lake, record);
        return record;
    }

    /// <summary>
    /// Whether there is anything to do: what is quick to find out is looked at first. Destinations are asked only when there is
    /// nothing else, because they are asked when it is done; what they said is added.
    /// </summary>
    bool HasWork(
        RunContext run,
        RunRequest request,
        List<PlannedPublication> publications,
        CancellationToken cancellationToken
    )
    {
        var state = run.Ledger.State;
        if (ReadsCatalogue(request, state) && CatalogueStage.Plan(lake, state, source).Read.Count > 0)
        {
            return true;
        }

        if (request.Does(RunStep.Scan) || request.Does(RunStep.Archive))
        {
            var (scan, move, _) = ScanStage.Plan(lake, state, options, clock.GetUtcNow(), request.Shard);
            if ((request.Does(RunStep.Scan) && scan.Count > 0) || (request.Does(RunStep.Archive) && move.Count > 0))
            {
                return true;
            }
        }

        if (request.Does(RunStep.Compute) && FindStale(run, cancellationToken).Exists(request.Concerns))
        {
            return true;
        }

        if (request.Does(RunStep.Publish))
        {
            publications.AddRange(PlanPublications(Chosen(request), state, cancellationToken));
        }

        return publications.Exists(planned =>
            planned.Problem is not null || planned.Dates.Any(date => request.Concerns(date.Date))
        );
    }

    /// <summary>The dates that are to be computed as far as is known now, in order.</summary>
    List<DateOnly> FindStale(RunContext run, CancellationToken cancellationToken)
    {
        var state = run.Ledger.State;
        var stale = StaleDates.Find(lake, state, options).Stale.ConvertAll(date => date.Date);
        if (CatalogueStage.HasBoth(state))
        {
            // What cannot be read is an error of the run when it is computed, not when it is only looked at.
            var looking = new RunContext(lake, run.Zone, run.Ledger, options, clock, logger, null);
            stale.AddRange(StaleDates.FindKnownNow(looking, cancellationToken).Stale.Select(date => date.Date));
        }

        return [.. stale.Distinct().Order()];
    }

    /// <summary>What a step that only scans leaves to be computed; nothing after other steps, which is not asked.</summary>
    List<DateOnly>? FindStale(RunContext run, RunRequest request, CancellationToken cancellationToken) =>
        request.Only == RunStep.Scan ? FindStale(run, cancellationToken) : null;

    /// <summary>Songs and users shape tables, so that it is computing that reads them; a lake has some before it has slices.</summary>
    static bool ReadsCatalogue(RunRequest request, LakeState state) =>
        request.Does(RunStep.Compute) || (request.Does(RunStep.Scan) && !CatalogueStage.HasBoth(state));

    List<IDestination> Chosen(RunRequest request) =>
        [.. destinations.Where(destination => request.Concerns(destination.Name))];

    /// <summary>Asks the database for songs and users, if there is one. A record that is not running any more is that of the end.</summary>
    RunRecord Fetch(
        RunContext run,
        RunRecord record,
        RunRequest request,
        out CatalogueFetch? fetch,
        CancellationToken cancellationToken
    )
    {
        fetch = null;
        if (source is null || !ReadsCatalogue(request, run.Ledger.State))
        {
            return record;
        }

        var start = Stopwatch.GetTimestamp();
        using var span = RunSpans.StartStage("fetch");
        try
        {
            fetch = CatalogueFetch.Run(run, source, request.FullCatalogue, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            return record with { Outcome = RunOutcome.Stopped };
        }
        catch (Exception error) when (RunContext.IsExpected(error))
        {
            RunSpans.Fail(span, error);
            run.Fail("songs and users were not read, and nothing was done; the next run tries again", error);
            return record with { Outcome = RunOutcome.Failed };
        }

        return fetch.Empty is { } empty
            ? record with
            {
                Outcome = RunOutcome.NothingToDo,
                WhyNothing = $"{empty}; what has landed waits until there are some",
            }
            : record with
            {
                Fallback = fetch.Fallback,
                StageSeconds = new Dictionary<string, double>(StringComparer.Ordinal)
                {
                    ["fetch"] = Math.Round(Stopwatch.GetElapsedTime(start).TotalSeconds, 3),
                },
            };
    }

    /// <summary>What forgetting users would find in what was scanned; changes nothing.</summary>
    /// <exception cref="LakeException">There is no lake, or a file in it could not be rewritten.</exception>
    public ForgetReport PlanForgetting(IReadOnlyCollection<ulong> users, CancellationToken cancellationToken = default)
    {
        var forget = new ForgetStage(OpenLake("plan"), users);
        forget.Find(cancellationToken);
        return forget.Report;
    }

    IEnumerable<PlannedPublication> PlanPublications(
        IReadOnlyList<IDestination> asked,
        LakeState state,
        CancellationToken cancellationToken
    )
    {
        var lakeId = asked.Count > 0 ? LakeFile.Read(lake).Id : "";
        foreach (var destination in asked)
        {
            PlannedPublication planned;
            try
            {
                planned = new(
                    destination.Name,
                    destination.Place,
                    PublishStage.FindBehind(destination, state.Dates, lakeId, cancellationToken)
                );
            }
            catch (DestinationException error)
            {
                planned = new(destination.Name, destination.Place, [], error.Message);
            }

            if (planned.Dates.Count > 0 || planned.Problem is not null)
            {
                yield return planned;
            }
        }
    }

    RunRecord Work(
        RunContext run,
        RunRecord record,
        RunRequest request,
        CatalogueFetch? fetch,
        IReadOnlyList<PlannedPublication> publications,
        ForgetStage? forget,
        bool sweep,
        CancellationToken cancellationToken
    )
    {
        var seconds = new Dictionary<string, double>(record.StageSeconds, StringComparer.Ordinal);
        void Time(string stage, Action work)
        {
            var start = Stopwatch.GetTimestamp();
            using var span = RunSpans.StartStage(stage);
            try
            {
                work();
            }
            catch (Exception error)
            {
                RunSpans.Fail(span, error);
                throw;
            }
            finally
            {
                seconds[stage] = Math.Round(
                    seconds.GetValueOrDefault(stage) + Stopwatch.GetElapsedTime(start).TotalSeconds,
                    3
                );
            }
        }

        record = record with { StageSeconds = seconds };
        try
        {
            if (request.Does(RunStep.Scan) || request.Does(RunStep.Compute))
            {
                var onlyIfNone = !request.Does(RunStep.Compute);
                var catalogue = new CatalogueStage(run, fetch, onlyIfNone, cancellationToken);
                var scan = new ScanStage(run, catalogue, request.Shard);
                try
                {
                    if (request.Does(RunStep.Scan))
                    {
                        using var span = RunSpans.StartStage("scan");
                        scan.Run(cancellationToken);
                    }
                    else
                    {
                        Workers.Run(catalogue.Pieces, options.Workers, _ => catalogue.Work(), cancellationToken);
                    }
                }
                finally
                {
                    record = record with
                    {
                        Songs = catalogue.Songs,
                        Users = catalogue.Users,
                        Scanned = scan.Scanned,
                        Left = scan.Left,
                    };
                    RunSpans.AddStage("catalogue", catalogue.Elapsed);
                    seconds["catalogue"] = Math.Round(catalogue.Elapsed.TotalSeconds, 3); // The two overlap.
                    seconds["scan"] = Math.Round(scan.Elapsed.TotalSeconds, 3);
                }
            }

            if (forget is not null)
            {
                // What lies where it landed would be overlooked.
                Time("archive", () => record = Moved(record, new MoveStage(run).Run(cancellationToken)));
                try
                {
                    Time("forget", () => forget.Run(cancellationToken));
                }
                finally
                {
                    record = record with { Forgotten = forget.Report };
                }
            }

            if (request.Does(RunStep.Compute))
            {
                var compute = new ComputeStage(run, request);
                try
                {
                    Time("compute", () => compute.Run(cancellationToken));
                }
                finally
                {
                    record = record with { Dates = compute.Computed };
                }
            }

            if (request.Does(RunStep.Publish) && Chosen(request) is [_, ..] chosen)
            {
                var publish = new PublishStage(
                    run,
                    chosen,
                    new(LakeFile.Read(lake).Id, request.Create, request.TakeOver),
                    request.Concerns,
                    publications
                );
                try
                {
                    Time("publish", () => publish.Run(cancellationToken));
                }
                finally
                {
                    record = record with { Published = publish.Published };
                }
            }

            if (request.Does(RunStep.Archive))
            {
                Time("archive", () => record = Moved(record, new MoveStage(run).Run(cancellationToken)));
            }

            record = record with { Stale = FindStale(run, request, cancellationToken) };
            if (sweep || forget is not null)
            {
                Time("sweep", () => record = record with { Swept = SweepStage.Run(run, cancellationToken) });
            }

            return record with
            {
                Outcome = run.Errors.Count == 0 ? RunOutcome.Done : RunOutcome.Failed,
            };
        }
        catch (OperationCanceledException)
        {
            return record with { Outcome = RunOutcome.Stopped };
        }
        catch (Exception error) when (RunContext.IsExpected(error) || error is LakeException)
        {
            run.Fail(
                error is LakeException ? "the run ended early" : "the run ended early; the next run goes on",
                error
            );
            return record with { Outcome = RunOutcome.Failed };
        }
    }

    static RunRecord Moved(RunRecord record, (int Archived, int Quarantined, int Retracted) moved) =>
        record with
        {
            Archived = record.Archived + moved.Archived,
            Quarantined = record.Quarantined + moved.Quarantined,
            Retracted = record.Retracted + moved.Retracted,
        };

    RunContext OpenLake(string id)
    {
        var zone = LakeFile.Read(lake).FindZone();
        var ledger = LakeLedger.Open(lake, id, clock);

        // The catalogue is committed before the first slice: slices without a commit mean that the ledger was lost.
        if (ledger.State.Version == 0 && (lake.List(LakePaths.Slices).Count > 0 || lake.List(LakePaths.Kpis).Count > 0))
        {
            throw new LakeException(
                $"{lake.Name} holds slices or tables but no commits: {LakePaths.Ledger}/ was lost. Nothing was done; `downbeat repair` mends it."
            );
        }

        return new(lake, zone, ledger, options, clock, logger, progress);
    }
}

/// <summary>How a run ended.</summary>
/// <param name="Record">What it did; null when it threw.</param>
/// <param name="State">What is true of the lake then; null when it could not be read.</param>
/// <param name="Error">What it threw, if it did.</param>
public sealed record RunEnd(RunRecord? Record, LakeState? State, Exception? Error)
{
    /// <summary>What was asked of it.</summary>
    public RunRequest Request { get; init; } = new();
}
