using System.Globalization;
using Downbeat.Engine.Listens;
using Downbeat.Engine.Slices;
using Downbeat.Pipeline.Publish;
using Downbeat.Pipeline.Runs;

namespace Downbeat.Pipeline.Repair;

/// <summary>
/// Reads back what destinations hold, and lets them forget dates that they hold otherwise than they say: those are published
/// again, as any that a destination is behind on.
/// </summary>
sealed class DestinationRepair(RunContext run, RepairLog log, IReadOnlyList<IDestination> destinations, string lakeId)
{
    /// <summary>Looks, and publishes again.</summary>
    /// <param name="all">Whether all dates are published again, whatever is held.</param>
    /// <param name="cancellationToken">Stops.</param>
    public void Run(bool all, CancellationToken cancellationToken)
    {
        var forgotten = 0;
        foreach (var destination in destinations)
        {
            try
            {
                forgotten += Check(destination, all, cancellationToken);
            }
            catch (DestinationException error)
            {
                log.CannotMend(destination.Name, "it was not looked at", error.Message);
            }
        }

        if (log.IsDryRun || destinations.Count == 0)
        {
            return;
        }

        var failed = run.Errors.Count;
        new PublishStage(run, destinations, new(lakeId), _ => true, []).Run(cancellationToken);
        foreach (var error in run.Errors.Skip(failed))
        {
            log.CannotMend("publish", "a destination is behind", error);
        }
    }

    int Check(IDestination destination, bool all, CancellationToken cancellationToken)
    {
        var dates = run.Ledger.State.Dates;
        var different = all
            ? [.. dates.Keys.Select(date => new PlannedDate(date, "asked for"))]
            : destination.FindDifferent(lakeId, [.. dates.Keys], TryRead, cancellationToken);
        if (different is null)
        {
            log.Note(
                destination.Name,
                "it cannot be read back",
                "`downbeat repair --republish` publishes all dates to it again"
            );
            return 0;
        }

        if (different.Count == 0)
        {
            return 0;
        }

        if (!log.IsDryRun)
        {
            destination.Forget(lakeId, [.. different.Select(date => date.Date)], cancellationToken);
        }

        if (all)
        {
            log.Mend(
                destination.Name,
                "publishing again was asked for",
                string.Create(CultureInfo.InvariantCulture, $"published again, {different.Count} dates"),
                () => { }
            );
            return different.Count;
        }

        foreach (var date in different)
        {
            log.Mend($"{destination.Name}, {ListenDate.Text(date.Date)}", date.Why, "published again", () => { });
        }

        return different.Count;

        DateTables? TryRead(DateOnly date)
        {
            try
            {
                return DateTables.Read(run.Lake, dates[date]);
            }
            catch (Exception error)
                when (error
                        is DamagedObjectException
                            or FileNotFoundException
                            or DirectoryNotFoundException
                            or FormatException
                )
            {
                return null; // Told already, and published when it is mended.
            }
        }
    }
}
