using Downbeat.Pipeline.Compaction;
using Downbeat.Pipeline.Corrections;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Ledger;
using Downbeat.Pipeline.Runs;
using Downbeat.Testing;

namespace Downbeat.Pipeline.Tests.Compaction;

public sealed class CompactStageTests
{
    static readonly RunOptions Never = new() { Workers = 1, CompactSlices = int.MaxValue };

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(8)]
    public void CompactingChangesNoTable(int most) =>
        RandomRounds.Run(
            2,
            random =>
            {
                var listens = new TestListens(random.Next());
                var rows = listens.Rows(400);
                using var expected = NewLake();
                expected.LandStreams("all.csv", TestListens.Csv(rows));
                expected.Run(Never);

                // In any order, some rows more than once, in several runs, each of which may compact what others have compacted.
                using var lake = NewLake();
                var runs = 1 + random.Next(6);
                var files = listens.Split(listens.Shuffle(rows.Concat(rows.Take(100))), 30);
                for (var run = 0; run < runs; run++)
                {
                    foreach (var (file, number) in files.Select((file, number) => (file, number)))
                    {
                        if (number % runs == run)
                        {
                            lake.LandStreams($"{number}.csv", TestListens.Csv(file));
                        }
                    }

                    var options = Never with { Workers = 1 + random.Next(3), CompactSlices = most };
                    Assert.Empty(lake.Run(options).Errors);
                    AssertFew(lake, most);
                }

                Assert.NotEmpty(lake.State.Compacted);
                Assert.Equal(expected.Kpis(), lake.Kpis());
                Rebuild(lake);
                Assert.Equal(expected.Kpis(), lake.Kpis());
                Assert.Equal(RunOutcome.NothingToDo, lake.Run(Never).Outcome);
                AssertNamed(lake);
            }
        );

    [Fact]
    public void TenThousandFilesOneByOneAreWrittenAgainAFewTimesOnly()
    {
        const int Most = 64;
        const int Tiny = 1 << 12; // Larger ones are left alone as long as there are not very many.
        var date = new DateOnly(2024, 6, 25);
        DatePiece Piece(long listens) => new(null, [new("slices/date=2024-06-25/a-0.slice", date, listens, 1)]);
        var pieces = new List<DatePiece>();
        var written = 0L;
        for (var file = 0; file < 10_000; file++)
        {
            pieces.Add(Piece(1));
            foreach (var group in CompactStage.Choose(pieces, Most).ToList())
            {
                var listens = group.Sum(piece => piece.Listens);
                written += listens;
                pieces.RemoveAll(group.Contains);
                pieces.Add(Piece(listens));
            }

            Assert.InRange(pieces.Count(piece => piece.Listens < Tiny), 0, Most);
            Assert.InRange(pieces.Count, 1, Most + (10_000 / Tiny));
        }

        Assert.InRange(written, 10_000 - Most, 150_000);
        Assert.Equal(10_000, pieces.Sum(piece => piece.Listens));
    }

    [Fact]
    public void FewOrLargeSlicesAreLeftAlone()
    {
        var date = new DateOnly(2024, 6, 25);
        List<DatePiece> Pieces(int count, long listens) =>
            [
                .. Enumerable
                    .Range(0, count)
                    .Select(number => new DatePiece(null, [new($"slices/d/{number}-0.slice", date, listens, 1)])),
            ];
        Assert.Empty(CompactStage.Choose(Pieces(64, 100), 64));
        Assert.Empty(CompactStage.Choose(Pieces(2000, 1 << 20), 64));
        Assert.Empty(CompactStage.Choose(Pieces(1024, 1 << 12), 64));
        Assert.NotEmpty(CompactStage.Choose(Pieces(1025, 1 << 12), 64));
        var groups = CompactStage.Choose(Pieces(10_000, 1), 64).ToList();
        Assert.Equal(10_000, groups.Sum(group => group.Count));
        Assert.All(groups, group => Assert.InRange(group.Count, 900, 1024));
    }

    [Fact]
    public void WhatIsRetractedOrReplacedLeavesAndComesBack()
    {
        var rows = new TestListens(3).Rows(120);
        var options = Never with { CompactSlices = 2 };
        using var lake = LakeOf(rows, 6, options);
        var all = lake.Kpis();
        var compacted = lake.State.Compacted.Keys.ToList();
        var id = new Retraction(lake.Lake, TimeProvider.System).Find("3.csv", restore: false).Source;
        Assert.Empty(lake.Run(options, new() { Retract = id }).Errors);
        using var without = LakeOf(rows, 6, Never, except: 3);
        Assert.Equal(without.Kpis(), lake.Kpis());
        Assert.Empty(lake.State.Compacted.Keys.Intersect(compacted));
        AssertNamed(lake);
        lake.Run(options, new() { Restore = id });
        Assert.Equal(all, lake.Kpis());

        // A longer version of a file, the rest of which is in another one as well.
        lake.LandStreams(
            "5.csv",
            FileOf(rows, 6, 5) + "7,track001,2024-06-25 12:00:00,0,0\n",
            TestLake.Arrived.AddDays(1)
        );
        Assert.Empty(lake.Run(options).Errors);
        Assert.Contains(lake.State.Sources.Values, source => source.RetractedBy is not null);
        using var longer = LakeOf([.. rows, "7,track001,2024-06-25 12:00:00,0,0"], 1, Never);
        Assert.Equal(longer.Kpis(), lake.Kpis());
        AssertNamed(lake);
    }

    [Fact]
    public void ADamagedOrMissingCompactedSliceIsReplacedByThoseItWasMadeOf() =>
        RandomRounds.Run(
            4,
            random =>
            {
                var options = Never with { CompactSlices = 2 };
                using var lake = LakeOf(new TestListens(random.Next()).Rows(100), 6, options);
                var expected = lake.Kpis();
                var broken = lake.State.Compacted.Values.First();
                var file = Path.Combine(lake.Folder, broken.Slices[0].Path);
                var bytes = File.ReadAllBytes(file);
                if (random.Next(2) == 0)
                {
                    bytes[random.Next(bytes.Length)] ^= 1;
                    File.WriteAllBytes(file, bytes);
                }
                else
                {
                    File.Delete(file);
                }

                var error = Assert.Single(Rebuild(lake).Errors);
                Assert.Contains("downbeat repair", error, StringComparison.Ordinal);
                Assert.Equal(expected, lake.Kpis());
                Assert.True(lake.Repair(new(DryRun: true), options).HasToMend);
                var report = lake.Repair(options: options);
                Assert.False(report.HasUnmended);
                Assert.Contains(report.Findings, finding => finding.Path == broken.Slices[0].Path);
                Assert.Empty(lake.Repair(options: options).Findings);
                Assert.Empty(Rebuild(lake).Errors);
                Assert.Equal(expected, lake.Kpis());
                AssertNamed(lake);
            }
        );

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void DyingAtAnyWriteLosesNothingAndDoublesNothing(bool afterwards)
    {
        var rows = new TestListens(5).Rows(60);
        var options = Never with { CompactSlices = 2 };
        using var before = LakeOf(rows[..40], 4, options);
        Assert.NotEmpty(before.State.Compacted);
        for (var file = 0; file < 4; file++)
        {
            before.LandStreams($"late{file}.csv", TestListens.Csv(rows[(40 + (5 * file))..(45 + (5 * file))]));
        }

        using var expected = LakeOf(rows, 1, Never);
        var all = Enumerable
            .Range(1, 1000)
            .TakeWhile(write =>
            {
                using var lake = before.Copy();
                var faulty = new FaultyLake(lake.Lake, write, afterwards);
                try
                {
                    lake.Run(options, through: faulty);
                }
                catch (FaultyLake.DeadException)
                {
                    lake.BuryProcess();
                }

                Assert.Empty(lake.Run(options).Errors);
                Assert.True(expected.Kpis().SequenceEqual(lake.Kpis()), $"write {write}");
                Assert.True(lake.Plan(options).IsEmpty, $"write {write}");
                Assert.NotEmpty(lake.State.Compacted);
                if (faulty.IsDead)
                {
                    AssertNamed(lake);
                }

                return faulty.IsDead;
            });
        Assert.InRange(all.Count(), 20, 900);
    }

    /// <summary>One run stands still with what it compacted, or just before it reads that, while another does the same and more.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void TwoRunsAtOnceCompactTheSameDates(bool withMore)
    {
        var rows = new TestListens(6).Rows(200);
        var options = Never with { CompactSlices = 2 };
        foreach (var stallsAt in new[] { 1, 2, 3 })
        {
            using var lake = LakeOf(rows[..80], 4, Never);
            for (var file = 0; file < 4; file++)
            {
                lake.LandStreams($"more{file}.csv", TestListens.Csv(rows[(80 + (20 * file))..(100 + (20 * file))]));
            }

            var puts = 0;
            var stalled = new StallingLake(
                lake.Lake,
                path =>
                {
                    if (path.Contains("/compacted-", StringComparison.Ordinal) && ++puts == stallsAt)
                    {
                        File.Delete(Path.Combine(lake.Folder, LakePaths.Lease));
                        if (withMore)
                        {
                            lake.LandStreams("last.csv", TestListens.Csv(rows[160..]));
                        }

                        Assert.Empty(lake.Run(options).Errors);
                    }
                }
            );
            lake.Run(options, through: stalled);
            Assert.True(puts >= stallsAt);
            if (!withMore)
            {
                lake.LandStreams("last.csv", TestListens.Csv(rows[160..]));
            }

            Assert.Empty(lake.Run(options).Errors);
            using var expected = LakeOf(rows, 1, Never);
            Assert.Equal(expected.Kpis(), lake.Kpis());
            Assert.Empty(Rebuild(lake).Errors);
            Assert.Equal(expected.Kpis(), lake.Kpis());
        }
    }

    static RunRecord Rebuild(TestLake lake) =>
        lake.Run(Never, new() { Rebuild = new(new(2024, 1, 1), new(2024, 12, 31)) });

    static TestLake NewLake()
    {
        var lake = new TestLake();
        lake.LandCatalogue(TestListens.Songs, TestListens.Users);
        return lake;
    }

    static TestLake LakeOf(List<string> rows, int files, RunOptions options, int except = -1)
    {
        var lake = NewLake();
        foreach (var file in Enumerable.Range(0, files).Where(file => file != except))
        {
            lake.LandStreams($"{file}.csv", FileOf(rows, files, file));
        }

        Assert.Empty(lake.Run(options).Errors);
        return lake;
    }

    static string FileOf(List<string> rows, int files, int file) =>
        TestListens.Csv(rows.Where((_, row) => row % files == file));

    static void AssertFew(TestLake lake, int most)
    {
        var state = lake.State;
        Assert.All(
            state.SlicesByDate(),
            date => Assert.InRange(state.Pieces(date.Key, date.Value.ConvertAll(slice => slice.Slice)).Count, 1, most)
        );
    }

    /// <summary>Every slice that is there is named, and the other way round.</summary>
    internal static void AssertNamed(TestLake lake)
    {
        var state = lake.State;
        Assert.Equal(
            state
                .Sources.Values.SelectMany(source => source.Entry.Slices)
                .Concat(state.Compacted.Values.SelectMany(one => one.Slices))
                .Select(slice => slice.Path)
                .Order(StringComparer.Ordinal),
            lake.Lake.List(LakePaths.Slices).Select(slice => slice.Path).Order(StringComparer.Ordinal)
        );
    }

    sealed class StallingLake(ILake inner, Action<string> onPut) : ForwardingLake(inner)
    {
        public override void PutScratch(string path, string scratchFile)
        {
            base.PutScratch(path, scratchFile);
            onPut(path);
        }
    }
}
