using Downbeat.Pipeline.Ledger;

namespace Downbeat.Pipeline.Landing;

/// <summary>Which files lie in the landing area for listens, and which of them the ledger knows.</summary>
public sealed class LandedStreams
{
    readonly ILookup<string, SourceState> byKey;

    /// <summary>Looks files up in a state.</summary>
    public LandedStreams(LakeState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        byKey = state.Sources.Values.ToLookup(source => source.Entry.Key, StringComparer.Ordinal);
    }

    /// <summary>
    /// The source that a landed file was scanned as, if it was and lies where it landed ever since. A file that is
    /// delivered again after the first has moved is scanned again: it may look the same and not be.
    /// </summary>
    public SourceState? Find(LakeObject landed) =>
        byKey[landed.Path]
            .FirstOrDefault(source =>
                source.MovedTo is null
                && source.Entry.Size == landed.Size
                && source.Entry.Arrived == landed.Modified
                && source.Entry.Version == landed.Version
            );

    /// <summary>Older versions of a key, of which a new one may be the continuation.</summary>
    public IEnumerable<SourceState> Versions(string key) => byKey[key].Where(source => source.RetractedBy is null);

    /// <summary>Files that are input, by their names.</summary>
    public static IEnumerable<LakeObject> List(ILake lake, CancellationToken cancellationToken = default) =>
        ListAll(lake, cancellationToken).Where(landed => WhyNoInput(landed.Path) is null);

    /// <summary>Everything that lies there.</summary>
    public static IReadOnlyList<LakeObject> ListAll(ILake lake, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(lake);
        return lake.List(LakePaths.Streams, cancellationToken);
    }

    /// <summary>Why a path is no input, or null when it is.</summary>
    public static string? WhyNoInput(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (path.Split('/').Any(part => part.StartsWith('.')))
        {
            return "its name begins with a dot";
        }

        if (
            path.EndsWith(".tmp", StringComparison.OrdinalIgnoreCase)
            || path.EndsWith(".part", StringComparison.OrdinalIgnoreCase)
        )
        {
            return "its name says that it is unfinished";
        }

        return IsCsv(path) ? null : "its name ends neither in .csv nor in .csv.gz";
    }

    /// <summary>Whether a name says that a file is CSV, compressed or not.</summary>
    public static bool IsCsv(string path) =>
        path.EndsWith(".csv", StringComparison.OrdinalIgnoreCase) || IsCompressed(path);

    /// <summary>Whether a name says that a file is compressed.</summary>
    public static bool IsCompressed(string path) => path.EndsWith(".csv.gz", StringComparison.OrdinalIgnoreCase);
}
