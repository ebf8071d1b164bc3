using System.Globalization;
using Downbeat.Engine.Listens;

namespace Downbeat.Engine.Tests.Listens;

public sealed class LakeZoneTests
{
    [Theory]
    // Summer time starts in Berlin at 02:00, and ends at 03:00.
    [InlineData("Europe/Berlin", "2024-03-31 01:59:59", "2024-03-31 00:59:59")]
    [InlineData("Europe/Berlin", "2024-03-31 02:00:00", null)]
    [InlineData("Europe/Berlin", "2024-03-31 02:59:59", null)]
    [InlineData("Europe/Berlin", "2024-03-31 03:00:00", "2024-03-31 01:00:00")]
    [InlineData("Europe/Berlin", "2024-10-27 01:59:59", "2024-10-26 23:59:59")]
    [InlineData("Europe/Berlin", "2024-10-27 02:00:00", "2024-10-27 00:00:00")]
    [InlineData("Europe/Berlin", "2024-10-27 02:59:59", "2024-10-27 00:59:59")]
    [InlineData("Europe/Berlin", "2024-10-27 03:00:00", "2024-10-27 02:00:00")]
    [InlineData("Europe/Berlin", "1970-01-01 00:59:59", "1969-12-31 23:59:59")]
    [InlineData("Asia/Kolkata", "2024-06-25 05:29:59", "2024-06-24 23:59:59")]
    [InlineData("Asia/Kolkata", "2024-06-25 05:30:00", "2024-06-25 00:00:00")]
    // Newfoundland changed its clocks at 00:01 then: in autumn back into the day before.
    [InlineData("America/St_Johns", "1990-04-01 00:00:59", "1990-04-01 03:30:59")]
    [InlineData("America/St_Johns", "1990-04-01 00:01:00", null)]
    [InlineData("America/St_Johns", "1990-04-01 01:00:59", null)]
    [InlineData("America/St_Johns", "1990-04-01 01:01:00", "1990-04-01 03:31:00")]
    [InlineData("America/St_Johns", "1990-10-27 23:00:59", "1990-10-28 01:30:59")]
    [InlineData("America/St_Johns", "1990-10-27 23:01:00", "1990-10-28 01:31:00")]
    [InlineData("America/St_Johns", "1990-10-28 00:00:59", "1990-10-28 02:30:59")]
    [InlineData("America/St_Johns", "1990-10-28 00:01:00", "1990-10-28 03:31:00")]
    // Lord Howe Island moves its clocks by half an hour.
    [InlineData("Australia/Lord_Howe", "2024-10-06 01:59:59", "2024-10-05 15:29:59")]
    [InlineData("Australia/Lord_Howe", "2024-10-06 02:00:00", null)]
    [InlineData("Australia/Lord_Howe", "2024-10-06 02:29:59", null)]
    [InlineData("Australia/Lord_Howe", "2024-10-06 02:30:00", "2024-10-05 15:30:00")]
    [InlineData("Australia/Lord_Howe", "2024-04-07 01:29:59", "2024-04-06 14:29:59")]
    [InlineData("Australia/Lord_Howe", "2024-04-07 01:30:00", "2024-04-06 14:30:00")]
    [InlineData("Australia/Lord_Howe", "2024-04-07 01:59:59", "2024-04-06 14:59:59")]
    [InlineData("Australia/Lord_Howe", "2024-04-07 02:00:00", "2024-04-06 15:30:00")]
    // Samoa crossed the date line, and had no 30 December.
    [InlineData("Pacific/Apia", "2011-12-29 23:59:59", "2011-12-30 09:59:59")]
    [InlineData("Pacific/Apia", "2011-12-30 00:00:00", null)]
    [InlineData("Pacific/Apia", "2011-12-30 12:00:00", null)]
    [InlineData("Pacific/Apia", "2011-12-30 23:59:59", null)]
    [InlineData("Pacific/Apia", "2011-12-31 00:00:00", "2011-12-30 10:00:00")]
    // The zones furthest from UTC.
    [InlineData("Pacific/Kiritimati", "2024-06-25 00:00:00", "2024-06-24 10:00:00")]
    [InlineData("Etc/GMT+12", "2024-06-25 00:00:00", "2024-06-25 12:00:00")]
    [InlineData("UTC", "2024-06-25 00:00:00", "2024-06-25 00:00:00")]
    public void ALocalTimeIsTheEarlierOfItsInstants(string zoneName, string local, string? instant)
    {
        var zone = LakeZone.Find(zoneName);
        var isFound = zone.TryFindInstant(Second(local), out var found);
        Assert.Equal(instant is not null, isFound);
        if (instant is not null)
        {
            Assert.Equal(instant, Text(found));
            Assert.Equal(local, Text(zone.LocalSecond(found)));
        }
    }

