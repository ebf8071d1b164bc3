using System.Globalization;
using Downbeat.Pipeline.Landing;
using Downbeat.Testing;
using Downbeat.Testing.Crash;

namespace Downbeat.Cli.Tests.Crash;

/// <summary>
/// Disks that are full or read-only, and rights that are missing or go away while a run works. Each time the error says what
/// to do, nothing is lost, no unfinished work stays to fill the disk, and the next run ends as an undisturbed one.
/// </summary>
public sealed class DiskFaultTests(CrashFixture fixture) : IClassFixture<CrashFixture>
{
    static readonly bool IsRoot = Environment.UserName == "root";

    static readonly string[] AsNobody = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"];

    readonly CrashLake before = fixture.Before;
    readonly SortedDictionary<string, string> expected = fixture.Expected;
    readonly TestListens random = new();

    static string User => IsRoot ? "nobody" : Environment.UserName;

    [Fact]
    public void ADiskThatIsFullAtAnyMomentLosesNothing()
    {
        using var disk = Disk.TryMount(megabytes: 16);
        if (disk is null)
        {
            AFileThatMayNotGrowAtAnyMomentLosesNothing(); // What can be done without the right to mount.
            return;
        }

        long needed;
        using (var undisturbed = before.Copy(disk.Folder))
        {
            var free = disk.FreeBytes;
            undisturbed.Run(3);
            needed = free - disk.FreeBytes;
        }

        // What is unfinished comes on top of what stays.
        var (tried, failed) = (RandomRounds.IsSoak ? 150 : 8, 0);
        for (var size = 0; size < tried; size++)
        {
            using var lake = before.Copy(disk.Folder);
            disk.Fill(((needed * 5 / 4 / tried) * size) + random.Next(4096));
            var run = lake.Cli.Run("run");
            if (run.ExitCode == 1)
            {
                failed++;
                AssertSays(
                    run,
                    $"no room is left on the disk of {disk.Folder}",
                    "warehouse.db: no room is left on its disk"
                );
                Assert.Empty(Unfinished(lake));
                Assert.Equal(0, lake.Cli.Run("plan").ExitCode);
            }
            else
            {
                Assert.True(run.ExitCode == 3, run.Error);
            }

            disk.Empty();
            AssertNextRunEnds(lake, run);
        }

        Assert.InRange(failed, tried / 2, tried);
        Report("disk full", tried);
    }

    [Fact]
    public void AFileThatMayNotGrowAtAnyMomentLosesNothing()
    {
        var (tried, failed) = (0, 0);
        foreach (var kilobytes in RandomRounds.IsSoak ? [.. Enumerable.Range(0, 40), 48, 64] : (int[])[0, 2, 6, 20])
        {
            using var lake = before.Copy();
            lake.Cli.Prefix =
            [
                "bash",
                "-c",
                string.Create(CultureInfo.InvariantCulture, $"trap '' XFSZ; ulimit -f {kilobytes}; exec \"$@\""),
                "limited",
            ];
            lake.Cli.Variables["DOTNET_EnableWriteXorExecute"] = "0"; // The runtime keeps its code in a file otherwise.
            var run = lake.Cli.Run("run");
            tried++;
            if (run.ExitCode == 1)
            {
                failed++;
                // SQLite does not say which fault it was.
                AssertSays(run, "(`ulimit -f`)", "warehouse.db: the disk refused to read or write");
                Assert.Empty(Unfinished(lake));
            }

            lake.Cli.Prefix = [];
            AssertNextRunEnds(lake, run);
        }

        Assert.True(failed >= 3, "Hardly any run failed.");
        Report("file size limit", tried);
    }

    [Theory]
    [InlineData("landing/streams")]
    [InlineData("landing/streams", "archive/streams")]
    [InlineData("archive/streams")]
    [InlineData("slices")]
    [InlineData("ledger")]
    [InlineData("kpis")]
    [InlineData("catalogue")]
    [InlineData("quarantine")]
    [InlineData("runs")]
    [InlineData(".tmp")]
    [InlineData("")]
    public void AFolderThatMayNotBeWrittenToIsNamed(params string[] folders)
    {
        using var lake = BelongingToUser();
        SetWritable(lake, folders, false);
        var run = lake.Cli.Run("run");
        Assert.Equal(1, run.ExitCode);
        AssertSays(run, $"cannot be written to by the user {User}: let that user write there");
        AssertSays(run, Path.TrimEndingDirectorySeparator(Path.Combine(lake.Folder, folders[0])));
        if (folders is ["landing/streams"])
        {
            Assert.DoesNotContain(Path.Combine(lake.Folder, "archive/streams"), run.Error, StringComparison.Ordinal);
        }

        Assert.Equal(0, lake.Cli.Run("status").ExitCode);
        Assert.Equal(0, lake.Cli.Run("plan").ExitCode);
        SetWritable(lake, folders, true);
        AssertNextRunEnds(lake, run);
        Report($"no right to write to {string.Join(" and ", folders)}", 1);
    }

    [Fact]
    public void AWarehouseThatMayNotBeWrittenToIsCaughtUpLater()
    {
        using var lake = BelongingToUser();
        var warehouse = Path.Combine(lake.Folder, LakePaths.Warehouse);
        Tool.Run("chmod", "a-w", warehouse);
        var run = lake.Cli.Run("run");
        Assert.Equal(1, run.ExitCode);
        AssertSays(run, $"{warehouse}: it, or its folder, may not be written to by the user {User}");
        Tool.Run("chmod", "u+w", warehouse);
        AssertNextRunEnds(lake, run);
    }

