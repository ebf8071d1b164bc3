using System.Globalization;
using Downbeat.Pipeline.Archive;
using Downbeat.Pipeline.Corrections;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Ledger;
using Downbeat.Pipeline.Repair;
using Downbeat.Pipeline.Runs;
using Downbeat.Pipeline.Tests.Compaction;
using Downbeat.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Downbeat.Pipeline.Tests.Archive;

public sealed class SweepTests
{
    static readonly RunOptions Options = new()
    {
        Workers = 1,
        CompactSlices = 2,
        MaxRejectedShare = 0.5,
    };

    /// <summary>Nothing is compacted: a run reads the slices of the sources.</summary>
    static readonly RunOptions Plain = new() { Workers = 1 };

    static readonly RunRequest RebuildAll = new() { Rebuild = new(new(2024, 1, 1), new(2024, 12, 31)) };

    static readonly KeepOptions ADay = new()
    {
        ArchiveDays = 1,
        QuarantineDays = 1,
        RetractedDays = 1,
        RunsDays = 1,
    };

    [Fact]
    public void WhateverWasDoneEveryDateCanBeComputedAfterASweep() =>
        RandomRounds.Run(
            6,
            random =>
            {
                using var history = new History(random);
                for (var step = 0; step < 14; step++)
                {
                    history.Step();
                }

                history.Check();
            }
        );

    [Fact]
    public void NothingGoesThatNoSettingNames()
    {
        using var lake = MakeLake();
        var before = Files(lake);
        Assert.Equal(["LeftOver", "OldCatalogue", "Replaced"], Reasons(SweepNow(lake, new(), days: 4000)));
        var gone = before.Except(Files(lake), StringComparer.Ordinal).ToList();
        Assert.Equal(4, gone.Count);
        Assert.Empty(SweepNow(lake, new(), days: 4000).Objects);
        CompactStageTests.AssertNamed(lake);
    }

    [Fact]
    public void ADryRunSaysWhatGoesAndDeletesNothing()
    {
        using var lake = MakeLake();
        var before = Files(lake);
        var plan = Sweep(lake, ADay, days: 2).Plan();
        Assert.True(plan.DryRun);
        Assert.Equal(before, Files(lake));
        Assert.Equal(
            ["Archive", "LeftOver", "OldCatalogue", "Quarantine", "Replaced", "Retracted", "Runs"],
            Reasons(plan)
        );
        var done = SweepNow(lake, ADay, days: 2);
        Assert.Equal(
            plan.Objects.OrderBy(one => one.Path, StringComparer.Ordinal),
            done.Objects.OrderBy(one => one.Path, StringComparer.Ordinal)
        );
        Assert.Empty(Files(lake).Intersect(done.Objects.Select(one => one.Path), StringComparer.Ordinal));
    }

    [Fact]
    public void WhatIsYoungerStays()
    {
        using var lake = MakeLake();
        SweepNow(lake, new(), days: 0);
        Assert.Empty(SweepNow(lake, ADay, days: 0).Objects);
        Assert.Empty(SweepNow(lake, new() { ArchiveDays = 30 }, days: 29).Objects);
        Assert.NotEmpty(SweepNow(lake, new() { ArchiveDays = 30 }, days: 31).Objects);
    }

    [Fact]
    public void WithoutRawFilesRepairSaysWhyASliceCannotBeMadeAgainAndCallsNothingElseDamage()
    {
        using var lake = MakeLake();
        SweepNow(lake, ADay, days: 2);
        Assert.Empty(lake.Lake.List(LakePaths.Archive));
        var report = lake.Repair(new(DryRun: true), Options);
        Assert.False(report.HasToMend || report.HasUnmended);
        Assert.Contains("keepArchiveDays", Assert.Single(report.Findings).Wrong, StringComparison.Ordinal);

        var slice = lake
            .State.Sources.Values.First(source => source.Counts && source.Entry.Slices.Count > 0)
            .Entry.Slices[0];
        File.Delete(Path.Combine(lake.Folder, slice.Path));
        report = lake.Repair(options: Options);
        var finding = report.Findings.Single(finding => finding.Path == slice.Path);
        Assert.Equal(RepairOutcome.NotMended, finding.Outcome);
        Assert.Contains("keepArchiveDays", finding.Cure, StringComparison.Ordinal);
    }

