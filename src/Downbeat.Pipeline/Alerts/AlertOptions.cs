namespace Downbeat.Pipeline.Alerts;

/// <summary>What people are told of, and when.</summary>
public sealed record AlertOptions
{
    /// <summary>Where the lake is, so that whoever reads of it elsewhere finds it: a full path.</summary>
    public string Place { get; init; } = "";

    /// <summary>What a destination may be behind for.</summary>
    public TimeSpan BehindFor { get; init; } = TimeSpan.FromHours(1);

    /// <summary>For how long no new listens may come; null for ever.</summary>
    public TimeSpan? NoListensFor { get; init; } = TimeSpan.FromHours(36);

    /// <summary>How long ago the newest date may have ended; null for ever.</summary>
    public TimeSpan? NewestDateFor { get; init; }

    /// <summary>How long a run may have the lease.</summary>
    public TimeSpan LeaseFor { get; init; } = TimeSpan.FromHours(6);

    /// <summary>After so long people are reminded of what is still as it should not be; null for never.</summary>
    public TimeSpan? Reminder { get; init; } = TimeSpan.FromDays(1);

    /// <summary>After people were told of a condition, others of its kind wait for so long, and are told together.</summary>
    public TimeSpan Pause { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a run waits at its end for channels.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How long one waits for another process that tells at the same time.</summary>
    internal TimeSpan TurnPatience { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Who is told what.</summary>
    public AlertRules Rules { get; init; } = AlertRules.Usual;

    /// <summary>How long a condition has to last before people are told.</summary>
    internal TimeSpan Waits(AlertKind kind) => kind == AlertKind.Behind ? BehindFor : TimeSpan.Zero;
}
