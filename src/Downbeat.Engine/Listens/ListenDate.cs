namespace Downbeat.Engine.Listens;

/// <summary>
/// A calendar date in the lake's time zone, and the span of instants that any zone could put in it. No zone is more
/// than 14 hours from UTC, so seconds counted from 14 hours before the date's UTC midnight are never negative and need
/// 18 bits, whatever the zone and however its rules change later.
/// </summary>
public static class ListenDate
{
    /// <summary>Seconds in a day without a change of clocks.</summary>
    public const int SecondsPerDay = 86_400;

    /// <summary>The largest distance of a zone from UTC, in seconds.</summary>
    public const int MaxOffsetSeconds = 14 * 3600;

    /// <summary>How many bits <see cref="Listen.Second"/> needs.</summary>
    public const int SecondBits = 18;

    static readonly int Epoch = new DateOnly(1970, 1, 1).DayNumber;

    /// <summary>The date as days since 1970-01-01.</summary>
    public static int ToDay(DateOnly date) => date.DayNumber - Epoch;

    /// <summary>The date that lies so many days after 1970-01-01.</summary>
    public static DateOnly FromDay(int day) => DateOnly.FromDayNumber(day + Epoch);

    /// <summary>The instant, in seconds since 1970-01-01T00:00:00Z, from which <see cref="Listen.Second"/> counts.</summary>
    public static long SpanStart(int day) => ((long)day * SecondsPerDay) - MaxOffsetSeconds;

    /// <summary>The date as it stands in file names and tables.</summary>
    public static string Text(DateOnly date) =>
        date.ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture);
}
