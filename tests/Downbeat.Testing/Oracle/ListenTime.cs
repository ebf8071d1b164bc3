using System.Globalization;
using System.Text.RegularExpressions;

namespace Downbeat.Testing.Oracle;

/// <summary>Reads <c>listen_time</c>.</summary>
static partial class ListenTime
{
    /// <summary>Returns null and the instant, in seconds since 1970 UTC, or the reason of the rejection.</summary>
    public static string? TryRead(string text, ZoneClock clock, DateTimeOffset arrived, out long instant)
    {
        instant = 0;

        var match = Shape().Match(text);
        if (
            !match.Success
            || !DateTime.TryParseExact(
                $"{match.Groups["date"].Value} {match.Groups["time"].Value}",
                "yyyy-MM-dd HH:mm:ss",
                CultureInfo.InvariantCulture,
                DateTimeStyles.None,
                out var written
            )
        )
        {
            return "bad_listen_time";
        }

        if (match.Groups["offset"].Value is { Length: > 0 } offset)
        {
            // Written with an offset it is an instant already (docs/kpis.md, Time and zones).
            if (OffsetSeconds(offset) is not { } offsetSeconds)
            {
                return "bad_listen_time";
            }

            instant = ZoneClock.ToSeconds(written) - offsetSeconds;
        }
        else
        {
            // Otherwise the lake's zone decides, whose clocks may never have shown it.
            if (clock.FindInstant(written) is not { } found)
            {
                return "nonexistent_local_time";
            }

            instant = found;
        }

        // Both limits compare instants, not dates of the zone (docs/kpis.md, What makes a row a listen).
        return instant < 0 ? "before_1970"
            : instant > arrived.ToUnixTimeSeconds() + 86_400 || clock.IsPastLastDate(instant) ? "after_arrival"
            : null;
    }

    /// <summary>
    /// The form alone; whether the numbers make a time is seen later. Digits are spelled out, because \d would take
    /// others than those of ASCII.
    /// </summary>
    [GeneratedRegex(
        @"\A(?<date>[0-9]{4}-[0-9]{2}-[0-9]{2})[ T](?<time>[0-9]{2}:[0-9]{2}:[0-9]{2})"
            + @"(\.[0-9]+)?(?<offset>Z|[+-][0-9]{2}:[0-9]{2})?\z",
        RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant,
        matchTimeoutMilliseconds: -1
    )]
    private static partial Regex Shape();

    /// <summary>An offset in seconds east of UTC, or null when its numbers are out of range.</summary>
    static int? OffsetSeconds(string offset)
    {
        if (offset is "Z")
        {
            return 0;
        }

        var hours = int.Parse(offset[1..3], CultureInfo.InvariantCulture);
        var minutes = int.Parse(offset[4..6], CultureInfo.InvariantCulture);
        var seconds = (hours * 3600) + (minutes * 60);
        return minutes > 59 || seconds > 14 * 3600 ? null
            : offset[0] == '-' ? -seconds
            : seconds;
    }
}
