using System.Globalization;
using System.Text;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Ledger;
using Downbeat.Pipeline.Repair;
using Downbeat.Pipeline.Runs;
using Downbeat.Testing;

namespace Downbeat.Pipeline.Tests.Repair;

/// <summary>Whatever is flipped, cut off or gone: it is noticed, named and mended, to the byte.</summary>
public sealed class RepairTests
{
    static readonly RunOptions Options = new() { Workers = 1, SortBufferMb = 16 };

    /// <summary>What is compared before and after.</summary>
    static readonly string[] Kept =
    [
        "lake.json",
        "slices",
        "ledger",
        "ledger-copies",
        "kpis",
        "catalogue",
        "archive/streams",
        "quarantine",
    ];

    [Fact]
    public void RepairOfAWholeLakeChangesNothing()
    {
        using var lake = NewLake(1);
        var before = Read(lake);
        Assert.Empty(lake.Repair(new(DryRun: true), Options).Findings);
        Assert.Empty(lake.Repair(options: Options).Findings);
        AssertSame(before, Read(lake), "repair of a whole lake");
    }

    [Fact]
    public void AnyFlippedBitAndAnyLostFileIsNamedAndMended() =>
        RandomRounds.Run(
            1,
            random =>
            {
                using var lake = NewLake(random.Next());
                var before = Read(lake);
                var counts = new RepairCounts();
                var songs = lake.State.Songs!.Path;
                foreach (var path in before.Keys)
                {
                    if (path.EndsWith(".songs", StringComparison.Ordinal) && path != songs)
                    {
                        continue; // An older version, which the ledger does not name any more.
                    }

                    var whole = before[path];
                    foreach (var damage in Damages(path, whole, random))
                    {
                        Damage(lake, path, damage.Bytes);
                        AssertMended(lake, before, path, damage.What);
                        counts.Add(path, damage.What);
                    }
                }

                counts.Write();
            }
        );

    /// <summary>What no copy mends is found again in the lake: nothing that counted is lost, nothing that was taken out comes back.</summary>
    [Fact]
    public void ACommitThatIsLostWithItsCopyIsFoundAgainInTheLake() =>
        RandomRounds.Run(
            1,
            random =>
            {
                var counts = new RepairCounts();
                var seed = random.Next();
                using var whole = NewLake(seed, retract: true);
                var (before, last) = (Describe(whole), whole.State.Version);
                for (var version = 0; version <= last; version++)
                {
                    // 0: all of them.
                    using var lake = NewLake(seed, retract: true);
                    for (var lost = version == 0 ? 1 : version; lost <= (version == 0 ? last : version); lost++)
                    {
                        Damage(lake, LakePaths.Commit(lost), null);
                        Damage(lake, LakePaths.CommitCopy(lost), [1, 2, 3]);
                    }

                    var report = lake.Repair(options: Options);
                    var what =
                        $"commit {version} of {last}, seed {seed}: {string.Join("; ", report.Findings.Select(finding => $"{finding.Path} {finding.Wrong} {finding.Cure}"))}";
                    Assert.False(report.HasUnmended, what);
                    var different = before.Split('\n').Except(Describe(lake).Split('\n'), StringComparer.Ordinal);
                    Assert.True(before == Describe(lake), $"{what}\ngone: {string.Join('\n', different)}");
                    Assert.DoesNotContain(
                        lake.Repair(options: Options).Findings,
                        finding => finding.Outcome != RepairOutcome.Noted
                    );
                    Assert.True(lake.Plan(Options).IsEmpty, what);
                    counts.Add("commits lost with their copies");
                }

                counts.Write();
            }
        );

