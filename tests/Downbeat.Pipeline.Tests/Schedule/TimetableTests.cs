using System.Globalization;
using Downbeat.Pipeline.Schedule;

namespace Downbeat.Pipeline.Tests.Schedule;

/// <summary>When a timetable says to run, above all on the days on which clocks are changed.</summary>
public sealed class TimetableTests
{
    const string Berlin = "Europe/Berlin"; // 2024-03-31: 2:00 becomes 3:00; 2024-10-27: 3:00 becomes 2:00.

    [Theory]
    // Numbers, lists, ranges, steps, names.
    [InlineData("0 5 * * *", "UTC", "2024-06-25T05:00Z", "2024-06-26T05:00Z 2024-06-27T05:00Z")]
    [InlineData("*/20 * * * *", "UTC", "2024-06-25T05:10Z", "2024-06-25T05:20Z 2024-06-25T05:40Z 2024-06-25T06:00Z")]
    [InlineData("0,30 9-10 * * *", "UTC", "2024-06-25T09:00Z", "2024-06-25T09:30Z 2024-06-25T10:00Z 2024-06-25T10:30Z")]
    [InlineData("0 0 1 jan,JUL *", "UTC", "2024-06-25T00:00Z", "2024-07-01T00:00Z 2025-01-01T00:00Z")]
    [InlineData("0 0 29 2 *", "UTC", "2024-03-01T00:00Z", "2028-02-29T00:00Z")]
    // Days of the week: Sunday is 0 and 7. 2024-06-23 is one.
    [InlineData("0 0 * * 0", "UTC", "2024-06-20T00:00Z", "2024-06-23T00:00Z 2024-06-30T00:00Z")]
    [InlineData("0 0 * * 7", "UTC", "2024-06-20T00:00Z", "2024-06-23T00:00Z 2024-06-30T00:00Z")]
    [InlineData("0 0 * * 1", "UTC", "2024-06-20T00:00Z", "2024-06-24T00:00Z")]
    [InlineData(
        "0 0 * * 5-7",
        "UTC",
        "2024-06-20T00:00Z",
        "2024-06-21T00:00Z 2024-06-22T00:00Z 2024-06-23T00:00Z 2024-06-28T00:00Z"
    )]
    [InlineData("0 0 * * mon-FRI", "UTC", "2024-06-21T00:00Z", "2024-06-24T00:00Z 2024-06-25T00:00Z")]
    [InlineData("0 0 * * 0-7", "UTC", "2024-06-22T00:00Z", "2024-06-23T00:00Z 2024-06-24T00:00Z")]
    // Where both are given either does.
    [InlineData("0 0 13 * 5", "UTC", "2024-06-10T00:00Z", "2024-06-13T00:00Z 2024-06-14T00:00Z 2024-06-21T00:00Z")]
    [InlineData("@hourly", "UTC", "2024-06-25T05:10Z", "2024-06-25T06:00Z 2024-06-25T07:00Z")]
    [InlineData("@daily", "Asia/Kolkata", "2024-06-25T00:00Z", "2024-06-25T18:30Z 2024-06-26T18:30Z")]
    // The zone's clocks.
    [InlineData("0 5 * * *", Berlin, "2024-03-29T12:00Z", "2024-03-30T04:00Z 2024-03-31T03:00Z 2024-04-01T03:00Z")]
    [InlineData("0 5 * * *", Berlin, "2024-10-25T12:00Z", "2024-10-26T03:00Z 2024-10-27T04:00Z")]
    // A time that is skipped counts at the end of the gap.
    [InlineData("30 2 * * *", Berlin, "2024-03-30T00:00Z", "2024-03-30T01:30Z 2024-03-31T01:00Z 2024-04-01T00:30Z")]
    // A time that comes twice counts the first time.
    [InlineData("30 2 * * *", Berlin, "2024-10-26T12:00Z", "2024-10-27T00:30Z 2024-10-28T01:30Z")]
    // Every hour is every hour, on such days too.
    [InlineData("0 * * * *", Berlin, "2024-03-31T00:00Z", "2024-03-31T01:00Z 2024-03-31T02:00Z")]
    [InlineData("0 * * * *", Berlin, "2024-10-26T23:30Z", "2024-10-27T00:00Z 2024-10-27T01:00Z 2024-10-27T02:00Z")]
    [InlineData("*/30 * * * *", Berlin, "2024-10-27T00:15Z", "2024-10-27T00:30Z 2024-10-27T01:00Z 2024-10-27T01:30Z")]
    public void CronFiresWhenItShould(string cron, string zone, string from, string expected)
    {
        var timetable = Timetable.Cron(cron, TimeZoneInfo.FindSystemTimeZoneById(zone));
        var at = DateTimeOffset.Parse(from, CultureInfo.InvariantCulture);
        var found = new List<string>();
        foreach (var _ in expected.Split(' '))
        {
            at = timetable.After(at);
            found.Add(at.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm'Z'", CultureInfo.InvariantCulture));
            Assert.Equal(0, at.Second);
        }

        Assert.Equal(expected, string.Join(' ', found));
    }

    [Theory]
    [InlineData("", "fields")]
    [InlineData("0 5 * *", "it has 4 fields, and five are needed")]
    [InlineData("0 0 5 * * ?", "it has 6 fields, and five are needed")]
    [InlineData("60 * * * *", "59")]
    [InlineData("* 24 * * *", "23")]
    [InlineData("a b c d e", "numbers")]
    [InlineData("0 0 30 2 *", "no date fits it")]
    [InlineData("*/0 * * * *", "step")]
    [InlineData("@reboot", "@hourly, @daily")]
    [InlineData("0 5 * * *\n", "five fields")]
    public void WhatIsNoTimetableIsSaidInALine(string cron, string why)
    {
        var error = Assert.Throws<FormatException>(() => Timetable.Cron(cron, TimeZoneInfo.Utc));
        Assert.Contains(why, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
        Assert.DoesNotContain("Quartz", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("90s", 90)]
    [InlineData("15m", 900)]
    [InlineData("6h", 21_600)]
    [InlineData("1d", 86_400)]
    public void ADurationIsReadAndWrittenAsItIsTyped(string text, int seconds)
    {
        Assert.True(Durations.TryParse(text, out var duration));
        Assert.Equal(seconds, duration.TotalSeconds);
        Assert.Equal(text == "90s" ? "90s" : text, Durations.Text(duration));
    }

    [Theory]
    [InlineData("")]
    [InlineData("m")]
    [InlineData("0s")]
    [InlineData("-5m")]
    [InlineData("1.5h")]
    [InlineData("400d")]
    [InlineData("5 m")]
    [InlineData("99999999999s")]
    public void WhatIsNoDurationIsRefused(string text) => Assert.False(Durations.TryParse(text, out _));
}
