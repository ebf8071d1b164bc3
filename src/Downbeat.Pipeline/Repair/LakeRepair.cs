using Downbeat.Pipeline.Archive;
using Downbeat.Pipeline.Catalogue;
using Downbeat.Pipeline.Corrections;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Ledger;
using Downbeat.Pipeline.Publish;
using Downbeat.Pipeline.Runs;
using Microsoft.Extensions.Logging;

namespace Downbeat.Pipeline.Repair;

/// <summary>
/// Looks at every byte that a lake and its destinations hold, and mends what is damaged or missing from what is whole: the ledger
/// first, then what it names. What is made again has to be what the ledger says, to the byte; only where that cannot be is a date
/// restated. Raw files are never deleted.
/// </summary>
/// <param name="lake">The lake.</param>
/// <param name="options">How to work.</param>
/// <param name="clock">The time.</param>
/// <param name="logger">Told what matters.</param>
/// <param name="progress">Told how far each stage has come.</param>
/// <param name="destinations">What the tables are published to besides the lake's own files; the caller closes them.</param>
/// <param name="source">The database that songs and users come from, if it is not landed files; the caller closes it.</param>
public sealed class LakeRepair(
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

    /// <summary>Looks, and mends unless it is only to look.</summary>
    /// <exception cref="LakeException">Nothing was done: there is no lake, or a run works on it.</exception>
    public RepairReport Run(RepairRequest? request = null, CancellationToken cancellationToken = default)
    {
        request ??= new();
        var log = new RepairLog(request.DryRun, progress);
        if (request.DryRun)
        {
            Work(log, request, "repair", sweep: false, cancellationToken);
            return Report(log);
        }

        var id = RunRecords.NewId(clock);
        lake.DeleteScratch();
        using (var lease = Lease.Take(lake, id, options.LeaseSeconds, clock, options.LeaseStore))
        using (var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lease.Lost))
        {
            Work(log, request, id, lease.Previous is not null, stop.Token);
        }

        lake.DeleteScratch();
        return Report(log);
    }

    RepairReport Report(RepairLog log) =>
        new()
        {
            Lake = lake.Name,
            DryRun = log.IsDryRun,
            Objects = log.Objects,
            Bytes = log.Bytes,
            Findings = log.Findings,
        };

    void Work(RepairLog log, RepairRequest request, string id, bool sweep, CancellationToken cancellationToken)
    {
        var file = LakeFileRepair.Run(lake, log);
        var ledgerRepair = new LedgerRepair(lake, log, clock);
        var state = ledgerRepair.Run(cancellationToken);
        var ledger = log.IsDryRun ? LakeLedger.Of(lake, id, clock, state) : LakeLedger.Open(lake, id, clock);
        var run = new RunContext(lake, file.FindZone(), ledger, options, clock, logger, progress);
        var sources = new SourceRepair(run, log);
        if (!log.IsDryRun)
        {
            ObsoleteStage.Run(run); // As every run does, before all else.
        }

        var isComplete = true;
        if (ledgerRepair.HasLost || state.LacksFacts)
        {
            var lost = new LostFacts(run, log, sources);
            lost.Run(cancellationToken);
            isComplete = !lost.IsIncomplete;
        }

        sources.Run(cancellationToken);
        new CatalogueRepair(run, log, source).Run(cancellationToken);
        if (!isComplete)
        {
            return; // What would be published would lack listens.
        }

        var kpis = new KpiRepair(run, log, sources.Incomplete);
        kpis.Run(cancellationToken);
        if (!log.IsDryRun)
        {
            ObsoleteStage.Run(run);
            Restate(run, log, cancellationToken);
        }

        kpis.DeleteSuperfluous(cancellationToken);
        new DestinationRepair(run, log, destinations, file.Id).Run(request.Republish, cancellationToken);
        if (sweep && !log.IsDryRun)
        {
            SweepStage.Run(run, cancellationToken); // Of the run that died, which nobody will hear of again.
        }
    }

    /// <summary>Reads songs and users if they had to go, and computes the dates that are not what they should be.</summary>
    void Restate(RunContext run, RepairLog log, CancellationToken cancellationToken)
    {
        var state = run.Ledger.State;
        var reads =
            state.Songs is not { } songs
            || state.Users is not { } users
            || new[] { songs, users }.Any(read =>
                lake.Find(read.Path) is null || (read.Files.Count == 0 && read.Origin is null)
            );
        if (!reads && StaleDates.Find(lake, state, options).Stale.Count == 0)
        {
            return;
        }

        try
        {
            if (reads)
            {
                using var fetch = source is null ? null : CatalogueFetch.Run(run, source, all: true, cancellationToken);
                var catalogue = new CatalogueStage(run, fetch, onlyIfNone: false, cancellationToken);
                while (catalogue.Pieces > 0 && !catalogue.Work())
                {
                    // One worker does both.
                }
            }

            var before = state.Dates.ToDictionary(date => date.Key, date => date.Value.Entry.Fingerprint);
            var compute = new ComputeStage(run, new());
            compute.Run(cancellationToken);
            foreach (var date in compute.Computed)
            {
                if (
                    before.GetValueOrDefault(date.Date)
                    != run.Ledger.State.Dates.GetValueOrDefault(date.Date)?.Entry.Fingerprint
                )
                {
                    log.Note(
                        $"{LakePaths.Kpis}/*/date={Engine.Listens.ListenDate.Text(date.Date)}.csv",
                        date.Why,
                        "restated"
                    );
                }
            }
        }
        catch (Exception error) when (RunContext.IsExpected(error) || error is LakeException)
        {
            log.CannotMend(LakePaths.Kpis, "dates were not restated", error.Message);
        }

        foreach (var error in run.Errors)
        {
            log.CannotMend(LakePaths.Kpis, "a date was not restated", error);
        }
    }
}
