using System.Globalization;
using Downbeat.Pipeline.Landing;
using Downbeat.Testing;
using Downbeat.Testing.Crash;

namespace Downbeat.Cli.Tests.Crash;

/// <summary>
/// The real process on a real folder is killed just before and just after everything that it writes. What the next run
/// leaves is, byte for byte, what an undisturbed one leaves. <c>./test --soak</c> tries every point, and pairs of them.
/// </summary>
public sealed class CrashPointTests(CrashFixture fixture) : IClassFixture<CrashFixture>
{
    const int PointsOfARun = 24;
    const int PointsOfACommand = 5;
    const int PairsWhenSoaking = 150;

    [Fact]
    public void ARunThatIsKilledAtAnyWriteIsCompletedByTheNextRun()
    {
        var (before, expected, points) = (fixture.Before, fixture.Expected, fixture.Points);
        Assert.InRange(points, 100, 2000);
        var random = new TestListens();
        Try(
            "run",
            random.Seed,
            CrashPoints.Choose(points, PointsOfARun, new(random.Seed)),
            before,
            expected,
            (lake, point) =>
            {
                if (!CrashPoints.Kill(lake.Cli, point, "run"))
                {
                    return false;
                }

                if (point % 4 == 0)
                {
                    Assert.Equal(0, lake.Cli.Run("plan").ExitCode);
                }

                lake.Run(0, 3);
                return true;
            },
            points
        );
    }

    [Fact]
    public void ARunThatIsKilledTwiceIsCompletedByTheThird()
    {
        var (before, expected, points) = (fixture.Before, fixture.Expected, fixture.Points);
        var listens = new TestListens();
        var random = new Random(listens.Seed);
        var pairs = Enumerable
            .Range(0, RandomRounds.IsSoak ? PairsWhenSoaking : 3)
            .Select(_ => (First: 1 + random.Next(points), Second: 1 + random.Next(points)))
            .ToList();
        Try(
            "pairs",
            listens.Seed,
            [.. Enumerable.Range(0, pairs.Count)],
            before,
            expected,
            (lake, pair) =>
            {
                var isKilled = CrashPoints.Kill(lake.Cli, pairs[pair].First, "run");
                CrashPoints.Kill(lake.Cli, pairs[pair].Second, "run");
                lake.Run(0, 3);
                return isKilled;
            },
            pairs.Count
        );
    }

    [Fact]
    public void ARebuildThatIsKilledAtAnyWriteIsCompletedByTheNextRun()
    {
        using var before = fixture.After.Copy();
        string[] rebuild = ["rebuild", "--from", "2024-06-25", "--to", "2024-07-01"];
        var damaged = Path.Combine(before.Folder, LakePaths.Kpi("daily", new(2024, 6, 25)));
        File.WriteAllText(damaged, File.ReadAllText(damaged).Replace('1', '2'));
        var (expected, points) = Undisturbed(before, rebuild);
        var random = new TestListens();
        Try(
            "rebuild",
            random.Seed,
            CrashPoints.Choose(points, PointsOfACommand, new(random.Seed)),
            before,
            expected,
            (lake, point) =>
            {
                if (!CrashPoints.Kill(lake.Cli, point, rebuild))
                {
                    return false;
                }

                // One that dies before it has asked for anything was never asked.
                Assert.Equal(0, lake.Cli.Run(rebuild).ExitCode);
                return true;
            },
            points
        );
    }

    [Theory]
    [InlineData("broken.csv")]
    [InlineData("rejects.csv")]
    public void ARetryThatIsKilledAtAnyWriteIsCompletedByARunAndARetry(string name)
    {
        using var before = fixture.After.Copy();
        Mend(before.Folder);
        using var undisturbed = before.Copy();
        var (result, points) = CrashPoints.Count(undisturbed.Cli, "quarantine", "retry", name);
        Assert.True(result.ExitCode == 0, result.Error);
        undisturbed.Run(0);
        var expected = undisturbed.Outcome();
        var random = new TestListens();
        Try(
            $"retry {name}",
            random.Seed,
            CrashPoints.Choose(points, PointsOfACommand, new(random.Seed)),
            before,
            expected,
            (lake, point) =>
            {
                if (!CrashPoints.Kill(lake.Cli, point, "quarantine", "retry", name))
                {
                    return false;
                }

                lake.Run(0);
                if (lake.Cli.Run("quarantine", "list").Output.Contains(name, StringComparison.Ordinal))
                {
                    var again = lake.Cli.Run("quarantine", "retry", name);
                    Assert.True(
                        again.ExitCode == 0
                            || again.Error.Contains("so it is no longer listed", StringComparison.Ordinal),
                        again.Error
                    );
                    lake.Run(0);
                }

                return true;
            },
            points
        );
    }

