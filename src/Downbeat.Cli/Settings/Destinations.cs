using Downbeat.Connectors.DynamoDb;
using Downbeat.Connectors.Folder;
using Downbeat.Connectors.Postgres;
using Downbeat.Connectors.Redis;
using Downbeat.Connectors.Redshift;
using Downbeat.Connectors.Sqlite;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Publish;
using Microsoft.Extensions.Logging;

namespace Downbeat.Cli.Settings;

/// <summary>Makes the destinations that settings name.</summary>
static class Destinations
{
    /// <summary>They connect to nothing before they are used.</summary>
    /// <exception cref="UsageException">Settings that go together do not.</exception>
    public static IReadOnlyList<IDestination> Of(LakeSettings settings, ILake lake, ILogger logger)
    {
        var destinations = new List<IDestination>();
        if (settings.Sqlite && lake is FolderLake folder)
        {
            SqliteFile.Load();
            destinations.Add(Warehouse(folder));
        }

        if (settings.Postgres.Address is not null)
        {
            destinations.Add(new PostgresDestination(settings.Postgres, logger));
        }

        if (settings.Redshift.Address is not null)
        {
            var below = lake.Name.StartsWith("s3://", StringComparison.Ordinal) ? lake.Name : null;
            var staging =
                settings.Redshift.Staging
                ?? below
                ?? throw new UsageException(
                    "redshift loads from S3, and this lake is a folder: name a place with redshiftStaging, like s3://bucket/prefix."
                );
            destinations.Add(
                new RedshiftDestination(settings.Redshift with { Staging = staging, S3 = settings.S3 }, logger)
            );
        }

        if (settings.DynamoDb is { } dynamoDb)
        {
            destinations.Add(new DynamoDbDestination(dynamoDb, logger));
        }

        if (settings.Redis is { } redis)
        {
            destinations.Add(
                new RedisDestination(redis, Environment.GetEnvironmentVariable(RedisOptions.PasswordVariable), logger)
            );
        }

        return destinations;
    }

    /// <summary>The embedded warehouse of a lake in a folder.</summary>
    public static SqliteDestination Warehouse(FolderLake lake) => new(Path.Join(lake.Name, LakePaths.Warehouse));
}
