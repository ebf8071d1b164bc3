using Downbeat.Testing;

namespace Downbeat.Cli.Tests.Commands;

/// <summary>From an empty folder to tables, by hand.</summary>
public sealed class RunTests : IDisposable
{
    readonly TemporaryFolder folder = new();
    readonly CliRunner cli;

    public RunTests()
    {
        cli = new(folder.Path);
        Assert.Equal(0, cli.Run("init", "lake").ExitCode);
        cli.Variables["DOWNBEAT_LAKE"] = "lake";
        folder.Write(
            "lake/landing/songs/songs.csv",
            "track_id,artists,album_name,track_name,popularity,duration_ms,track_genre\nt1,\u001b[31mA,Album,\u001b]0;owned\u0007One,50,60000,pop\n"
        );
        folder.Write(
            "lake/landing/users/users.csv",
            "user_id,user_name,user_age,user_country,created_at\n1,Ann,30,NO,2020-01-01\n"
        );
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void PlanShowsWorkRunDoesItAndThenThereIsNone()
    {
        Land("a.csv", "1,t1,2024-06-25 10:00:00\n1,t1,2024-06-25 10:00:00\n");
        Assert.Equal(4, cli.Run("plan", "--detailed-exit-code").ExitCode);
        Assert.Contains("landing/streams/a.csv", cli.Run("plan").Output, StringComparison.Ordinal);
        var run = cli.Run("run");
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("2024-06-25        1  8 restated  new: a.csv", run.Output, StringComparison.Ordinal);
        Assert.Equal(0, cli.Run("plan", "--detailed-exit-code").ExitCode);
        Assert.StartsWith("nothing to do", cli.Run("run").Output, StringComparison.Ordinal);
    }

    [Fact]
    public void AQuarantinedFileIsExitCode3OnceAndComesBackWhenMended()
    {
        folder.Write("lake/landing/streams/bad\u001b[2J.csv", "user,track,time\n1,t1,2024-06-25 10:00:00\n");
        var run = cli.Run("run");
        Assert.Equal(3, run.ExitCode);
        Assert.Contains(@"bad\x1b[2J.csv", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', run.Output + run.Error);
        Assert.Equal(0, cli.Run("run").ExitCode);

        var source = Directory.EnumerateDirectories(Path.Combine(folder.Path, "lake", "quarantine")).Single();
        File.WriteAllText(
            Path.Combine(source, "bad\u001b[2J.csv"),
            "user_id,track_id,listen_time\n1,t1,2024-06-25 10:00:00\n"
        );
        Assert.Equal(0, cli.Run("quarantine", "retry", Path.GetFileName(source)[..6]).ExitCode);
        Assert.Equal(0, cli.Run("run").ExitCode);
        Assert.Contains("nothing is in quarantine", cli.Run("quarantine", "list").Output, StringComparison.Ordinal);
        Assert.Equal(0, cli.Run("show", "daily", "--date", "2024-06-25").ExitCode);
    }

    [Fact]
    public void SongsAndUsersThatAreBothFaultyAreBothNamedAndNothingIsDone()
    {
        folder.Write("lake/landing/songs/songs.csv", "no,song\n");
        folder.Write("lake/landing/users/users.csv", "no,user\n");
        var run = cli.Run("run");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("landing/songs/songs.csv cannot be used", run.Error, StringComparison.Ordinal);
        Assert.Contains("landing/users/users.csv cannot be used", run.Error, StringComparison.Ordinal);

        // Also when only one is, and the other has rows that are rejected.
        folder.Write("lake/landing/users/users.csv", "user_id,user_country\n1,NO\nx,NO\n");
        Assert.Equal(1, cli.Run("run").ExitCode);
        Assert.False(Directory.Exists(Path.Combine(folder.Path, "lake", "catalogue")));
        Assert.False(Directory.Exists(Path.Combine(folder.Path, "lake", "quarantine")));
    }

    [Fact]
    public void RowsThatAreStillRejectedStayInQuarantine()
    {
        Land(
            "a.csv",
            string.Concat(Enumerable.Range(0, 40).Select(second => $"1,t1,2024-06-25 10:00:{second:D2}\n"))
                + "x,t1,2024-06-25 11:00:00\n"
        );
        Assert.Equal(0, cli.Run("run").ExitCode);
        var retry = cli.Run("quarantine", "retry", "--all");
        Assert.Equal(1, retry.ExitCode);
        Assert.Contains("bad_user_id 1", retry.Output, StringComparison.Ordinal);

        var rejects = Directory
            .EnumerateFiles(Path.Combine(folder.Path, "lake", "quarantine"), "rejects.csv", SearchOption.AllDirectories)
            .Single();
        File.WriteAllText(rejects, File.ReadAllText(rejects).Replace("x,t1", "2,t1", StringComparison.Ordinal));
        Assert.Equal(0, cli.Run("quarantine", "retry", "a.csv").ExitCode);
        Assert.Contains("41", cli.Run("run").Output, StringComparison.Ordinal);
    }

    [Fact]
    public void NamesFromOutsideNeverReachATerminalAsTheyAre()
    {
        Land("a.csv", "1,t1,2024-06-25 10:00:00\n");
        Assert.Equal(0, cli.Run("run").ExitCode);
        var table = cli.Run("show", "genre_daily", "--date", "2024-06-25").Output;
        Assert.Contains(@"\x1b]0;owned\x07One", table, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', table);
        Assert.DoesNotContain(
            '\u001b',
            cli.Run("show", "top_tracks", "--date", "2024-06-25", "--format", "json").Output
        );
        Assert.Contains('\u001b', cli.Run("show", "top_tracks", "--date", "2024-06-25", "--format", "csv").Output);
    }

    [Fact]
    public void OtherSettingsRestateTheDates()
    {
        Land("a.csv", "1,t1,2024-06-25 10:00:00\n");
        Assert.Equal(0, cli.Run("run").ExitCode);
        Assert.Contains("settings changed", cli.Run("plan", "--top-tracks", "7").Output, StringComparison.Ordinal);
        folder.Write("lake/downbeat.json", "{ \"topTracks\": 7 }");
        Assert.Contains("settings changed", cli.Run("run").Output, StringComparison.Ordinal);
        Assert.StartsWith("nothing to do", cli.Run("run").Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ASignalStopsARunAndTheNextGoesOn()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There are no such signals.");
        Assert.Equal(
            0,
            cli.Run(
                "generate",
                "lake",
                "--listens",
                "6000000",
                "--users",
                "20000",
                "--tracks",
                "2000",
                "--files",
                "40"
            ).ExitCode
        );
        using var process = cli.Start("run");
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var slices = Path.Combine(folder.Path, "lake", "slices");
        while (!process.HasExited && !Directory.Exists(slices))
        {
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }

        using (var kill = System.Diagnostics.Process.Start("kill", ["-TERM", $"{process.Id}"]))
        {
            await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(1, process.ExitCode);
        Assert.Contains("error: stopped; the next run goes on", await error, StringComparison.Ordinal);
        Assert.Contains("what was done is kept", await output, StringComparison.Ordinal);
        Assert.Equal(0, cli.Run("run").ExitCode);
        Assert.Equal(0, cli.Run("plan", "--detailed-exit-code").ExitCode);
    }

    void Land(string name, string rows) =>
        folder.Write($"lake/landing/streams/{name}", "user_id,track_id,listen_time\n" + rows);
}
