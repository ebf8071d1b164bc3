using System.Globalization;
using Amazon.S3.Model;
using Downbeat.Connectors.Tests.Postgres;
using Downbeat.Connectors.Tests.S3;
using Downbeat.Testing;
using Npgsql;

namespace Downbeat.Connectors.Tests;

/// <summary>Secrets that open real servers, on the way through every command: they come out nowhere.</summary>
public sealed class MarkedSecretTests : IDisposable
{
    readonly PostgresPlace place = new();
    readonly string folder = Directory.CreateTempSubdirectory("downbeat-test-").FullName;
    readonly MarkedSecrets secrets = new();
    readonly CliRunner cli;
    readonly string role = $"marked{Guid.NewGuid():N}";

    public MarkedSecretTests()
    {
        cli = new(folder);
        cli.Variables["TMPDIR"] = folder;
    }

    public void Dispose()
    {
        Execute($"DROP OWNED BY {role} CASCADE; DROP ROLE {role}");
        place.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task NoSecretIsToldOrWritten()
    {
        var password = secrets.New("the password of PostgreSQL");
        Execute(
            $"CREATE ROLE {role} LOGIN SUPERUSER PASSWORD '{password}'; ALTER ROLE {role} SET log_statement = 'all'"
        );
        cli.Variables["DOWNBEAT_POSTGRES_PASSWORD"] = password;
        cli.Variables["DOWNBEAT_CATALOGUE_PASSWORD"] = password;
        var postgres = string.Create(
            CultureInfo.InvariantCulture,
            $"postgresql://{role}@127.0.0.1:{place.Server.Port}/postgres"
        );
        cli.Variables["DOWNBEAT_POSTGRES"] = postgres;
        cli.Variables["DOWNBEAT_POSTGRES_SCHEMA"] = role;
        cli.Variables["DOWNBEAT_POSTGRES_CA"] = place.Server.File("root.crt");
        var redis = TestServers.Need("redis");
        cli.Variables["DOWNBEAT_REDIS"] = string.Create(
            CultureInfo.InvariantCulture,
            $"redis://127.0.0.1:{redis.Port}"
        );
        cli.Variables["DOWNBEAT_REDIS_PASSWORD"] = secrets.Add("the password of Redis", "secret of redis");
        cli.Variables["DOWNBEAT_REDIS_PREFIX"] = role;
        var bucket = S3Server.NewBucket();
        cli.Variables["DOWNBEAT_S3_ENDPOINT"] = S3Server.Address;
        secrets.Add("the secret key of S3", Environment.GetEnvironmentVariable("AWS_SECRET_ACCESS_KEY")!);
        cli.Variables["DOWNBEAT_DEBUG"] = "1";
        cli.Variables["DOWNBEAT_MAX_REJECTED_SHARE"] = "1";

        var lake = $"s3://{bucket}/lake";
        Run("init", lake);
        cli.Variables["DOWNBEAT_LAKE"] = lake;
        await PutAsync(bucket, "lake/landing/songs/songs.csv", TestListens.Songs);
        await PutAsync(bucket, "lake/landing/users/users.csv", TestListens.Users);
        var rows = new TestListens().Rows(100);
        await PutAsync(
            bucket,
            "lake/landing/streams/a.csv",
            TestListens.Csv([.. rows, "x,track001,2024-06-27 00:00:00,0,0"])
        );
        foreach (
            var command in (string[][])
                [
                    ["plan"],
                    ["plan", "--json"],
                    ["run", "--json"],
                    ["status"],
                    ["status", "--json"],
                    ["check"],
                    ["check", "--json"],
                    ["quarantine", "list"],
                    ["quarantine", "show", "a.csv", "--json"],
                    ["explain", rows[0].Split(',')[2][..10], "--json"],
                ]
        )
        {
            Run(command);
        }

        // Right ones in the wrong place: the tables are not there, and the server says so.
        cli.Variables["DOWNBEAT_CATALOGUE"] = postgres;
        cli.Variables["DOWNBEAT_SONGS_QUERY"] = "SELECT nothing FROM nowhere";
        Assert.Equal(1, Run(1, "check").ExitCode);
        Assert.Equal(1, Run(1, "run", "--json").ExitCode);

        // And wrong ones.
        foreach (
            var name in (string[])["DOWNBEAT_POSTGRES_PASSWORD", "DOWNBEAT_REDIS_PASSWORD", "AWS_SECRET_ACCESS_KEY"]
        )
        {
            var right = cli.Variables.GetValueOrDefault(name);
            cli.Variables[name] = secrets.New($"a wrong {name}");
            Run(1, "check");
            if (right is null)
            {
                cli.Variables.Remove(name);
            }
            else
            {
                cli.Variables[name] = right;
            }
        }

        Assert.Empty(secrets.FindInFiles(folder));
        foreach (var found in (await S3Server.Client.ListObjectsV2Async(new() { BucketName = bucket })).S3Objects)
        {
            using var answer = await S3Server.Client.GetObjectAsync(bucket, found.Key);
            using var bytes = new MemoryStream();
            await answer.ResponseStream.CopyToAsync(bytes);
            Assert.Empty(secrets.FindIn(found.Key, bytes.ToArray()));
        }

        var log = await File.ReadAllBytesAsync(place.Server.File("data/log"));
        Assert.True(log.AsSpan().IndexOf(System.Text.Encoding.ASCII.GetBytes(role)) >= 0, "Statements are logged.");
        Assert.DoesNotContain(
            secrets.FindIn("the log of PostgreSQL", log),
            found => found.StartsWith("the password of PostgreSQL", StringComparison.Ordinal)
        );
        TestReport.Set(
            "security",
            ("outputs, objects and logs of real servers searched for secrets", secrets.Searched)
        );
    }

    void Run(params string[] arguments) => Run(0, arguments);

    CliResult Run(int exitCode, params string[] arguments)
    {
        var result = cli.Run(arguments);
        var command = string.Join(' ', arguments);
        Assert.Empty(secrets.FindIn(command, result));
        Assert.True(exitCode == result.ExitCode, $"{command}: {result.ExitCode}: {result.Output}{result.Error}");
        return result;
    }

    void Execute(string sql)
    {
        using var connection = place.OpenClient();
        using var command = new NpgsqlCommand(sql, connection);
        command.ExecuteNonQuery();
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
