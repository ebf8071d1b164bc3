using System.Globalization;
using System.IO.Compression;
using System.Text;
using Downbeat.Connectors.Folder;
using Downbeat.Engine.Slices;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Ledger;
using Downbeat.Pipeline.Runs;
using Downbeat.Testing;
using Downbeat.Testing.Oracle;

namespace Downbeat.Pipeline.Tests.Corrections;

public sealed class ForgetTests
{
    /// <summary>Users who are forgotten have ids that are nowhere by chance.</summary>
    const ulong Marked = 7_310_000_000_000;

    static readonly RunOptions Options = new() { Workers = 2, MaxRejectedShare = 0.5 };

    static string UsersCsv =>
        TestListens.Users
        + string.Concat(
            Enumerable
                .Range(0, 60)
                .Select(user =>
                    string.Create(CultureInfo.InvariantCulture, $"{Marked + (ulong)user},Name,30,NO,2024-01-01\n")
                )
        );

    [Fact]
    public void TablesAfterForgettingAreThoseOfTheOthersListensAndNoFileHoldsTheUsers() =>
        RandomRounds.Run(
            4,
            random =>
            {
                var forgotten = Enumerable.Range(0, 1 + random.Next(3)).Select(_ => random.Next(60)).ToHashSet();
                using var lake = MakeLake(random, forgotten, out var files);
                var users = forgotten.Select(user => Marked + (ulong)user).ToList();
                Assert.NotEmpty(Holding(lake, users));
                var record = lake.Run(Options, new() { Forget = users });
                Assert.Empty(record.Errors);
                Assert.True(record.Forgotten!.IsDone);
                Assert.Equal(["landing/users/users.csv"], record.Forgotten.LandedUsers);
                Assert.Equal(Answer(files, forgotten), lake.Kpis());
                Assert.Empty(Holding(lake, users));
                Assert.True(lake.Plan(Options).IsEmpty);
                AssertRawFilesMakeTheSlices(lake);
                Assert.Equal(RunOutcome.NothingToDo, lake.Run(Options, new() { Forget = users }).Outcome);

                // And someone else, of what was rewritten.
                var other = Enumerable.Range(0, 50).First(user => !forgotten.Contains(user));
                forgotten.Add(other);
                Assert.True(lake.Run(Options, new() { Forget = [(ulong)other] }).Forgotten!.IsDone);
                Assert.Equal(Answer(files, forgotten), lake.Kpis());
                AssertRawFilesMakeTheSlices(lake);
            }
        );

    [Fact]
    public void OfAFileOnlyTheRowsOfTheUserGo()
    {
        const string Before =
            "\uFEFFtrack_id,USER_ID,listen_time\r\n\r\n\"a\"\"\r\nb\",\"00731\",2024-06-25 10:00:00\r\nt,7310,2024-06-25 10:00:00\n"
            + "t,731,2024-06-25 10:00:00\r\nt, 731 ,2024-06-25 10:00:00\nt,+731,2024-06-25 10:00:00\nt,731.00,2024-06-25 10:00:00\nt,x731,\"no\ntime\"\n\nt,0731,2024-06-25 10:00:00";
        const string After =
            "\uFEFFtrack_id,USER_ID,listen_time\r\n\r\nt,7310,2024-06-25 10:00:00\nt,x731,\"no\ntime\"\n\n";
        using var lake = new TestLake();
        lake.LandCatalogue(TestListens.Songs, TestListens.Users);
        lake.LandStreams("a.csv", Before);
        lake.LandStreams("b.csv.gz", Before);
        var record = lake.Run(Options with { MaxRejectedShare = 1 }, new() { Forget = [731] });
        Assert.Equal((1, 4L, 12L, 2), Counts(record)); // Leading zeros make no other user, and no other listen.
        foreach (var file in lake.Lake.List(LakePaths.Archive))
        {
            Assert.Equal(After, Encoding.UTF8.GetString(Read(lake, file.Path)));
            Assert.Equal(TestLake.Arrived, file.Modified);
        }

        AssertRawFilesMakeTheSlices(lake);
        var source = lake.State.Sources.Values.First();
        Assert.Equal(
            (2, 1, 0, 1),
            (source.Entry.Rows, source.Entry.Accepted, source.Entry.Duplicates, source.OpenRejects)
        );
        var rejects = Encoding.UTF8.GetString(Read(lake, LakePaths.Rejects(source.Entry.Id)));
        Assert.EndsWith(",4,62,16,bad_user_id,\"t,x731,\"\"no\ntime\"\"\"\n", rejects, StringComparison.Ordinal);
    }

