using System.Text;
using Downbeat.Connectors.S3;
using Downbeat.Engine.Kpis;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Ledger;
using Downbeat.Pipeline.Runs;
using Downbeat.Testing;
using Downbeat.Testing.Servers;
using Microsoft.Extensions.Logging.Abstractions;

namespace Downbeat.Connectors.Tests.S3;

/// <summary>Whole runs on S3: the same tables as in a folder, byte for byte.</summary>
public sealed class S3RunTests : IDisposable
{
    readonly string bucket = S3Server.NewBucket();
    readonly List<S3Lake> lakes = [];

    public static TheoryData<string> Cases => [.. ConformanceCase.Names];

    public void Dispose() => lakes.ForEach(lake => lake.Dispose());

    [Theory]
    [MemberData(nameof(Cases))]
    public void ConformanceCasesHold(string name)
    {
        var given = ConformanceCase.Read(name);
        var lake = new ArrivalLake(Open());
        LakeFile.Create(lake, given.TimeZone, TestLake.Arrived);
        foreach (var area in (string[])["streams", "songs", "users"])
        {
            foreach (var (file, bytes, arrived) in given.Landed(area))
            {
                lake.Put([($"landing/{area}/{file}", bytes)]);
                lake.Arrivals[$"landing/{area}/{file}"] = arrived;
            }
        }

        var options = new RunOptions
        {
            MaxRejectedShare = given.Setting("maxRejectedShare", 0.05),
            Kpis = new()
            {
                LikeWeight = given.Setting("likeWeight", 2),
                ShareWeight = given.Setting("shareWeight", 3),
                TopTracks = given.Setting("topTracks", 3),
                TopGenres = given.Setting("topGenres", 5),
                TopArtistsDaily = given.Setting("topArtistsDaily", 5),
                TopArtistsHourly = given.Setting("topArtistsHourly", 5),
            },
        };
        Assert.Empty(Run(lake, options).Errors);
        var found = Kpis(lake);
        var expected = given.ExpectedTables();
        Assert.All(expected, table => Assert.Equal(table.Value, found.GetValueOrDefault(table.Key)));
        Assert.Equal(
            expected.Keys.Select(Path.GetFileName).Distinct(StringComparer.Ordinal).Count() * KpiTables.Schemas.Count,
            found.Count
        );
        Assert.Equal(RunOutcome.NothingToDo, Run(lake, options).Outcome);
    }

    /// <summary>Many small files, a large one in sections, a late one that restates, a broken one.</summary>
    [Fact]
    public void ARunWithARestatementGivesWhatAFolderGives()
    {
        var random = new TestListens();
        var rows = random.Rows(20_000);
        using var folder = new TestLake();
        using var proxy = new FaultyProxy(new(S3Server.Address));
        var lake = Open(proxy.Address);
        LakeFile.Create(lake, "UTC", TestLake.Arrived);
        void Land(string path, string text)
        {
            folder.Land(path, Encoding.UTF8.GetBytes(text));
            lake.Put([(path, Encoding.UTF8.GetBytes(text))]);
        }

        Land("landing/songs/songs.csv", TestListens.Songs);
        Land("landing/users/users.csv", TestListens.Users);
        for (var file = 0; file < 60; file++)
        {
            Land($"landing/streams/{file % 3}/small {file}.csv", TestListens.Csv(rows.Skip(file * 50).Take(60)));
        }

        // The longer the lines, the fewer rows make several blocks of the content hash.
        Land("landing/streams/large.csv", TestListens.Csv(rows.Skip(3000).Take(15_000), filler: 600));
        Land("landing/streams/broken.csv", "a,b\n1,2\n");
        var options = new RunOptions
        {
            Workers = 3,
            MinSectionBytes = 1 << 20,
            SettleSeconds = 0,
        };
        var first = folder.Run(options);
        var landed = lake.List("landing").Sum(found => found.Size);
        var before = Downloaded(proxy);
        var record = Run(lake, options);
        Assert.Empty(record.Errors);
        Assert.Equal(first.Scanned.Select(Facts), record.Scanned.Select(Facts));
        Assert.Equal(landed, Downloaded(proxy) - before); // Each landed byte once.
        Assert.Equal(folder.Kpis(), Kpis(lake));
        Assert.Empty(lake.List("landing/streams"));
        Assert.Equal(61, lake.List("archive/streams").Count);
        Assert.Equal(
            landed,
            lake.List("archive")
                .Concat(lake.List("landing"))
                .Concat(
                    lake.List("quarantine").Where(found => found.Path.EndsWith("broken.csv", StringComparison.Ordinal))
                )
                .Sum(found => found.Size)
        );
        Assert.Equal(RunOutcome.NothingToDo, Run(lake, options).Outcome);

        // Another process, which has none of the slices at hand.
        Land("landing/streams/late.csv.csv", TestListens.Csv(rows.Skip(17_900).Take(400)));
        folder.Run(options);
        var again = Run(Open(), options);
        Assert.Empty(again.Errors);
        Assert.NotEmpty(again.Dates);
        Assert.Equal(folder.Kpis(), Kpis(lake));
        Assert.True(new Reconciliation(lake, options, TimeProvider.System, NullLogger.Instance).Plan().IsEmpty);
    }

