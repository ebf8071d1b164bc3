using Downbeat.Testing;

namespace Downbeat.Cli.Tests.Commands;

/// <summary>Files are retracted and users forgotten from the command line.</summary>
public sealed class CorrectionTests : IDisposable
{
    const string User = "7310000000007";

    readonly TemporaryFolder folder = new();
    readonly CliRunner cli;

    public CorrectionTests()
    {
        cli = new(folder.Path);
        Assert.Equal(0, cli.Run("init", "lake").ExitCode);
        cli.Variables["DOWNBEAT_LAKE"] = "lake";
        folder.Write(
            "lake/landing/songs/songs.csv",
            "track_id,artists,track_name,popularity,duration_ms,track_genre\nt1,A,One,50,60000,pop\n"
        );
        folder.Write("lake/landing/users/users.csv", $"user_id,user_country\n1,NO\n{User},SE\n");
        folder.Write(
            "lake/landing/streams/a.csv",
            $"user_id,track_id,listen_time\n1,t1,2024-06-25 10:00:00\n{User},t1,2024-06-25 11:00:00\n"
        );
        folder.Write(
            "lake/landing/streams/b.csv",
            "user_id,track_id,listen_time\n1,t1,2024-06-25 10:00:00\n2,t1,2024-06-25 10:00:00\n"
        );
        Assert.Equal(0, cli.Run("run").ExitCode);
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void AFileIsRetractedAndTakenBackIn()
    {
        var before = cli.Run("show", "daily", "--date", "2024-06-25", "--format", "csv").Output;
        var plan = cli.Run("retract", "b.csv", "--dry-run");
        Assert.Matches(@"2024-06-25 +2 +3 +2\n", plan.Output);
        Assert.Contains(
            "\"listensWithout\": 2",
            cli.Run("retract", "b.csv", "--dry-run", "--json").Output,
            StringComparison.Ordinal
        );
        var refused = cli.Run("retract", "b.csv");
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("--yes", refused.Error, StringComparison.Ordinal);
        var done = cli.Run("retract", "b.csv", "--yes");
        Assert.Equal(0, done.ExitCode);
        Assert.Contains("retracted: b.csv", done.Output, StringComparison.Ordinal);
        Assert.Contains("retracted", cli.Run("explain", "2024-06-25").Output, StringComparison.Ordinal);
        Assert.Equal(0, cli.Run("retract", "b.csv", "--yes").ExitCode); // It is already.
        Assert.NotEqual(before, cli.Run("show", "daily", "--date", "2024-06-25", "--format", "csv").Output);
        Assert.Equal(0, cli.Run("retract", "--undo", "b.csv", "--yes", "--json").ExitCode);
        Assert.Equal(before, cli.Run("show", "daily", "--date", "2024-06-25", "--format", "csv").Output);
        var unknown = cli.Run("retract", "c.csv", "--yes");
        Assert.Equal(1, unknown.ExitCode);
        Assert.Single(unknown.Error.TrimEnd().Split('\n'));
    }

    [Fact]
    public void OfADateWhoseFilesWereAllRetractedItIsSaidThatNoneAreLeft()
    {
        const string Why = "no listens are left, 2 files were retracted";
        Assert.Equal(0, cli.Run("retract", "a.csv", "--yes").ExitCode);
        Assert.Equal(0, cli.Run("retract", "b.csv", "--yes").ExitCode);
        var explained = cli.Run("explain", "2024-06-25");
        Assert.Equal(0, explained.ExitCode);
        Assert.Contains(Why, explained.Output, StringComparison.Ordinal);
        foreach (
            var arguments in (string[][])
                [
                    ["show", "daily", "--date", "2024-06-25"],
                    ["report"],
                ]
        )
        {
            var result = cli.Run(arguments);
            Assert.Equal(1, result.ExitCode);
            Assert.Contains($"lake has no tables: {Why}.", result.Error, StringComparison.Ordinal);
        }

        folder.Write("lake/landing/streams/c.csv", "user_id,track_id,listen_time\n1,t1,2024-06-26 10:00:00\n");
        Assert.Equal(0, cli.Run("run").ExitCode);
        Assert.Contains(
            $"lake has no tables of 2024-06-25: {Why}; it has 2024-06-26.",
            cli.Run("show", "daily", "--date", "2024-06-25").Error,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void AUserIsForgotten()
    {
        folder.Write("ids.txt", $"{User}\n\n");
        Assert.Equal(2, cli.Run("forget").ExitCode);
        Assert.Equal(2, cli.Run("forget", "--user", "x", "--yes").ExitCode);
        Assert.Equal(2, cli.Run("forget", "--user", User).ExitCode);
        var plan = cli.Run("forget", "--users-file", "ids.txt", "--dry-run");
        Assert.Contains(
            "would forget 1 user of 1: 1 listen of 1 date, 1 row of 1 raw file",
            plan.Output,
            StringComparison.Ordinal
        );
        Assert.Contains("nothing was changed", plan.Output, StringComparison.Ordinal);
        var done = cli.Run("forget", "--users-file", "ids.txt", "--yes");
        Assert.Equal(0, done.ExitCode);
        Assert.Contains(
            "forgot 1 user of 1: 1 listen of 1 date, 1 row of 1 raw file",
            done.Output,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "landing/users/users.csv: these users are still listed there",
            done.Output,
            StringComparison.Ordinal
        );
        Assert.Contains("users were forgotten", done.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(User, done.Output + done.Error);
        Assert.Equal(
            ["lake/landing/users/users.csv"],
            Directory
                .EnumerateFiles(Path.Combine(folder.Path, "lake"), "*", SearchOption.AllDirectories)
                .Where(file => File.ReadAllText(file).Contains(User, StringComparison.Ordinal))
                .Select(file => Path.GetRelativePath(folder.Path, file))
        );
        var again = cli.Run("forget", "--user", User, "--yes");
        Assert.Equal(0, again.ExitCode);
        Assert.Contains("nothing to do", again.Output, StringComparison.Ordinal);
        var json = cli.Run("forget", "--user", "1", "--yes", "--json");
        Assert.Contains("\"isDone\": true", json.Output, StringComparison.Ordinal);
    }
}
