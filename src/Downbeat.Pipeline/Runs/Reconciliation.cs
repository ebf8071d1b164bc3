using System.Diagnostics;
using System.Reflection;
using Downbeat.Pipeline.Archive;
using Downbeat.Pipeline.Catalogue;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Ledger;
using Downbeat.Pipeline.Publish;
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
            Dates = [.. dates.OrderBy(date => date.Date)],
            Publish = [.. PlanPublications(state, cancellationToken)],
        };
    }

    /// <summary>Does what there is to do.</summary>
    /// <param name="request">Dates to restate besides, or null.</param>
    /// <param name="cancellationToken">Stops the run; what was committed stays, and the next run goes on.</param>
    /// <returns>What was done. What failed with one file or one date is in its errors.</returns>
    /// <exception cref="LakeException">Nothing was done: there is no lake, songs or users are missing, or another run works.</exception>
    public RunRecord Run(RunRequest? request = null, CancellationToken cancellationToken = default)
    {
        var id = RunRecords.NewId(clock);
        LakeFile.Read(lake);
        lake.DeleteScratch(); // What runs that died left may be what fills the disk.
        using var lease = Lease.Take(lake, id, options.LeaseSeconds, clock, options.LeaseStore);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lease.Lost);
        var run = OpenLake(id);
        var record = new RunRecord
        {
            Id = id,
            Lake = lake.Name,
            Version = Version,
            Host = Environment.MachineName,
            ProcessId = Environment.ProcessId,
            Started = clock.GetUtcNow(),
        };
        if (request?.Rebuild is { } rebuild)
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

        var hasWork = true;
        if (lease.Previous is { } previous)
        {
            logger.TookOver(previous.Run, previous.ProcessId, previous.Host);
        }
        else if (request is not { TakeOver: true })
        {
            hasWork = !Plan(stop.Token).IsEmpty;
        }

        CatalogueFetch? fetch = null;
        try
        {
            record = Fetch(run, record, request, out fetch, stop.Token);
            hasWork |= fetch is { IsNews: true };
            if (record.Outcome == RunOutcome.Running && !hasWork)
            {
                record = record with { Outcome = RunOutcome.NothingToDo };
            }

            if (record is { Outcome: RunOutcome.NothingToDo, WhyNothing: null, Fallback: null })
            {
                return record with { Ended = clock.GetUtcNow() };
            }

            RunRecords.Write(lake, record);
            if (record.Outcome == RunOutcome.Running)
            {
                record = Work(run, record, request, fetch, lease.Previous is not null, stop.Token);
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

    /// <summary>Asks the database for songs and users, if there is one. A record that is not running any more is that of the end.</summary>
    RunRecord Fetch(
        RunContext run,
        RunRecord record,
        RunRequest? request,
        out CatalogueFetch? fetch,
        CancellationToken cancellationToken
    )
    {
        fetch = null;
        if (source is null)
        {
            return record;
        }

        var start = Stopwatch.GetTimestamp();
        try
        {
            fetch = CatalogueFetch.Run(run, source, request is { FullCatalogue: true }, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            return record with { Outcome = RunOutcome.Stopped };
        }
        catch (Exception error) when (RunContext.IsExpected(error))
        {
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

    IEnumerable<PlannedPublication> PlanPublications(LakeState state, CancellationToken cancellationToken)
    {
        var lakeId = destinations.Count > 0 ? LakeFile.Read(lake).Id : "";
        foreach (var destination in destinations)
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
        RunRequest? request,
        CatalogueFetch? fetch,
        bool sweep,
        CancellationToken cancellationToken
    )
    {
        var seconds = new Dictionary<string, double>(record.StageSeconds, StringComparer.Ordinal);
        void Time(string stage, Action work)
        {
            var start = Stopwatch.GetTimestamp();
            try
            {
                work();
            }
            finally
            {
                seconds[stage] = Math.Round(Stopwatch.GetElapsedTime(start).TotalSeconds, 3);
            }
        }

        record = record with { StageSeconds = seconds };
        try
        {
            var catalogue = new CatalogueStage(run, fetch, cancellationToken);
            var scan = new ScanStage(run, catalogue);
            try
            {
                scan.Run(cancellationToken);
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
                seconds["catalogue"] = Math.Round(catalogue.Elapsed.TotalSeconds, 3); // The two overlap.
                seconds["scan"] = Math.Round(scan.Elapsed.TotalSeconds, 3);
            }

            var compute = new ComputeStage(run);
            try
            {
                Time("compute", () => compute.Run(cancellationToken));
            }
            finally
            {
                record = record with { Dates = compute.Computed };
            }

            if (destinations.Count > 0)
            {
                var publish = new PublishStage(
                    run,
                    destinations,
                    new(LakeFile.Read(lake).Id, request?.Create ?? false, request?.TakeOver ?? false)
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

            Time(
                "archive",
                () =>
                {
                    var (archived, quarantined) = new MoveStage(run).Run(cancellationToken);
                    record = record with { Archived = archived, Quarantined = quarantined };
                }
            );
            if (sweep)
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

    RunContext OpenLake(string id)
    {
        var zone = LakeFile.Read(lake).FindZone();
        var ledger = LakeLedger.Open(lake, id, clock);

        // The catalogue is committed before the first slice: slices without a commit mean that the ledger was lost.
        if (ledger.State.Version == 0 && (lake.List(LakePaths.Slices).Count > 0 || lake.List(LakePaths.Kpis).Count > 0))
        {
            throw new LakeException(
                $"{lake.Name} holds slices or tables but no commits: {LakePaths.Ledger}/ was lost. Nothing was done; restore it from a backup."
            );
        }

        return new(lake, zone, ledger, options, clock, logger, progress);
    }
}