    /// <summary>A rewritten file is no proof of the key that it landed with. What was retracted is no business of anybody's.</summary>
    [Fact]
    public void WhatCannotBeFoundAgainLeavesAllDatesAsTheyAreUntilItLandsAgain()
    {
        using var lake = new TestLake();
        lake.LandCatalogue(TestListens.Songs, TestListens.Users);
        var rows = new TestListens(3).Rows(60);
        const string Forgotten = "7310001,track001,2024-06-25 10:00:00,0,0";
        lake.LandStreams("a.csv", TestListens.Csv(rows.Take(40).Append(Forgotten)));
        lake.LandStreams("b.csv", TestListens.Csv(rows.Skip(30).Append(Forgotten)));
        Assert.Empty(lake.Run(Options).Errors);
        var sources = lake.State.Sources.Values.ToDictionary(source => Path.GetFileName(source.Entry.Key));
        Assert.Empty(lake.Run(Options, new() { Retract = sources["b.csv"].Entry.Id }).Errors);
        Assert.Empty(lake.Run(Options, new() { Forget = [7310001] }).Errors);
        var before = lake.Kpis();
        Damage(lake, LakePaths.Commit(sources["a.csv"].ScannedIn), null);
        Damage(lake, LakePaths.CommitCopy(sources["a.csv"].ScannedIn), null);
        for (var round = 0; round < 2; round++)
        {
            var report = lake.Repair(options: Options);
            var finding = Assert.Single(report.Findings, finding => finding.Outcome == RepairOutcome.NotMended);
            Assert.StartsWith(
                $"{LakePaths.Archive}/{sources["a.csv"].Entry.Id}",
                finding.Path,
                StringComparison.Ordinal
            );
            Assert.Contains("repair", Assert.Single(lake.Run(Options).Errors), StringComparison.Ordinal);
            Assert.Equal(before, lake.Kpis());
        }

        var archived = Path.Combine(lake.Folder, LakePaths.Archived(sources["a.csv"].Entry.Id, "a.csv"));
        var landed = Path.Combine(lake.Folder, LakePaths.Streams, "a.csv");
        File.Copy(archived, landed);
        File.SetLastWriteTimeUtc(landed, File.GetLastWriteTimeUtc(archived));
        Assert.Single(lake.Run(Options).Errors);
        Assert.False(lake.Repair(options: Options).HasUnmended);
        Assert.Equal(before, lake.Kpis());
        Assert.True(lake.Plan(Options).IsEmpty);
    }

