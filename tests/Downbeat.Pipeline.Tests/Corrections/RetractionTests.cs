using Downbeat.Pipeline.Corrections;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Quarantine;
using Downbeat.Pipeline.Runs;
using Downbeat.Testing;

namespace Downbeat.Pipeline.Tests.Corrections;

public sealed class RetractionTests
{
    static readonly RunOptions Alone = new() { Workers = 1 };

    [Fact]
    public void RetractingAFileLeavesTheTablesOfTheOthersAndTakingItBackInThoseOfAll() =>
        RandomRounds.Run(
            5,
            random =>
            {
                var listens = new TestListens(random.Next());
                var rows = listens.Rows(200);
                List<List<string>> files =
                [
                    rows[..90],
                    rows[60..150],
                    [.. rows[140..].Append("x,track001,2024-06-25 10:00:00,0,0")],
                ];
                using var lake = Lake(files, 0, 1, 2);
                var all = lake.Kpis();
                for (var file = 0; file < files.Count; file++)
                {
                    Retract(lake, $"{file}.csv");
                    using var others = Lake(files, [.. Enumerable.Range(0, files.Count).Where(other => other != file)]);
                    Assert.Equal(others.Kpis(), lake.Kpis());
                    Assert.True(lake.Plan().IsEmpty);
                    Assert.Equal(RunOutcome.NothingToDo, lake.Run().Outcome);
                    if (random.Next(2) == 0)
                    {
                        Retract(lake, $"{file}.csv", restore: true);
                        Assert.All(
                            lake.State.Sources.Values,
                            source => Assert.StartsWith("archive/", source.MovedTo, StringComparison.Ordinal)
                        );
                    }
                    else
                    {
                        lake.LandStreams($"{file}.csv", TestListens.Csv(files[file]));
                        Assert.Empty(lake.Run().Errors);
                    }

                    Assert.Equal(all, lake.Kpis());
                    Assert.True(lake.Plan().IsEmpty);
                }
            }
        );

    [Fact]
    public void TheRawFileMovesAndTheDatesSayWhy()
    {
        using var lake = Lake(
            [
                ["1,track001,2024-06-25 10:00:00,0,0"],
                ["1,track001,2024-06-26 10:00:00,0,0"],
            ],
            0,
            1
        );
        var source = lake.State.Sources.Values.Single(known =>
            known.Entry.Key.EndsWith("0.csv", StringComparison.Ordinal)
        );
        var record = Retract(lake, source.Entry.Id[..6]);
        Assert.Equal("it has no listens any more (retracted: 0.csv)", Assert.Single(record.Dates).Why);
        Assert.Equal(1, record.Retracted);
        Assert.NotNull(lake.Lake.Find($"retracted/streams/{source.Entry.Id}-0.csv"));
        Assert.Single(lake.Lake.List(LakePaths.Archive));
        record = Retract(lake, "0.csv", restore: true);
        Assert.Equal("new: 0.csv", Assert.Single(record.Dates).Why);
        Assert.Equal(2, lake.Lake.List(LakePaths.Archive).Count);
    }

    [Fact]
    public void AFileThatStillLiesWhereItLandedIsNotScannedAgain()
    {
        using var lake = new TestLake();
        lake.LandCatalogue(TestListens.Songs, TestListens.Users);
        lake.LandStreams("0.csv", TestListens.Csv(["1,track001,2024-06-25 10:00:00,0,0"]));
        var immovable = new ImmovableLake(lake.Lake);
        Assert.Single(lake.Run(through: immovable).Errors);
        var record = Retract(lake, "0.csv", immovable);
        Assert.Single(record.Errors);
        Assert.Empty(record.Scanned);
        Assert.Empty(lake.Kpis());
        Assert.Empty(lake.Run(through: immovable).Scanned);
        record = lake.Run();
        Assert.Equal((0, 1), (record.Scanned.Count, record.Retracted));
        Assert.Empty(lake.Kpis());
        Assert.Single(lake.Lake.List(LakePaths.Retracted));
        Assert.True(lake.Plan().IsEmpty);
    }

    [Fact]
    public void WhatAStalledRunScannedDoesNotCountAgain()
    {
        using var lake = new TestLake();
        lake.LandCatalogue(TestListens.Songs, TestListens.Users);
        lake.LandStreams("0.csv", TestListens.Csv(["1,track001,2024-06-25 10:00:00,0,0"]));
        var isFirst = true;
        var stalled = new StallingLake(
            lake.Lake,
            path =>
            {
                if (path.EndsWith(".slice", StringComparison.Ordinal) && isFirst)
                {
                    isFirst = false;
                    File.Delete(Path.Combine(lake.Folder, LakePaths.Lease));
                    lake.Run();
                    Retract(lake, "0.csv");
                }
            }
        );
        lake.Run(through: stalled);
        Assert.Empty(lake.Run().Errors);
        Assert.Empty(lake.Kpis());
        Assert.Single(lake.Lake.List(LakePaths.Retracted));
    }

    [Fact]
    public void RejectedRowsOfARetractedFileAreNoLongerInQuarantine()
    {
        using var lake = Lake(
            [
                [.. new TestListens(1).Rows(60), "x,track001,2024-06-25 10:00:00,0,0"],
            ],
            0
        );
        var quarantine = new QuarantineStore(lake.Lake, Alone, TimeProvider.System);
        Assert.Single(quarantine.List());
        Retract(lake, "0.csv");
        Assert.Empty(quarantine.List());
        Retract(lake, "0.csv", restore: true);
        Assert.Single(quarantine.List());
    }

