using System.Globalization;

namespace Downbeat.Pipeline.Schedule;

/// <summary>Durations as they are typed: <c>90s</c>, <c>15m</c>, <c>2h</c>, <c>1d</c>.</summary>
public static class Durations
{
    /// <summary>Reads what was typed, from a second to a year.</summary>
    public static bool TryParse(string text, out TimeSpan duration)
    {
        ArgumentNullException.ThrowIfNull(text);
        duration = default;
        if (
            text.Length < 2
            || !int.TryParse(
                text.AsSpan(0, text.Length - 1),
                NumberStyles.None,
                CultureInfo.InvariantCulture,
                out var number
            )
        )
        {
            return false;
        }

        var seconds = text[^1] switch
        {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            _ => 0L,
        };
        duration = TimeSpan.FromSeconds(seconds * number);
        return duration >= TimeSpan.FromSeconds(1) && duration <= TimeSpan.FromDays(366);
    }

    /// <summary>A duration as it would be typed.</summary>
    public static string Text(TimeSpan duration)
    {
        var (number, unit) =
            duration.TotalDays >= 1 && duration.TotalDays % 1 == 0 ? (duration.TotalDays, 'd')
            : duration.TotalHours >= 1 && duration.TotalHours % 1 == 0 ? (duration.TotalHours, 'h')
            : duration.TotalMinutes >= 1 && duration.TotalMinutes % 1 == 0 ? (duration.TotalMinutes, 'm')
            : (Math.Round(duration.TotalSeconds), 's');
        return string.Create(CultureInfo.InvariantCulture, $"{number}{unit}");
    }
}
