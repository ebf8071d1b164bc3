using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Downbeat.Connectors.Folder;
using Downbeat.Pipeline.Landing;
using Downbeat.Testing;

namespace Downbeat.Cli.Tests.Commands;

/// <summary><c>downbeat watch</c> as its user starts it: a process that is told of files, asked how it is, and stopped.</summary>
public sealed class WatchTests : IDisposable
{
    readonly TemporaryFolder folder = new();
    readonly CliRunner cli;

    public WatchTests()
    {
        cli = new(folder.Path);
        Assert.Equal(0, cli.Run("init", "lake").ExitCode);
        folder.Write("lake/landing/songs/songs.csv", TestListens.Songs);
        folder.Write("lake/landing/users/users.csv", TestListens.Users);
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task FilesThatAreDroppedAreInTheTablesAndItStopsWhenItIsAskedTo()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There are no such signals.");
        var random = new TestListens();
        var rows = random.Rows(400);
        var port = FreePort();
        using var process = cli.Start(
            "watch",
            "--lake",
            "lake",
            "--health",
            port.ToString(CultureInfo.InvariantCulture)
        );
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        try
        {
            var drops = random.Split(rows, 12);
            for (var drop = 0; drop < drops.Count; drop++)
            {
                folder.Write(
                    string.Create(CultureInfo.InvariantCulture, $"lake/landing/streams/{drop}.csv"),
                    TestListens.Csv(drops[drop])
                );
                await Task.Delay(random.Next(200));
            }

            folder.Write("lake/landing/streams/broken.csv", "a,b\n1,2\n");
            var lake = new FolderLake(Path.Combine(folder.Path, "lake"));
            await UntilAsync(
                () => lake.List(LakePaths.Archive).Count == drops.Count && lake.List(LakePaths.Streams).Count == 0,
                process
            );
            using var client = new HttpClient();
            await UntilAsync(() => IsReady(client, $"http://localhost:{port}/readyz"), process);
            var ready = await client.GetStringAsync(new Uri($"http://127.0.0.1:{port}/readyz"));
            Assert.Contains("\"status\":\"ok\"", ready, StringComparison.Ordinal);
            Assert.DoesNotContain("lake", ready, StringComparison.Ordinal); // No path, no name.
            using var alive = await client.GetAsync(new Uri($"http://127.0.0.1:{port}/healthz"));
            Assert.Equal(HttpStatusCode.OK, alive.StatusCode);
            using var other = await client.GetAsync(new Uri($"http://127.0.0.1:{port}/"));
            Assert.Equal(HttpStatusCode.NotFound, other.StatusCode);

            File.Move(lake.Name + "/lake.json", lake.Name + "/hidden");
            folder.Write("lake/landing/streams/late.csv", TestListens.Csv(rows.Take(3)));
            await UntilAsync(() => !IsReady(client, $"http://localhost:{port}/readyz"), process);
            File.Move(lake.Name + "/hidden", lake.Name + "/lake.json");
            await UntilAsync(() => IsReady(client, $"http://localhost:{port}/readyz"), process);

            Signal("TERM", process);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.Equal(0, process.ExitCode);
            Assert.Equal("", await output);
            var told = await error;
            Assert.Contains("warn: Quarantined landing/streams/broken.csv", told, StringComparison.Ordinal);
            Assert.Single(told.Split('\n'), line => line.Contains("lake.json is missing", StringComparison.Ordinal));
            Assert.Contains("info: Works again", told, StringComparison.Ordinal);
            Assert.EndsWith("info: Stopped watching; the next run goes on.\n", told, StringComparison.Ordinal);
        }
        finally
        {
            process.Kill();
        }

        // The tables are those of one run.
        folder.Write("other/landing/streams/all.csv", TestListens.Csv(rows));
        Assert.Equal(0, cli.Run("init", "other").ExitCode);
        folder.Write("other/landing/songs/songs.csv", TestListens.Songs);
        folder.Write("other/landing/users/users.csv", TestListens.Users);
        Assert.Equal(0, cli.Run("run", "--lake", "other").ExitCode);
        Assert.Equal(Kpis("other"), Kpis("lake"));
        Assert.StartsWith("nothing to do", cli.Run("run", "--lake", "lake").Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ALeaseOfAnotherProcessAndAScheduleAreSaid()
    {
        using var watch = cli.Start("watch", "--lake", "lake", "--cron", "0 5 * * *", "--time-zone", "Asia/Tokyo");
        try
        {
            var first = await watch.StandardError.ReadLineAsync(TestContext.Current.CancellationToken);
            Assert.Contains("at 0 5 * * * (Asia/Tokyo)", first, StringComparison.Ordinal);
            Assert.Contains(
                "info: Read songs and users",
                await watch.StandardError.ReadLineAsync(TestContext.Current.CancellationToken),
                StringComparison.Ordinal
            );
        }
        finally
        {
            watch.Kill();
        }
    }

    [Theory]
    [InlineData("--every and --cron exclude each other", "--every", "15m", "--cron", "@daily")]
    [InlineData("--time-zone goes with --cron", "--time-zone", "UTC")]
    [InlineData("--every: 15 is no time; it is written like 90s", "--every", "15")]
    [InlineData("--cron: 0 5 * * gives no times: it has 4 fields", "--cron", "0 5 * *")]
    [InlineData("--cron: 0 0 30 2 * gives no times: no date fits it", "--cron", "0 0 30 2 *")]
    [InlineData("this machine knows no time zon", "--cron", "@daily", "--time-zone", "Atlantis")]
    [InlineData("--health: 99999 is no port", "--health", "99999")]
    [InlineData("--health: a.b:80 is no port", "--health", "a.b:80")]
    public void WhatIsWrongIsSaidBeforeAnythingIsDone(string message, params string[] arguments)
    {
        var result = cli.Run(["watch", "--lake", "lake", .. arguments]);
        Assert.Equal((2, ""), (result.ExitCode, result.Output));
        Assert.Contains(message, result.Error, StringComparison.Ordinal);
        Assert.Single(result.Error.TrimEnd().Split('\n'));
    }

    [Fact]
    public void APortThatIsTakenIsSaidInALine()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var result = cli.Run("watch", "--lake", "lake", "--health", $"{((IPEndPoint)taken.LocalEndpoint).Port}");
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("cannot be listened on", result.Error, StringComparison.Ordinal);
        Assert.Single(result.Error.TrimEnd().Split('\n'));
    }

    static void Signal(string name, Process process)
    {
        using var kill = Process.Start("kill", [$"-{name}", $"{process.Id}"]);
        kill.WaitForExit();
    }

    static bool IsReady(HttpClient client, string address)
    {
        try
        {
            using var answer = client.GetAsync(new Uri(address)).GetAwaiter().GetResult();
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false; // It has only just started.
        }
    }

    static async Task UntilAsync(Func<bool> condition, Process process)
    {
        var patience = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.False(process.HasExited, "It ended.");
            Assert.True(patience.Elapsed < TimeSpan.FromMinutes(3), "It did not come about.");
            await Task.Delay(50);
        }
    }

    SortedDictionary<string, string> Kpis(string lake)
    {
        var found = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var file in TestLake.ListenTables(new FolderLake(Path.Combine(folder.Path, lake))))
        {
            found.Add(file.Path, File.ReadAllText(Path.Combine(folder.Path, lake, file.Path)));
        }

        return found;
    }

    static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
