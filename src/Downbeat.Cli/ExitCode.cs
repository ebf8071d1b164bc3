namespace Downbeat.Cli;

/// <summary>How a command ended, for scripts.</summary>
static class ExitCode
{
    /// <summary>Done, or nothing to do.</summary>
    public const int Done = 0;

    /// <summary>Something failed.</summary>
    public const int Failed = 1;

    /// <summary>Wrong use, or a wrong setting: the same command fails again.</summary>
    public const int WrongUse = 2;

    /// <summary>Done, but a whole file was quarantined, or a date held back: someone has to look.</summary>
    public const int Quarantined = 3;

    /// <summary>There is work; only <c>plan --detailed-exit-code</c> and <c>repair --dry-run</c> say so.</summary>
    public const int HasWork = 4;
}