    [Fact]
    public void QuarantinedFilesAreForgottenInWhereTheHeaderTellsTheColumnAndNamedWhereItDoesNot()
    {
        using var lake = new TestLake();
        lake.LandCatalogue(TestListens.Songs, TestListens.Users);
        lake.LandStreams("tells.csv", "user_id,track\n7310001,t\n1,t\n");
        lake.LandStreams("no-header.csv", "7310001,t,2024-06-25 10:00:00\n1,t,2024-06-25 10:00:00\n");
        lake.LandStreams("others.csv", "1,t,2024-06-25 10:00:00\n2,t,2024-06-25 10:00:00\n");
        lake.LandStreams("cut.csv.gz", "");
        var record = lake.Run(Options);
        Assert.DoesNotContain("7310001", string.Join(' ', record.Scanned), StringComparison.Ordinal);
        lake.Run(Options);
        record = lake.Run(Options, new() { Forget = [7310001] });
        Assert.Equal(RunOutcome.Failed, record.Outcome);
        Assert.Contains("no-header.csv may hold rows", Assert.Single(record.Errors), StringComparison.Ordinal);
        Assert.Contains("no column user_id", Assert.Single(record.Forgotten!.Unclear).Why, StringComparison.Ordinal);
        record = lake.Run(Options, new() { Forget = [7310001] }); // Nothing else is left, and someone still has to look.
        Assert.Equal(RunOutcome.Failed, record.Outcome);
        Assert.Contains("no-header.csv may hold rows", Assert.Single(record.Errors), StringComparison.Ordinal);
        var tells = lake
            .Lake.List(LakePaths.Quarantine)
            .Single(file => file.Path.EndsWith("tells.csv", StringComparison.Ordinal));
        Assert.Equal("user_id,track\n1,t\n", Encoding.UTF8.GetString(Read(lake, tells.Path)));
        Assert.DoesNotContain(
            lake.Lake.List(LakePaths.Ledger).Concat(lake.Lake.List(LakePaths.Runs)),
            file => Encoding.UTF8.GetString(Read(lake, file.Path)).Contains("7310001", StringComparison.Ordinal)
        );
    }

    [Fact]
    public void NobodyKnowsTheUserAndNothingIsWritten()
    {
        using var lake = MakeLake(new(3), [], out _);
        var before = Files(lake);
        var record = lake.Run(Options, new() { Forget = [Marked - 1] });
        Assert.Equal((RunOutcome.NothingToDo, 0), (record.Outcome, record.Forgotten!.UsersFound));
        Assert.Equal(before, Files(lake));
    }

    [Fact]
    public void ADryRunSaysWhatIsFoundAndChangesNothing()
    {
        using var lake = MakeLake(new(4), [7, 8], out _);
        var before = Files(lake);
        var plan = new Reconciliation(
            lake.Lake,
            Options,
            TimeProvider.System,
            Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance
        ).PlanForgetting([Marked + 7, Marked + 8, Marked + 70]);
        Assert.Equal(before, Files(lake));
        Assert.Equal((3, 2, false), (plan.Users, plan.UsersFound, plan.IsDone));
        var done = lake.Run(Options, new() { Forget = [Marked + 7, Marked + 8, Marked + 70] }).Forgotten!;
        Assert.Equal((plan.Listens, plan.Rows, plan.Dates), (done.Listens, done.Rows, done.Dates));
    }

    [Fact]
    public void ARawFileThatIsNotWhatWasScannedIsNotRewritten()
    {
        using var lake = MakeLake(new(5), [7], out _);
        var file = Path.Combine(
            lake.Folder,
            lake.Lake.List(LakePaths.Archive).First(one => one.Path.EndsWith("0.csv", StringComparison.Ordinal)).Path
        );
        File.WriteAllText(file, File.ReadAllText(file) + "1,track001,2024-06-25 10:00:00,0,0\n");
        var before = lake.Kpis();
        var error = Assert.Throws<LakeException>(() => lake.Run(Options, new() { Forget = [Marked + 7] }));
        Assert.Contains("is not the file that was scanned", error.Message, StringComparison.Ordinal);
        Assert.Equal(RunOutcome.NothingToDo, lake.Run(Options).Outcome);
        Assert.Equal(before, lake.Kpis());
    }

    [Fact]
    public void ARawFileThatIsKeptElsewhereIsNamed()
    {
        using var lake = MakeLake(new(6), [7], out var files);
        foreach (var file in lake.Lake.List(LakePaths.Archive))
        {
            File.Delete(Path.Combine(lake.Folder, file.Path));
        }

        var record = lake.Run(Options, new() { Forget = [Marked + 7] });
        Assert.Empty(record.Errors);
        Assert.NotEmpty(record.Forgotten!.Missing);
        Assert.Equal(Answer(files, [7]), lake.Kpis());
        Assert.Empty(Holding(lake, [Marked + 7]));
    }

