using System.Globalization;
using Downbeat.Engine.Listens;

namespace Downbeat.Cli.Output;

/// <summary>Numbers, sizes and times as people read them.</summary>
static class Figures
{
    const double Kilo = 1000;

    static readonly string[] ByteUnits = ["bytes", "kB", "MB", "GB", "TB", "PB"];

    /// <summary>A count, as in <c>1,000,000</c>.</summary>
    public static string Count(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>A count of things, as in <c>1 file</c> or <c>1,200 files</c>.</summary>
    public static string Count(long number, string one, string? many = null) =>
        $"{Count(number)} {(number == 1 ? one : many ?? one + "s")}";

    /// <summary>A size in bytes, as in <c>41.2 MB</c>.</summary>
    public static string Bytes(double bytes)
    {
        var unit = 0;
        while (bytes >= Kilo && unit < ByteUnits.Length - 1)
        {
            bytes /= Kilo;
            unit++;
        }

        return string.Create(
            CultureInfo.InvariantCulture,
            $"{bytes.ToString(unit == 0 || bytes >= 100 ? "0" : "0.0", CultureInfo.InvariantCulture)} {ByteUnits[unit]}"
        );
    }

    /// <summary>A rate, as in <c>1.2 million rows/s</c>; empty when the time is too short to tell.</summary>
    public static string Rate(double amount, double seconds, string unit)
    {
        if (seconds < 0.001 || amount <= 0)
        {
            return "";
        }

        var rate = amount / seconds;
        if (unit == "bytes")
        {
            return $"{Bytes(rate)}/s";
        }

        return rate >= 1e6 ? string.Create(CultureInfo.InvariantCulture, $"{rate / 1e6:0.0} million {unit}/s")
            : rate >= 1e4 ? $"{Count((long)(rate / 1000) * 1000)} {unit}/s"
            : rate >= 10 ? $"{Count((long)rate)} {unit}/s"
            : string.Create(CultureInfo.InvariantCulture, $"{rate:0.0} {unit}/s");
    }

    /// <summary>A share, as in <c>1.25 %</c>.</summary>
    public static string Share(double part, double whole) =>
        whole == 0 ? "0 %" : string.Create(CultureInfo.InvariantCulture, $"{100 * part / whole:0.##} %");

    /// <summary>A time it took, as in <c>2.1 s</c> or <c>3 min 20 s</c>.</summary>
    public static string Seconds(double seconds) =>
        seconds < 10 ? string.Create(CultureInfo.InvariantCulture, $"{seconds:0.0#} s")
        : seconds < 120 ? string.Create(CultureInfo.InvariantCulture, $"{seconds:0} s")
        : string.Create(CultureInfo.InvariantCulture, $"{(long)seconds / 60} min {(long)seconds % 60} s");

    /// <summary>An instant, as in <c>2024-06-25 14:03:11 UTC</c>.</summary>
    public static string Instant(DateTimeOffset instant) =>
        instant.ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    /// <summary>An instant to the minute, in UTC, as in <c>2024-06-25 14:03</c>.</summary>
    public static string Minute(DateTimeOffset instant) =>
        instant.ToUniversalTime().ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);

    /// <summary>How long ago an instant was, as in <c>3 hours ago</c>.</summary>
    public static string Ago(DateTimeOffset instant, DateTimeOffset now)
    {
        var ago = now - instant;
        return ago.TotalSeconds < 0 ? "in the future"
            : ago.TotalSeconds < 90 ? $"{Count((long)ago.TotalSeconds, "second")} ago"
            : ago.TotalMinutes < 90 ? $"{Count((long)ago.TotalMinutes, "minute")} ago"
            : ago.TotalHours < 48 ? $"{Count((long)ago.TotalHours, "hour")} ago"
            : $"{Count((long)ago.TotalDays, "day")} ago";
    }

    /// <summary>A date as it stands in file names.</summary>
    public static string Date(DateOnly date) => ListenDate.Text(date);

    /// <summary>Counts by name, the largest first, as in <c>bad_user_id 12, bad_time 3</c>.</summary>
    public static string Reasons(IReadOnlyCollection<KeyValuePair<string, long>> reasons, int most = int.MaxValue) =>
        string.Join(
            ", ",
            reasons
                .OrderByDescending(reason => reason.Value)
                .ThenBy(reason => reason.Key, StringComparer.Ordinal)
                .Take(most)
                .Select(reason => $"{reason.Key} {Count(reason.Value)}")
        ) + (reasons.Count > most ? ", …" : "");
}
