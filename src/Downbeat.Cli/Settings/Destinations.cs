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
    /// <param name="settings">The settings.</param>
    /// <param name="lake">The lake.</param>
    /// <param name="logger">Told of retries.</param>
    /// <param name="isWatched">Whether what fails is tried again soon anyway.</param>
    /// <exception cref="UsageException">Settings that go together do not.</exception>
    public static IReadOnlyList<IDestination> Of(
        LakeSettings settings,
        ILake lake,
        ILogger logger,
        bool isWatched = false
    )
    {
        var destinations = new List<IDestination>();
        if (settings.Sqlite && lake is FolderLake folder)
        {
            SqliteFile.Load();
            destinations.Add(Warehouse(folder));
        }

        if (settings.Postgres.Address is not null)
        {
            destinations.Add(new PostgresDestination(settings.Postgres, logger, isWatched));
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
                new RedshiftDestination(
                    settings.Redshift with
                    {
                        Staging = staging,
                        S3 = settings.S3,
                    },
                    logger,
                    isWatched
                )
            );
        }

        if (settings.DynamoDb is { } dynamoDb)
        {
            destinations.Add(new DynamoDbDestination(dynamoDb, logger, isWatched: isWatched));
        }

        if (settings.Redis is { } redis)
        {
            destinations.Add(
                new RedisDestination(
                    redis,
                    Environment.GetEnvironmentVariable(RedisOptions.PasswordVariable),
                    logger,
                    isWatched: isWatched
                )
            );
        }

        return destinations;
    }

    /// <summary>The embedded warehouse of a lake in a folder.</summary>
    public static SqliteDestination Warehouse(FolderLake lake) => new(Path.Join(lake.Name, LakePaths.Warehouse));
}
