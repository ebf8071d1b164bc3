namespace Downbeat.Samples;

/// <summary>It cannot go on, and the message says why.</summary>
public sealed class EverywhereException(string message, int exitCode = 1) : Exception(message)
{
    /// <summary>How the program ends.</summary>
    public int ExitCode { get; } = exitCode;
}