    [Fact]
    public void ACommitBeforeTheCheckpointIsRestoredFromIt()
    {
        using var lake = NewLake(2, retract: true);
        var before = Describe(lake);
        var state = lake.State;
        lake.Lake.Put([(LakePaths.Checkpoint, Sealed.Write(state, LakeJson.Default.LakeState))]);
        for (var version = 1L; version <= state.Version; version += 2)
        {
            Damage(lake, LakePaths.Commit(version), null);
            Damage(lake, LakePaths.CommitCopy(version), null);
        }

        Assert.False(lake.Repair(options: Options).HasUnmended);
        Assert.Equal(before, Describe(lake));
        lake.Lake.Delete(LakePaths.Checkpoint);
        Assert.Equal(before, Describe(lake));
        Assert.Empty(lake.Repair(options: Options).Findings);
        Assert.True(lake.Plan(Options).IsEmpty);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ARepairThatDiesAtAnyWriteIsEndedByTheNext(bool afterwards)
    {
        var counts = new RepairCounts();
        for (int write = 1, writes = 1; write <= writes; write++)
        {
            using var lake = NewLake(3);
            var before = Read(lake);
            DamageMuch(lake);
            var faulty = new FaultyLake(lake.Lake, write, afterwards);
            try
            {
                lake.Repair(options: Options, through: faulty);
                writes = 0; // It needed no more.
            }
            catch (FaultyLake.DeadException)
            {
                writes = write + 1;
                BuryProcess(lake);
                counts.Add("repairs killed");
            }

            Assert.False(lake.Repair(options: Options).HasUnmended);
            AssertSame(before, Read(lake), $"died {(afterwards ? "after" : "before")} write {write}", but: "songs-1-");
            Assert.Empty(lake.Repair(options: Options).Findings);
        }

        counts.Write();
    }

    [Fact]
    public void WhereUsersWereForgottenTheyStayForgotten()
    {
        using var lake = NewLake(4);
        lake.Run(Options, new() { Forget = [1, 2, 3, 4, 5, 6, 7] });
        var (kpis, listens) = (lake.Kpis(), Listens(lake));
        Assert.Empty(lake.Repair(options: Options).Findings);
        foreach (var source in lake.State.Sources.Values)
        {
            foreach (var slice in source.Entry.Slices)
            {
                var file = Path.Combine(lake.Folder, slice.Path);
                var bytes = File.ReadAllBytes(file);
                bytes[bytes.Length / 2] ^= 4;
                File.WriteAllBytes(file, bytes);
            }
        }

        var report = lake.Repair(options: Options);
        Assert.False(
            report.HasUnmended,
            string.Join("; ", report.Findings.Select(finding => $"{finding.Path} {finding.Wrong} {finding.Cure}"))
        );
        Assert.Equal(kpis, lake.Kpis());
        Assert.Equal(listens, Listens(lake));
        Assert.Empty(lake.Repair(options: Options).Findings);
        Assert.True(lake.Plan(Options).IsEmpty);
    }

    [Fact]
    public void WhatCannotBeMendedIsSaidWithWhatToDoAndItsDateKeepsItsTables()
    {
        using var lake = NewLake(5);
        var kpis = lake.Kpis();
        var source = lake.State.Sources.Values.First(one => one.Entry.Key.EndsWith("a.csv", StringComparison.Ordinal));
        var raw = File.ReadAllBytes(Path.Combine(lake.Folder, source.MovedTo!));
        Damage(lake, source.Entry.Slices[0].Path, null);
        Damage(lake, source.MovedTo!, null);
        var report = lake.Repair(options: Options);
        Assert.True(report.HasUnmended);
        Assert.Contains(
            "deliver that file again",
            report.Findings.Single(finding => finding.Path == source.Entry.Slices[0].Path).Cure,
            StringComparison.Ordinal
        );
        Assert.Equal(kpis, lake.Kpis());
        lake.Land($"{LakePaths.Streams}/mail/sent-again.csv", raw);
        Assert.False(lake.Repair(options: Options).HasUnmended);
        Assert.Equal(kpis, lake.Kpis());
    }

    [Fact]
    public void ADryRunChangesNothingAndCommandsNameWhatIsDamaged()
    {
        using var lake = NewLake(6);
        DamageMuch(lake);
        var before = Read(lake);
        Assert.True(lake.Repair(new(DryRun: true), Options).HasToMend);
        AssertSame(before, Read(lake), "a dry run");
        Assert.Contains(
            "`downbeat repair`",
            Assert.Throws<LakeException>(() => lake.Plan(Options)).Message,
            StringComparison.Ordinal
        );
        Damage(lake, LakePaths.Lake, File.ReadAllBytes(Path.Combine(lake.Folder, LakePaths.LakeCopy)));
        var error = Assert.ThrowsAny<Exception>(() => lake.Plan(Options)).Message;
        Assert.Contains($"{LakePaths.Ledger}/", error, StringComparison.Ordinal);
        Assert.Contains("`downbeat repair`", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("cut")]
    [InlineData("flipped")]
    [InlineData("null")]
    [InlineData("deleted")]
    public void ADamagedLakeFileIsSaidInPlainWordsAndThatRepairMendsItOnlyWhileItsCopyIsWhole(string damage)
    {
        using var lake = new TestLake();
        lake.LandCatalogue(TestListens.Songs, TestListens.Users);
        lake.LandStreams("a.csv", TestListens.Csv(new TestListens(8).Rows(20)));
        Assert.Empty(lake.Run(Options).Errors);
        var (before, id) = (Read(lake), LakeFile.Read(lake.Lake).Id);
        DamageFile(LakePaths.Lake);
        var error = Assert.Throws<LakeException>(() => lake.Run(Options)).Message;
        AssertPlain(error);
        Assert.Contains("`downbeat repair` mends it", error, StringComparison.Ordinal);

        DamageFile(LakePaths.LakeCopy);
        foreach (var read in new Action[] { () => lake.Run(Options), () => lake.Repair(options: Options) })
        {
            error = Assert.Throws<LakeException>(read).Message;
            AssertPlain(error);
            if (damage == "deleted")
            {
                Assert.Contains("is no lake", error, StringComparison.Ordinal);
                continue;
            }

            Assert.Contains($"its copy {LakePaths.LakeCopy} is damaged too", error, StringComparison.Ordinal);
            Assert.Contains("Restore it from a backup", error, StringComparison.Ordinal);
            Assert.Contains("lake_id", error, StringComparison.Ordinal);
            Assert.DoesNotContain("downbeat repair", error, StringComparison.Ordinal);
        }

        if (damage != "deleted")
        {
            // Written again as the message says, it is a lake again.
            var text = error[error.IndexOf('{', StringComparison.Ordinal)..(error.LastIndexOf('}') + 1)];
            text = text.Replace("\"id\":\"…\"", $"\"id\":\"{id}\"", StringComparison.Ordinal);
            lake.Land(LakePaths.Lake, Encoding.UTF8.GetBytes(text.Replace("…", "UTC", StringComparison.Ordinal)));
            Assert.False(lake.Repair(options: Options).HasUnmended);
            Assert.Equal(id, LakeFile.Read(lake.Lake).Id);
            Assert.Empty(lake.Repair(options: Options).Findings);
        }

        void DamageFile(string path)
        {
            var whole = before[path];
            Damage(
                lake,
                path,
                damage switch
                {
                    "cut" => whole[..(whole.Length / 2)],
                    "flipped" => [.. whole.Select(letter => letter == (byte)'2' ? (byte)'3' : letter)],
                    "null" => "null"u8.ToArray(),
                    _ => null,
                }
            );
        }

        static void AssertPlain(string error)
        {
            Assert.Contains(LakePaths.Lake, error, StringComparison.Ordinal);
            foreach (var foreign in (string[])["LineNumber", "Path: ", "System.", "Downbeat.Pipeline", "JSON value"])
            {
                Assert.DoesNotContain(foreign, error, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void ALiveRunIsRespected()
    {
        using var lake = NewLake(7);
        using var lease = Lease.Take(lake.Lake, "run", 20, TimeProvider.System);
        Assert.Throws<LeaseHeldException>(() => lake.Repair(options: Options));
    }

    /// <summary>One object of every kind.</summary>
    static void DamageMuch(TestLake lake)
    {
        var state = lake.State;
        string[] paths =
        [
            LakePaths.Lake,
            LakePaths.Commit(2),
            LakePaths.CommitCopy(3),
            state.Songs!.Path,
            state.Sources.Values.First(source => source.Entry.Slices.Count > 0).Entry.Slices[0].Path,
            LakePaths.Rejects(state.Sources.Values.First(source => source.OpenRejects > 0).Entry.Id),
            LakePaths.Kpi("genre_daily", state.Dates.Keys.First()),
        ];
        foreach (var path in paths)
        {
            var bytes = File.ReadAllBytes(Path.Combine(lake.Folder, path));
            Damage(lake, path, bytes[..(bytes.Length / 3)]);
        }

        Damage(lake, LakePaths.Kpi("genre_daily", new(1999, 1, 1)), [1]);
    }

    /// <summary>The lease names this process, which lives on: let it name one that does not.</summary>
    static void BuryProcess(TestLake lake)
    {
        var lease = Path.Combine(lake.Folder, LakePaths.Lease);
        if (File.Exists(lease))
        {
            var own = $"\"processId\": {Environment.ProcessId}";
            File.WriteAllText(
                lease,
                File.ReadAllText(lease).Replace(own, "\"processId\": 2147483646", StringComparison.Ordinal)
            );
        }
    }

    static string Listens(TestLake lake) =>
        string.Join('\n', lake.State.Dates.Values.Select(date => $"{date.Entry.Date:yyyy-MM-dd} {date.Entry.Listens}"));

    /// <summary>Everything that matters, as text.</summary>
    static string Describe(TestLake lake)
    {
        var state = lake.State;
        var lines = lake.Kpis().Select(file => $"{file.Key}\n{file.Value}").ToList();
        foreach (var source in state.Sources.Values.OrderBy(source => source.Entry.Id, StringComparer.Ordinal))
        {
            var entry = source.Entry;
            lines.Add(
                $"{entry.Id} {entry.Key} {entry.Hash} {entry.Rows}={entry.Accepted}+{entry.Duplicates}+{entry.Rejected} {entry.Fault} {source.MovedTo} {source.OpenRejects} {source.Counts} {source.IsRetracted} {source.RetractedBy}"
            );
        }

        lines.Add(Listens(lake));
        lines.Add($"{state.Songs!.Version} {state.Songs.Count} {state.Users!.Version} {state.Users.Count}");
        return string.Join('\n', lines);
    }

    static IEnumerable<(string What, byte[]? Bytes)> Damages(string path, byte[] whole, Random random)
    {
        if (IsQuarantine(path))
        {
            // Whoever mends rows changes them there: only what cannot be read is damaged.
            yield return ("deleted", null);
            yield return ("cut", whole[..(whole.Length / 3)]);
            yield break;
        }

        yield return ("deleted", null);
        yield return ("cut", whole[..random.Next(whole.Length)]);
        for (var flip = 0; flip < (RandomRounds.IsSoak ? 64 : 1); flip++)
        {
            var flipped = (byte[])whole.Clone();
            var at = random.Next(whole.Length);
            flipped[at] ^= (byte)(1 << random.Next(8));
            yield return (string.Create(CultureInfo.InvariantCulture, $"flipped at {at}"), flipped);
        }
    }

    static bool IsQuarantine(string path) =>
        path.StartsWith("quarantine/", StringComparison.Ordinal) && !path.EndsWith("bad.csv", StringComparison.Ordinal);

    static bool IsRaw(string path) =>
        path.StartsWith("archive/", StringComparison.Ordinal) || path.EndsWith("bad.csv", StringComparison.Ordinal);

    static void AssertMended(TestLake lake, SortedDictionary<string, byte[]> before, string path, string what)
    {
        var looked = lake.Repair(new(DryRun: true), Options);
        var named = looked.Findings.Any(finding => finding.Path.StartsWith(path, StringComparison.Ordinal));
        if (
            path.StartsWith("ledger/", StringComparison.Ordinal)
            || path.StartsWith("ledger-copies/", StringComparison.Ordinal)
        )
        {
            named |= looked.Findings.Any(finding => finding.Path == "ledger-copies");
        }

        Assert.True(named, $"{path}, {what}: not named.");
        var report = lake.Repair(options: Options);
        if (IsRaw(path))
        {
            // Nothing else has what it has: it is delivered again.
            Assert.True(report.HasUnmended || what == "deleted", $"{path}, {what}: said to be mended.");
            File.WriteAllBytes(Path.Combine(lake.Folder, LakePaths.Streams, "again.csv"), before[path]);
            report = lake.Repair(options: Options);
            File.Delete(Path.Combine(lake.Folder, LakePaths.Streams, "again.csv"));
        }

        Assert.True(
            !report.HasUnmended,
            $"{path}, {what}: {string.Join("; ", report.Findings.Select(finding => $"{finding.Path} {finding.Wrong} {finding.Cure}"))}"
        );
        AssertSame(before, Read(lake), $"{path}, {what}");
        Assert.Empty(lake.Repair(options: Options).Findings);
        Assert.True(lake.Plan(Options).IsEmpty, $"{path}, {what}: a run would do something.");
    }

    /// <summary>Several sources, dates, rejects, a quarantined file, a version that took another's place, a restatement.</summary>
    static TestLake NewLake(int seed, bool retract = false)
    {
        var lake = new TestLake();
        var random = new TestListens(seed);
        var rows = random.Rows(240);
        lake.LandCatalogue(TestListens.Songs, TestListens.Users);
        lake.LandStreams("a.csv", TestListens.Csv(rows.Take(80)));
        lake.LandStreams("deep/grows.csv", TestListens.Csv(rows.Skip(80).Take(40)));
        lake.Run(Options);
        lake.LandStreams("deep/grows.csv", TestListens.Csv(rows.Skip(80).Take(90)), TestLake.Arrived.AddMinutes(1));
        lake.LandStreams("c.csv.gz", TestListens.Csv(rows.Skip(150).Append("x,track001,2024-06-27 00:00:00,0,0")));
        lake.LandStreams("bad.csv", "user_id,track_id\n1,2\n");
        lake.LandCatalogue(
            TestListens.Songs.Replace(",Album,", ",Other album,", StringComparison.Ordinal)
                + "track061,New,Album,New,1,1,new\n",
            TestListens.Users,
            TestLake.Arrived.AddHours(1)
        );
        lake.Run(Options);
        Assert.Equal(4, lake.State.Sources.Values.Count(source => source.Counts));
        if (retract)
        {
            var source = lake.State.Sources.Values.First(one =>
                one.Entry.Key.EndsWith("a.csv", StringComparison.Ordinal)
            );
            lake.Run(Options, new() { Retract = source.Entry.Id });
        }

        return lake;
    }

    static void Damage(TestLake lake, string path, byte[]? bytes)
    {
        var file = Path.Combine(lake.Folder, path);
        if (bytes is null)
        {
            File.Delete(file);
        }
        else
        {
            var time = File.GetLastWriteTimeUtc(file);
            File.WriteAllBytes(file, bytes);
            File.SetLastWriteTimeUtc(file, time);
        }
    }

    static SortedDictionary<string, byte[]> Read(TestLake lake)
    {
        var read = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (var folder in Kept)
        {
            var paths = lake.Lake.Find(folder) is null ? lake.Lake.List(folder).Select(file => file.Path) : [folder];
            foreach (
                var path in paths.Where(path => !path.StartsWith("archive/streams/damaged/", StringComparison.Ordinal))
            )
            {
                read.Add(path, File.ReadAllBytes(Path.Combine(lake.Folder, path)));
            }
        }

        return read;
    }

    static void AssertSame(
        SortedDictionary<string, byte[]> before,
        SortedDictionary<string, byte[]> after,
        string what,
        string? but = null
    )
    {
        if (but is not null)
        {
            // Swept with what the repair that died left.
            foreach (var path in before.Keys.Where(path => path.Contains(but, StringComparison.Ordinal)).ToList())
            {
                before.Remove(path);
                after.Remove(path);
            }

            foreach (
                var path in before
                    .Keys.Concat(after.Keys)
                    .Where(path => path.StartsWith("ledger", StringComparison.Ordinal))
                    .ToList()
            )
            {
                before.Remove(path); // A sweep is a commit.
                after.Remove(path);
            }
        }

        Assert.True(
            before.Keys.SequenceEqual(after.Keys),
            $"{what}: gone {string.Join(", ", before.Keys.Except(after.Keys))}; new {string.Join(", ", after.Keys.Except(before.Keys))}"
        );
        foreach (var (path, bytes) in before)
        {
            Assert.True(bytes.AsSpan().SequenceEqual(after[path]), $"{what}: {path} is not as it was.");
        }
    }
}
