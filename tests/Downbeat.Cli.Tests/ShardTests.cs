using System.Globalization;
using System.Text.Json;
using Downbeat.Cli.Generate;
using Downbeat.Connectors.Folder;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Runs;
using Downbeat.Testing;

namespace Downbeat.Cli.Tests;

/// <summary>A run in steps, as an orchestrator starts them: several processes scan one lake at once, some of them die, and one computes.</summary>
public sealed class ShardTests : IDisposable
{
    const int Files = 200;
    const int Shards = 4;

    static readonly int Rounds = Environment.GetEnvironmentVariable("DOWNBEAT_TEST_SOAK") is null ? 1 : 15;

    readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task FourShardsAtOnceWithKillsInBetweenGiveTheBytesOfOneRun()
    {
        var random = new TestListens();
        var cli = new CliRunner(folder.Path);
        for (var round = 0; round < Rounds; round++)
        {
            var (one, four) = (
                string.Create(CultureInfo.InvariantCulture, $"one-{round}"),
                string.Create(CultureInfo.InvariantCulture, $"four-{round}")
            );
            var seed = (ulong)random.Next(int.MaxValue);
            NewLake(one, seed);
            NewLake(four, seed);
            Assert.Equal(0, cli.Run("run", "--lake", one).ExitCode);

            var kills = 0;
            await Task.WhenAll(Enumerable.Range(1, Shards).Select(number => Task.Run(() => ScanAsync(number))));
            var results = Enumerable
                .Range(1, Shards)
                .Select(number => Result(cli.Run(Scan(number)), random.Seed))
                .ToList();
            Assert.All(results, result => Assert.Equal("NothingToDo", result.GetProperty("outcome").GetString()));
            Assert.NotEmpty(results[0].GetProperty("dates").EnumerateArray());

            // Others work on, each with its own; what comes after is one step for all.
            var computed = Result(cli.Run("run", "--lake", four, "--only", "compute", "--result"), random.Seed);
            Assert.Equal(3, computed.GetProperty("computed").GetInt32());
            Assert.Equal(0, cli.Run("run", "--lake", four, "--only", "publish").ExitCode);
            var moved = Result(cli.Run("run", "--lake", four, "--only", "archive", "--result"), random.Seed);
            Assert.Equal(Files, moved.GetProperty("archived").GetInt32());
            Assert.Contains("nothing to do", cli.Run("run", "--lake", four).Output, StringComparison.Ordinal);
            Assert.True(kills > 0, $"Nothing was killed; seed {random.Seed}.");
            AssertSame(one, four, random.Seed);
            AssertDisjoint(four);

            // Starts a shard again and again until it ends, and kills it at first at a random moment.
            async Task ScanAsync(int number)
            {
                for (var attempt = 0; ; attempt++)
                {
                    using var process = cli.Start(Scan(number));
                    var output = process.StandardOutput.ReadToEndAsync();
                    var error = process.StandardError.ReadToEndAsync();
                    int wait;
                    lock (random)
                    {
                        wait = 300 + random.Next(900);
                    }

                    if (attempt < 2 && !process.WaitForExit(wait))
                    {
                        process.Kill();
                        Interlocked.Increment(ref kills);
                    }

                    await process.WaitForExitAsync();
                    if (process.ExitCode == 0)
                    {
                        return;
                    }

                    Assert.True(attempt < 10, $"Shard {number}: {await error} {await output}; seed {random.Seed}.");
                }
            }

            string[] Scan(int number) =>
                [
                    "run",
                    "--lake",
                    four,
                    "--only",
                    "scan",
                    "--shard",
                    $"{number}/{Shards}",
                    "--result",
                    "--workers",
                    "1",
                ];
        }
    }

    [Fact]
    public void StepsInAnyOrderAndRepeatedConverge()
    {
        var random = new TestListens();
        var cli = new CliRunner(folder.Path);
        var rows = random.Rows(300);
        foreach (var lake in (string[])["one", "steps"])
        {
            Assert.Equal(0, cli.Run("init", lake).ExitCode);
            folder.Write($"{lake}/landing/songs/songs.csv", TestListens.Songs);
            folder.Write($"{lake}/landing/users/users.csv", TestListens.Users);
            foreach (var (file, part) in new TestListens(random.Seed).Split(rows, 6).Index())
            {
                var path = folder.Write($"{lake}/landing/streams/{file}.csv", TestListens.Csv(part));
                File.SetLastWriteTimeUtc(path, TestLake.Arrived.UtcDateTime);
            }
        }

        Assert.Equal(0, cli.Run("run", "--lake", "one").ExitCode);
        string[][] steps =
        [
            ["--only", "scan", "--shard", "1/2"],
            ["--only", "scan", "--shard", "2/2"],
            ["--only", "scan"],
            ["--only", "compute"],
            ["--only", "compute", "--date", "2024-06-25"],
            ["--only", "compute", "--date", "2024-06-24..2024-06-25", "--date", "2024-06-26"],
            ["--only", "publish"],
            ["--only", "publish", "--destination", "sqlite", "--date", "2024-06-24"],
            ["--only", "archive"],
        ];
        for (var step = 0; step < 8; step++)
        {
            Result(cli.Run([.. Step, .. steps[random.Next(steps.Length)]]), random.Seed);
        }

        // Whatever was done, the steps in their order do the rest.
        Result(cli.Run([.. Step, "--only", "scan"]), random.Seed);
        var computed = Result(
            cli.Run([.. Step, "--only", "compute", "--run-id", "scheduled__2024-06-25T00:00:00+00:00"]),
            random.Seed
        );
        Result(cli.Run([.. Step, "--only", "publish"]), random.Seed);
        Result(cli.Run([.. Step, "--only", "archive"]), random.Seed);
        Assert.Equal("scheduled__2024-06-25T00:00:00+00:00", computed.GetProperty("orchestratorRun").GetString());
        Assert.Contains("nothing to do", cli.Run("run", "--lake", "steps").Output, StringComparison.Ordinal);
        AssertSame("one", "steps", random.Seed);
        var query = cli.Run(
            "query",
            "SELECT date, listens FROM daily ORDER BY date",
            "--lake",
            "steps",
            "--format",
            "csv"
        );
        Assert.Equal(
            cli.Run(
                "query",
                "SELECT date, listens FROM daily ORDER BY date",
                "--lake",
                "one",
                "--format",
                "csv"
            ).Output,
            query.Output
        );
    }