    [Fact]
    public void AFileThatMayNotBeReadIsNamedAndTheOthersGoOn()
    {
        using var lake = BelongingToUser();
        var late = Path.Combine(lake.Folder, LakePaths.Streams, "late.csv");
        Tool.Run("chmod", "000", late);
        var run = lake.Cli.Run("run");
        Assert.Equal(1, run.ExitCode);
        AssertSays(run, $"{late} cannot be read by the user {User}: let that user read it");
        Tool.Run("chmod", "600", late);
        AssertNextRunEnds(lake, run);
    }

    [Fact]
    public async Task ARightThatGoesAwayWhileARunWorksLosesNothing()
    {
        var rounds = RandomRounds.IsSoak ? 60 : 2;
        for (var round = 0; round < rounds; round++)
        {
            using var lake = BelongingToUser();
            var boundaries = Path.Combine(lake.Folder, "boundaries");
            lake.Cli.Variables["DOWNBEAT_TEST_BOUNDARIES"] = boundaries;
            File.WriteAllText(boundaries, "");
            Tool.Run("chmod", "a+w", boundaries);
            string[] folders = [((string[])["", "kpis", "ledger", "archive/streams", "slices"])[random.Next(5)]];
            var size = random.Next(8000);
            var running = Task.Run(() => lake.Cli.Run("run"));
            while (!running.IsCompleted && new FileInfo(boundaries).Length < size)
            {
                await Task.Delay(1);
            }

            SetWritable(lake, folders, false);
            var run = await running;
            SetWritable(lake, folders, true);
            Assert.True(run.ExitCode is 1 or 3, run.Error);
            AssertSays(run, run.ExitCode == 1 ? $"cannot be written to by the user {User}" : "");
            File.Delete(boundaries);
            lake.Cli.Variables.Remove("DOWNBEAT_TEST_BOUNDARIES");
            AssertNextRunEnds(lake, run);
        }

        Report("rights lost while running", rounds);
    }

    [Fact]
    public void ALakeOrAnArchiveOnAReadOnlyDiskIsNamed()
    {
        using var disk = Disk.TryMount(megabytes: 16);
        if (disk is null)
        {
            AFolderThatMayNotBeWrittenToIsNamed("archive/streams"); // What can be done without the right to mount.
            return;
        }

        using var lake = before.Copy(disk.Folder);
        disk.MakeReadOnly(true);
        var run = lake.Cli.Run("run");
        Assert.Equal(1, run.ExitCode);
        AssertSays(run, $"{lake.Folder}/.tmp is on a file system that is read-only: mount it for writing");
        Assert.Equal(0, lake.Cli.Run("plan").ExitCode);
        Assert.Equal(0, lake.Cli.Run("status").ExitCode);
        disk.MakeReadOnly(false);

        var archive = Path.Combine(lake.Folder, LakePaths.Archive);
        disk.MountOnItself(archive, readOnly: true);
        run = lake.Cli.Run("run");
        Assert.Equal(1, run.ExitCode);
        AssertSays(run, $"{archive} is on a file system that is read-only: mount it for writing");
        disk.Unmount(archive);
        AssertNextRunEnds(lake, run);
        Report("read-only disk", 2);
    }

    [Fact]
    public void AnArchiveOnADiskOfItsOwnIsOneToo()
    {
        using var disk = Disk.TryMount(megabytes: 16);
        Assert.SkipWhen(disk is null, "This user may not mount anything.");
        using var lake = before.Copy(disk.Folder);
        var archive = Path.Combine(lake.Folder, LakePaths.Archive);
        disk.MountOnItself(archive, readOnly: false);
        lake.Run(3);
        Assert.Equal("", LakeOutcome.Difference(expected, lake.Outcome()));
        disk.Unmount(archive);
    }

    static void Report(string name, int tried) => TestReport.Set("crash-points", ($"{name} tried", tried));

    static IEnumerable<string> Unfinished(CrashLake lake) =>
        Directory.EnumerateFileSystemEntries(Path.Combine(lake.Folder, ".tmp"), "*", SearchOption.AllDirectories);

    /// <summary>Asserts that a run says one of these texts, and no more than its users can read.</summary>
    static void AssertSays(CliResult run, params string[] texts)
    {
        Assert.True(
            texts.Any(text => run.Error.Contains(text, StringComparison.Ordinal)),
            $"None of '{string.Join("', '", texts)}' is said: {run.Error}"
        );
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("internal error", run.Error, StringComparison.Ordinal);
    }

    void AssertNextRunEnds(CrashLake lake, CliResult disturbed)
    {
        lake.Run(0, 3);
        var difference = LakeOutcome.Difference(expected, lake.Outcome());
        Assert.True(difference.Length == 0, $"DOWNBEAT_TEST_SEED={random.Seed}\n{disturbed.Error}\n{difference}");
    }

    /// <summary>A copy of the lake on which the program has only the rights that its user has: root has all.</summary>
    CrashLake BelongingToUser()
    {
        var lake = before.Copy();
        if (IsRoot)
        {
            Tool.Run("chown", "-R", "nobody:nogroup", lake.Folder);
            lake.Cli.Prefix = AsNobody;
            lake.Cli.Variables["HOME"] = Path.GetTempPath();
        }

        return lake;
    }

    static void SetWritable(CrashLake lake, string[] folders, bool writable)
    {
        foreach (var folder in folders)
        {
            var path = Path.Combine(lake.Folder, folder);
            Directory.CreateDirectory(path);
            if (IsRoot)
            {
                Tool.TryRun("chown", "nobody:nogroup", path);
            }

            string[] change = [path, "-type", "d", "-exec", "chmod", writable ? "u+w" : "a-w", "{}", "+"];
            if (writable)
            {
                Tool.Run("find", change);
            }
            else
            {
                Tool.TryRun("find", change); // What the run deletes meanwhile is not found.
            }
        }
    }
}
