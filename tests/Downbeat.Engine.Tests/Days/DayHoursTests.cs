using Downbeat.Engine.Days;
using Downbeat.Engine.Listens;

namespace Downbeat.Engine.Tests.Days;

public sealed class DayHoursTests
{
    [Theory]
    [InlineData("UTC", "2024-06-25")]
    [InlineData("Europe/Berlin", "2024-10-27")] // 25 hours.
    [InlineData("Europe/Berlin", "2024-03-31")] // 23 hours.
    [InlineData("Asia/Kathmandu", "2024-06-25")] // 5:45 ahead.
    [InlineData("Australia/Lord_Howe", "2024-04-07")] // Clocks change by half an hour.
    [InlineData("Pacific/Apia", "2011-12-31")] // The day before was skipped.
    [InlineData("Africa/Monrovia", "1972-01-07")] // 44 minutes and 30 seconds behind, and then no more.
    [InlineData("Africa/Monrovia", "1971-06-25")]
    public void EverySecondHasTheHourThatItsClockShows(string zoneId, string dateText)
    {
        var zone = LakeZone.Find(zoneId);
        var date = DateOnly.Parse(dateText, System.Globalization.CultureInfo.InvariantCulture);
        var hours = new DayHours(date, zone);
        var day = ListenDate.ToDay(date);
        for (var second = 0U; second < 187_200; second++)
        {
            // What lies outside of the date belongs to its first or last hour.
            var local = zone.LocalSecond(ListenDate.SpanStart(day) + second) - ((long)day * ListenDate.SecondsPerDay);
            var expected = Math.Clamp((int)Math.Floor(local / 3600.0), 0, 23);
            Assert.True(expected == hours[second], $"second {second}: {hours[second]}, not {expected}");
        }
    }
}
