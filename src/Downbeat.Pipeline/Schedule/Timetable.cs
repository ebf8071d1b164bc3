namespace Downbeat.Pipeline.Schedule;

/// <summary>The times at which something is to be done.</summary>
public sealed class Timetable
{
    readonly Func<DateTimeOffset, DateTimeOffset?> next;

    Timetable(string text, Func<DateTimeOffset, DateTimeOffset?> next) => (Text, this.next) = (text, next);

    /// <summary>As it was asked for, for messages.</summary>
    public string Text { get; }

    /// <summary>Every so often after the time before.</summary>
    public static Timetable Every(TimeSpan interval) => new($"every {Durations.Text(interval)}", at => at + interval);

    /// <summary>
    /// The times of a cron expression of five fields, or of <c>@hourly</c>, <c>@daily</c> and the like, by the clocks of a zone. A time
    /// that clocks skip counts at the end of the gap, one that they show twice counts the first time; of hours or minutes given as
    /// <c>*</c> every one counts.
    /// </summary>
    /// <exception cref="FormatException">It is none, or no date fits it; the message says why.</exception>
    public static Timetable Cron(string expression, TimeZoneInfo zone)
    {
        ArgumentNullException.ThrowIfNull(expression);
        ArgumentNullException.ThrowIfNull(zone);
        var times = new CronTimes(expression, zone);
        return times.After(DateTimeOffset.UnixEpoch) is null
            ? throw new FormatException("no date fits it")
            : new($"at {expression} ({zone.Id})", times.After);
    }

    /// <summary>The first time after an instant.</summary>
    public DateTimeOffset After(DateTimeOffset at) => next(at) ?? DateTimeOffset.MaxValue;
}