    [Fact]
    public void WhoIsDeliveredAgainCountsAgainUntilForgottenAgain()
    {
        using var lake = MakeLake(new(8), [7], out var files);
        var all = lake.Kpis();
        lake.Run(Options, new() { Forget = [Marked + 7] });
        lake.LandCatalogue(TestListens.Songs, UsersCsv, TestLake.Arrived.AddHours(1)); // Where the user still is.
        lake.LandStreams("0.csv", files["0.csv"]);
        lake.LandStreams("1.csv.gz", files["1.csv.gz"]);
        lake.LandStreams("2.csv", files["2.csv"]);
        Assert.Empty(lake.Run(Options).Errors);
        Assert.Equal(all, lake.Kpis());
        Assert.True(lake.Plan(Options).IsEmpty);
        Assert.Empty(lake.Run(Options, new() { Forget = [Marked + 7] }).Errors);
        Assert.Equal(Answer(files, [7]), lake.Kpis());
        Assert.Empty(Holding(lake, [Marked + 7]));
    }

    [Fact]
    public void RetractedAndReplacedFilesAreForgottenInTooAndCanBeTakenBackIn()
    {
        using var lake = MakeLake(new(9), [7], out var files);
        var id = lake
            .State.Sources.Values.Single(source => source.Entry.Key.EndsWith("/0.csv", StringComparison.Ordinal))
            .Entry.Id;
        lake.Run(Options, new() { Retract = id });
        lake.LandStreams(
            "2.csv",
            files["2.csv"] + "3,track001,2024-06-25 10:00:00,0,0\n",
            TestLake.Arrived.AddHours(1)
        );
        files["2.csv"] += "3,track001,2024-06-25 10:00:00,0,0\n";
        lake.Run(Options);
        Assert.Contains(lake.State.Sources.Values, source => source.RetractedBy is not null);
        Assert.Empty(lake.Run(Options, new() { Forget = [Marked + 7] }).Errors);
        Assert.Empty(Holding(lake, [Marked + 7]));
        lake.Run(Options, new() { Restore = id });
        Assert.Equal(Answer(files, [7]), lake.Kpis());
        Assert.Empty(Holding(lake, [Marked + 7]));
    }

    [Fact]
    public void ForgettingWaitsForNobodyAndSaysSoWhileARunWorks()
    {
        using var lake = MakeLake(new(10), [7], out _);
        using var lease = Lease.Take(lake.Lake, "another", 60, TimeProvider.System);
        Assert.Throws<LeaseHeldException>(() => lake.Run(Options, new() { Forget = [Marked + 7] }));
    }

