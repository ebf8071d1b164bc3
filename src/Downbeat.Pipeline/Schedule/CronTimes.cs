using Quartz;

namespace Downbeat.Pipeline.Schedule;

/// <summary>
/// The times of a cron expression. Of Quartz only this is used: its scheduler wants its own threads, clock and store, while a loop with
/// a <see cref="TimeProvider"/> needs nothing but the next time, and can be tested. Nothing else loads it.
/// </summary>
sealed class CronTimes
{
    readonly CronExpression expression;

    /// <summary>Reads an expression.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public CronTimes(string text, TimeZoneInfo zone)
    {
        if (text.Length > 200 || text.Any(char.IsControl))
        {
            throw new FormatException(
                "a cron expression has five fields: minute, hour, day of month, month, day of week"
            );
        }

        // Quartz takes 98 and 99 for marks of its own.
        if (
            text.Split(' ', ',', '-', '/')
                .FirstOrDefault(part =>
                    int.TryParse(part, System.Globalization.CultureInfo.InvariantCulture, out var number) && number > 97
                ) is
            { } large
        )
        {
            throw new FormatException($"{large} is more than any field holds");
        }

        try
        {
            expression = CronExpression.Parse(text, CronFormat.Unix).WithTimeZone(zone);
        }
        catch (Exception error) when (error is ArgumentException or FormatException)
        {
            throw new FormatException(Reason(text, error), error);
        }
    }

    /// <summary>The first time after an instant, if there is one.</summary>
    public DateTimeOffset? After(DateTimeOffset at) => expression.GetNextValidTimeAfter(at);

    /// <summary>Quartz explains its own forms, which nobody asked for, where the number of fields is wrong.</summary>
    static string Reason(string text, Exception error) =>
        text.StartsWith('@') ? "of names there are @hourly, @daily, @weekly, @monthly and @yearly"
        : text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length is not 5 and var fields
            ? string.Create(
                System.Globalization.CultureInfo.InvariantCulture,
                $"it has {fields} fields, and five are needed: minute, hour, day of month, month, day of week"
            )
        : error.Message.Contains("Specified argument", StringComparison.Ordinal)
            ? "its fields hold numbers, names of months or days of the week, and * , - /"
        : error.Message.TrimEnd('.');
}