    [Fact]
    public void WhatIsDamagedOrGoneInABucketIsMadeAgain()
    {
        var lake = Open();
        LakeFile.Create(lake, "UTC", TestLake.Arrived);
        var rows = new TestListens().Rows(300);
        lake.Put([
            ("landing/songs/songs.csv", Encoding.UTF8.GetBytes(TestListens.Songs)),
            ("landing/users/users.csv", Encoding.UTF8.GetBytes(TestListens.Users)),
            ("landing/streams/a.csv", Encoding.UTF8.GetBytes(TestListens.Csv(rows.Take(200)))),
            ("landing/streams/b.csv", Encoding.UTF8.GetBytes(TestListens.Csv(rows.Skip(150)))),
        ]);
        var options = new RunOptions { Workers = 2, SortBufferMb = 16 };
        Assert.Empty(Run(lake, options).Errors);
        Pipeline.Repair.RepairReport Repair() =>
            new Pipeline.Repair.LakeRepair(Open(), options, TimeProvider.System, NullLogger.Instance).Run();
        Assert.Empty(Repair().Findings);
        string[] folders = ["slices", "ledger", "ledger-copies", "kpis", "catalogue", "lake.json"];
        var before = folders
            .SelectMany(folder => lake.List(folder).Select(found => found.Path))
            .Append("lake.json")
            .Distinct(StringComparer.Ordinal)
            .ToDictionary(path => path, path => Bytes(lake, path), StringComparer.Ordinal);
        var round = 0;
        foreach (var some in before.Keys.Chunk(before.Count / 6 + 1))
        {
            foreach (var path in some.Where(path => !path.StartsWith("ledger-copies/", StringComparison.Ordinal)))
            {
                var bytes = (byte[])before[path].Clone();
                bytes[bytes.Length / 2] ^= 2;
                if (round++ % 2 == 0)
                {
                    lake.Delete(path);
                }
                else
                {
                    lake.Put([(path, bytes)]);
                }
            }

            Assert.False(Repair().HasUnmended);
            Assert.All(before, one => Assert.Equal(one.Value, Bytes(lake, one.Key)));
        }

        Assert.Empty(Repair().Findings);
        Assert.True(new Reconciliation(lake, options, TimeProvider.System, NullLogger.Instance).Plan().IsEmpty);
    }

    static byte[] Bytes(S3Lake lake, string path)
    {
        using var stream = lake.Open(path);
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }

