namespace Downbeat.Pipeline.Runs;

/// <summary>What someone asks of a run besides what there is to do.</summary>
public sealed record RunRequest
{
    /// <summary>The first and the last date to restate on purpose, under the catalogue as of now; null for none.</summary>
    public (DateOnly From, DateOnly To)? Rebuild { get; init; }

    /// <summary>The id of a source whose listens are taken out again; null for none.</summary>
    public string? Retract { get; init; }

    /// <summary>The id of a source that was retracted, and whose listens are taken back in; null for none.</summary>
    public string? Restore { get; init; }

    /// <summary>Users who are forgotten; null for none. What holds this must not outlive the run: they are personal data.</summary>
    public IReadOnlyCollection<ulong>? Forget { get; init; }

    /// <summary>Whether destinations make tables that cost money as they stand.</summary>
    public bool Create { get; init; }

    /// <summary>Whether destinations that belong to another lake become this one's.</summary>
    public bool TakeOver { get; init; }

    /// <summary>Whether all rows of songs and users are read from their database, and not only changed ones.</summary>
    public bool FullCatalogue { get; init; }
}
