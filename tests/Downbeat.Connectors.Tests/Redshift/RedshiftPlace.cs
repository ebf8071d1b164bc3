using System.Globalization;
using Amazon.Runtime;
using Amazon.S3;
using Downbeat.Connectors.Postgres;
using Downbeat.Connectors.Redshift;
using Downbeat.Connectors.Tests.Postgres;
using Downbeat.Testing.Servers;
using Npgsql;

namespace Downbeat.Connectors.Tests.Redshift;

/// <summary>A schema of its own in what stands in for Redshift, and a bucket.</summary>
sealed class RedshiftPlace : IDisposable
{
    static int number;

    readonly PostgresPlace postgres = new();
    readonly AmazonS3Client s3;

    public RedshiftPlace()
    {
        var server = TestServers.Need("s3-radosgw");
        var (endpoint, key, secret) = (server.Words[0], server.Words[1], server.Words[2]);
        Secret = secret;
        Environment.SetEnvironmentVariable("AWS_ACCESS_KEY_ID", key);
        Environment.SetEnvironmentVariable("AWS_SECRET_ACCESS_KEY", secret);
        Environment.SetEnvironmentVariable("DOWNBEAT_REDSHIFT_PASSWORD", PostgresPlace.Password);
        s3 = new(
            new BasicAWSCredentials(key, secret),
            new AmazonS3Config
            {
                ServiceURL = endpoint,
                ForcePathStyle = true,
                RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
                ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
            }
        );
        StandIn = new(postgres.Server.Port, endpoint, new BasicAWSCredentials(key, secret));
        Bucket = string.Create(
            CultureInfo.InvariantCulture,
            $"redshift-{Interlocked.Increment(ref number)}-{Environment.ProcessId}"
        );
        s3.PutBucketAsync(Bucket).GetAwaiter().GetResult();
        Options = new()
        {
            Address = Address(StandIn.Port),
            Schema = $"redshift \"{number}\"",
            Tls = PostgresTls.Off,
            Staging = $"s3://{Bucket}/a prefix+%/",
            S3 = new() { Endpoint = endpoint },
        };
    }

    public RedshiftStandIn StandIn { get; }

    public RedshiftOptions Options { get; }

    public string Bucket { get; }

    public string Secret { get; }

    public string Prefix => $"\"{Options.Schema.Replace("\"", "\"\"", StringComparison.Ordinal)}\".";

    /// <summary>What lies in the bucket.</summary>
    public IReadOnlyList<string> Files() =>
        [
            .. (s3.ListObjectsV2Async(new() { BucketName = Bucket }).GetAwaiter().GetResult().S3Objects ?? []).Select(
                file => file.Key
            ),
        ];

    public static PostgresAddress Address(int port, string user = "postgres") =>
        PostgresAddress.Parse(
            string.Create(CultureInfo.InvariantCulture, $"postgresql://{user}@127.0.0.1:{port}/postgres"),
            "redshift",
            RedshiftOptions.UsualPort
        );

    /// <summary>A connection to PostgreSQL behind it; the schema is there then.</summary>
    public NpgsqlConnection OpenClient()
    {
        var connection = new PostgresConnection("postgres", postgres.Address()).Open();
        using var command = new NpgsqlCommand($"CREATE SCHEMA IF NOT EXISTS {Prefix[..^1]}", connection);
        command.ExecuteNonQuery();
        return connection;
    }

    public void Dispose()
    {
        using (var connection = OpenClient())
        using (var command = new NpgsqlCommand($"DROP SCHEMA {Prefix[..^1]} CASCADE", connection))
        {
            command.ExecuteNonQuery();
        }

        StandIn.Dispose();
        s3.Dispose();
        postgres.Dispose();
    }
}
