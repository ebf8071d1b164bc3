using System.Globalization;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Quarantine;
using Downbeat.Pipeline.Runs;
using Downbeat.Testing;

namespace Downbeat.Pipeline.Tests.Runs;

/// <summary>A file whose listens are of more dates than <c>maxDatesPerFile</c> allows restates none of them.</summary>
public sealed class TooManyDatesTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)] // The file has sections, none of which has too many dates.
    public void AFileOfTooManyDatesIsQuarantinedUntilMoreAreAllowed(int workers)
    {
        using var lake = NewLake();
        lake.LandStreams("drop.csv", Listens(50, filler: 100_000));
        var options = new RunOptions
        {
            Workers = workers,
            SortBufferMb = 32,
            MaxDatesPerFile = 40,
            MinSectionBytes = 1,
        };
        var scanned = Assert.Single(lake.Run(options).Scanned);
        Assert.Equal("too_many_dates", scanned.Fault);
        Assert.Equal(
            "its listens are of 50 dates, from 2010-01-01 to 2010-02-19, and maxDatesPerFile is 40: look at listen_time; if the dates are right, raise maxDatesPerFile or cut the file, and retry",
            scanned.FaultDetail
        );
        Assert.Empty(lake.State.Dates);
        Assert.Empty(lake.Lake.List(LakePaths.Slices));
        Assert.Empty(lake.Unfinished());

        var raised = options with { MaxDatesPerFile = 50 };
        new QuarantineStore(lake.Lake, raised, TimeProvider.System).Retry(scanned.Source);
        var again = Assert.Single(lake.Run(raised).Scanned);
        Assert.Equal((null, 50, scanned.Source), (again.Fault, again.Dates, again.Source));
        Assert.Equal(50, lake.State.Dates.Count);
    }

    [Fact]
    public void OnlyDatesOfAcceptedListensCount()
    {
        using var lake = NewLake();
        var rejected = string.Concat(Days(50).Select(day => $"-1,track001,{day} 12:00:00,0,0\n"));
        lake.LandStreams("drop.csv", Listens(7) + rejected);
        var scanned = Assert.Single(lake.Run(new() { MaxRejectedShare = 1, MaxDatesPerFile = 7 }).Scanned);
        Assert.Equal((null, 7, 50), (scanned.Fault, scanned.Dates, (int)scanned.Rejected));
    }

    static TestLake NewLake()
    {
        var lake = new TestLake();
        lake.LandCatalogue(TestListens.Songs, TestListens.Users);
        return lake;
    }

    static string Listens(int days, int filler = 0) =>
        TestListens.Csv(Days(days).Select(day => $"1,track001,{day} 12:00:00,0,0"), filler: filler);

    static IEnumerable<string> Days(int count) =>
        Enumerable
            .Range(0, count)
            .Select(day => new DateOnly(2010, 1, 1).AddDays(day).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
}