    /// <summary>As where the raw file was deleted by hand: whatever has its content serves, wherever it lies.</summary>
    [Theory]
    [InlineData("landing/streams/mail/sent-again.csv")]
    [InlineData("landing/streams/a.csv")]
    [InlineData(null)]
    public void ASliceWhoseRawFileWasSweptIsMendedFromItOnceItIsThereAgain(string? where)
    {
        using var lake = MakeSmallLake(out var source, out var raw);
        var slice = Path.Combine(lake.Folder, source.Entry.Slices[0].Path);
        var (kpis, whole) = (lake.Kpis(), File.ReadAllBytes(slice));
        File.Delete(slice);
        var error = Assert.Single(lake.Run(Plain, RebuildAll).Errors);
        Assert.Contains("deliver that file again", error, StringComparison.Ordinal);
        Assert.Contains($"`downbeat retract {source.Entry.Id}`", error, StringComparison.Ordinal);
        Assert.DoesNotContain("makes slices again", error, StringComparison.Ordinal);
        var finding = lake.Repair(options: Plain).Findings.Single(one => one.Path == source.Entry.Slices[0].Path);
        Assert.Equal(RepairOutcome.NotMended, finding.Outcome);
        Assert.Contains("deliver that file again", finding.Cure, StringComparison.Ordinal);

        lake.Land(where ?? source.MovedTo!, [.. raw[..^2], (byte)'9', (byte)'\n']);
        Assert.True(lake.Repair(options: Plain).HasUnmended); // It is another file.
        lake.Land(where ?? source.MovedTo!, raw);
        var looked = lake.Repair(new(DryRun: true), Plain);
        Assert.True(looked is { HasToMend: true, HasUnmended: false });
        Assert.False(lake.Repair(options: Plain).HasUnmended);
        Assert.Equal(whole, File.ReadAllBytes(slice));
        Assert.Empty(lake.Run(Plain, RebuildAll).Errors);
        Assert.Equal(kpis, lake.Kpis());
        Assert.False(lake.Repair(options: Plain).HasUnmended);
    }

    [Fact]
    public void WhatDoesNotCountAndHasNoRawFileIsNoDamage()
    {
        using var lake = MakeSmallLake(out var source, out _);
        File.Delete(Path.Combine(lake.Folder, source.Entry.Slices[0].Path));
        Assert.True(lake.Repair(options: Plain).HasUnmended);
        Assert.Empty(lake.Run(Plain, new() { Retract = source.Entry.Id }).Errors);
        Assert.All(lake.Repair(options: Plain).Findings, finding => Assert.Equal(RepairOutcome.Noted, finding.Outcome));
        Assert.Empty(lake.Run(Plain, RebuildAll).Errors);
    }

    [Fact]
    public void OnlyRawFilesThatCountAreSaidToHaveLeftTheirSlicesAlone()
    {
        using var lake = MakeSmallLake(out var source, out _);
        Assert.Contains(
            lake.State.Sources.Values,
            one => one is { Entry.Fault: not null, RawDeletedAt: not null, Counts: true }
        );
        Assert.StartsWith(
            "2 raw files that count were deleted",
            Assert.Single(lake.Repair(options: Plain).Findings).Wrong,
            StringComparison.Ordinal
        );
        Assert.Empty(lake.Run(Plain, new() { Retract = source.Entry.Id }).Errors);
        var finding = Assert.Single(lake.Repair(options: Plain).Findings);
        Assert.StartsWith("1 raw file that counts was deleted", finding.Wrong, StringComparison.Ordinal);
        Assert.StartsWith("its slices are", finding.Cure, StringComparison.Ordinal);
    }

    [Fact]
    public void ARawFileStaysWhileASliceOfItIsMissing()
    {
        using var lake = MakeLake();
        var source = lake.State.Sources.Values.First(source => source.Counts && source.Entry.Slices.Count > 0);
        File.Delete(Path.Combine(lake.Folder, source.Entry.Slices[0].Path));
        var report = SweepNow(lake, ADay, days: 2);
        Assert.Equal([source.MovedTo!], report.Needed);
        Assert.NotNull(lake.Lake.Find(source.MovedTo!));
        Assert.False(lake.Repair(options: Options).HasUnmended);
        Assert.Empty(SweepNow(lake, ADay, days: 2).Needed);
    }