    [Fact]
    public void AForgettingThatStalledNoticesWhatAnotherRunHasDone()
    {
        using var lake = MakeLake(new(12), [7], out var files);
        var isFirst = true;
        var stalled = new StallingLake(
            lake.Lake,
            path =>
            {
                if (isFirst && path.StartsWith(LakePaths.Catalogue, StringComparison.Ordinal)) // What is put last.
                {
                    isFirst = false;
                    File.Delete(Path.Combine(lake.Folder, LakePaths.Lease));
                    var other = new FolderLake(lake.Folder);
                    Assert.Empty(lake.Run(Options, new() { Forget = [Marked + 7] }, other).Errors);
                }
            }
        );
        var record = lake.Run(Options, new() { Forget = [Marked + 7] }, stalled);
        Assert.Contains("Another run changed the lake meanwhile", record.Errors[0], StringComparison.Ordinal);
        Assert.Empty(lake.Run(Options, new() { Forget = [Marked + 7] }).Errors);
        Assert.Equal(Answer(files, [7]), lake.Kpis());
        Assert.Empty(Holding(lake, [Marked + 7]));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void DyingAtAnyWriteOfAForgettingIsEndedByTheNextRunOrByTheSameCommand(bool afterwards)
    {
        var alone = Options with { Workers = 1 };
        using var before = MakeLake(new(13), [7], out var files);
        var expected = Answer(files, [7]);
        var points = Enumerable
            .Range(1, 1000)
            .TakeWhile(write =>
            {
                using var lake = before.Copy();
                var faulty = new FaultyLake(lake.Lake, write, afterwards);
                try
                {
                    lake.Run(alone, new() { Forget = [Marked + 7] }, faulty);
                }
                catch (FaultyLake.DeadException)
                {
                    lake.BuryProcess();
                }

                var isCommitted = lake.State.ForgottenAt is not null;
                Assert.Equal(lake.State.Obsolete.Count, lake.Plan(alone).Delete.Count);
                Assert.Empty(lake.Run(alone).Errors);
                Assert.Empty(lake.Lake.List(LakePaths.Forgetting));
                if (!isCommitted)
                {
                    Assert.Equal(before.Kpis(), lake.Kpis());
                    Assert.Empty(lake.Run(alone, new() { Forget = [Marked + 7] }).Errors);
                }

                Assert.True(expected.SequenceEqual(lake.Kpis()), $"write {write}");
                Assert.Empty(Holding(lake, [Marked + 7]));
                Assert.Equal(
                    lake.State.Sources.Values.SelectMany(source => source.Entry.Slices)
                        .Select(slice => slice.Path)
                        .Order(StringComparer.Ordinal),
                    lake.Lake.List(LakePaths.Slices).Select(slice => slice.Path)
                );
                Assert.True(lake.Plan(alone).IsEmpty, $"write {write}");
                return faulty.IsDead;
            });
        Assert.InRange(points.Count(), 30, 900);
    }

    /// <summary>A lake whose files overlap and hold users in all ways, as listens, repeated and rejected.</summary>
    static TestLake MakeLake(Random random, HashSet<int> marked, out Dictionary<string, string> files)
    {
        var listens = new TestListens(random.Next());
        var rows = listens.Rows(220).ConvertAll(row => Mark(row, marked));
        rows.AddRange(rows.Where(IsMarked).Take(5).ToList()); // Twice in one file.
        var odd = marked
            .Select(user => Marked + (ulong)user)
            .SelectMany(user =>
                new[]
                {
                    $"{user},track001,no time,0,0",
                    $"{user},track001",
                    $" {user},track001,2024-06-25 10:00:00,0,0",
                    $"000{user},track009,2024-06-25 10:00:00,1,0",
                    $"\"{user}\",track010,2024-06-25 10:00:00,1,0",
                }
            );
        files = new(StringComparer.Ordinal)
        {
            ["0.csv"] = TestListens.Csv([.. rows[..120], .. odd, "x,track001,2024-06-25 10:00:00,0,0"]),
            ["1.csv.gz"] = TestListens.Csv(listens.Shuffle([.. rows[90..], .. odd]), "\r\n"),
            ["2.csv"] = TestListens.Csv(rows[200..]),
        };
        var lake = new TestLake();
        lake.LandCatalogue(TestListens.Songs, UsersCsv);
        foreach (var (name, csv) in files)
        {
            lake.LandStreams(name, csv);
        }

        Assert.Empty(lake.Run(Options).Errors);
        lake.LandStreams("0.csv", files["0.csv"]); // Delivered again: two copies in the archive.
        Assert.Empty(lake.Run(Options).Errors);
        return lake;
    }

    static string Mark(string row, HashSet<int> marked)
    {
        var comma = row.IndexOf(',', StringComparison.Ordinal);
        var user = int.Parse(row.AsSpan(0, comma), CultureInfo.InvariantCulture);
        return marked.Contains(user)
            ? string.Create(CultureInfo.InvariantCulture, $"{Marked + (ulong)user}{row[comma..]}")
            : row;
    }

    static bool IsMarked(string row) => row.StartsWith("73100000", StringComparison.Ordinal);

    /// <summary>The tables of the files without the lines of some users, as the oracle computes them.</summary>
    static SortedDictionary<string, string> Answer(Dictionary<string, string> files, HashSet<int> forgotten)
    {
        var ids = forgotten
            .SelectMany(user => new[] { (ulong)user, Marked + (ulong)user })
            .Select(user => user.ToString(CultureInfo.InvariantCulture))
            .ToHashSet(StringComparer.Ordinal);
        bool IsOther(string line) =>
            !ids.Contains(line.Split(',')[0].Trim(' ', '"').TrimStart('0') is { Length: > 0 } id ? id : "0");
        var answer = KpiOracle.Compute(
            files.Select(file => new OracleFile(
                file.Key.Replace(".gz", "", StringComparison.Ordinal),
                Encoding.UTF8.GetBytes(
                    string.Concat(file.Value.Split('\n').Where(IsOther).Select(line => line + "\n"))
                ),
                TestLake.Arrived
            )),
            [new("songs.csv", Encoding.UTF8.GetBytes(TestListens.Songs), TestLake.Arrived)],
            [new("users.csv", Encoding.UTF8.GetBytes(UsersCsv), TestLake.Arrived)],
            new() { MaxRejectedShare = 0.9 }
        );
        return new(answer.Files.ToDictionary(StringComparer.Ordinal), StringComparer.Ordinal);
    }

    /// <summary>Files of the lake that hold one of the users, but for those of the users, which are the customer's.</summary>
    static List<string> Holding(TestLake lake, List<ulong> users)
    {
        var holding = new List<string>();
        foreach (var file in Directory.EnumerateFiles(lake.Folder, "*", SearchOption.AllDirectories))
        {
            var path = Path.GetRelativePath(lake.Folder, file);
            if (path.StartsWith("landing/users", StringComparison.Ordinal))
            {
                continue;
            }

            var holds =
                path.EndsWith(".slice", StringComparison.Ordinal) || path.EndsWith(".users", StringComparison.Ordinal)
                    ? new SliceUsers(users).Count(new(new FileBytes(file, file)), _ => { }) > 0
                        || All(new(new FileBytes(file, file))).Exists(listen => users.Contains(listen.User))
                    : users.Exists(user =>
                        Encoding
                            .Latin1.GetString(Read(lake, path))
                            .Contains(user.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
                    );
            if (holds)
            {
                holding.Add(path);
            }
        }

        return holding;
    }

    static List<Engine.Listens.Listen> All(SliceReader slice)
    {
        var listens = new Engine.Listens.Listen[slice.Summary.Listens];
        Assert.Equal(listens.Length, new SliceMerge([slice], 1 << 16).Read(listens));
        return [.. listens];
    }

    /// <summary>Scanning the raw files as they are now, under what the ledger knows of them, makes the slices and counts that it names.</summary>
    static void AssertRawFilesMakeTheSlices(TestLake lake)
    {
        using var again = new TestLake();
        again.LandCatalogue(TestListens.Songs, UsersCsv);
        var sources = lake.State.Sources.Values.Where(source => source.Counts).ToList();
        foreach (var source in sources)
        {
            var raw = lake.Lake.Find(source.MovedTo!)!;
            Assert.Equal(raw.Size, source.RawSize);
            var bytes = File.ReadAllBytes(Path.Combine(lake.Folder, raw.Path));
            Assert.Equal(source.RawHash, Downbeat.Engine.Scan.ContentHash.Of(new MemoryStream(bytes)));
            again.Land(source.Entry.Key, bytes, source.Entry.Arrived);
        }

        Assert.Empty(again.Run(Options with { MaxRejectedShare = 1 }).Errors);
        foreach (var source in sources)
        {
            var scanned = again.State.Sources.Values.Single(other => other.Entry.Key == source.Entry.Key);
            Assert.Equal(Facts(source), Facts(scanned));
            Assert.Equal(
                source.Entry.Slices.Select(slice => Convert.ToHexString(Read(lake, slice.Path))),
                scanned.Entry.Slices.Select(slice => Convert.ToHexString(Read(again, slice.Path)))
            );
            Assert.Equal(Rejects(lake, source), Rejects(again, scanned));
        }
    }

    static string Facts(SourceState source) =>
        $"{source.Entry.Rows} {source.Entry.Accepted} {source.Entry.Duplicates} {source.Entry.Rejected} {source.OpenRejects} "
        + $"{string.Join(' ', source.Entry.Reasons.OrderBy(reason => reason.Key, StringComparer.Ordinal))} {source.RawSize} {source.RawHash} "
        + string.Join(' ', source.Entry.Slices.Select(slice => (slice.Date, slice.Listens, slice.Bytes)));

    static string Rejects(TestLake lake, SourceState source) =>
        lake.Lake.Find(LakePaths.Rejects(source.Entry.Id)) is { } file
            ? Encoding.UTF8.GetString(Read(lake, file.Path))
            : "";

    static (int, long, long, int) Counts(RunRecord record) =>
        record.Forgotten is { } forgotten
            ? (forgotten.UsersFound, forgotten.Listens, forgotten.Rows, forgotten.Files)
            : default;

    static List<string> Files(TestLake lake) =>
        [
            .. Directory
                .EnumerateFiles(lake.Folder, "*", SearchOption.AllDirectories)
                .Select(file => $"{file} {File.GetLastWriteTimeUtc(file):O}")
                .Order(StringComparer.Ordinal),
        ];

    static byte[] Read(TestLake lake, string path)
    {
        var bytes = File.ReadAllBytes(Path.Combine(lake.Folder, path));
        if (!path.EndsWith(".gz", StringComparison.Ordinal))
        {
            return bytes;
        }

        using var plain = new MemoryStream();
        using var gzip = new GZipStream(new MemoryStream(bytes), CompressionMode.Decompress);
        gzip.CopyTo(plain);
        return plain.ToArray();
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
