using Amazon.S3.Model;
using Downbeat.Testing;

namespace Downbeat.Connectors.Tests.S3;

/// <summary>The command line on a lake in S3, as a process of its own.</summary>
public sealed class S3CommandTests : IDisposable
{
    readonly string lake = S3Server.NewBucket();
    readonly string raw = S3Server.NewBucket();
    readonly string folder = Directory.CreateTempSubdirectory("downbeat-test-").FullName;
    readonly CliRunner cli;

    public S3CommandTests()
    {
        cli = new(folder);
        cli.Variables["DOWNBEAT_S3_ENDPOINT"] = S3Server.Address;
        cli.Variables["TMPDIR"] = folder;
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task EveryCommandWorksOnALakeInS3()
    {
        var place = $"s3://{lake}/my lake";
        Assert.Contains(
            $"s3://{raw}/in/streams/",
            Run("init", place, "--landing", $"s3://{raw}/in", "--archive", $"s3://{raw}/kept"),
            StringComparison.Ordinal
        );
        Assert.Contains("is a lake already", Run("init", place), StringComparison.Ordinal);
        await PutAsync(raw, "in/songs/songs.csv", TestListens.Songs);
        await PutAsync(raw, "in/users/users.csv", TestListens.Users);
        var rows = new TestListens().Rows(500);
        await PutAsync(raw, "in/streams/a b+c.csv", TestListens.Csv([.. rows, "x,track001,2024-06-27 00:00:00,0,0"]));
        await PutAsync(raw, "in/streams/broken.csv", "a,b\n1,2\n");

        // Where the folders are stands in the lake's own settings.
        Assert.Contains("landing/streams/a b+c.csv", Run("plan", "--lake", place), StringComparison.Ordinal);
        var run = cli.Run("run", "--lake", place, "--json");
        Assert.Equal(3, run.ExitCode); // A file was quarantined.
        Assert.Contains("nothing to do", Run("run", "--lake", place), StringComparison.Ordinal);
        Assert.Contains($"s3://{lake}/my lake", Run("status", "--lake", place), StringComparison.Ordinal);
        var date = rows[0].Split(',')[2][..10];
        Assert.StartsWith(
            "date,",
            Run("show", "daily", "--date", date, "--lake", place, "--format", "csv"),
            StringComparison.Ordinal
        );
        Assert.Contains("a b+c.csv", Run("explain", date, "--lake", place), StringComparison.Ordinal);
        Assert.Contains("broken.csv", Run("quarantine", "list", "--lake", place), StringComparison.Ordinal);
        Assert.Contains(
            "x,track001",
            Run("quarantine", "show", "a b+c.csv", "--lake", place),
            StringComparison.Ordinal
        );
        Run("quarantine", "retry", "broken.csv", "--lake", place);
        Assert.Equal(3, cli.Run("run", "--lake", place).ExitCode);
        Run("rebuild", "--from", date, "--to", date, "--lake", place);
        var kept = await S3Server.Client.ListObjectsV2Async(new() { BucketName = raw, Prefix = "kept/streams/" });
        Assert.EndsWith("-a b+c.csv", Assert.Single(kept.S3Objects).Key, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder)); // No scratch is left.
    }

    [Fact]
    public void WhatIsWrongIsSaidInALine()
    {
        AssertFails(2, "is no lake: it has no lake.json", "status", "--lake", $"s3://{lake}/none");
        AssertFails(1, "there is no such bucket", "status", "--lake", "s3://no-such-bucket-of-ours");
        AssertFails(2, "the demo is made in a folder", "demo", "--dir", "s3://bucket/demo");
        AssertFails(2, "only folders of a lake in S3 lie elsewhere", "status", "--landing", "s3://bucket");
        AssertFails(
            2,
            "lie in the same place",
            "init",
            $"s3://{lake}/x",
            "--landing",
            $"s3://{raw}",
            "--archive",
            $"s3://{raw}/streams/old"
        );
        cli.Variables["AWS_SECRET_ACCESS_KEY"] = "my-wrong-secret";
        AssertFails(1, "the credentials are wrong", "status", "--lake", $"s3://{lake}/none");
    }

    void AssertFails(int exitCode, string message, params string[] arguments)
    {
        var result = cli.Run(arguments);
        Assert.Equal(exitCode, result.ExitCode);
        Assert.Contains(message, result.Error, StringComparison.Ordinal);
        Assert.Single(result.Error.TrimEnd().Split('\n'));
        Assert.DoesNotContain("my-wrong-secret", result.Error, StringComparison.Ordinal);
    }

    string Run(params string[] arguments)
    {
        var result = cli.Run(arguments);
        Assert.True(result.ExitCode == 0, $"{string.Join(' ', arguments)}: {result.Error}");
        return result.Output;
    }

    static Task<PutObjectResponse> PutAsync(string bucket, string key, string text) =>
        S3Server.Client.PutObjectAsync(
            new()
            {
                BucketName = bucket,
                Key = key,
                ContentBody = text,
            }
        );
}
