namespace Downbeat.Testing.Oracle;

/// <summary>
/// The calendar and clock of the configured time zone. It asks the system one question only, which offset is in force
/// at an instant, and finds the instants of a local time by trying. Times are in seconds: instants since
/// 1970-01-01T00:00:00Z, local times likewise, as if they were UTC. Compared with tzdata by other means, .NET's answers
/// differ only where an offset has seconds (since 1970: Monrovia until 1972) and in a few zones from 2038 on.
/// </summary>
sealed class ZoneClock(string timeZone)
{
    const int HourSeconds = 3600,
        DaySeconds = 86_400;

    readonly TimeZoneInfo zone = TimeZoneInfo.FindSystemTimeZoneById(timeZone);
    readonly Dictionary<long, long[]> offsetsByLocalDay = [];

    /// <summary>What the zone's calendar and clock show at an instant.</summary>
    public DateTime LocalTime(long instant) => DateTime.UnixEpoch.AddSeconds(instant + OffsetSeconds(instant));

    /// <summary>Whether an instant lies beyond the last year a date can be written in.</summary>
    public bool IsPastLastDate(long instant) => instant + OffsetSeconds(instant) > ToSeconds(DateTime.MaxValue);

    /// <summary>
    /// The first instant at which the zone's clock shows this time, or null when the clock skips it (docs/kpis.md,
    /// Time and zones).
    /// </summary>
    public long? FindInstant(DateTime localTime)
    {
        var local = ToSeconds(localTime);
        var instants = OffsetsAround(local)
            .Select(offset => local - offset)
            .Where(instant => instant + OffsetSeconds(instant) == local)
            .ToArray();
        return instants.Length == 0 ? null : instants.Min();
    }

    /// <summary>Seconds since 1970, as if the time were UTC; fractions are cut off.</summary>
    public static long ToSeconds(DateTime time) => (time.Ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerSecond;

    /// <summary>
    /// All offsets in force within 16 hours of the local day. No zone is further than that from UTC, so the one that
    /// belongs to a local time of the day is among them; none was ever in force for less than a step.
    /// </summary>
    long[] OffsetsAround(long local)
    {
        var day = (long)Math.Floor((double)local / DaySeconds);
        if (!offsetsByLocalDay.TryGetValue(day, out var offsets))
        {
            const int margin = 16 * HourSeconds,
                step = HourSeconds / 4;
            offsets = Enumerable
                .Range(0, ((DaySeconds + (2 * margin)) / step) + 1)
                .Select(i => OffsetSeconds((day * DaySeconds) - margin + (i * step)))
                .Distinct()
                .ToArray();
            offsetsByLocalDay.Add(day, offsets);
        }

        return offsets;
    }

    long OffsetSeconds(long instant)
    {
        // Instants a few hours outside the years 0001 to 9999 occur when an offset is taken off.
        var inRange = Math.Clamp(instant, ToSeconds(DateTime.MinValue), ToSeconds(DateTime.MaxValue));
        return (long)zone.GetUtcOffset(DateTime.UnixEpoch.AddSeconds(inRange)).TotalSeconds;
    }
}
