using Downbeat.Engine.Scan;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Runs;
using Downbeat.Testing;

namespace Downbeat.Pipeline.Tests;

/// <summary>The laws: for accepted listens under one catalogue nothing but the set of listens shapes what is published.</summary>
public sealed class LawTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public void OrderGroupingSplittingRepetitionWorkersAndCompressionChangeNothing(int round)
    {
        var random = new TestListens();
        var rows = random.Rows(200 + (300 * round));
        var expected = Published([("all.csv", TestListens.Csv(rows))], new() { Workers = 1 }, runs: 1);
        Assert.NotEmpty(expected);

        // Any number of files, each row in one or several of them, in any order, landed before one of several runs.
        var files = new List<(string Name, string Csv)>();
        foreach (var group in random.Split(random.Shuffle(rows), 1 + random.Next(9)))
        {
            var again = rows.Where(_ => random.Next(5) == 0);
            var mixed = random.Shuffle(group.Concat(again).Concat(group.Where(_ => random.Next(3) == 0)));
            files.Add(
                ($"part{files.Count}.csv{(random.Next(2) == 0 ? ".gz" : "")}", TestListens.Csv(mixed, LineEnd(random)))
            );
        }

        var found = Published(files, new() { Workers = 1 + random.Next(5) }, runs: 1 + random.Next(3));
        AssertSame(expected, found, random.Seed);
    }

    /// <summary>In how many sections a file is scanned, by how many workers at once, by which instructions, through how small a buffer.</summary>
    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(16)]
    [InlineData(64)]
    public void SectionsKernelsAndMoreWorkersThanProcessorsChangeNothing(int workers)
    {
        var random = new TestListens();
        var rows = random.Rows(3000);
        var expected = Published([("all.csv", TestListens.Csv(rows))], new() { Workers = 1 }, runs: 1);
        foreach (var kernel in ScanKernels.Available)
        {
            // One of several sections, one of a quoted row besides, which is scanned as a whole in the end, and small ones.
            var parts = random.Split(random.Shuffle(rows), 4);
            var quoted = parts[1].Append("\"" + parts[0][0].Replace(",track", "\",track", StringComparison.Ordinal));
            List<(string, string)> files =
            [
                ("sections.csv", TestListens.Csv(parts[0].Concat(rows.Take(2000)), LineEnd(random), 1400)),
                ("quoted.csv", TestListens.Csv(random.Shuffle(quoted), LineEnd(random), 4000)),
                ("small.csv", TestListens.Csv(parts[2], LineEnd(random))),
                ("compressed.csv.gz", TestListens.Csv(parts[3], LineEnd(random), 1000)),
            ];
            var options = new RunOptions
            {
                Workers = workers,
                MinSectionBytes = 1 << 20,
                SortBufferMb = 16 + random.Next(1024),
            };
            try
            {
                ScanKernels.Chosen = kernel; // Tests that run at the same time have it too, and do not mind.
                AssertSame(expected, Published(files, options, runs: 1), random.Seed);
            }
            finally
            {
                ScanKernels.Chosen = ScanKernels.Best;
            }
        }
    }

    [Fact]
    public void DeliveringTheSameListensAgainLeavesEveryFileAsItWas()
    {
        var random = new TestListens();
        var rows = random.Rows(2000);
        using var lake = NewLake();
        lake.LandStreams("first.csv", TestListens.Csv(rows));
        lake.Run();
        var before = lake.Kpis();
        var written = Written(lake);

        lake.LandStreams("again.csv.gz", TestListens.Csv(random.Shuffle(rows), "\r\n"));
        lake.LandStreams("some.csv", TestListens.Csv(random.Shuffle(rows).Take(700)));
        var record = lake.Run();

        AssertSame(before, lake.Kpis(), random.Seed);
        Assert.Equal(written, Written(lake)); // Not even written again.
        Assert.Equal(3, record.Dates.Count);
        Assert.All(record.Dates, date => Assert.Empty(date.Restated));
    }

    /// <summary>All but what tells how often listens were delivered.</summary>
    static IEnumerable<LakeObject> Written(TestLake lake) => [.. TestLake.ListenTables(lake.Lake)];

    [Fact]
    public void ALateFileRestatesItsDateAndNoOther()
    {
        var random = new TestListens();
        using var lake = NewLake();
        lake.LandStreams("first.csv", TestListens.Csv(random.Rows(500)));
        lake.Run();
        lake.LandStreams(
            "late.csv",
            TestListens.Csv(["7,track001,2024-06-25 12:00:00,0,0", "7,track001,2024-06-25 12:00:01,0,0"])
        );
        var record = lake.Run();
        var date = Assert.Single(record.Dates);
        Assert.Equal(new DateOnly(2024, 6, 25), date.Date);
        Assert.Contains("late.csv", date.Why, StringComparison.Ordinal);
        Assert.NotEmpty(date.Restated);
    }

    [Fact]
    public void ASecondRunFindsNothingToDo()
    {
        using var lake = NewLake();
        lake.LandStreams("first.csv", TestListens.Csv(new TestListens().Rows(100)));
        Assert.Equal(RunOutcome.Done, lake.Run().Outcome);
        var files = lake.Lake.List("");
        Assert.True(lake.Plan().IsEmpty);
        Assert.Equal(RunOutcome.NothingToDo, lake.Run().Outcome);
        Assert.Equal(files, lake.Lake.List(""));
    }

    static string LineEnd(TestListens random) => random.Next(2) == 0 ? "\n" : "\r\n";

    static TestLake NewLake()
    {
        var lake = new TestLake();
        lake.LandCatalogue(TestListens.Songs, TestListens.Users);
        return lake;
    }

    static SortedDictionary<string, string> Published(
        List<(string Name, string Csv)> files,
        RunOptions options,
        int runs
    )
    {
        using var lake = NewLake();
        for (var run = 0; run < runs; run++)
        {
            foreach (var (name, csv) in files.Where((_, number) => number % runs == run))
            {
                lake.LandStreams(name, csv);
            }

            var record = lake.Run(options);
            Assert.Empty(record.Errors);
            Assert.All(
                record.Scanned,
                file => Assert.Equal(file.Rows, file.Accepted + file.Duplicates + file.Rejected)
            );
        }

        return lake.Kpis();
    }

    static void AssertSame(SortedDictionary<string, string> expected, SortedDictionary<string, string> found, int seed)
    {
        Assert.True(expected.Keys.SequenceEqual(found.Keys), $"Other files are published; seed {seed}.");
        foreach (var (path, text) in expected)
        {
            Assert.True(text == found[path], $"{path} differs; seed {seed}.\nexpected:\n{text}\nfound:\n{found[path]}");
        }
    }
}
