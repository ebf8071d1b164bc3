using System.Runtime.CompilerServices;
using Downbeat.Engine.Listens;

namespace Downbeat.Engine.Days;

/// <summary>
/// Which hour of a date's calendar the seconds of its listens belong to: a table of stretches of time that lie within one hour.
/// They are quarters of an hour for every zone of today, with or without a change of clocks, and single seconds where
/// clocks once followed the sun.
/// </summary>
sealed class DayHours
{
    const int QuarterSeconds = 900;
    const uint Seconds = 1U << ListenDate.SecondBits;

    readonly byte[] hours;
    readonly ulong stretchesOfSecond; // Stretches in a second, times 2^32, rounded up: exact for all seconds there are.

    public DayHours(DateOnly date, LakeZone zone)
    {
        var start = ListenDate.SpanStart(ListenDate.ToDay(date));
        var stretch = IsInQuarters(start, zone) ? QuarterSeconds : 1;
        stretchesOfSecond = ((1UL << 32) + (uint)stretch - 1) / (uint)stretch;
        hours = new byte[(Seconds / (uint)stretch) + 1];
        for (var at = 0; at < hours.Length; at++)
        {
            hours[at] = (byte)HourOf(start, at * (long)stretch, zone);
        }
    }

    /// <summary>The hour of a listen's second.</summary>
    public int this[uint second]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => hours[(uint)((second * stretchesOfSecond) >> 32)];
    }

    /// <summary>No zone has changed its clocks twice within a quarter of an hour: what holds at its ends holds between them.</summary>
    static bool IsInQuarters(long start, LakeZone zone)
    {
        for (var first = 0L; first < Seconds; first += QuarterSeconds)
        {
            var last = first + QuarterSeconds - 1;
            if (
                zone.OffsetAt(start + first) != zone.OffsetAt(start + last)
                || HourOf(start, first, zone) != HourOf(start, last, zone)
            )
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>A listen stays in the date it was scanned into, even if the time zone database has changed its mind since.</summary>
    static long HourOf(long start, long second, LakeZone zone) =>
        Math.Clamp(
            (second + zone.OffsetAt(start + second) - ListenDate.MaxOffsetSeconds) / 3600,
            0,
            DayCounts.Hours - 1
        );
}
