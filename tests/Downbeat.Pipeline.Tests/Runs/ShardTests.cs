using System.Globalization;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Runs;
using Downbeat.Testing;

namespace Downbeat.Pipeline.Tests.Runs;

/// <summary>Shares of the landed files that several machines scan at once.</summary>
public sealed class ShardTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(7)]
    public void EveryFileIsInExactlyOneOfThem(int count)
    {
        var files = new int[count];
        for (var file = 0; file < 2000; file++)
        {
            var key = string.Create(CultureInfo.InvariantCulture, $"landing/streams/2024/{file}.csv");
            var shards = Enumerable.Range(1, count).Where(number => new Shard(number, count).Has(key)).ToList();
            files[Assert.Single(shards) - 1]++;
        }

        Assert.All(files, share => Assert.InRange(share, 1500 / count, 2500 / count));
    }

    [Fact]
    public void EachScansItsOwnAndTogetherTheyScanAll()
    {
        using var lake = new TestLake();
        lake.LandCatalogue(TestListens.Songs, TestListens.Users);
        for (var file = 0; file < 40; file++)
        {
            lake.LandStreams(
                string.Create(CultureInfo.InvariantCulture, $"{file}.csv"),
                TestListens.Csv([$"{file},track001,2024-06-25 12:00:00,0,0"])
            );
        }

        var first = lake.Run(request: new() { Only = RunStep.Scan, Shard = new(1, 2) });
        var again = lake.Run(request: new() { Only = RunStep.Scan, Shard = new(1, 2) });
        var second = lake.Run(request: new() { Only = RunStep.Scan, Shard = new(2, 2) });
        Assert.InRange(first.Scanned.Count, 5, 35);
        Assert.Equal((RunOutcome.NothingToDo, 0), (again.Outcome, again.Scanned.Count));
        Assert.Equal(40, first.Scanned.Count + second.Scanned.Count);
        Assert.Equal([new DateOnly(2024, 6, 25)], second.Stale);
        Assert.Empty(lake.Kpis()); // That is for others to do.
        Assert.Equal(40, lake.Lake.List(LakePaths.Streams).Count);
        Assert.Equal(40, Assert.Single(lake.Run().Dates).Listens);
    }
}