    [Fact]
    public void WhatWasSweptIsNotTakenBackInAndCountsWhenItIsDeliveredAgain()
    {
        using var lake = MakeLake();
        var id = lake.State.Sources.Values.Single(source => source.IsRetracted).Entry.Id;
        SweepNow(lake, ADay, days: 2);
        var error = Assert.ThrowsAny<Exception>(() =>
            new Retraction(lake.Lake, TimeProvider.System).Find(id, restore: true)
        );
        Assert.Contains("keepRetractedDays", error.Message, StringComparison.Ordinal);
        Assert.True(lake.Plan(Options).IsEmpty);
        var before = lake.Kpis();
        lake.LandStreams("retracted.csv", TestListens.Csv(new TestListens(2).Rows(20)));
        Assert.Empty(lake.Run(Options).Errors);
        Assert.NotEqual(before, lake.Kpis());

        // It has another id: whoever deletes what it was may stand still.
        Assert.Equal(
            2,
            lake.State.Sources.Values.Count(source =>
                source.Entry.Key.EndsWith("/retracted.csv", StringComparison.Ordinal)
            )
        );
    }

    [Fact]
    public void WhatARunScannedThatStoodStillIsScannedAgainByTheNext()
    {
        using var lake = MakeLake();
        lake.LandStreams("late.csv", TestListens.Csv(["7,track001,2024-06-25 12:00:00,0,0"]));
        var isFirst = true;
        var stalled = new StallingLake(
            lake.Lake,
            path =>
            {
                if (isFirst && path.StartsWith(LakePaths.Slices, StringComparison.Ordinal))
                {
                    isFirst = false;
                    File.Delete(Path.Combine(lake.Folder, LakePaths.Lease));
                    Assert.Contains(SweepNow(lake, new(), days: 0).Objects, one => one.Path == path);
                }
            }
        );
        lake.Run(Options, through: stalled);
        Assert.Empty(lake.Run(Options).Errors);
        Assert.Contains(
            lake.State.Sources.Values,
            source => source.Counts && source.Entry.Key.EndsWith("/late.csv", StringComparison.Ordinal)
        );
        CompactStageTests.AssertNamed(lake);
        Assert.False(lake.Repair(new(DryRun: true), Options).HasToMend);
    }

