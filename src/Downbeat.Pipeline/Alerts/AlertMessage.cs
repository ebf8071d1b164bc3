namespace Downbeat.Pipeline.Alerts;

/// <summary>What a channel is to tell: all that is new at once.</summary>
public sealed record AlertMessage
{
    /// <summary>The same for the same news, so that a message that was sent twice can be known: hexadecimal digits.</summary>
    public required string Id { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The lake's id.</summary>
    public required string LakeId { get; init; }

    /// <summary>Where the lake is.</summary>
    public required string Lake { get; init; }

    /// <summary>The machine that tells.</summary>
    public required string Host { get; init; }

    /// <summary>The news, what matters most first.</summary>
    public required IReadOnlyList<AlertNews> News { get; init; }

    /// <summary>The first of the news, and how many others there are, in a line.</summary>
    public string Subject =>
        $"[{News[0].Mark}] {News[0].Title}" + (News.Count == 1 ? "" : $", and {News.Count - 1} more");
}

/// <summary>How a condition changed.</summary>
public enum AlertPhase
{
    /// <summary>It is new.</summary>
    Raised,

    /// <summary>It goes on.</summary>
    Reminder,

    /// <summary>It is over.</summary>
    Over,

    /// <summary>There is none: someone tries the channel.</summary>
    Test,
}

/// <summary>News of conditions of one kind. All texts are safe: in one line, and without letters that cannot be seen.</summary>
public sealed record AlertNews
{
    /// <summary>What they are.</summary>
    public required AlertKind Kind { get; init; }

    /// <summary>What happened.</summary>
    public required AlertPhase Phase { get; init; }

    /// <summary>How much they matter.</summary>
    public required AlertSeverity Severity { get; init; }

    /// <summary>The news in a line.</summary>
    public required string Title { get; init; }

    /// <summary>Files, dates, destinations, the first of them.</summary>
    public required IReadOnlyList<string> What { get; init; }

    /// <summary>Since when.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>Until when; null while it lasts.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>The likely cause; empty when it is over.</summary>
    public string Cause { get; init; } = "";

    /// <summary>The commands to type.</summary>
    public IReadOnlyList<string> Do { get; init; } = [];

    /// <summary>Conditions of the kind that go on besides these.</summary>
    public int Others { get; init; }

    /// <summary>The keys of the conditions.</summary>
    public required IReadOnlyList<string> Keys { get; init; }

    /// <summary>The word that a line begins with: the severity, or what else happened.</summary>
    public string Mark => Phase is AlertPhase.Raised ? AlertRules.NameOf(Severity) : AlertRules.NameOf(Phase);

    /// <summary>Whether nothing of the kind is left.</summary>
    public bool IsLast => Phase == AlertPhase.Over && Others == 0;
}