    [Fact]
    public void AnInitThatIsKilledAtAnyWriteIsCompletedByAnother()
    {
        using var parent = new TemporaryFolder();
        var cli = new CliRunner(parent.Path);
        var points = CrashPoints.Count(cli, "init", "counted").Points;
        Assert.InRange(points, 8, 100);
        var settings = File.ReadAllBytes(Path.Combine(parent.Path, "counted", LakePaths.Settings));
        var tried = 0;
        var random = new TestListens();
        foreach (var point in CrashPoints.Choose(points, PointsOfACommand, new(random.Seed)))
        {
            var lake = string.Create(CultureInfo.InvariantCulture, $"lake-{point}");
            if (CrashPoints.Kill(cli, point, "init", lake))
            {
                tried++;
                Assert.Equal(0, cli.Run("init", lake).ExitCode);
                var folder = Path.Combine(parent.Path, lake);
                Assert.Equal(settings, File.ReadAllBytes(Path.Combine(folder, LakePaths.Settings)));
                Assert.True(Directory.Exists(Path.Combine(folder, LakePaths.Users)));
                Assert.Contains("songs", cli.Run("run", "--lake", lake).Error, StringComparison.Ordinal);
                Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(folder, ".tmp")));
            }
        }

        TestReport.Set("crash-points", ("folder init points", points), ("folder init tried", tried));
    }

    /// <summary>Makes of the quarantined file, and of the rejected rows, what can be scanned.</summary>
    static void Mend(string folder)
    {
        foreach (
            var file in Directory.EnumerateFiles(
                Path.Combine(folder, LakePaths.Quarantine),
                "*",
                SearchOption.AllDirectories
            )
        )
        {
            if (file.EndsWith("broken.csv", StringComparison.Ordinal))
            {
                File.WriteAllText(file, TestListens.Csv(["7,track007,2024-06-25 07:07:07,1,1"]));
                File.SetLastWriteTimeUtc(file, new DateTime(2024, 8, 1, 12, 2, 0, DateTimeKind.Utc));
            }
            else if (file.EndsWith("rejects.csv", StringComparison.Ordinal))
            {
                File.WriteAllText(
                    file,
                    File.ReadAllText(file).Replace("x,track001", "11,track001", StringComparison.Ordinal)
                );
            }
        }
    }

    static (SortedDictionary<string, string> Expected, int Points) Undisturbed(
        CrashLake before,
        params string[] command
    )
    {
        using var lake = before.Copy();
        var (result, points) = CrashPoints.Count(lake.Cli, command);
        Assert.True(result.ExitCode is 0 or 3, result.Error);
        return (lake.Outcome(), points);
    }

    static void Try(
        string name,
        int seed,
        IReadOnlyList<int> points,
        CrashLake before,
        SortedDictionary<string, string> expected,
        Func<CrashLake, int, bool> disturb,
        int all
    )
    {
        var (tried, wrong) = (0, new List<string>());
        Parallel.ForEach(
            points,
            new ParallelOptions { MaxDegreeOfParallelism = 2 },
            point =>
            {
                using var lake = before.Copy();
                string difference;
                try
                {
                    if (!disturb(lake, point))
                    {
                        return;
                    }

                    difference = LakeOutcome.Difference(expected, lake.Outcome());
                }
                catch (Exception error) when (error is not OutOfMemoryException)
                {
                    difference = error.Message;
                }

                lock (wrong)
                {
                    tried++;
                    if (difference.Length > 0)
                    {
                        wrong.Add(string.Create(CultureInfo.InvariantCulture, $"killed at {point}: {difference}"));
                    }
                }
            }
        );
        TestReport.Set(
            "crash-points",
            ($"folder {name} points", all),
            ($"folder {name} tried", tried),
            ($"folder {name} wrong outcomes", wrong.Count)
        );
        Assert.True(
            wrong.Count == 0,
            string.Create(
                CultureInfo.InvariantCulture,
                $"{wrong.Count} of {tried} outcomes are wrong; DOWNBEAT_TEST_SEED={seed}\n{string.Join("\n\n", wrong.Take(5))}"
            )
        );
        Assert.True(tried > points.Count / 2, "Hardly any run was killed.");
    }
}