    [Theory]
    [InlineData("Europe/Berlin", "2024-10-27 00:30:00", "2024-10-27 02:30:00")]
    [InlineData("Europe/Berlin", "2024-10-27 01:30:00", "2024-10-27 02:30:00")]
    [InlineData("Europe/Berlin", "2024-03-31 00:59:59", "2024-03-31 01:59:59")]
    [InlineData("Europe/Berlin", "2024-03-31 01:00:00", "2024-03-31 03:00:00")]
    [InlineData("America/St_Johns", "1990-10-28 02:30:59", "1990-10-28 00:00:59")]
    [InlineData("America/St_Johns", "1990-10-28 02:31:00", "1990-10-27 23:01:00")]
    [InlineData("Australia/Lord_Howe", "2024-04-06 15:00:00", "2024-04-07 01:30:00")]
    [InlineData("Pacific/Apia", "2011-12-30 10:00:00", "2011-12-31 00:00:00")]
    public void AnInstantHasOneLocalTime(string zoneName, string instant, string local) =>
        Assert.Equal(local, Text(LakeZone.Find(zoneName).LocalSecond(Second(instant))));

    [Theory]
    [InlineData("Europe/Berlin", "2024-03-30 00:00:00", "2024-03-30 23:59:59", true)]
    [InlineData("Europe/Berlin", "2024-03-30 23:59:59", "2024-03-31 00:00:00", false)]
    [InlineData("Europe/Berlin", "2024-03-31 12:00:00", "2024-03-31 13:00:00", false)]
    [InlineData("Europe/Berlin", "2024-04-01 00:00:00", "2024-10-26 00:00:00", true)]
    [InlineData("Europe/Berlin", "2024-03-30 00:00:00", "2024-11-01 00:00:00", false)]
    [InlineData("Asia/Kolkata", "1970-01-01 00:00:00", "1971-01-01 00:00:00", true)]
    [InlineData("UTC", "1970-01-01 00:00:00", "2100-01-01 00:00:00", true)]
    public void AStretchOfDaysIsPlainWhereNoClockChanges(string zoneName, string from, string to, bool isPlain) =>
        Assert.Equal(isPlain, LakeZone.Find(zoneName).IsPlain(Second(from), Second(to)));

    [Theory]
    [InlineData(0, 0)]
    [InlineData(86_399, 0)]
    [InlineData(86_400, 1)]
    [InlineData(-1, -1)]
    [InlineData(-86_400, -1)]
    [InlineData(-86_401, -2)]
    public void ALocalTimeHasItsCalendarDate(long localSecond, int day) =>
        Assert.Equal(day, LakeZone.DayOf(localSecond));

