using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Schedule;
using Downbeat.Testing;

namespace Downbeat.Pipeline.Tests.Schedule;

/// <summary>When a report is mailed: once a time, one that was missed once, and again when nobody took it.</summary>
public sealed class ReportScheduleTests : IDisposable
{
    static readonly DateTimeOffset Noon = new(2024, 7, 1, 12, 0, 0, TimeSpan.Zero);
    static readonly TimeSpan Step = TimeSpan.FromMinutes(10);

    readonly TestLake lake = new();
    readonly LinesLogger logger = new();
    readonly ConcurrentQueue<string> mailed = [];
    Func<string?> answer = () => "2024-06-30";

    public void Dispose() => lake.Dispose();

    [Fact]
    public void AReportIsMailedOnceATime()
    {
        var clock = new ManualClock(Noon);
        using (Begin(clock))
        {
            Assert.True(clock.AdvanceUntil(() => mailed.Count == 3, Step));
        }

        Assert.Equal(["07-02 06:00", "07-03 06:00", "07-04 06:00"], mailed);
    }

    [Fact]
    public void TimesThatWereMissedAreMadeUpOnce()
    {
        Until(Noon.AddDays(-3));
        var clock = new ManualClock(Noon);
        using (Begin(clock))
        {
            Assert.True(clock.AdvanceUntil(() => mailed.Count == 2, Step));
        }

        Assert.Equal(["06-29 06:00", "07-02 06:00"], mailed);
        using (Begin(clock))
        {
            Assert.False(clock.AdvanceUntil(() => mailed.Count == 3, Step, TimeSpan.FromHours(3)));
        }
    }

    [Fact]
    public void WhatWasDueBeforeAnybodyAskedIsNotMadeUp()
    {
        var clock = new ManualClock(Noon);
        using (Begin(clock))
        {
            Assert.False(clock.AdvanceUntil(() => !mailed.IsEmpty, Step, TimeSpan.FromHours(17)));
        }

        Assert.Empty(mailed);
    }

    [Fact]
    public void WhatIsNotTakenIsMailedAgainAndToldOnce()
    {
        Until(Noon.AddDays(-1));
        var clock = new ManualClock(Noon);
        answer = () => mailed.Count < 5 ? throw new IOException("the server is down") : "2024-06-30";
        using (Begin(clock))
        {
            Assert.True(clock.AdvanceUntil(() => mailed.Count == 5, TimeSpan.FromSeconds(15)));
        }

        Assert.Equal(["07-01 06:00"], mailed.Distinct());
        Assert.Single(logger.Lines, line => line.Contains("the server is down.", StringComparison.Ordinal));
        Assert.InRange(clock.GetUtcNow() - Noon, TimeSpan.FromMinutes(7), TimeSpan.FromMinutes(9));
    }

    [Fact]
    public void WhereNothingIsToReportTheTimePasses()
    {
        Until(Noon.AddDays(-1));
        var clock = new ManualClock(Noon);
        answer = () => null;
        using (Begin(clock))
        {
            Assert.True(clock.AdvanceUntil(() => mailed.Count == 2, Step));
        }

        Assert.Equal(["07-01 06:00", "07-02 06:00"], mailed);
        Assert.Contains(logger.Lines, line => line.Contains("No report was mailed", StringComparison.Ordinal));
    }

    [Fact]
    public void TwoWhoWatchMailOnce()
    {
        Until(Noon.AddDays(-1));
        var clock = new ManualClock(Noon);
        using (Begin(clock))
        using (Begin(clock))
        {
            Assert.False(clock.AdvanceUntil(() => mailed.Count > 2, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10)));
        }

        Assert.Equal(["07-01 06:00"], mailed);
    }

    [Fact]
    public void ALakeThatCannotBeReadIsTriedAgain()
    {
        Until(Noon.AddDays(-1));
        var clock = new ManualClock(Noon);
        var (path, hidden) = (Path.Combine(lake.Folder, LakePaths.Report), Path.Combine(lake.Folder, "hidden"));
        File.Move(path, hidden);
        Directory.CreateDirectory(path);
        using (Begin(clock))
        {
            Assert.True(clock.AdvanceUntil(() => logger.Lines.Count > 0, Step));
            Directory.Delete(path);
            File.Move(hidden, path);
            Assert.True(clock.AdvanceUntil(() => mailed.Count == 1, Step));
        }
    }

    [Fact]
    public void ATimeInTheFutureDoesNotSilenceItForEver()
    {
        Until(Noon.AddYears(10));
        var clock = new ManualClock(Noon);
        using (Begin(clock))
        {
            Assert.True(clock.AdvanceUntil(() => mailed.Count == 1, Step, TimeSpan.FromDays(2)));
        }
    }

    ReportSchedule Begin(TimeProvider clock) =>
        new(
            lake.Lake,
            Timetable.Cron("0 6 * * *", TimeZoneInfo.Utc),
            (due, _) =>
            {
                mailed.Enqueue(due.ToString("MM-dd HH:mm", CultureInfo.InvariantCulture));
                return Task.FromResult(answer());
            },
            clock,
            logger
        );

    void Until(DateTimeOffset until) =>
        lake.Land(LakePaths.Report, Encoding.UTF8.GetBytes($$"""{"until":"{{until:O}}"}"""));
}
