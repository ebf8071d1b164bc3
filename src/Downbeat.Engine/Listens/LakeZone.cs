using System.Collections.Concurrent;

namespace Downbeat.Engine.Listens;

/// <summary>
/// The lake's time zone: turns local times into instants and instants into local times. Instants and local times are
/// seconds since 1970-01-01 00:00:00, of UTC and of the zone's calendar. Safe to use from many threads.
/// </summary>
public sealed class LakeZone
{
    /// <summary>A hostile file may name any day of ten thousand years.</summary>
    const int MaxDaysKnown = 50_000;

    readonly TimeZoneInfo zone;
    readonly int? fixedOffset;
    readonly ConcurrentDictionary<long, Stretch[]> days = new();

    /// <summary>Wraps a zone of the machine's time zone database.</summary>
    public LakeZone(TimeZoneInfo zone)
    {
        ArgumentNullException.ThrowIfNull(zone);
        this.zone = zone;
        fixedOffset =
            zone.SupportsDaylightSavingTime || zone.GetAdjustmentRules().Length > 0
                ? null
                : (int)zone.BaseUtcOffset.TotalSeconds;
    }

    /// <summary>UTC.</summary>
    public static LakeZone Utc { get; } = new(TimeZoneInfo.Utc);

    /// <summary>The zone's name in the time zone database, like <c>Europe/Berlin</c>.</summary>
    public string Id => zone.Id;

    /// <summary>Finds a zone by its name in the time zone database.</summary>
    /// <exception cref="ArgumentException">This machine knows no such zone.</exception>
    public static LakeZone Find(string id)
    {
        ArgumentNullException.ThrowIfNull(id);
        if (id is "UTC" or "Etc/UTC" or "Z")
        {
            return Utc;
        }

        return TimeZoneInfo.TryFindSystemTimeZoneById(id, out var zone)
            ? new(zone)
            : throw new ArgumentException(
                $"timeZone \"{id}\" is not known to this machine: give a name like \"UTC\" or \"Europe/Berlin\" "
                    + "(Linux needs the package tzdata).",
                nameof(id)
            );
    }

    /// <summary>
    /// The instant at which the zone's clocks show a local time: the earlier one of two, and false where clocks skip it.
    /// </summary>
    public bool TryFindInstant(long localSecond, out long instant)
    {
        if (fixedOffset is { } only)
        {
            instant = localSecond - only;
            return true;
        }

        // The offset in force lies within 14 hours of the local time read as UTC. A larger offset is an earlier instant.
        instant = long.MaxValue;
        var firstDay = FloorDay(localSecond - ListenDate.MaxOffsetSeconds);
        var lastDay = FloorDay(localSecond + ListenDate.MaxOffsetSeconds);
        for (var day = firstDay; day <= lastDay; day++)
        {
            foreach (var stretch in StretchesOf(day))
            {
                var candidate = localSecond - stretch.Offset;
                if (candidate >= stretch.Start && candidate < stretch.End && candidate < instant)
                {
                    instant = candidate;
                }
            }
        }

        return instant != long.MaxValue;
    }

    /// <summary>What the zone's clocks show at an instant.</summary>
    public long LocalSecond(long instant) => instant + OffsetAt(instant);

    /// <summary>How far the zone's clocks are ahead of UTC at an instant, in seconds.</summary>
    public int OffsetAt(long instant)
    {
        if (fixedOffset is { } only)
        {
            return only;
        }

        var stretches = StretchesOf(FloorDay(instant));
        var found = stretches[0];
        foreach (var stretch in stretches)
        {
            if (instant >= stretch.Start)
            {
                found = stretch;
            }
        }

        return found.Offset;
    }

    /// <summary>Whether the clocks keep one distance from UTC during all UTC days that a stretch of instants touches.</summary>
    public bool IsPlain(long fromInstant, long toInstant)
    {
        var offset = OffsetAt(fromInstant);
        for (var day = FloorDay(fromInstant); fixedOffset is null && day <= FloorDay(toInstant); day++)
        {
            if (StretchesOf(day) is not [var only] || only.Offset != offset)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The calendar date of a local time, in days since 1970-01-01.</summary>
    public static int DayOf(long localSecond) => (int)FloorDay(localSecond);

    static long FloorDay(long second) =>
        Math.DivRem(second, ListenDate.SecondsPerDay) is var (day, rest) && rest < 0 ? day - 1 : day;

    Stretch[] StretchesOf(long utcDay)
    {
        if (days.TryGetValue(utcDay, out var known))
        {
            return known;
        }

        if (days.Count >= MaxDaysKnown)
        {
            days.Clear();
        }

        return days.GetOrAdd(utcDay, FindStretches);
    }

    /// <summary>The stretches of constant offset that make up a UTC day, in order.</summary>
    Stretch[] FindStretches(long utcDay)
    {
        // No zone has changed its clocks twice within a quarter of an hour.
        const int Step = 900;
        var end = (utcDay + 1) * ListenDate.SecondsPerDay;
        var start = utcDay * ListenDate.SecondsPerDay;
        var found = new List<Stretch>();
        for (var at = start; at < end; )
        {
            var offset = ZoneOffset(at);
            var same = at;
            while (same + Step < end && ZoneOffset(same + Step) == offset)
            {
                same += Step;
            }

            // The change, if there is one, lies in (same, differs].
            var differs = Math.Min(same + Step, end);
            if (differs < end || ZoneOffset(end - 1) != offset)
            {
                while (differs - same > 1)
                {
                    var middle = same + ((differs - same) / 2);
                    if (ZoneOffset(middle) == offset)
                    {
                        same = middle;
                    }
                    else
                    {
                        differs = middle;
                    }
                }
            }

            found.Add(new(at, differs, offset));
            at = differs;
        }

        return [.. found];
    }

    int ZoneOffset(long instant)
    {
        var clamped = Math.Clamp(instant, -62_135_596_800, 253_402_300_799);
        return (int)zone.GetUtcOffset(DateTime.UnixEpoch.AddSeconds(clamped)).TotalSeconds;
    }

    /// <summary>A stretch of time with one offset; the end is the first instant after it.</summary>
    readonly record struct Stretch(long Start, long End, int Offset);
}
