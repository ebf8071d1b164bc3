using System.Diagnostics;
using System.Globalization;
using Downbeat.Cli.Generate;
using Downbeat.Connectors.Folder;
using Downbeat.Engine.Listens;
using Downbeat.Engine.Slices;
using Downbeat.Pipeline.Landing;
using Downbeat.Testing;

namespace Downbeat.Cli.Tests;

/// <summary>
/// The real process is killed at random moments of a run of a few hundred files. Whatever is visible is whole, and one
/// run to the end leaves what an undisturbed run leaves.
/// </summary>
public sealed class KillTests
{
    const int Files = 300;

    static readonly int Kills = Environment.GetEnvironmentVariable("DOWNBEAT_TEST_SOAK") is null ? 5 : 50;

    [Fact]
    public void AKilledRunLeavesNothingHalfDoneAndTheNextOneEndsTheWork()
    {
        var random = new TestListens();
        var lake = NewLake((ulong)random.Seed);
        try
        {
            var watch = Stopwatch.StartNew();
            Assert.Equal(0, Run(lake, killAfter: null, out _));
            var wholeRun = watch.Elapsed;
            var expected = Published(lake);
            Assert.Equal(3 * 8, expected.Count);
            var kills = 0;
            for (var attempt = 0; kills < Kills && attempt < 10 * Kills; attempt++)
            {
                if (new FolderLake(lake).List(LakePaths.Streams).Count == 0)
                {
                    AssertIsDone(lake, expected, random.Seed);
                    Directory.Delete(lake, recursive: true);
                    lake = NewLake((ulong)random.Seed);
                }

                Run(lake, wholeRun * ((100 + random.Next(900)) / 1000.0), out var wasKilled);
                kills += wasKilled ? 1 : 0;
                AssertNothingIsHalf(lake, expected, random.Seed);
            }

            Assert.Equal(Kills, kills);
            Assert.Equal(0, Run(lake, killAfter: null, out _));
            AssertIsDone(lake, expected, random.Seed);
        }
        finally
        {
            Directory.Delete(lake, recursive: true);
        }
    }

    /// <summary>The lake is as one undisturbed run leaves it.</summary>
    static void AssertIsDone(string folder, SortedDictionary<string, string> expected, int seed)
    {
        // A run killed after its last file had moved may have left the commit to the next one.
        Assert.Equal(0, Run(folder, killAfter: null, out _));
        AssertNothingIsHalf(folder, expected, seed);
        var found = Published(folder);
        Assert.True(
            expected.Keys.SequenceEqual(found.Keys, StringComparer.Ordinal),
            $"Other files are published; seed {seed}."
        );
        Assert.All(expected, file => Assert.True(file.Value == found[file.Key], $"{file.Key} differs; seed {seed}."));
        var lake = new FolderLake(folder);
        Assert.Empty(lake.List(LakePaths.Streams));
        Assert.Equal(Files, lake.List(LakePaths.Archive).Count);
        Assert.Null(lake.Find(LakePaths.Lease));
    }

    static string NewLake(ulong seed)
    {
        var folder = Directory.CreateTempSubdirectory("downbeat-kill-").FullName;
        LakeFile.Create(new FolderLake(folder), "UTC", DateTimeOffset.UnixEpoch);
        new SyntheticLake(
            new()
            {
                Listens = 300_000,
                Users = 5_000,
                Tracks = 3_000,
                Files = Files,
                Seed = seed,
                Flags = true,
            }
        ).WriteTo(folder);
        return folder;
    }

    /// <summary>Runs the program as its user would, and kills it after a while, if it still works then.</summary>
    static int Run(string lake, TimeSpan? killAfter, out bool wasKilled)
    {
        wasKilled = false;
        var start = new ProcessStartInfo("dotnet")
        {
            ArgumentList = { Path.Combine(AppContext.BaseDirectory, "downbeat.dll"), "run", "--lake", lake },
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        if (killAfter is { } time && !process.WaitForExit(time))
        {
            process.Kill(); // SIGKILL: no handler, no last words.
            wasKilled = true;
        }

        process.WaitForExit();
        return process.ExitCode;
    }

    static SortedDictionary<string, string> Published(string folder)
    {
        var published = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var file in TestLake.ListenTables(new FolderLake(folder)))
        {
            published.Add(file.Path, File.ReadAllText(Path.Combine(folder, file.Path)));
        }

        return published;
    }

    static void AssertNothingIsHalf(string folder, SortedDictionary<string, string> expected, int seed)
    {
        // All files had landed before the first run, so that any table there is must be the final one.
        foreach (var (path, text) in Published(folder))
        {
            Assert.True(expected[path] == text, $"{path} is there, but is not what it should be; seed {seed}.");
        }

        var lake = new FolderLake(folder);
        var listens = new Listen[1024];
        byte[] buffer = [];
        foreach (var file in lake.List(LakePaths.Slices))
        {
            var slice = new SliceReader(lake.OpenBytes(file.Path));
            for (var block = 0; block < slice.BlockCount; block++)
            {
                slice.ReadBlocks(block, ref buffer);
                Assert.Equal(slice.BlockListens(block), slice.Decode(block, buffer, block, listens));
            }
        }

        // Opening the ledger checks the checksum of every commit.
        Assert.True(Downbeat.Pipeline.Ledger.LakeLedger.Open(lake, "test", TimeProvider.System).State.Version >= 0);
        var raw = lake.List(LakePaths.Streams).Count + lake.List(LakePaths.Archive).Count;
        Assert.True(
            raw == Files,
            string.Create(CultureInfo.InvariantCulture, $"{raw} of {Files} raw files are left; seed {seed}.")
        );
    }
}
