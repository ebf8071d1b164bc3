using System.Text.Json.Serialization;

namespace Downbeat.Pipeline.Runs;

/// <summary>What a run would do, and why: the difference between what is and what should be.</summary>
public sealed record RunPlan
{
    /// <summary>The lake, as its user named it.</summary>
    public required string Lake { get; init; }

    /// <summary>Catalogue files that are new or have changed, and are read.</summary>
    public IReadOnlyList<PlannedFile> Catalogue { get; init; } = [];

    /// <summary>
    /// The database that songs and users come from, which every run asks for what has changed; null when they come from files.
    /// That is no work for <see cref="IsEmpty"/>: a plan does not ask.
    /// </summary>
    public string? CatalogueFrom { get; init; }

    /// <summary>Landed files that are scanned.</summary>
    public IReadOnlyList<PlannedFile> Scan { get; init; } = [];

    /// <summary>Landed files whose listens are committed, and which move to the archive or to quarantine.</summary>
    public IReadOnlyList<PlannedFile> Move { get; init; } = [];

    /// <summary>Landed files that are left alone, for now or for good.</summary>
    public IReadOnlyList<PlannedFile> Leave { get; init; } = [];

    /// <summary>Objects that a forgetting which died has left to be deleted, or replaced.</summary>
    public IReadOnlyList<PlannedFile> Delete { get; init; } = [];

    /// <summary>Dates that are computed already because of what is known now. Files to scan may add others.</summary>
    public IReadOnlyList<PlannedDate> Dates { get; init; } = [];

    /// <summary>Destinations that do not hold the dates as they are published now. Dates that are computed are published too.</summary>
    public IReadOnlyList<PlannedPublication> Publish { get; init; } = [];

    /// <summary>Dates that are held back, and the checks that failed. They wait for a file or for someone, not for a run.</summary>
    public IReadOnlyList<PlannedDate> Held { get; init; } = [];

    /// <summary>Whether a run has anything to do.</summary>
    [JsonIgnore]
    public bool IsEmpty => Catalogue.Count + Scan.Count + Move.Count + Delete.Count + Dates.Count + Publish.Count == 0;
}

/// <summary>A file in a plan.</summary>
/// <param name="Path">Its path in the lake.</param>
/// <param name="Size">Its size in bytes.</param>
/// <param name="Why">Why it stands in the plan.</param>
public sealed record PlannedFile(string Path, long Size, string Why);

/// <summary>A date in a plan.</summary>
/// <param name="Date">The date.</param>
/// <param name="Why">Why it is computed.</param>
public sealed record PlannedDate(DateOnly Date, string Why);

/// <summary>A destination in a plan.</summary>
/// <param name="Destination">Its name.</param>
/// <param name="Place">Where it is.</param>
/// <param name="Dates">The dates that are published to it, the oldest first, and why.</param>
/// <param name="Problem">Why it could not be asked what it holds; null when it could.</param>
public sealed record PlannedPublication(
    string Destination,
    string Place,
    IReadOnlyList<PlannedDate> Dates,
    string? Problem = null
);
