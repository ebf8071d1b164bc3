using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Ledger;
using Downbeat.Pipeline.Runs;

namespace Downbeat.Pipeline.Archive;

/// <summary>
/// Deletes what a run that died left behind: objects that no commit names. What is to be deleted is committed first, so
/// that a stalled writer who comes back finds its slices gone and makes them again. Raw files are never deleted.
/// </summary>
static class SweepStage
{
    /// <summary>Sweeps; says how many objects were deleted.</summary>
    public static int Run(RunContext run, CancellationToken cancellationToken)
    {
        var lake = run.Lake;
        var candidates = List(lake, cancellationToken).Select(found => found.Path).ToList();
        var commit = run.Ledger.Commit(state =>
        {
            var named = Named(state);
            var left = candidates.Where(path => !named.Contains(path)).ToList();
            return left.Count == 0 ? null : LakeLedger.Facts with { Swept = left };
        });
        if (commit is not null)
        {
            lake.Delete(commit.Swept);
            run.Logger.Swept(commit.Swept.Count);
        }

        return commit?.Swept.Count ?? 0;
    }

    /// <summary>Everything that may be left over.</summary>
    public static IEnumerable<LakeObject> List(ILake lake, CancellationToken cancellationToken) =>
        lake.List(LakePaths.Slices, cancellationToken)
            .Concat(lake.List(LakePaths.Catalogue, cancellationToken))
            .Concat(lake.List(LakePaths.Kpis, cancellationToken))
            .Concat(lake.List(LakePaths.Forgetting, cancellationToken))
            .Concat(lake.List(LakePaths.Quarantine, cancellationToken).Where(IsMadeByDownbeat));

    static bool IsMadeByDownbeat(LakeObject found) =>
        found.Path.EndsWith("/rejects.csv", StringComparison.Ordinal)
        || found.Path.EndsWith("/source.json", StringComparison.Ordinal);

    /// <summary>Everything that the state names, or that stands beside something it names.</summary>
    public static HashSet<string> Named(LakeState state)
    {
        var named = new HashSet<string>(StringComparer.Ordinal)
        {
            LakePaths.Rejects("songs"),
            LakePaths.Rejects("users"),
        };
        foreach (var source in state.Sources.Values)
        {
            named.UnionWith(source.Entry.Slices.Select(slice => slice.Path));
            named.Add(LakePaths.Rejects(source.Entry.Id));
            named.Add(LakePaths.QuarantinedSource(source.Entry.Id));
        }

        named.UnionWith(state.Compacted.Values.SelectMany(one => one.Slices).Select(slice => slice.Path));
        named.UnionWith(state.Obsolete.Values.OfType<string>());
        foreach (var date in state.Dates.Values)
        {
            named.UnionWith(date.Entry.Files.Select(file => LakePaths.Kpi(file.Table, date.Entry.Date)));
        }

        foreach (var read in new[] { state.Songs, state.Users }.OfType<CatalogueEntry>())
        {
            named.Add(read.Path);
            named.UnionWith(new[] { read.Origin?.Path }.OfType<string>());
        }

        return named;
    }
}
