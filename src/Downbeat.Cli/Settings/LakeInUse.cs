using Downbeat.Connectors.OpenLineage;
using Downbeat.Connectors.Smtp;
using Downbeat.Pipeline.Alerts;
using Downbeat.Pipeline.Catalogue;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Publish;
using Downbeat.Pipeline.Runs;
using Microsoft.Extensions.Logging;

namespace Downbeat.Cli.Settings;

/// <summary>A lake, how to work on it, where its tables go besides, where songs and users come from if not from it, and who is told of runs, of trouble, and when by a report.</summary>
sealed record LakeInUse(
    ILake Lake,
    RunOptions Options,
    IReadOnlyList<IDestination> Destinations,
    ICatalogueSource? Source,
    Alerting Alerts,
    LineageOutbox? Lineage = null,
    string? ReportAt = null
) : IDisposable
{
    /// <summary>What mails; null where nobody is named to mail to.</summary>
    public SmtpChannel? Mail => Alerts.Channels.OfType<SmtpChannel>().FirstOrDefault();

    /// <summary>What carries runs and plans out.</summary>
    /// <param name="progress">Told how far each stage has come.</param>
    /// <param name="logger">Told what matters.</param>
    /// <param name="ended">Told how runs ended; where nobody is named, alerts are sent then.</param>
    public Reconciliation Reconciliation(
        IProgress<RunProgress>? progress = null,
        ILogger? logger = null,
        Action<RunEnd>? ended = null
    ) =>
        new(Lake, Options, TimeProvider.System, logger ?? new Output.ConsoleLogger(), progress, Destinations, Source)
        {
            Began = Lineage is null ? null : Lineage.Begin,
            Ended =
                (Lineage is null ? null : (Action<RunEnd>)Lineage.End)
                + (ended ?? (Alerts.Channels.Count > 0 ? Alerts.EndRun : null)),
        };

    /// <summary>Closes the connections.</summary>
    public void Dispose()
    {
        foreach (var destination in Destinations)
        {
            destination.Dispose();
        }

        Source?.Dispose();
        Lineage?.Dispose();
        foreach (var channel in Alerts.Channels)
        {
            channel.Dispose();
        }
    }
}
