namespace Downbeat.Pipeline.Archive;

/// <summary>What <c>downbeat sweep</c> deleted, or would delete.</summary>
public sealed record SweepReport
{
    /// <summary>The lake.</summary>
    public required string Lake { get; init; }

    /// <summary>Whether nothing was deleted.</summary>
    public required bool DryRun { get; init; }

    /// <summary>What goes, and why.</summary>
    public required IReadOnlyList<SweptObject> Objects { get; init; }

    /// <summary>Raw files that are old enough to go, and stay because slices of them are missing or damaged.</summary>
    public IReadOnlyList<string> Needed { get; init; } = [];
}

/// <summary>An object that goes.</summary>
/// <param name="Path">The object.</param>
/// <param name="Size">Its size in bytes.</param>
/// <param name="Why">Why nobody needs it.</param>
public sealed record SweptObject(string Path, long Size, SweepReason Why);

/// <summary>Why an object goes.</summary>
[System.Text.Json.Serialization.JsonConverter(
    typeof(System.Text.Json.Serialization.JsonStringEnumConverter<SweepReason>)
)]
public enum SweepReason
{
    /// <summary>No commit names it.</summary>
    LeftOver,

    /// <summary>Songs or users of an earlier version.</summary>
    OldCatalogue,

    /// <summary>A slice of a file whose place a newer version took.</summary>
    Replaced,

    /// <summary>It was compacted, and something else is read in its place.</summary>
    Compacted,

    /// <summary>A raw file of the archive, older than <c>keepArchiveDays</c>.</summary>
    Archive,

    /// <summary>What was taken out longer ago than <c>keepRetractedDays</c>.</summary>
    Retracted,

    /// <summary>What was set aside longer ago than <c>keepQuarantineDays</c>.</summary>
    Quarantine,

    /// <summary>The record of a run, older than <c>keepRunsDays</c>.</summary>
    Runs,
}
