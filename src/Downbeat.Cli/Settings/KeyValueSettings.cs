using System.Text.RegularExpressions;
using Downbeat.Connectors.DynamoDb;
using Downbeat.Connectors.Redis;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Runs;

namespace Downbeat.Cli.Settings;

/// <summary>The settings of DynamoDB and Redis. Each is on when its first one is given; the others may come before or after.</summary>
sealed partial record KeyValueSettings
{
    /// <summary>The settings.</summary>
    public static IReadOnlyList<Setting> All { get; } =
    [
        Of(
            "dynamodb",
            "a region of AWS, like eu-west-1",
            "The region whose DynamoDB has the tables for apps; without it there are none.",
            (settings, text) => Region().IsMatch(text) ? settings with { region = text } : null
        ),
        Of(
            "dynamodbEndpoint",
            "an address like http://localhost:8000, without a user",
            "Another address of DynamoDB than the region's.",
            (settings, text) =>
                Uri.TryCreate(text, UriKind.Absolute, out var uri)
                && uri is { Scheme: "http" or "https", UserInfo.Length: 0 }
                    ? settings with
                    {
                        endpoint = uri,
                    }
                    : null
        ),
        Of(
            "dynamodbGenreTable",
            TableRule,
            "The table of DynamoDB with an item for every date and genre.",
            (settings, text) => Table().IsMatch(text) ? settings with { genreTable = text } : null
        ) with
        {
            Default = new DynamoDbOptions { Region = "" }.GenreTable,
        },
        Of(
            "dynamodbHourTable",
            TableRule,
            "The table of DynamoDB with an item for every date and hour.",
            (settings, text) => Table().IsMatch(text) ? settings with { hourTable = text } : null
        ) with
        {
            Default = new DynamoDbOptions { Region = "" }.HourTable,
        },
        Of(
            "redis",
            $"an address like redis://user@host:6379/0, or rediss://… for TLS, without a password, which {RedisOptions.PasswordVariable} holds",
            "The Redis with the keys for apps; without it there are none.",
            (settings, text) => RedisOptions.Parse(text) is { } address ? settings with { redis = address } : null
        ),
        Of(
            "redisPrefix",
            "1 to 100 characters",
            "What all keys in Redis begin with.",
            (settings, text) => text.Length <= 100 ? settings with { prefix = text } : null
        ) with
        {
            Default = new RedisOptions { Host = "" }.Prefix,
        },
        Of(
            "redisExpireDays",
            "a whole number from 0 to 36,500",
            "How many days after it ended a date's keys go from Redis; 0 for never.",
            (settings, text) =>
                int.TryParse(
                    text,
                    System.Globalization.NumberStyles.None,
                    System.Globalization.CultureInfo.InvariantCulture,
                    out var days
                )
                && days <= 36_500
                    ? settings with
                    {
                        expireDays = days,
                    }
                    : null
        ) with
        {
            Default = "0",
            Form = SettingForm.Number,
        },
        Of(
            "lease",
            $"lake or {RedisHasIt}",
            "Where it is kept which run may work: the lake, or the Redis of the setting redis.",
            (settings, text) =>
                text is "lake" or RedisHasIt ? settings with { leaseInRedis = text == RedisHasIt } : null
        ) with
        {
            Default = "lake",
        },
    ];

    const string RedisHasIt = "redis";

    const string TableRule = "the name of a table: 3 to 255 letters, digits, dots, dashes and underscores";

    string? region;
    Uri? endpoint;
    string? genreTable;
    string? hourTable;
    RedisOptions? redis;
    string? prefix;
    int expireDays;
    bool leaseInRedis;

    /// <summary>The tables of DynamoDB, if there is to be any.</summary>
    public DynamoDbOptions? DynamoDb
    {
        get
        {
            if (region is null)
            {
                return null;
            }

            var options = new DynamoDbOptions { Region = region, Endpoint = endpoint };
            return options with
            {
                GenreTable = genreTable ?? options.GenreTable,
                HourTable = hourTable ?? options.HourTable,
            };
        }
    }

    /// <summary>The Redis, if there is to be any.</summary>
    public RedisOptions? Redis =>
        redis is null ? null : redis with { Prefix = prefix ?? redis.Prefix, ExpireDays = expireDays };

    /// <summary>Where the lease of a lake is kept; null for the lake itself.</summary>
    /// <exception cref="UsageException">It is to be Redis, and there is none.</exception>
    public ILeaseStore? LeaseOf(ILake lake) =>
        !leaseInRedis ? null
        : Redis is { } options
            ? new RedisLeaseStore(
                options,
                Environment.GetEnvironmentVariable(RedisOptions.PasswordVariable),
                LakeFile.Read(lake).Id
            )
        : throw new UsageException("lease is redis, and there is none: name it with the setting redis.");

    static Setting Of(
        string name,
        string allowed,
        string help,
        Func<KeyValueSettings, string, KeyValueSettings?> set
    ) =>
        Setting.OfSystem(
            name,
            allowed,
            help,
            (settings, text) =>
                set(settings.KeyValue, text) is { } changed ? settings with { KeyValue = changed } : null
        );

    [GeneratedRegex(
        "^[a-z]{2,4}(-[a-z0-9]+)+-[0-9]+$",
        RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex Region();

    [GeneratedRegex(
        "^[A-Za-z0-9_.-]{3,255}$",
        RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex Table();
}