    [Fact]
    public void FilesAreRetractedAndUsersForgotten()
    {
        var lake = Open();
        LakeFile.Create(lake, "UTC", TestLake.Arrived);
        var rows = new TestListens()
            .Rows(300)
            .ConvertAll(row => row.StartsWith("7,", StringComparison.Ordinal) ? $"73100000000{row}" : row);
        rows.Add("731000000007,track001,2024-06-25 10:00:00,0,0");
        void Land(string name, IEnumerable<string> some) =>
            lake.Put([
                (
                    $"landing/streams/{name}",
                    name.EndsWith(".gz", StringComparison.Ordinal)
                        ? TestLake.Gzip(TestListens.Csv(some))
                        : Encoding.UTF8.GetBytes(TestListens.Csv(some))
                ),
            ]);
        lake.Put([
            ("landing/songs/songs.csv", Encoding.UTF8.GetBytes(TestListens.Songs)),
            ("landing/users/users.csv", Encoding.UTF8.GetBytes(TestListens.Users)),
        ]);
        Land("a.csv", rows.Take(200));
        Assert.Empty(Run(lake, new()).Errors);
        var expected = Kpis(lake);
        Land("b.csv.gz", rows.Skip(150));
        Assert.Empty(Run(lake, new()).Errors);
        var all = Kpis(lake);
        var id = new Downbeat.Pipeline.Corrections.Retraction(lake, TimeProvider.System)
            .Find("b.csv.gz", restore: false)
            .Source;
        Assert.Empty(Run(lake, new(), new() { Retract = id }).Errors);
        Assert.Equal(expected, Kpis(lake));
        Assert.Single(lake.List("retracted/streams"));
        Assert.Empty(Run(lake, new(), new() { Restore = id }).Errors);
        Assert.Equal(all, Kpis(lake));
        Assert.Equal(2, lake.List("archive/streams").Count);

        var forgotten = Run(lake, new(), new() { Forget = [731000000007] });
        Assert.Empty(forgotten.Errors);
        Assert.Equal(2, forgotten.Forgotten!.Files);
        using var folder = new TestLake();
        folder.LandCatalogue(TestListens.Songs, TestListens.Users);
        folder.LandStreams(
            "a.csv",
            TestListens.Csv(rows.Where(row => !row.StartsWith("73100", StringComparison.Ordinal)))
        );
        folder.Run();
        Assert.Equal(folder.Kpis(), Kpis(lake));
        Assert.Empty(lake.List("forgetting"));
        foreach (var raw in lake.List("archive/streams"))
        {
            using var stream = lake.Open(raw);
            using var csv = raw.Path.EndsWith(".gz", StringComparison.Ordinal)
                ? new System.IO.Compression.GZipStream(stream, System.IO.Compression.CompressionMode.Decompress)
                : stream;
            using var reader = new StreamReader(csv);
            Assert.DoesNotContain("731000000007", reader.ReadToEnd(), StringComparison.Ordinal);
        }

        Assert.Equal(RunOutcome.NothingToDo, Run(lake, new()).Outcome);
    }

    [Fact]
    public void AFileThatIsReplacedWhileItIsReadIsLeftAndScannedByTheNextRun()
    {
        var lake = Open();
        LakeFile.Create(lake, "UTC", TestLake.Arrived);
        var rows = new TestListens().Rows(200);
        var path = "landing/streams/a.csv";
        lake.Put([
            ("landing/songs/songs.csv", Encoding.UTF8.GetBytes(TestListens.Songs)),
            ("landing/users/users.csv", Encoding.UTF8.GetBytes(TestListens.Users)),
            (path, Encoding.UTF8.GetBytes(TestListens.Csv(rows.Take(100)))),
        ]);
        var replacing = new ReplacingLake(lake, path, Encoding.UTF8.GetBytes(TestListens.Csv(rows)));
        var record = Run(replacing, new());
        Assert.Empty(record.Errors);
        Assert.Equal(path, Assert.Single(record.Left).Path);
        Assert.Empty(record.Scanned);
        record = Run(lake, new());
        Assert.Equal(200, Assert.Single(record.Scanned).Rows);
        Assert.Empty(lake.List("landing/streams"));
    }

    /// <summary>Same size, same second: only the ETag tells.</summary>
    [Fact]
    public void AFileThatIsReplacedAfterItWasScannedIsANewSource()
    {
        var lake = Open();
        LakeFile.Create(lake, "UTC", TestLake.Arrived);
        var rows = new TestListens().Rows(100);
        var (old, replaced) = (TestListens.Csv(rows), TestListens.Csv(rows.AsEnumerable().Reverse()));
        Assert.Equal(old.Length, replaced.Length);
        var path = "landing/streams/a.csv";
        lake.Put([
            ("landing/songs/songs.csv", Encoding.UTF8.GetBytes(TestListens.Songs)),
            ("landing/users/users.csv", Encoding.UTF8.GetBytes(TestListens.Users)),
            (path, Encoding.UTF8.GetBytes(old)),
        ]);
        var arrivals = new ArrivalLake(lake);
        arrivals.Arrivals[path] = DateTimeOffset.UnixEpoch.AddDays(20_500);
        var stopping = new StoppingLake(arrivals, () => lake.Put([(path, Encoding.UTF8.GetBytes(replaced))]));
        Assert.Equal(RunOutcome.Done, Run(stopping, new()).Outcome);
        Assert.Equal(path, Assert.Single(lake.List("landing/streams")).Path);
        var record = Run(arrivals, new());
        Assert.Equal(path, Assert.Single(record.Scanned).Path);
        Assert.Empty(lake.List("landing/streams"));
        Assert.Single(lake.List("archive/streams"));
    }

