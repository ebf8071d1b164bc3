using System.Globalization;
using Downbeat.Engine.Kpis;
using Downbeat.Pipeline.Quality;

namespace Downbeat.Cli.Settings;

/// <summary>The settings of the checks of quality, one each: <c>qualityRejectedShare</c> is <c>warn 0.01, fail 0.05</c>.</summary>
static class QualitySettings
{
    const string Off = "off";
    const string Warn = "warn";
    const string Fail = "fail";

    /// <summary>The settings.</summary>
    public static IReadOnlyList<Setting> All { get; } =
    [
        .. QualityCheck.All.Select(check =>
            Setting.Text(
                NameOf(check),
                $"{Off}, or {Warn} and {Fail}, or one of them, with the value above which it does, like \"{Warn} 0.1, {Fail} 0.5\"",
                $"Of {check.Meaning}: above which value people are warned, and above which the date is held back.",
                (settings, text) =>
                    TryParse(check, text, out var thresholds)
                        ? settings with
                        {
                            Run = settings.Run with { Quality = settings.Run.Quality.With(check, thresholds) },
                        }
                        : null
            ) with
            {
                ValueName = "HOW",
                IsFlag = false,
                WhenNotGiven = TextOf(check.Default),
                Example = "\"warn 0.1, fail 0.5\"",
            }
        ),
    ];

    /// <summary>The setting of a check: <c>qualityRejectedShare</c> for <c>rejected_share</c>.</summary>
    public static string NameOf(QualityCheck check) =>
        "quality"
        + string.Concat(check.Name.Split('_').Select(word => $"{char.ToUpperInvariant(word[0])}{word.AsSpan(1)}"));

    static string TextOf(QualityThresholds? thresholds) =>
        thresholds is null
            ? Off
            : string.Join(
                ", ",
                new[] { (Warn, thresholds.Warn), (Fail, thresholds.Fail) }
                    .Where(one => one.Item2 is not null)
                    .Select(one => $"{one.Item1} {Quotients.Text(one.Item2!.Value)}")
            );

    /// <exception cref="FormatException">It is understood, and makes no sense.</exception>
    static bool TryParse(QualityCheck check, string text, out QualityThresholds? thresholds)
    {
        thresholds = null;
        if (text == Off)
        {
            return true;
        }

        var given = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            if (
                part.Split(' ', StringSplitOptions.RemoveEmptyEntries) is not [Warn or Fail, var number] words
                || !double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value)
                || !double.IsFinite(value)
                || !given.TryAdd(words[0], value)
            )
            {
                return false;
            }
        }

        thresholds = new(Of(Warn), Of(Fail));
        foreach (var (severity, value) in given.Where(one => one.Value > check.Most))
        {
            throw new FormatException(
                $"{severity} {Quotients.Text(value)} would never do anything: allowed is {(check.Most == 1 ? "a share from 0 to 1: 5 % is 0.05" : $"a number of hours from 0 to {Quotients.Text(check.Most!.Value)}")}."
            );
        }

        return thresholds.Warn > thresholds.Fail
            ? throw new FormatException(
                $"{TextOf(thresholds)}: the value that warns must not be above the one that holds back."
            )
            : true;

        double? Of(string severity) => given.TryGetValue(severity, out var value) ? value : null;
    }
}
