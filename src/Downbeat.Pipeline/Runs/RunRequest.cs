namespace Downbeat.Pipeline.Runs;

/// <summary>What someone asks of a run besides, or in place of, all that there is to do.</summary>
public sealed record RunRequest
{
    /// <summary>The first and the last date to restate on purpose, under the catalogue as of now; null for none.</summary>
    public (DateOnly From, DateOnly To)? Rebuild { get; init; }

    /// <summary>The id of a source whose listens are taken out again; null for none.</summary>
    public string? Retract { get; init; }

    /// <summary>The id of a source that was retracted, and whose listens are taken back in; null for none.</summary>
    public string? Restore { get; init; }

    /// <summary>Dates that are held back, and are let through; null for none.</summary>
    public IReadOnlyList<DateOnly>? Approve { get; init; }

    /// <summary>Users who are forgotten; null for none. What holds this must not outlive the run: they are personal data.</summary>
    public IReadOnlyCollection<ulong>? Forget { get; init; }

    /// <summary>Whether destinations make tables that cost money as they stand.</summary>
    public bool Create { get; init; }

    /// <summary>Whether destinations that belong to another lake become this one's.</summary>
    public bool TakeOver { get; init; }

    /// <summary>Whether all rows of songs and users are read from their database, and not only changed ones.</summary>
    public bool FullCatalogue { get; init; }

    /// <summary>The only step to do; null for all of them.</summary>
    public RunStep? Only { get; init; }

    /// <summary>The only dates to compute and publish, as first and last dates; null for all.</summary>
    public IReadOnlyList<(DateOnly From, DateOnly To)>? Dates { get; init; }

    /// <summary>The only destinations to publish to, by name; null for all.</summary>
    public IReadOnlyList<string>? Destinations { get; init; }

    /// <summary>The share of the landed files to scan, with <see cref="RunStep.Scan"/>; null for all.</summary>
    public Shard? Shard { get; init; }

    /// <summary>What an orchestrator calls the run; null without one.</summary>
    public string? OrchestratorRun { get; init; }

    /// <summary>The span that the run belongs to, in the words of W3C's <c>traceparent</c>; null without one.</summary>
    public string? TraceParent { get; init; }

    /// <summary>Whether a step is to be done.</summary>
    internal bool Does(RunStep step) => Only is null || Only == step;

    /// <summary>Whether a destination is to be published to.</summary>
    internal bool Concerns(string destination) => Destinations?.Contains(destination, StringComparer.Ordinal) != false;

    /// <summary>Whether a date is to be computed and published.</summary>
    internal bool Concerns(DateOnly date) =>
        Dates is null || Dates.Any(range => date >= range.From && date <= range.To);
}

/// <summary>The steps of a run that can be done one by one.</summary>
public enum RunStep
{
    /// <summary>Landed files become slices. Songs and users are read only if there are none yet.</summary>
    Scan,

    /// <summary>Songs and users are read if they have changed, and stale dates become tables under <c>kpis/</c>.</summary>
    Compute,

    /// <summary>Destinations are given what they do not hold.</summary>
    Publish,

    /// <summary>Files that were scanned leave the landing area.</summary>
    Archive,
}
