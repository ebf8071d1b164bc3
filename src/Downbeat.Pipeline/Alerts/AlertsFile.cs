using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Downbeat.Pipeline.Ledger;

namespace Downbeat.Pipeline.Alerts;

/// <summary>What is not as it should be, and who was told: <c>alerts.json</c>. Without it everything is told again.</summary>
public sealed class AlertsFile
{
    /// <summary>A channel that is not told of an end for so long is not used any more.</summary>
    static readonly TimeSpan Forgotten = TimeSpan.FromDays(7);

    /// <summary>The conditions, in the order in which they were found.</summary>
    public List<KnownAlert> Conditions
    {
        get;
        init => field = value ?? [];
    } = [];

    /// <summary>The channels that were used, by name.</summary>
    public SortedDictionary<string, ChannelState> Channels
    {
        get;
        init => field = value ?? new(StringComparer.Ordinal);
    } = new(StringComparer.Ordinal);

    /// <summary>Reads it; null when bytes are none.</summary>
    internal static AlertsFile? TryParse(byte[] bytes)
    {
        try
        {
            var file = JsonSerializer.Deserialize(bytes, LakeJson.Readable.AlertsFile);
            return
                file is null
                || file.Conditions.Exists(one =>
                    one?.Condition is null or { Name: null } or { What: null } or { Cause: null } or { Do: null }
                )
                || file.Conditions.DistinctBy(one => one.Condition.Key, StringComparer.Ordinal).Count()
                    < file.Conditions.Count
                || file.Channels.Values.Any(one => one is null)
                ? null
                : file;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>It as it is written.</summary>
    internal byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, LakeJson.Readable.AlertsFile);

    /// <summary>Adds what someone has found out.</summary>
    /// <returns>Whether anything is another than before.</returns>
    internal bool Apply(AlertFacts facts, DateTimeOffset now)
    {
        var changed = false;
        var found = new HashSet<string>(StringComparer.Ordinal);
        var known = Conditions.ToDictionary(one => one.Condition.Key, StringComparer.Ordinal);
        foreach (var condition in facts.Conditions.OrderBy(one => one.Since))
        {
            if (!found.Add(condition.Key))
            {
                continue;
            }

            if (!known.TryGetValue(condition.Key, out var before))
            {
                Conditions.Add(new() { Condition = condition });
                changed = true;
                continue;
            }

            // It goes on from when it began, and the newest cause is what counts.
            var goesOn = condition with
            {
                Since = before.Condition.Since,
            };
            if (before.Over is not null || !IsSame(before.Condition, goesOn))
            {
                (before.Over, before.Condition) = (null, goesOn);
                changed = true;
            }
        }

        foreach (
            var one in Conditions.Where(one =>
                one.Over is null && facts.Knows(one.Condition) && !found.Contains(one.Condition.Key)
            )
        )
        {
            one.Over = now;
            changed = true;
        }

        return Tidy(now) || changed;
    }

    /// <summary>Forgets what is over and of which nobody waits to be told.</summary>
    internal bool Tidy(DateTimeOffset now)
    {
        var gone = Conditions.RemoveAll(one =>
            one.Over is { } over
            && (over < now - Forgotten || !Channels.Values.Any(channel => channel.Told.ContainsKey(one.Condition.Key)))
        );
        var left = Conditions.Select(one => one.Condition.Key).ToHashSet(StringComparer.Ordinal);
        foreach (var channel in Channels.Values)
        {
            foreach (var key in channel.Told.Keys.Where(key => !left.Contains(key)).ToList())
            {
                channel.Told.Remove(key);
                gone++;
            }
        }

        return gone > 0;
    }

    /// <summary>What a channel is to tell now; null for nothing.</summary>
    internal AlertMessage? FindMessage(
        string channel,
        string lakeId,
        string host,
        AlertOptions options,
        DateTimeOffset now
    )
    {
        var state = Channels.GetValueOrDefault(channel) ?? new();
        if (state.RetryAt > now)
        {
            return null;
        }

        var news = new List<AlertNews>();
        var marks = new StringBuilder($"{lakeId} {channel}");
        foreach (var kind in Enum.GetValues<AlertKind>())
        {
            var ofKind = Conditions.FindAll(one => one.Condition.Kind == kind);
            var open = ofKind.FindAll(one => one.Over is null);
            var told = open.FindAll(one => state.Told.ContainsKey(one.Condition.Key));
            var raised = open.FindAll(one =>
                !state.Told.ContainsKey(one.Condition.Key)
                && options.Rules.Tells(channel, kind)
                && now - one.Condition.Since >= options.Waits(kind)
            );
            var over = ofKind.FindAll(one => one.Over is not null && state.Told.ContainsKey(one.Condition.Key));
            var last = state.Kinds.TryGetValue(AlertRules.NameOf(kind), out var at) ? at : (DateTimeOffset?)null;
            var mayTell = last is null || now - last >= options.Pause || now < last;
            var severity = options.Rules.SeverityOf(kind) ?? AlertSeverity.Info;
            if (over.Count > 0 && (mayTell || (told.Count == 0 && raised.Count == 0)))
            {
                Add(AlertPhase.Over, over, told.Count + (mayTell ? raised.Count : 0), over.Max(one => one.Over));
            }

            if (raised.Count > 0 && mayTell)
            {
                Add(AlertPhase.Raised, raised, told.Count, null);
            }
            else if (
                over.Count == 0
                && told.Count > 0
                && options.Reminder is { } reminder
                && now - last >= reminder
                && options.Rules.Tells(channel, kind)
            )
            {
                marks.Append(CultureInfo.InvariantCulture, $"\n{last:O}");
                Add(AlertPhase.Reminder, told, 0, null);
            }

            void Add(AlertPhase phase, List<KnownAlert> conditions, int others, DateTimeOffset? until)
            {
                conditions.Sort(
                    (left, right) =>
                        (left.Condition.Since, left.Condition.Key).CompareTo(
                            (right.Condition.Since, right.Condition.Key)
                        )
                );
                foreach (var one in conditions)
                {
                    marks.Append(
                        CultureInfo.InvariantCulture,
                        $"\n{phase} {one.Condition.Key} {one.Condition.Since:O}"
                    );
                }

                news.Add(
                    AlertTexts.News(
                        phase,
                        severity,
                        conditions.ConvertAll(one => one.Condition),
                        others,
                        until,
                        options.Place
                    )
                );
            }
        }

        return news.Count == 0
            ? null
            : new()
            {
                Id = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(marks.ToString())))[..32],
                At = now,
                LakeId = lakeId,
                Lake = options.Place,
                Host = host,
                News = [.. news.OrderBy(one => one.Phase == AlertPhase.Over).ThenByDescending(one => one.Severity)],
            };
    }

    /// <summary>A channel has taken a message.</summary>
    internal void Note(string channel, AlertMessage message)
    {
        var state = Of(channel);
        (state.Failures, state.RetryAt, state.Problem) = (0, null, null);
        foreach (var news in message.News)
        {
            state.Kinds[AlertRules.NameOf(news.Kind)] = message.At;
            foreach (var key in news.Keys)
            {
                if (news.Phase == AlertPhase.Over)
                {
                    state.Told.Remove(key);
                }
                else
                {
                    state.Told[key] = message.At;
                }
            }
        }
    }

    /// <summary>What is known of a channel.</summary>
    internal ChannelState Of(string channel)
    {
        if (!Channels.TryGetValue(channel, out var state))
        {
            Channels.Add(channel, state = new());
        }

        return state;
    }

    static bool IsSame(AlertCondition left, AlertCondition right) =>
        (left with { Do = [] }) == (right with { Do = [] }) && left.Do.SequenceEqual(right.Do, StringComparer.Ordinal);
}

/// <summary>A condition, and whether it still is.</summary>
public sealed class KnownAlert
{
    /// <summary>The condition.</summary>
    public required AlertCondition Condition { get; set; }

    /// <summary>When it was found to be over; null while it lasts.</summary>
    public DateTimeOffset? Over { get; set; }
}

/// <summary>What a channel was told.</summary>
public sealed class ChannelState
{
    /// <summary>The keys of conditions that it was told of, and when last; not yet that they are over.</summary>
    public SortedDictionary<string, DateTimeOffset> Told
    {
        get;
        init => field = value ?? new(StringComparer.Ordinal);
    } = new(StringComparer.Ordinal);

    /// <summary>When it was last told anything of a kind of conditions.</summary>
    public SortedDictionary<string, DateTimeOffset> Kinds
    {
        get;
        init => field = value ?? new(StringComparer.Ordinal);
    } = new(StringComparer.Ordinal);

    /// <summary>How often it failed since it last worked.</summary>
    public int Failures { get; set; }

    /// <summary>When it is tried again; null while it works.</summary>
    public DateTimeOffset? RetryAt { get; set; }

    /// <summary>Why it failed; null while it works.</summary>
    public string? Problem { get; set; }
}
