using System.Text.Json.Serialization;

namespace Downbeat.Pipeline.Repair;

/// <summary>What a repair looked at, and what it found.</summary>
public sealed record RepairReport
{
    /// <summary>The lake, as its user named it.</summary>
    public required string Lake { get; init; }

    /// <summary>Whether nothing was to be changed.</summary>
    public required bool DryRun { get; init; }

    /// <summary>How many objects were looked at.</summary>
    public required long Objects { get; init; }

    /// <summary>How many bytes they have.</summary>
    public required long Bytes { get; init; }

    /// <summary>What is not as it should be, in the order in which it was found.</summary>
    public required IReadOnlyList<RepairFinding> Findings { get; init; }

    /// <summary>Whether something is wrong that repair cannot mend.</summary>
    [JsonIgnore]
    public bool HasUnmended => Findings.Any(finding => finding.Outcome == RepairOutcome.NotMended);

    /// <summary>Whether there is something that a repair that may change things would mend.</summary>
    [JsonIgnore]
    public bool HasToMend => Findings.Any(finding => finding.Outcome == RepairOutcome.ToMend);
}

/// <summary>Something that is not as it should be.</summary>
/// <param name="Path">Where: an object of the lake, or a destination.</param>
/// <param name="Wrong">What is wrong with it.</param>
/// <param name="Cure">What was done, what would be done, or what someone has to do.</param>
/// <param name="Outcome">Which of these.</param>
public sealed record RepairFinding(string Path, string Wrong, string Cure, RepairOutcome Outcome);

/// <summary>What became of a finding.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<RepairOutcome>))]
public enum RepairOutcome
{
    /// <summary>It is as it should be again.</summary>
    Mended,

    /// <summary>Repair would mend it.</summary>
    ToMend,

    /// <summary>Someone has to act.</summary>
    NotMended,

    /// <summary>Nothing is lost, and nothing has to be done.</summary>
    Noted,
}

/// <summary>What is asked of a repair.</summary>
/// <param name="DryRun">Whether it only looks.</param>
/// <param name="Republish">Whether all dates are published to all destinations again, whatever these hold.</param>
public sealed record RepairRequest(bool DryRun = false, bool Republish = false);
