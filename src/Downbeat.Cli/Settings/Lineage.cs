using Downbeat.Connectors.DynamoDb;
using Downbeat.Connectors.OpenLineage;
using Downbeat.Connectors.Postgres;
using Downbeat.Connectors.S3;
using Downbeat.Pipeline.Landing;
using Microsoft.Extensions.Logging;

namespace Downbeat.Cli.Settings;

/// <summary>Makes what tells of runs by OpenLineage, where its variables ask for that.</summary>
static class Lineage
{
    /// <summary>Opens nothing before there is something to tell; null where nobody asked.</summary>
    /// <exception cref="UsageException">A variable is wrong.</exception>
    public static LineageOutbox? Of(LakeSettings settings, ILake lake, ILogger logger)
    {
        try
        {
            return LineageOptions.FromVariables(Environment.GetEnvironmentVariable) is { } options
                ? new(
                    options,
                    new(options, Places(settings, lake), LakeFile.Read(lake).Id),
                    logger,
                    TimeProvider.System
                )
                : null;
        }
        catch (FormatException error)
        {
            throw new UsageException(error.Message);
        }
    }

    static LineagePlaces Places(LakeSettings settings, ILake lake)
    {
        var isS3 = S3Place.IsMeant(lake.Name);
        var name = isS3 ? lake.Name.TrimEnd('/') : Path.GetFullPath(lake.Name);
        var destinations = new Dictionary<string, Func<string, LineageDataset?>>(StringComparer.Ordinal);
        if (settings.Sqlite && !isS3)
        {
            // The naming of OpenLineage has no SQLite; this is by its rule.
            var file = Path.Join(name, LakePaths.Warehouse);
            destinations["sqlite"] = table => new($"sqlite://{file}", $"main.{table}");
        }

        if (settings.Postgres is { Address: { } postgres, Schema: var schema })
        {
            destinations["postgres"] = table => LineagePlaces.OfPostgres(postgres, $"{schema}.{table}");
        }

        if (settings.Redshift is { Address: { } redshift, Schema: var schemaThere })
        {
            destinations["redshift"] = table => LineagePlaces.OfRedshift(redshift, $"{schemaThere}.{table}");
        }

        if (settings.DynamoDb is { } dynamoDb)
        {
            destinations["dynamodb"] = table => OfDynamoDb(dynamoDb, table);
        }

        if (settings.Redis is { } redis)
        {
            // Likewise; its keys are one dataset.
            var keys = new LineageDataset(
                $"redis://{LineagePlaces.Authority(redis.Host, redis.Port)}",
                $"{redis.Database}.{redis.Prefix.TrimEnd(':')}"
            );
            destinations["redis"] = _ => keys;
        }

        return new()
        {
            Lake = name,
            Folder = folder => Folder(settings.S3, name, folder),
            Songs = OfCatalogue(settings.Catalogue, settings.Catalogue.Songs, "songs"),
            Users = OfCatalogue(settings.Catalogue, settings.Catalogue.Users, "users"),
            Destinations = destinations,
        };
    }

    /// <summary>A folder of a lake in S3 may lie elsewhere, or be below one that does.</summary>
    static LineageDataset Folder(S3Options s3, string lake, string folder)
    {
        if (!S3Place.IsMeant(lake))
        {
            return LineagePlaces.OfFolder(Path.Join(lake, folder));
        }

        foreach (var (moved, place) in s3.Elsewhere.OrderByDescending(one => one.Key.Length))
        {
            if (folder == moved || folder.StartsWith(moved + "/", StringComparison.Ordinal))
            {
                return S3($"{place}{folder[moved.Length..]}");
            }
        }

        return S3($"{lake}/{folder}");
    }

    static LineageDataset S3(string text) =>
        S3Place.TryParse(text, out var place) ? LineagePlaces.Of(place) : new("s3", text);

    static LineageDataset? OfDynamoDb(DynamoDbOptions dynamoDb, string table)
    {
        var name = table switch
        {
            "genre_daily" => dynamoDb.GenreTable,
            "hourly" => dynamoDb.HourTable,
            _ => null,
        };
        return name is null ? null : new($"dynamodb://{dynamoDb.Endpoint?.Authority ?? dynamoDb.Region}", name);
    }

    static LineageDataset? OfCatalogue(CatalogueSettings catalogue, PostgresCatalogueTable from, string what)
    {
        if (catalogue.Address is not { } address)
        {
            return null;
        }

        // What a query reads only the database knows.
        var table =
            from.Query is not null ? $"query.{what}"
            : from.Table.Contains('.', StringComparison.Ordinal) ? from.Table
            : $"public.{from.Table}";
        return LineagePlaces.OfPostgres(address, table);
    }
}
