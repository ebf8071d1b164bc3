using Downbeat.Connectors.S3;
using Downbeat.Pipeline.Runs;

namespace Downbeat.Cli.Settings;

/// <summary>All settings of a command that works on a lake.</summary>
sealed record LakeSettings
{
    /// <summary>The lake's folder, or its place in S3, as its user named it; null for the current folder.</summary>
    public string? Lake { get; init; }

    /// <summary>Where S3 is, for a lake there.</summary>
    public S3Options S3 { get; init; } = new();

    /// <summary>How a run works.</summary>
    public RunOptions Run { get; init; } = new();
}
