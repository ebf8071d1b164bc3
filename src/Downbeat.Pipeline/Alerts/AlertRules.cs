namespace Downbeat.Pipeline.Alerts;

/// <summary>
/// Which condition has which severity, and which channels are told: <c>quarantine error; critical: pagerduty slack; freshness off</c>.
/// A clause names a condition or a severity. What has no channels of its own goes where its severity goes, else everywhere.
/// </summary>
public sealed class AlertRules
{
    const string Off = "off";

    readonly Dictionary<AlertKind, AlertSeverity?> severities = [];
    readonly Dictionary<string, IReadOnlyList<string>> channels = new(StringComparer.Ordinal);

    /// <summary>The rules when nobody says.</summary>
    public static AlertRules Usual { get; } = new();

    /// <summary>The names of channels that the rules speak of.</summary>
    public IEnumerable<string> Channels => channels.Values.SelectMany(names => names).Distinct(StringComparer.Ordinal);

    /// <summary>Reads rules.</summary>
    /// <param name="text">The rules, with semicolons between them.</param>
    /// <param name="knownChannels">The channels that may be named.</param>
    /// <exception cref="FormatException">They cannot be understood; the message says where.</exception>
    public static AlertRules Parse(string text, IReadOnlyList<string> knownChannels)
    {
        ArgumentNullException.ThrowIfNull(text);
        var rules = new AlertRules();
        var number = 0;
        foreach (var clause in text.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            number++;
            var parts = clause.Split(':');
            var words = Words(parts[0]);
            if (parts.Length > 2 || words.Length is 0 or > 2)
            {
                throw Wrong(
                    number,
                    "expected is a condition, a severity if it is not the usual one, and channels behind a colon"
                );
            }

            if (TryName<AlertKind>(words[0]) is { } kind)
            {
                if (words.Length == 2)
                {
                    rules.severities[kind] =
                        words[1] == Off
                            ? null
                            : TryName<AlertSeverity>(words[1])
                                ?? throw Wrong(
                                    number,
                                    $"the second word is a severity, {Names<AlertSeverity>()}, or {Off}"
                                );
                }
            }
            else if (TryName<AlertSeverity>(words[0]) is null || words.Length == 2)
            {
                throw Wrong(
                    number,
                    $"it begins with a condition, {Names<AlertKind>()}, or with nothing but a severity, {Names<AlertSeverity>()}"
                );
            }

            if (parts.Length == 2)
            {
                var named = Words(parts[1]);
                rules.channels[words[0]] =
                    named.Length > 0 && named.All(name => knownChannels.Contains(name, StringComparer.Ordinal))
                        ? named
                        : throw Wrong(number, $"behind the colon stand channels: {string.Join(", ", knownChannels)}");
            }
            else if (words.Length == 1)
            {
                throw Wrong(number, "it says neither a severity nor channels");
            }
        }

        return number == 0 ? throw new FormatException("there is no rule in it.") : rules;
    }

    /// <summary>How much a condition matters; null when nobody is to be told.</summary>
    public AlertSeverity? SeverityOf(AlertKind kind) =>
        severities.TryGetValue(kind, out var said) ? said
        : kind is AlertKind.Quarantine or AlertKind.Freshness ? AlertSeverity.Warning
        : AlertSeverity.Error;

    /// <summary>Whether a channel is told of a condition.</summary>
    public bool Tells(string channel, AlertKind kind) =>
        SeverityOf(kind) is { } severity
        && (channels.GetValueOrDefault(NameOf(kind)) ?? channels.GetValueOrDefault(NameOf(severity)))?.Contains(
            channel,
            StringComparer.Ordinal
        ) != false;

    /// <summary>A condition or severity as it is written.</summary>
    public static string NameOf<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();

    static T? TryName<T>(string word)
        where T : struct, Enum =>
        Array.Find(Enum.GetValues<T>(), value => NameOf(value) == word) is var found && NameOf(found) == word
            ? found
            : null;

    static string Names<T>()
        where T : struct, Enum => string.Join(", ", Enum.GetValues<T>().Select(NameOf));

    static string[] Words(string text) => text.Split([' ', ',', '\t'], StringSplitOptions.RemoveEmptyEntries);

    static FormatException Wrong(int number, string why) => new($"rule {number} is not understood: {why}.");
}