    [Fact]
    public void OfManyWhoWantTheLeaseOneGetsIt()
    {
        var lake = Open();
        for (var round = 0; round < 3; round++)
        {
            // The first round finds no lease, the others one that has expired.
            var taken = new Lease?[8];
            Parallel.For(
                0,
                taken.Length,
                new() { MaxDegreeOfParallelism = taken.Length },
                one =>
                {
                    try
                    {
                        taken[one] = Lease.Take(lake, $"run {one}", 20, TimeProvider.System);
                    }
                    catch (LeaseHeldException)
                    {
                        // As it should be for all but one.
                    }
                }
            );
            var lease = Assert.Single(taken, one => one is not null);
            Assert.NotNull(Lease.FindHolder(lake, TimeProvider.System));
            lease!.Dispose();
            Assert.Null(lake.Find(LakePaths.Lease));
            lake.Put([(LakePaths.Lease, Encoding.UTF8.GetBytes("{ nobody's"))]);
        }
    }

    [Fact]
    public void ManyWritersAtOnceLoseNoCommit()
    {
        var lake = Open();
        Parallel.For(
            0,
            6,
            new ParallelOptions { MaxDegreeOfParallelism = 6 },
            writer =>
            {
                var ledger = LakeLedger.Open(lake, $"writer{writer}", TimeProvider.System);
                for (var commit = 0; commit < 12; commit++)
                {
                    Assert.NotNull(
                        ledger.Commit(_ => LakeLedger.Facts with { Checked = [new(default, writer, commit)] })
                    );
                }
            }
        );
        Assert.Equal(72, LakeLedger.Open(lake, "test", TimeProvider.System).State.Version);
        lake.Delete(LakePaths.Checkpoint);
        Assert.Equal(72, LakeLedger.Open(lake, "test", TimeProvider.System).State.Version);
        lake.Delete(LakePaths.Commit(40));
        Assert.ThrowsAny<IOException>(() => LakeLedger.Open(lake, "test", TimeProvider.System));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void DyingAtAnyWriteLosesNothing(bool afterwards)
    {
        var rows = new TestListens().Rows(120);
        var expected = Outcome(rows, int.MaxValue, afterwards, out var writes);
        for (var write = 1; write <= writes; write += RandomRounds.IsSoak ? 1 : 3)
        {
            Assert.Equal(expected, Outcome(rows, write, afterwards, out _));
        }
    }

    SortedDictionary<string, string> Outcome(List<string> rows, int diesAt, bool afterwards, out int writes)
    {
        var lake = Open(prefix: Guid.NewGuid().ToString("N"));
        LakeFile.Create(lake, "UTC", TestLake.Arrived);
        lake.Put([
            ("landing/songs/songs.csv", Encoding.UTF8.GetBytes(TestListens.Songs)),
            ("landing/users/users.csv", Encoding.UTF8.GetBytes(TestListens.Users)),
            ("landing/streams/a.csv", Encoding.UTF8.GetBytes(TestListens.Csv(rows.Take(80)))),
        ]);
        var alone = new RunOptions { Workers = 1 };
        Run(lake, alone);
        lake.Put([
            ("landing/streams/b.csv", Encoding.UTF8.GetBytes(TestListens.Csv(rows.Skip(70)))),
            ("landing/streams/c.csv", Encoding.UTF8.GetBytes("a,b\n1,2\n")),
        ]);
        var faulty = new FaultyLake(lake, diesAt, afterwards);
        try
        {
            Run(faulty, alone);
        }
        catch (FaultyLake.DeadException)
        {
            Bury(lake);
        }

        writes = faulty.Writes;
        Assert.Empty(Run(lake, alone).Errors);
        Assert.True(new Reconciliation(lake, alone, TimeProvider.System, NullLogger.Instance).Plan().IsEmpty);
        var outcome = Kpis(lake);
        outcome["landing"] = string.Join(' ', lake.List("landing").Select(found => found.Path));
        outcome["archive"] = string.Join(' ', lake.List("archive").Select(found => found.Size).Order());
        return outcome;
    }

    /// <summary>The lease names this process, which lives on: let it name one that does not.</summary>
    static void Bury(S3Lake lake)
    {
        if (lake.Find(LakePaths.Lease) is not null)
        {
            using var stream = lake.Open(LakePaths.Lease);
            using var reader = new StreamReader(stream);
            var text = reader
                .ReadToEnd()
                .Replace(
                    $"\"processId\": {Environment.ProcessId}",
                    "\"processId\": 2147483646",
                    StringComparison.Ordinal
                );
            lake.Put([(LakePaths.Lease, Encoding.UTF8.GetBytes(text))]);
        }
    }

    static long Downloaded(FaultyProxy proxy) =>
        proxy
            .Requests.Where(request =>
                request.Method == "GET" && request.Target.Contains("/landing/", StringComparison.Ordinal)
            )
            .Sum(request => request.BodyBytes);

    static (string, long, long, long, long, string?) Facts(ScannedFile file) =>
        (file.Path, file.Rows, file.Accepted, file.Duplicates, file.Rejected, file.Fault);

    [Fact]
    public void DatesAreCompactedAndSweptAsInAFolder()
    {
        var rows = new TestListens(5).Rows(200);
        using var expected = new TestLake();
        expected.LandCatalogue(TestListens.Songs, TestListens.Users);
        expected.LandStreams("all.csv", TestListens.Csv(rows));
        expected.Run();
        var lake = Open();
        LakeFile.Create(lake, "UTC", TestLake.Arrived);
        lake.Put([
            ("landing/songs/songs.csv", Encoding.UTF8.GetBytes(TestListens.Songs)),
            ("landing/users/users.csv", Encoding.UTF8.GetBytes(TestListens.Users)),
        ]);
        var options = new RunOptions
        {
            CompactSlices = 2,
            Keep = new() { ArchiveDays = 1 },
        };
        for (var file = 0; file < 6; file++)
        {
            lake.Put([
                ($"landing/streams/{file}.csv", Encoding.UTF8.GetBytes(TestListens.Csv(rows.Skip(file * 35).Take(35)))),
            ]);
            Assert.Empty(Run(Open(), options).Errors);
        }

        lake.Put([("slices/date=2024-06-25/0123456789abcdef01234567-0.slice", [1])]);
        var report = new Pipeline.Archive.Sweep(Open(), options, new LaterClock(), NullLogger.Instance).Run();
        Assert.Contains(report.Objects, one => one.Why == Pipeline.Archive.SweepReason.LeftOver);
        Assert.Empty(Open().List(LakePaths.Archive));
        var state = LakeLedger.Open(Open(), "test", TimeProvider.System).State;
        Assert.NotEmpty(state.Compacted);
        Assert.Equal(
            state
                .Sources.Values.SelectMany(source => source.Entry.Slices)
                .Concat(state.Compacted.Values.SelectMany(one => one.Slices))
                .Select(slice => slice.Path)
                .Order(StringComparer.Ordinal),
            Open().List(LakePaths.Slices).Select(slice => slice.Path)
        );
        Run(Open(), options, new() { Rebuild = (new(2024, 1, 1), new(2024, 12, 31)) });
        Assert.Equal(expected.Kpis().Select(file => file.Value), Kpis(Open()).Select(file => file.Value));
    }

    sealed class LaterClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow().AddDays(2);
    }

