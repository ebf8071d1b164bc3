namespace Downbeat.Pipeline.Schedule;

/// <summary>How a lake is watched.</summary>
public sealed record WatchOptions
{
    /// <summary>When to run; null to run as files land.</summary>
    public Timetable? Timetable { get; init; }

    /// <summary>How often the landing area is listed where nothing tells of changes, and for what may not have been told.</summary>
    public TimeSpan Poll { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a landed file must have been left alone before it is read, as for runs.</summary>
    public int SettleSeconds { get; init; }

    /// <summary>Whether songs and users are landed files, too.</summary>
    public bool HasLandedCatalogue { get; init; } = true;

    /// <summary>The names of what tables are published to besides the lake's own files.</summary>
    public IReadOnlyList<string> Destinations { get; init; } = [];

    /// <summary>Files that land in quick succession make one run: it waits until for so long none has come, …</summary>
    public TimeSpan Quiet { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>… but not longer than that.</summary>
    public TimeSpan LongestWait { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>After so long a run looks at everything though nothing has landed: tables may have been deleted.</summary>
    public TimeSpan WholeLook { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How long a run has to end between two commits when it is stopped, before it is abandoned.</summary>
    public TimeSpan StopPatience { get; init; } = TimeSpan.FromSeconds(8);
}
