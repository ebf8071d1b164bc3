using Downbeat.Connectors.OpenLineage;
using Downbeat.Pipeline.Catalogue;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Publish;
using Downbeat.Pipeline.Runs;
using Microsoft.Extensions.Logging;

namespace Downbeat.Cli.Settings;

/// <summary>A lake, how to work on it, where its tables go besides, and where songs and users come from if not from it, and who is told of runs.</summary>
sealed record LakeInUse(
    ILake Lake,
    RunOptions Options,
    IReadOnlyList<IDestination> Destinations,
    ICatalogueSource? Source,
    LineageOutbox? Lineage = null
) : IDisposable
{
    /// <summary>What carries runs and plans out.</summary>
    public Reconciliation Reconciliation(IProgress<RunProgress>? progress = null, ILogger? logger = null) =>
        new(Lake, Options, TimeProvider.System, logger ?? new Output.ConsoleLogger(), progress, Destinations, Source)
        {
            Began = Lineage is null ? null : Lineage.Begin,
            Ended = Lineage is null ? null : Lineage.End,
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
    }
}
