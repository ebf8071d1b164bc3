using System.Globalization;
using System.Text;

namespace Downbeat.Pipeline.Alerts;

/// <summary>What people are told, in words: what, where, since when, why, and what to type.</summary>
public static class AlertTexts
{
    /// <summary>So many files or dates are named; the rest is counted.</summary>
    const int Named = 10;

    const int LongestLine = 300;
    const int LabelWidth = 8;

    /// <summary>News of conditions of one kind, the oldest first.</summary>
    /// <param name="phase">What happened.</param>
    /// <param name="severity">How much it matters.</param>
    /// <param name="conditions">The conditions.</param>
    /// <param name="others">How many others of the kind go on.</param>
    /// <param name="until">When they were over, if they are.</param>
    /// <param name="lake">Where the lake is.</param>
    public static AlertNews News(
        AlertPhase phase,
        AlertSeverity severity,
        IReadOnlyList<AlertCondition> conditions,
        int others,
        DateTimeOffset? until,
        string lake
    )
    {
        ArgumentNullException.ThrowIfNull(conditions);
        var (first, count) = (conditions[0], conditions.Count);
        var isOver = phase == AlertPhase.Over;
        var what = conditions
            .Take(Named)
            .Select(one => count == 1 || isOver ? one.What : $"{one.What}: {one.Cause}")
            .ToList();
        if (count > Named)
        {
            what.Add(string.Create(CultureInfo.InvariantCulture, $"and {count - Named:N0} more"));
        }

        return new()
        {
            Kind = first.Kind,
            Phase = phase,
            Severity = severity,
            Title = Safe(Title(phase, conditions, others)),
            What = [.. what.Select(Safe)],
            Since = conditions.Min(one => one.Since),
            Until = until,
            Cause = isOver ? "" : Safe(count == 1 ? first.Cause : Cause(first.Kind)),
            Do = isOver ? [] : [.. Commands(conditions).Select(command => $"{command} --lake {Quoted(lake)}")],
            Others = others,
            Keys = [.. conditions.Select(one => one.Key)],
        };
    }

    /// <summary>A message that says nothing but that it came.</summary>
    public static AlertNews Test(DateTimeOffset now, string lake) =>
        new()
        {
            Kind = AlertKind.Run,
            Phase = AlertPhase.Test,
            Severity = AlertSeverity.Info,
            Title = "Alerts of Downbeat arrive here",
            What = ["nothing: someone typed `downbeat alerts test`"],
            Since = now,
            Until = now,
            Cause = "someone tries whether this way works",
            Do = [$"downbeat alerts list --lake {Quoted(lake)}"],
            Keys = ["test"],
        };

    /// <summary>A message as plain text.</summary>
    public static string Plain(AlertMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        var text = new StringBuilder();
        foreach (var news in message.News)
        {
            if (text.Length > 0)
            {
                text.Append('\n');
            }

            text.Append(CultureInfo.InvariantCulture, $"[{news.Mark}] {news.Title}\n");
            foreach (var (label, lines) in Facts(message, news))
            {
                foreach (var (number, line) in lines.Index())
                {
                    text.Append("  ").Append((number == 0 ? label : "").PadRight(LabelWidth)).Append(line).Append('\n');
                }
            }
        }

        return text.ToString();
    }

    /// <summary>What is known of news, by the questions it answers; the last is always what to type, if anything is.</summary>
    public static IEnumerable<(string Label, IReadOnlyList<string> Lines)> Facts(AlertMessage message, AlertNews news)
    {
        ArgumentNullException.ThrowIfNull(message);
        ArgumentNullException.ThrowIfNull(news);
        yield return ("what", news.What);
        yield return ("where", [Where(message)]);
        yield return (
            "since",
            [
                news.Until is { } until
                    ? $"{Instant(news.Since)} until {Instant(until)}, for {Lasting(until - news.Since)}"
                    : $"{Instant(news.Since)}, for {Lasting(message.At - news.Since)}",
            ]
        );
        if (news.Cause.Length > 0)
        {
            yield return ("cause", [news.Cause]);
        }

        if (news.Others > 0)
        {
            yield return (
                "besides",
                [
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{news.Others:N0} more of the kind that {(news.Others == 1 ? "was" : "were")} told before and {(news.Others == 1 ? "lasts" : "last")}"
                    ),
                ]
            );
        }