    [Fact]
    public void ItWaitsForNobodyAndSaysSoWhileARunWorks()
    {
        using var lake = MakeLake();
        using var lease = Lease.Take(lake.Lake, "another", 60, TimeProvider.System);
        Assert.Throws<LeaseHeldException>(() => SweepNow(lake, ADay, days: 0));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void DyingAtAnyWriteIsEndedByTheNextSweep(bool afterwards)
    {
        using var before = MakeLake();
        using var expected = before.Copy();
        SweepNow(expected, ADay, days: 2);
        var all = Enumerable
            .Range(1, 1000)
            .TakeWhile(write =>
            {
                using var lake = before.Copy();
                var faulty = new FaultyLake(lake.Lake, write, afterwards);
                try
                {
                    new Sweep(faulty, Options with { Keep = ADay }, Later(2), NullLogger.Instance).Run();
                }
                catch (FaultyLake.DeadException)
                {
                    lake.BuryProcess();
                }

                SweepNow(lake, ADay, days: 2);
                Assert.Equal(
                    Files(expected).Where(path => !path.StartsWith("ledger", StringComparison.Ordinal)),
                    Files(lake).Where(path => !path.StartsWith("ledger", StringComparison.Ordinal))
                );
                Assert.DoesNotContain(
                    lake.Repair(new(DryRun: true), Options).Findings,
                    finding => finding.Outcome != RepairOutcome.Noted
                );
                Assert.Equal(RunOutcome.NothingToDo, lake.Run(Options).Outcome);
                return faulty.IsDead;
            });
        Assert.InRange(all.Count(), 10, 900);
    }

    /// <summary>Two files of one date and one that was quarantined, all of which were swept.</summary>
    static TestLake MakeSmallLake(out SourceState first, out byte[] raw)
    {
        var lake = new TestLake();
        lake.LandCatalogue(TestListens.Songs, TestListens.Users);
        lake.LandStreams("a.csv", TestListens.Csv(["1,track001,2024-06-25 10:00:00,0,0"]));
        lake.LandStreams("b.csv", TestListens.Csv(["2,track002,2024-06-25 11:00:00,0,0"]));
        lake.LandStreams("bad.csv", "user_id,track_id\n1,2\n");
        Assert.Empty(lake.Run(Plain).Errors);
        first = lake.State.Sources.Values.Single(source => source.Entry.Key == $"{LakePaths.Streams}/a.csv");
        raw = File.ReadAllBytes(Path.Combine(lake.Folder, first.MovedTo!));
        SweepNow(lake, ADay, days: 2);
        Assert.Null(lake.Lake.Find(first.MovedTo!));
        return lake;
    }

    /// <summary>A lake that holds something of everything that may go.</summary>
    static TestLake MakeLake()
    {
        var lake = new TestLake();
        lake.LandCatalogue(TestListens.Songs, TestListens.Users);
        lake.LandStreams("a.csv", TestListens.Csv(["1,track001,2024-06-25 10:00:00,0,0"]));
        lake.LandStreams(
            "b.csv",
            TestListens.Csv([.. new TestListens(1).Rows(40), "x,track001,2024-06-25 10:00:00,0,0"])
        );
        lake.LandStreams("retracted.csv", TestListens.Csv(new TestListens(2).Rows(20)));
        lake.LandStreams("c.csv", TestListens.Csv(new TestListens(3).Rows(20)));
        lake.LandStreams("d.csv", TestListens.Csv(new TestListens(4).Rows(20)));
        lake.LandStreams("bad.csv", "user_id,track_id\n1,2\n");
        Assert.Empty(lake.Run(Options).Errors);
        lake.LandCatalogue(
            TestListens.Songs + "new,A,B,C,1,1,genre\n",
            TestListens.Users,
            TestLake.Arrived.AddHours(1)
        );
        lake.LandStreams(
            "a.csv",
            TestListens.Csv(["1,track001,2024-06-25 10:00:00,0,0", "2,track001,2024-06-26 10:00:00,0,0"]),
            TestLake.Arrived.AddHours(1)
        );
        var id = new Retraction(lake.Lake, TimeProvider.System).Find("retracted.csv", restore: false).Source;
        Assert.Empty(lake.Run(Options, new() { Retract = id }).Errors);
        lake.Land($"{LakePaths.Slices}/date=2024-06-25/00000000000000000000000a-0.slice", [1]);
        lake.Land($"{LakePaths.Kpis}/genre_daily/date=2024-01-01.csv", [1]);
        Assert.NotEmpty(lake.State.Compacted);
        return lake;
    }

    static Sweep Sweep(TestLake lake, KeepOptions keep, int days) =>
        new(lake.Lake, Options with { Keep = keep }, Later(days), NullLogger.Instance);

    static SweepReport SweepNow(TestLake lake, KeepOptions keep, int days) => Sweep(lake, keep, days).Run();

    static LaterClock Later(int days) => new(TimeSpan.FromDays(days));

    static IEnumerable<string> Reasons(SweepReport report) =>
        report.Objects.Select(one => one.Why.ToString()).Distinct().Order(StringComparer.Ordinal);

    static List<string> Files(TestLake lake) =>
        [
            .. Directory
                .EnumerateFiles(lake.Folder, "*", SearchOption.AllDirectories)
                .Select(file => Path.GetRelativePath(lake.Folder, file))
                .Where(path => !path.StartsWith(".tmp", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal),
        ];

    /// <summary>A lake to which anything is done, and beside it what should count.</summary>
    sealed class History : IDisposable
    {
        readonly Random random;
        readonly TestListens listens;
        readonly TestLake lake = new();
        readonly Dictionary<string, File> files = new(StringComparer.Ordinal);
        readonly HashSet<string> forgotten = new(StringComparer.Ordinal);

        public History(Random random)
        {
            this.random = random;
            listens = new(random.Next());
            lake.LandCatalogue(TestListens.Songs, TestListens.Users);
        }

        public void Dispose() => lake.Dispose();

        public void Step()
        {
            switch (random.Next(8))
            {
                case 0 or 1:
                    for (var count = random.Next(4); count >= 0; count--)
                    {
                        var file = new File($"{files.Count}.csv");
                        files.Add(file.Name, file);
                        Deliver(file, listens.Rows(1 + random.Next(12)));
                    }

                    Run();
                    break;
                case 2 when Choose(file => file is { IsRetracted: false, IsRewritten: false }) is { } longer:
                    Deliver(longer, listens.Rows(1 + random.Next(4)));
                    Run();
                    break;
                case 3 when Choose(file => !file.IsRetracted) is { } unwanted:
                    Run(new() { Retract = IdOf(unwanted) });
                    unwanted.IsRetracted = true;
                    break;
                case 4 when Choose(file => file is { IsRetracted: true, IsGone: false }) is { } wanted:
                    Run(new() { Restore = IdOf(wanted) });
                    wanted.IsRetracted = false;
                    break;
                case 5 when random.Next(2) == 0:
                    var user = random.Next(50).ToString(CultureInfo.InvariantCulture);
                    Run(new() { Forget = [ulong.Parse(user, CultureInfo.InvariantCulture)] });
                    forgotten.Add(user);
                    foreach (var file in files.Values)
                    {
                        file.IsRewritten |=
                            file.Rows.RemoveAll(row => row.StartsWith(user + ",", StringComparison.Ordinal)) > 0;
                    }

                    break;
                case 6:
                    var report = lake.Repair(options: Options);
                    Assert.False(report.HasUnmended);
                    break;
                default:
                    var keep = new KeepOptions
                    {
                        ArchiveDays = random.Next(2) == 0 ? null : 1,
                        RetractedDays = random.Next(2) == 0 ? null : 1,
                        RunsDays = 1,
                    };
                    SweepNow(lake, keep, days: 2);
                    foreach (var file in files.Values.Where(file => file.IsRetracted && keep.RetractedDays is not null))
                    {
                        file.IsGone = true;
                    }

                    CompactStageTests.AssertNamed(lake);
                    break;
            }
        }

        public void Check()
        {
            SweepNow(lake, ADay, days: 2);
            var report = lake.Repair(new(DryRun: true), Options);
            Assert.False(report.HasToMend || report.HasUnmended, string.Join('\n', report.Findings));
            Run(new() { Rebuild = new(new(2024, 1, 1), new(2024, 12, 31)) });
            using var expected = new TestLake();
            expected.LandCatalogue(TestListens.Songs, TestListens.Users);
            var rows = files.Values.Where(file => !file.IsRetracted).SelectMany(file => file.Rows).ToList();
            expected.LandStreams("all.csv", TestListens.Csv(rows));
            expected.Run(Options with { CompactSlices = int.MaxValue });
            Assert.Equal(expected.Kpis(), lake.Kpis());
        }

        void Deliver(File file, List<string> rows)
        {
            // The users as last read know nobody who was forgotten.
            file.Rows.AddRange(rows.Where(row => !forgotten.Contains(row.Split(',')[0])));
            file.Versions++;
            lake.LandStreams(file.Name, TestListens.Csv(file.Rows), TestLake.Arrived.AddHours(file.Versions));
        }

        void Run(RunRequest? request = null)
        {
            var record = lake.Run(
                Options with
                {
                    CompactSlices = 1 + random.Next(5),
                    Workers = 1 + random.Next(2),
                },
                request
            );
            Assert.Empty(record.Errors);
        }

        File? Choose(Func<File, bool> which) =>
            files.Values.Where(which).ToList() is [_, ..] some ? some[random.Next(some.Count)] : null;

        string IdOf(File file) =>
            lake
                .State.Sources.Values.Single(source =>
                    source.RetractedBy is null && source.Entry.Key == $"{LakePaths.Streams}/{file.Name}"
                )
                .Entry.Id;

        sealed class File(string name)
        {
            public string Name => name;

            public List<string> Rows { get; } = [];

            public int Versions { get; set; }

            public bool IsRetracted { get; set; }

            public bool IsRewritten { get; set; }

            public bool IsGone { get; set; }
        }
    }

    sealed class LaterClock(TimeSpan ahead) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + ahead;
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