    [Fact]
    public void ZonesAreFoundByName()
    {
        Assert.Same(LakeZone.Utc, LakeZone.Find("UTC"));
        Assert.Same(LakeZone.Utc, LakeZone.Find("Etc/UTC"));
        Assert.Equal("Europe/Berlin", LakeZone.Find("Europe/Berlin").Id);
        foreach (var wrong in (string[])["Europe/Nowhere", "", " ", "../../etc/passwd", "Europe", "+01:00"])
        {
            var exception = Assert.Throws<ArgumentException>(() => LakeZone.Find(wrong));
            Assert.Contains($"\"{wrong}\"", exception.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void TimesBeyondTheCalendarAreNoTrouble()
    {
        foreach (var name in (string[])["Europe/Berlin", "Pacific/Apia", "America/St_Johns"])
        {
            var zone = LakeZone.Find(name);
            foreach (var local in (long[])[Second("0001-01-01 00:00:00"), Second("9999-12-31 23:59:59")])
            {
                Assert.True(zone.TryFindInstant(local, out var instant));
                Assert.Equal(local, zone.LocalSecond(instant));
                Assert.Equal(
                    zone.LocalSecond(local - ListenDate.MaxOffsetSeconds),
                    local - ListenDate.MaxOffsetSeconds + zone.OffsetAt(local - ListenDate.MaxOffsetSeconds)
                );
            }
        }
    }

    [Fact]
    public void EveryZoneAgreesWithItsOffsets() =>
        RandomRounds.Run(
            60,
            random =>
            {
                var zones = TimeZoneInfo.GetSystemTimeZones();
                var system = zones[random.Next(zones.Count)];
                var zone = new LakeZone(system);
                for (var time = 0; time < 12; time++)
                {
                    var around = RandomInstant(random, system);
                    foreach (var step in (long[])[0, -1, 1, random.Next(-90_000, 90_000), random.Next(-4000, 4000)])
                    {
                        var instant = around + step;
                        var local = instant + Offset(system, instant);
                        Assert.Equal(Offset(system, instant), zone.OffsetAt(instant));
                        Assert.Equal(local, zone.LocalSecond(instant));
                        AssertFinds(zone, system, local);
                        AssertFinds(zone, system, instant);
                        var until = instant + random.Next(200_000);
                        if (zone.IsPlain(instant, until))
                        {
                            Assert.Equal([zone.OffsetAt(instant)], Offsets(system, instant, until));
                        }
                    }
                }
            }
        );

    [Fact]
    public void ClocksMayChangeAtAnySecondOfADay() =>
        RandomRounds.Run(
            40,
            random =>
            {
                // Near midnight UTC too, where no zone does, but the days that the zone remembers meet.
                var minutes = random.Next(-14 * 60, (12 * 60) + 1);
                var start =
                    random.Next(2) == 0
                        ? random.Next(86_400)
                        : ((minutes * 60) + random.Next(-1000, 1000) + 86_400) % 86_400;
                var rule = TimeZoneInfo.AdjustmentRule.CreateAdjustmentRule(
                    new(1990, 1, 1),
                    new(2050, 12, 31),
                    TimeSpan.FromMinutes(random.Next(1, 120)),
                    TimeZoneInfo.TransitionTime.CreateFixedDateRule(DateTime.MinValue.AddSeconds(start), 4, 10),
                    TimeZoneInfo.TransitionTime.CreateFixedDateRule(
                        DateTime.MinValue.AddSeconds(random.Next(86_400)),
                        9,
                        10
                    )
                );
                var system = TimeZoneInfo.CreateCustomTimeZone(
                    "test",
                    TimeSpan.FromMinutes(minutes),
                    null,
                    null,
                    null,
                    [rule]
                );
                var zone = new LakeZone(system);
                var change = Second("2024-04-10 00:00:00") + start - (minutes * 60L);
                Assert.NotEqual(zone.OffsetAt(change - 1), zone.OffsetAt(change));
                for (var step = 0; step < 30; step++)
                {
                    var instant = change + random.Next(-8000, 8000);
                    Assert.Equal(Offset(system, instant), zone.OffsetAt(instant));
                    AssertFinds(zone, system, instant + Offset(system, change - 1));
                }
            }
        );

    /// <summary>The instant has to be the earliest of those that the local time could be under any offset around.</summary>
    static void AssertFinds(LakeZone zone, TimeZoneInfo system, long local)
    {
        var instants = Offsets(system, local - 54_000, local + 54_000)
            .Select(offset => local - offset)
            .Where(instant => instant + Offset(system, instant) == local)
            .ToList();
        var isFound = zone.TryFindInstant(local, out var found);
        Assert.True(
            isFound == instants.Count > 0,
            $"{system.Id}: {Text(local)} is {(isFound ? Text(found) : "not found")}."
        );
        if (isFound)
        {
            Assert.True(
                found == instants.Min(),
                $"{system.Id}: {Text(local)} is {Text(found)}, not {Text(instants.Min())}."
            );
        }
    }

    static HashSet<int> Offsets(TimeZoneInfo system, long from, long to)
    {
        var offsets = new HashSet<int> { Offset(system, to) };
        for (var instant = from; instant < to; instant += 900)
        {
            offsets.Add(Offset(system, instant));
        }

        return offsets;
    }

    /// <summary>An instant from 1970 to 2040; where possible that at which clocks change.</summary>
    static long RandomInstant(Random random, TimeZoneInfo system)
    {
        const long End = 2_208_988_800;
        var from = random.NextInt64(End);
        var to = Math.Min(End, from + random.NextInt64(20_000_000));
        while (to - from > 1 && Offset(system, from) != Offset(system, to))
        {
            var middle = (from + to) / 2;
            (from, to) = Offset(system, middle) == Offset(system, from) ? (middle, to) : (from, middle);
        }

        return to;
    }

    static int Offset(TimeZoneInfo system, long instant) =>
        (int)system.GetUtcOffset(DateTime.UnixEpoch.AddSeconds(instant)).TotalSeconds;

    static long Second(string text) =>
        (long)
            (
                DateTime.ParseExact(text, "yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) - DateTime.UnixEpoch
            ).TotalSeconds;

    static string Text(long second) =>
        DateTime.UnixEpoch.AddSeconds(second).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
}
