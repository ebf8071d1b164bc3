using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Publish;
using Downbeat.Pipeline.Runs;

namespace Downbeat.Cli.Settings;

/// <summary>A lake, how to work on it, and where its tables go besides.</summary>
sealed record LakeInUse(ILake Lake, RunOptions Options, IReadOnlyList<IDestination> Destinations) : IDisposable
{
    /// <summary>What carries runs and plans out.</summary>
    public Reconciliation Reconciliation(IProgress<RunProgress>? progress = null) =>
        new(Lake, Options, TimeProvider.System, new Output.ConsoleLogger(), progress, Destinations);

    /// <summary>Closes the connections to the destinations.</summary>
    public void Dispose()
    {
        foreach (var destination in Destinations)
        {
            destination.Dispose();
        }
    }
}
