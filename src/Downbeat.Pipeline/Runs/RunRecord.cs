using System.Text.Json.Serialization;
using Downbeat.Pipeline.Ledger;

namespace Downbeat.Pipeline.Runs;

/// <summary>
/// What a run did: <c>runs/&lt;id&gt;.json</c>, for people and programs. State is in the ledger, not here. Records of older versions lack
/// some of it, which is empty then.
/// </summary>
public sealed record RunRecord
{
    /// <summary>The run's id: the time it started and four random letters.</summary>
    public required string Id { get; init; }

    /// <summary>What an orchestrator calls the run; null without one.</summary>
    public string? OrchestratorRun { get; init; }

    /// <summary>The only step it did; null for all of them.</summary>
    [JsonConverter(typeof(JsonStringEnumConverter<RunStep>))]
    public RunStep? Only { get; init; }

    /// <summary>The share of the landed files that it scanned, like <c>2/4</c>; null for all.</summary>
    public string? Shard { get; init; }

    /// <summary>The lake, as its user named it.</summary>
    public required string Lake { get; init; }

    /// <summary>The program's version.</summary>
    public required string Version { get; init; }

    /// <summary>The machine.</summary>
    public required string Host { get; init; }

    /// <summary>The process.</summary>
    public required int ProcessId { get; init; }

    /// <summary>When it started.</summary>
    public required DateTimeOffset Started { get; init; }

    /// <summary>When it ended; null while it works, or when it died.</summary>
    public DateTimeOffset? Ended { get; init; }

    /// <summary>How it ended.</summary>
    [JsonConverter(typeof(JsonStringEnumConverter<RunOutcome>))]
    public RunOutcome Outcome { get; init; }

    /// <summary>What kept it from doing all there was to do.</summary>
    public IReadOnlyList<string> Errors
    {
        get;
        init => field = value ?? [];
    } = [];

    /// <summary>Why there was nothing to do although files may have landed; mostly null.</summary>
    public string? WhyNothing { get; init; }

    /// <summary>Which songs and users were used in place of those that could not be read; mostly null.</summary>
    public string? Fallback { get; init; }

    /// <summary>Songs that were read, if they were.</summary>
    public ReadCatalogue? Songs { get; init; }

    /// <summary>Users that were read, if they were.</summary>
    public ReadCatalogue? Users { get; init; }

    /// <summary>Files that were scanned.</summary>
    public IReadOnlyList<ScannedFile> Scanned
    {
        get;
        init => field = value ?? [];
    } = [];

    /// <summary>Files that were left for the next run, and why.</summary>
    public IReadOnlyList<PlannedFile> Left
    {
        get;
        init => field = value ?? [];
    } = [];

    /// <summary>Dates that were computed.</summary>
    public IReadOnlyList<ComputedDate> Dates
    {
        get;
        init => field = value ?? [];
    } = [];

    /// <summary>Dates that a step that only scans has left to be computed; null after others.</summary>
    public IReadOnlyList<DateOnly>? Stale { get; init; }

    /// <summary>What was published to destinations.</summary>
    public IReadOnlyList<PublishedTo> Published
    {
        get;
        init => field = value ?? [];
    } = [];

    /// <summary>How many files moved to the archive.</summary>
    public int Archived { get; init; }

    /// <summary>How many files moved to quarantine.</summary>
    public int Quarantined { get; init; }

    /// <summary>How many files moved to those that were retracted.</summary>
    public int Retracted { get; init; }

    /// <summary>What was forgotten, without a word about whom; null where nobody asked for it.</summary>
    public Corrections.ForgetReport? Forgotten { get; init; }

    /// <summary>How many leftovers of runs that died were deleted.</summary>
    public int Swept { get; init; }

    /// <summary>How long each stage took, in seconds.</summary>
    public IReadOnlyDictionary<string, double> StageSeconds
    {
        get;
        init => field = value ?? new Dictionary<string, double>(StringComparer.Ordinal);
    } = new Dictionary<string, double>(StringComparer.Ordinal);
}

/// <summary>How a run ended.</summary>
public enum RunOutcome
{
    /// <summary>It works, or died.</summary>
    Running,

    /// <summary>There was nothing to do.</summary>
    NothingToDo,

    /// <summary>Everything was done.</summary>
    Done,

    /// <summary>Something failed; what could be done was done.</summary>
    Failed,

    /// <summary>Someone stopped it.</summary>
    Stopped,
}

/// <summary>Songs or users that a run read.</summary>
public sealed record ReadCatalogue(int Version, long Rows, long Rejected, long Count, bool Changed);

/// <summary>A file that a run scanned.</summary>
public sealed record ScannedFile(
    string Path,
    string Source,
    long Size,
    long Rows,
    long Accepted,
    long Duplicates,
    long Rejected,
    IReadOnlyDictionary<string, long> Reasons,
    string? Fault,
    string? FaultDetail,
    int Dates
);

/// <summary>A date that a run computed.</summary>
/// <param name="Date">The date.</param>
/// <param name="Why">Why it was computed.</param>
/// <param name="Listens">Its distinct listens; 0 when it lost its files because it has none left.</param>
/// <param name="Restated">The tables of listens whose files changed; none when the numbers stayed as they were.</param>
/// <param name="IsHeld">Whether it is held back, so that its tables are those of before, if there were any.</param>
/// <param name="Findings">What its checks say that is not ok; null when all is.</param>
public sealed record ComputedDate(
    DateOnly Date,
    string Why,
    long Listens,
    IReadOnlyList<string> Restated,
    bool IsHeld = false,
    IReadOnlyList<QualityEntry>? Findings = null
)
{
    /// <summary>The files of its tables that this run computed.</summary>
    [JsonIgnore]
    public IReadOnlyList<WrittenTable> Tables { get; init; } = [];
}

/// <summary>What a run wrote of a table.</summary>
/// <param name="Table">The table's name.</param>
/// <param name="Rows">How many rows.</param>
/// <param name="Bytes">How many bytes; 0 where nobody knows.</param>
public sealed record WrittenTable(string Table, long Rows, long Bytes);

/// <summary>What a run published to a destination.</summary>
/// <param name="Destination">Its name.</param>
/// <param name="Dates">How many dates.</param>
/// <param name="Rows">Their rows in all tables.</param>
/// <param name="Seconds">How long that took.</param>
/// <param name="Error">Why it is still behind; null when it is not.</param>
public sealed record PublishedTo(string Destination, int Dates, long Rows, double Seconds, string? Error)
{
    /// <summary>The rows by table.</summary>
    [JsonIgnore]
    public IReadOnlyList<WrittenTable> Tables { get; init; } = [];

    /// <summary>The dates that it still does not hold; null when it could not be asked.</summary>
    [JsonIgnore]
    public IReadOnlyList<DateOnly>? Behind { get; init; }
}
