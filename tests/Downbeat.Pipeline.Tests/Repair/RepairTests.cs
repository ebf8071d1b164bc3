using System.Globalization;
using Downbeat.Pipeline.Landing;
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
        for (var flip = 0; flip < (RandomRounds.IsSoak ? 64 : 3); flip++)
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
    static TestLake NewLake(int seed)
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
            foreach (var path in paths)
            {
                read.Add(path, File.ReadAllBytes(Path.Combine(lake.Folder, path)));
            }
        }

        return read;
    }

    static void AssertSame(SortedDictionary<string, byte[]> before, SortedDictionary<string, byte[]> after, string what)
    {
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