    [Theory]
    [InlineData("--only: scna is no step", "--only", "scna")]
    [InlineData("--date goes with computing and publishing", "--only", "scan", "--date", "2024-06-25")]
    [InlineData("--destination goes with publishing", "--only", "compute", "--destination", "sqlite")]
    [InlineData("--destination: oracle is none; there are sqlite", "--only", "publish", "--destination", "oracle")]
    [InlineData("--shard goes with --only scan", "--shard", "1/2")]
    [InlineData("--shard: 3/2 is no share", "--only", "scan", "--shard", "3/2")]
    [InlineData("--shard: 0/2 is no share", "--only", "scan", "--shard", "0/2")]
    [InlineData("--date: yesterday is no date", "--date", "yesterday")]
    [InlineData("--date: 2024-06-25..2024-06-24 ends before it begins", "--date", "2024-06-25..2024-06-24")]
    [InlineData("--run-id has 1 to 250", "--run-id", "a b")]
    public void StepsThatDoNotGoTogetherAreRefused(string message, params string[] arguments)
    {
        var cli = new CliRunner(folder.Path);
        Assert.Equal(0, cli.Run("init", "lake").ExitCode);
        var result = cli.Run(["run", "--lake", "lake", .. arguments]);
        Assert.Equal((2, ""), (result.ExitCode, result.Output));
        Assert.Contains(message, result.Error, StringComparison.Ordinal);
        Assert.Single(result.Error.TrimEnd().Split('\n'));
    }

    static string[] Step => ["run", "--lake", "steps", "--result"];

    void NewLake(string name, ulong seed)
    {
        var path = Path.Combine(folder.Path, name);
        LakeFile.Create(new FolderLake(path), "UTC", DateTimeOffset.UnixEpoch);
        new SyntheticLake(
            new()
            {
                Listens = 100_000,
                Users = 2_000,
                Tracks = 1_000,
                Files = Files,
                Seed = seed,
                Flags = true,
            }
        ).WriteTo(path);
    }

    void AssertSame(string one, string other, int seed)
    {
        var (expected, found) = (
            new FolderLake(Path.Combine(folder.Path, one)).List(LakePaths.Kpis),
            new FolderLake(Path.Combine(folder.Path, other)).List(LakePaths.Kpis)
        );
        Assert.Equal(expected.Select(file => file.Path), found.Select(file => file.Path));
        Assert.All(
            expected,
            file =>
                Assert.True(
                    File.ReadAllBytes(Path.Combine(folder.Path, one, file.Path))
                        .AsSpan()
                        .SequenceEqual(File.ReadAllBytes(Path.Combine(folder.Path, other, file.Path))),
                    $"{file.Path} differs; seed {seed}."
                )
        );
    }

    /// <summary>Every shard scanned its own files and no others.</summary>
    void AssertDisjoint(string lake)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var file in Directory.EnumerateFiles(Path.Combine(folder.Path, lake, LakePaths.Runs)))
        {
            using var record = JsonDocument.Parse(File.ReadAllText(file));
            var shard = record.RootElement.TryGetProperty("shard", out var text) ? text.GetString()! : null;
            if (shard is not null && Shard.TryParse(shard, out var share))
            {
                seen.Add(shard);
                Assert.All(
                    record.RootElement.GetProperty("scanned").EnumerateArray(),
                    scanned => Assert.True(share!.Has(scanned.GetProperty("path").GetString()!))
                );
            }
        }

        Assert.Equal(Shards, seen.Count);
    }

    /// <summary>The one line that a step writes.</summary>
    static JsonElement Result(CliResult result, int seed)
    {
        Assert.True(result.ExitCode == 0, $"{result.Error}; seed {seed}.");
        Assert.Single(result.Output.TrimEnd('\n').Split('\n'));
        using var json = JsonDocument.Parse(result.Output);
        return json.RootElement.Clone();
    }
}
