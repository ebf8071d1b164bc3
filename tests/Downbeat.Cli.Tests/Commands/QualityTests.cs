using Downbeat.Testing;

namespace Downbeat.Cli.Tests.Commands;

/// <summary>A date is held back, looked at, and let through from the command line.</summary>
public sealed class QualityTests : IDisposable
{
    readonly TemporaryFolder folder = new();
    readonly CliRunner cli;

    public QualityTests()
    {
        cli = new(folder.Path);
        Assert.Equal(0, cli.Run("init", "lake").ExitCode);
        cli.Variables["DOWNBEAT_LAKE"] = "lake";
        cli.Variables["DOWNBEAT_QUALITY_UNKNOWN_TRACK_SHARE"] = "warn 0.1, fail 0.4";
        folder.Write(
            "lake/landing/songs/songs.csv",
            "track_id,artists,track_name,popularity,duration_ms,track_genre\nt1,A,One,50,60000,pop\n"
        );
        folder.Write("lake/landing/users/users.csv", "user_id,user_country\n1,NO\n");
        folder.Write(
            "lake/landing/streams/a.csv",
            "user_id,track_id,listen_time\n1,t1,2024-06-24 10:00:00\n1,t1,2024-06-25 10:00:00\n1,t2,2024-06-25 11:00:00\n"
        );
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void ADateIsHeldBackSeenEverywhereAndLetThrough()
    {
        var run = cli.Run("run");
        Assert.Equal(3, run.ExitCode);
        AssertHas("held back 2024-06-25: unknown_track_share 50 % above 40 %", run.Output);
        AssertHas("error: Held back 2024-06-25: unknown_track_share 50 % above 40 %", run.Error);
        AssertHas("downbeat approve 2024-06-25", run.Error);
        AssertHas("held back   2024-06-25: unknown_track_share", cli.Run("status").Output);
        Assert.Matches(
            @"2024-06-25 +2 +1 +0 +never +held back: these listens are not published\n",
            cli.Run("status").Output
        );
        var explained = cli.Run("explain", "2024-06-25").Output;
        AssertHas("held back", explained);
        AssertHas("computed", explained);
        Assert.DoesNotContain("restated", explained, StringComparison.Ordinal);
        var plan = cli.Run("plan", "--detailed-exit-code");
        Assert.Equal(0, plan.ExitCode);
        AssertHas("2024-06-25 stays held back (unknown_track_share)", plan.Output);

        var quality = cli.Run("quality");
        AssertHas("2024-06-25 is held back", quality.Output);
        Assert.Matches(@"2024-06-25 +unknown_track_share +50 % +40 % +fail", quality.Output);
        Assert.Matches("unknown_track_share,0.5,0.4,fail\n", Show("quality_daily", "2024-06-25").Output);
        AssertHas("\"isHeld\": true", cli.Run("quality", "--date", "2024-06-25", "--json").Output);
        Assert.DoesNotContain("2024-06-25", cli.Run("quality", "--to", "2024-06-24").Output, StringComparison.Ordinal);

        var shown = Show("daily", "2024-06-25");
        Assert.Equal(1, shown.ExitCode);
        AssertHas("2024-06-25 is held back (unknown_track_share)", shown.Error);
        Assert.Equal("date,n\n2024-06-24,1\n", Ask("SELECT date, listen_count AS n FROM daily"));
        Assert.Equal("date\n2024-06-25\n", Ask("SELECT date FROM quality_daily WHERE status = 'fail'"));

        var approved = cli.Run("approve", "2024-06-25");
        Assert.Equal(0, approved.ExitCode);
        AssertHas("it was approved", approved.Output);
        Assert.Equal("date,n\n2024-06-24,1\n2024-06-25,2\n", Ask("SELECT date, listen_count AS n FROM daily"));
        AssertHas("approved at", cli.Run("quality").Output);
        Assert.Equal(0, Show("daily", "2024-06-25").ExitCode);
        AssertHas("nothing to do", cli.Run("run").Output);
    }

    [Fact]
    public void WhatWasPublishedBeforeIsShownAndItIsSaidThatItIs()
    {
        cli.Variables["DOWNBEAT_QUALITY_UNKNOWN_TRACK_SHARE"] = "fail 0.5";
        Assert.Equal(0, cli.Run("run").ExitCode);
        var before = Show("daily", "2024-06-25");
        Assert.Equal("", before.Error);
        folder.Write("lake/landing/streams/b.csv", "user_id,track_id,listen_time\n1,t3,2024-06-25 12:00:00\n");
        Assert.Equal(3, cli.Run("run").ExitCode);
        var after = Show("daily", "2024-06-25");
        Assert.Equal(before.Output, after.Output);
        Assert.Matches(
            "ago +held back: these listens are not published, what is shown is of before",
            cli.Run("status").Output
        );
        AssertHas("restated", cli.Run("explain", "2024-06-25").Output);
        AssertHas("2024-06-25 is held back (unknown_track_share): this is what was published before", after.Error);

        // The songs know the tracks now: it goes through by itself.
        folder.Write(
            "lake/landing/songs/songs.csv",
            "track_id,artists,track_name,popularity,duration_ms,track_genre\nt1,A,One,50,60000,pop\nt2,A,Two,50,60000,pop\n"
        );
        Assert.Equal(0, cli.Run("run").ExitCode);
        Assert.NotEqual(before.Output, Show("daily", "2024-06-25").Output);
    }

    [Theory]
    [InlineData("0.5")]
    [InlineData("warn")]
    [InlineData("warn 0.5, warn 0.6")]
    [InlineData("warn -1")]
    [InlineData("warn 1e400")]
    [InlineData("off, warn 1")]
    public void AThresholdThatIsNoneIsRefused(string text)
    {
        cli.Variables["DOWNBEAT_QUALITY_VOLUME"] = text;
        var run = cli.Run("run");
        Assert.Equal(2, run.ExitCode);
        AssertHas("DOWNBEAT_QUALITY_VOLUME", run.Error);
        AssertHas("allowed is off, or warn and fail", run.Error);
    }

    [Theory]
    [InlineData(
        "REJECTED_SHARE",
        "fail 5",
        "fail 5 would never do anything: allowed is a share from 0 to 1: 5 % is 0.05"
    )]
    [InlineData("UNKNOWN_USER_SHARE", "warn 1.01", "warn 1.01 would never do anything")]
    [InlineData(
        "HOURS_WITHOUT_LISTENS",
        "warn 6, fail 25",
        "fail 25 would never do anything: allowed is a number of hours from 0 to 24"
    )]
    [InlineData(
        "VOLUME",
        "warn 0.5, fail 0.1",
        "warn 0.5, fail 0.1: the value that warns must not be above the one that holds back"
    )]
    public void AThresholdThatCouldNeverDoAnythingIsRefused(string check, string text, string says)
    {
        cli.Variables[$"DOWNBEAT_QUALITY_{check}"] = text;
        var run = cli.Run("run");
        Assert.Equal(2, run.ExitCode);
        AssertHas(says, run.Error);
        cli.Variables[$"DOWNBEAT_QUALITY_{check}"] = "warn 0.9, fail 1";
        Assert.Equal(0, cli.Run("status").ExitCode);
        cli.Variables["DOWNBEAT_QUALITY_VOLUME"] = "fail 2";
        cli.Variables["DOWNBEAT_QUALITY_FRESHNESS"] = "warn 48";
        Assert.Equal(0, cli.Run("status").ExitCode);
    }

    [Theory]
    [InlineData(1, "is not held back", "approve", "2024-06-24")]
    [InlineData(2, "is no date", "approve", "yesterday")]
    [InlineData(2, "one or the other", "quality", "--date", "2024-06-24", "--from", "2024-06-24")]
    [InlineData(2, "--to lies before --from", "quality", "--from", "2024-06-25", "--to", "2024-06-24")]
    [InlineData(1, "no tables of 2020-01-01", "quality", "--date", "2020-01-01")]
    public void WhatCannotBeIsSaidInALine(int exitCode, string says, params string[] arguments)
    {
        cli.Run("run");
        var result = cli.Run(arguments);
        Assert.Equal(exitCode, result.ExitCode);
        AssertHas(says, result.Error);
        Assert.Single(result.Error.TrimEnd().Split('\n'));
    }

    CliResult Show(string table, string date) => cli.Run("show", table, "--date", date, "--format", "csv");

    string Ask(string sql) => cli.Run("query", sql, "--format", "csv").Output;

    static void AssertHas(string expected, string text) => Assert.Contains(expected, text, StringComparison.Ordinal);
}