        if (news.Do.Count > 0)
        {
            yield return ("do", news.Do);
        }
    }

    /// <summary>Where something is: the lake, and the machine that tells.</summary>
    public static string Where(AlertMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        return Safe($"the lake {message.Lake}, told by {message.Host}");
    }

    /// <summary>Text from outside in a line of bounded length, without letters that a reader would obey or not see.</summary>
    public static string Safe(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var safe = new StringBuilder(Math.Min(text.Length, LongestLine) + 1);
        var runes = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            if (++runes > LongestLine)
            {
                return safe.Append('…').ToString();
            }

            switch (Rune.GetUnicodeCategory(rune))
            {
                case UnicodeCategory.Control
                or UnicodeCategory.Format
                or UnicodeCategory.LineSeparator
                or UnicodeCategory.ParagraphSeparator
                or UnicodeCategory.Surrogate
                or UnicodeCategory.PrivateUse
                or UnicodeCategory.OtherNotAssigned:
                    safe.Append('\uFFFD');
                    break;
                default:
                    safe.Append(rune.ToString());
                    break;
            }
        }

        return safe.ToString();
    }

    /// <summary>A time that something takes, as in <c>2 h 5 min</c>.</summary>
    public static string Lasting(TimeSpan time) =>
        time.TotalSeconds < 0 ? "0 s"
        : time.TotalMinutes < 2 ? string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalSeconds} s")
        : time.TotalHours < 2 ? string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalMinutes} min")
        : time.TotalDays < 2
            ? string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalHours} h {time.Minutes} min")
        : string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalDays} days {time.Hours} h");

    static string Instant(DateTimeOffset instant) =>
        instant.ToUniversalTime().ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);

    static string Title(AlertPhase phase, IReadOnlyList<AlertCondition> conditions, int others)
    {
        var (first, count) = (conditions[0], conditions.Count);
        var names = count <= 3 ? string.Join(", ", conditions.Select(one => one.Name)) : null;
        string Count(string one, string many) =>
            string.Create(CultureInfo.InvariantCulture, $"{count:N0} {(count == 1 ? one : many)}");
        var (isOver, isNew) = (phase == AlertPhase.Over, phase == AlertPhase.Raised);
        return first.Kind switch
        {
            AlertKind.Run => isOver ? "Runs succeed again"
            : isNew ? "A run failed"
            : "Runs still fail",
            AlertKind.Quarantine => isOver
                ? others == 0
                    ? "No file is in quarantine any more"
                    : $"{Count("file has", "files have")} left quarantine"
                : Count(isNew ? "file was" : "file is", isNew ? "files were" : "files are")
                    + (isNew ? " quarantined" : " still in quarantine"),
            AlertKind.Held => (names ?? Count("date", "dates"))
                + (count == 1 ? " is " : " are ")
                + (
                    isOver ? "no longer "
                    : isNew ? ""
                    : "still "
                )
                + "held back from the destinations",
            AlertKind.Behind => (names ?? Count("destination", "destinations"))
                + (
                    isOver
                        ? (count == 1 ? " has caught up" : " have caught up")
                        : (count == 1 ? " is" : " are") + (isNew ? " behind" : " still behind")
                ),
            AlertKind.Freshness => isOver
                ? "Listens are fresh again"
                : (first.Name == AlertFacts.NewestDate && count == 1 ? "The newest date is" : "Listens are")
                    + (isNew ? " old" : " still old"),
            _ => isOver ? "The run that had the lease has ended"
            : isNew ? "A run has had the lease for too long"
            : "A run still has the lease",
        };
    }

    /// <summary>What several conditions of a kind have in common.</summary>
    static string Cause(AlertKind kind) =>
        kind switch
        {
            AlertKind.Quarantine => "see each file; files that break alike often come from one producer that changed",
            AlertKind.Held => "checks of their quality failed; see each date",
            AlertKind.Behind =>
                "see each; when several are, the network or the credentials of this machine may be the cause",
            _ => "see each",
        };

    /// <summary>What to type: for one condition its own commands, for several those that show all.</summary>
    static IReadOnlyList<string> Commands(IReadOnlyList<AlertCondition> conditions) =>
        conditions.Count == 1 || conditions[0].Kind is not (AlertKind.Quarantine or AlertKind.Held)
            ? [.. conditions.SelectMany(one => one.Do).Distinct(StringComparer.Ordinal)]
        : conditions[0].Kind == AlertKind.Quarantine ? ["downbeat quarantine list", "downbeat quarantine retry --all"]
        : ["downbeat quality", $"downbeat approve {string.Join(' ', conditions.Take(Named).Select(one => one.Name))}"];

    /// <summary>A path as an argument that can be pasted into a shell.</summary>
    static string Quoted(string path)
    {
        var safe = Safe(path);
        return
            safe.Length > 0
            && safe.All(letter =>
                char.IsAsciiLetterOrDigit(letter) || "/._-+:@%,".Contains(letter, StringComparison.Ordinal)
            )
            ? safe
            : $"'{safe.Replace("'", "'\\''", StringComparison.Ordinal)}'";
    }
}
