using Downbeat.Testing;

namespace Downbeat.Cli.Tests.Commands;

/// <summary>What is kept no longer goes when someone says so.</summary>
public sealed class SweepTests : IDisposable
{
    readonly TemporaryFolder folder = new();
    readonly CliRunner cli;

    public SweepTests()
    {
        cli = new(folder.Path);
        Assert.Equal(0, cli.Run("init", "lake").ExitCode);
        cli.Variables["DOWNBEAT_LAKE"] = "lake";
        folder.Write(
            "lake/landing/songs/songs.csv",
            "track_id,artists,track_name,popularity,duration_ms,track_genre\nt1,A,One,50,60000,pop\n"
        );
        folder.Write("lake/landing/users/users.csv", "user_id,user_country\n1,NO\n");
        folder.Write("lake/landing/streams/a.csv", "user_id,track_id,listen_time\n1,t1,2024-06-25 10:00:00\n");
        Assert.Equal(0, cli.Run("run").ExitCode);
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void ItShowsWhatGoesAndAsksBeforeItDeletes()
    {
        Assert.Equal("nothing to delete\n", cli.Run("sweep", "--dry-run").Output);
        var left = folder.Write("lake/slices/date=2024-06-25/0123456789abcdef01234567-0.slice", "left over");
        var dry = cli.Run("sweep", "--dry-run");
        Assert.Equal(0, dry.ExitCode);
        Assert.Contains("no commit names it", dry.Output, StringComparison.Ordinal);
        Assert.EndsWith("would be deleted; nothing was changed\n", dry.Output, StringComparison.Ordinal);
        var refused = cli.Run("sweep");
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("--yes", refused.Error, StringComparison.Ordinal);
        Assert.True(File.Exists(left));
        var done = cli.Run("sweep", "--yes", "--json");
        Assert.Equal(0, done.ExitCode);
        Assert.Contains("\"why\": \"LeftOver\"", done.Output, StringComparison.Ordinal);
        Assert.False(File.Exists(left));
        Assert.Equal("nothing to delete\n", cli.Run("sweep").Output);
    }

    [Fact]
    public void SettingsSayHowLongThingsAreKept()
    {
        cli.Variables["DOWNBEAT_KEEP_ARCHIVE_DAYS"] = "90";
        Assert.Equal("nothing to delete\n", cli.Run("sweep", "--dry-run").Output);
        cli.Variables["DOWNBEAT_KEEP_ARCHIVE_DAYS"] = "0";
        var wrong = cli.Run("sweep", "--dry-run");
        Assert.Equal(2, wrong.ExitCode);
        Assert.Contains("from 1 to 36,500", wrong.Error, StringComparison.Ordinal);
    }
}