    static RunRecord Run(ILake lake, RunOptions options, RunRequest? request = null) =>
        new Reconciliation(lake, options, TimeProvider.System, NullLogger.Instance).Run(request);

    static SortedDictionary<string, string> Kpis(ILake lake)
    {
        var kpis = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var file in TestLake.ListenTables(lake))
        {
            using var reader = new StreamReader(lake.Open(file.Path));
            kpis.Add(file.Path[(LakePaths.Kpis.Length + 1)..], reader.ReadToEnd());
        }

        return kpis;
    }

    S3Lake Open(string? endpoint = null, string prefix = "lake")
    {
        lakes.Add(S3Server.Lake($"s3://{bucket}/{prefix}", endpoint));
        return lakes[^1];
    }

    /// <summary>An object is replaced between listing and opening it.</summary>
    sealed class ReplacingLake(S3Lake inner, string path, byte[] bytes) : ForwardingLake(inner), ILake
    {
        public Stream Open(LakeObject listed)
        {
            if (listed.Path == path)
            {
                inner.Put([(path, bytes)]);
            }

            return inner.Open(listed);
        }
    }

    /// <summary>Something happens just before anything moves.</summary>
    sealed class StoppingLake(ArrivalLake inner, Action beforeMove) : ForwardingLake(inner), ILake
    {
        public Stream Open(LakeObject listed) => inner.Open(listed);

        public override bool Move(LakeObject read, string? hash, string target)
        {
            beforeMove();
            return base.Move(read, hash, target);
        }
    }
}