    [Fact]
    public void AnOlderVersionStaysRetracted()
    {
        List<string> rows = ["1,track001,2024-06-25 10:00:00,0,0", "2,track001,2024-06-25 11:00:00,0,0"];
        using var lake = Lake([rows[..1]], 0);
        lake.LandStreams("0.csv", TestListens.Csv(rows), TestLake.Arrived.AddHours(1));
        lake.Run();
        var older = lake.State.Sources.Values.Single(source => source.RetractedBy is not null).Entry.Id;
        Assert.Contains("took its place", Refusal(lake, older), StringComparison.Ordinal);
        Retract(lake, "0.csv");
        Assert.Empty(lake.Kpis());
    }

    [Fact]
    public void WhatCannotBeRetractedIsSaid()
    {
        using var lake = Lake(
            [
                ["1,track001,2024-06-25 10:00:00,0,0"],
            ],
            0
        );
        lake.LandStreams("bad.csv", "user,track\n1,2\n");
        lake.LandStreams("more/0.csv", TestListens.Csv(["1,track001,2024-06-25 12:00:00,0,0"]));
        lake.Run();
        Assert.Contains("quarantined whole", Refusal(lake, "bad.csv"), StringComparison.Ordinal);
        Assert.Contains("No file that was scanned", Refusal(lake, "nothing.csv"), StringComparison.Ordinal);
        Assert.Contains("means several", Refusal(lake, "0.csv"), StringComparison.Ordinal);
        Retract(lake, "more/0.csv");
        Assert.Equal(
            "landing/streams/0.csv",
            new Retraction(lake.Lake, TimeProvider.System).Find("0.csv", restore: false).Path
        );
    }

    [Fact]
    public void MeasuringTellsWhatOthersHoldAsWell()
    {
        var rows = new TestListens(7).Rows(100).Distinct(StringComparer.Ordinal).ToList();
        using var lake = Lake([rows[..60], rows[40..]], 0, 1);
        var retraction = new Retraction(lake.Lake, TimeProvider.System);
        var plan = retraction.Measure(retraction.Find("1.csv", restore: false));
        var before = lake.State.Dates.Values.ToDictionary(date => date.Entry.Date, date => date.Entry.Listens);
        Assert.All(plan.Dates, date => Assert.Equal(before[date.Date], date.ListensWith));
        Retract(lake, "1.csv");
        var after = lake.State.Dates.Values.ToDictionary(date => date.Entry.Date, date => date.Entry.Listens);
        Assert.All(plan.Dates, date => Assert.Equal(after.GetValueOrDefault(date.Date), date.ListensWithout));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void DyingAtAnyWriteOfARetractionIsEndedByTheNextRun(bool afterwards)
    {
        var rows = new TestListens(11).Rows(90);
        List<List<string>> files = [rows[..50], rows[40..], ["1,track001,2024-06-28 10:00:00,0,0"]];
        using var expected = Lake(files, 0, 2);
        using var before = Lake(files, 0, 1, 2);
        var id = new Retraction(before.Lake, TimeProvider.System).Find("1.csv", restore: false).Source;
        var all = Enumerable
            .Range(1, 1000)
            .TakeWhile(write =>
            {
                using var lake = before.Copy();
                var faulty = new FaultyLake(lake.Lake, write, afterwards);
                try
                {
                    lake.Run(Alone, new() { Retract = id }, faulty);
                }
                catch (FaultyLake.DeadException)
                {
                    lake.BuryProcess();
                }

                Assert.Empty(lake.Run(Alone).Errors);
                if (!lake.State.Sources[id].IsRetracted)
                {
                    lake.Run(Alone, new() { Retract = id }); // It died before the wish was committed.
                }

                Assert.True(expected.Kpis().SequenceEqual(lake.Kpis()), $"write {write}");
                Assert.Equal(["archive/streams", "archive/streams", "retracted/streams"], Folders(lake));
                Assert.True(lake.Plan().IsEmpty, $"write {write}");
                return faulty.IsDead;
            });
        Assert.InRange(all.Count(), 20, 900);
    }

    static IEnumerable<string> Folders(TestLake lake) =>
        new[] { LakePaths.Archive, LakePaths.Retracted, LakePaths.Streams }
            .SelectMany(folder => lake.Lake.List(folder))
            .Select(file => file.Path[..file.Path.LastIndexOf('/')]);

    static TestLake Lake(List<List<string>> files, params IReadOnlyList<int> landed)
    {
        var lake = new TestLake();
        lake.LandCatalogue(TestListens.Songs, TestListens.Users);
        foreach (var file in landed)
        {
            lake.LandStreams($"{file}.csv", TestListens.Csv(files[file]));
        }

        Assert.Empty(lake.Run(Alone).Errors);
        return lake;
    }

    static RunRecord Retract(TestLake lake, string source, ILake? through = null, bool restore = false)
    {
        var id = new Retraction(lake.Lake, TimeProvider.System).Find(source, restore).Source;
        return lake.Run(Alone, restore ? new() { Restore = id } : new() { Retract = id }, through);
    }

    static RunRecord Retract(TestLake lake, string source, bool restore) => Retract(lake, source, null, restore);

    static string Refusal(TestLake lake, string source) =>
        Assert
            .ThrowsAny<Exception>(() => new Retraction(lake.Lake, TimeProvider.System).Find(source, restore: false))
            .Message;

    sealed class ImmovableLake(ILake inner) : ForwardingLake(inner)
    {
        public override bool Move(LakeObject read, string? hash, string target) => throw new IOException("No.");
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
