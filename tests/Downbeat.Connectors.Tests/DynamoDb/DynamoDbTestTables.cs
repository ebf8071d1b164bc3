using System.Globalization;
using System.Numerics;
using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;
using Amazon.Runtime;
using Downbeat.Connectors.DynamoDb;
using Downbeat.Engine.Kpis;
using Downbeat.Engine.Listens;
using Downbeat.Pipeline.Publish;
using Downbeat.Testing;
using Downbeat.Testing.Servers;

namespace Downbeat.Connectors.Tests.DynamoDb;

/// <summary>Two tables of a test's own on dynalite, and what they hold as DynamoDB's own client reads it.</summary>
sealed class DynamoDbTestTables : IDisposable
{
    public const string AccessKey = "AKIAMARKEDACCESSKEY0";
    public const string Secret = "marked/secret+of/dynamodb";
    public const string Token = "marked-session-token";

    static int number;

    readonly TestServer server = TestServers.Need("dynalite");

    public DynamoDbTestTables()
    {
        Options = Next();
        Client = new(
            Credentials,
            new AmazonDynamoDBConfig { ServiceURL = Options.Endpoint!.ToString(), AuthenticationRegion = "eu-west-1" }
        );
    }

    public static AWSCredentials Credentials { get; } = new SessionAWSCredentials(AccessKey, Secret, Token);

    public DynamoDbOptions Options { get; private set; }

    public AmazonDynamoDBClient Client { get; }

    public LinesLogger Logger { get; } = new();

    public HurriedClock Clock { get; } = new();

    /// <summary>Goes on with tables that are not made yet.</summary>
    public void Renew() => Options = Next();

    public void Dispose() => Client.Dispose();

    public DynamoDbDestination Destination(
        Action<string>? beforeRequest = null,
        HttpClientFactory? http = null,
        int mostInFlight = 64
    ) =>
        new(Options, Logger, Clock)
        {
            Credentials = Credentials,
            BeforeRequest = beforeRequest,
            Http = http,
            MostInFlight = mostInFlight,
        };

    /// <summary>Makes a table with two texts as key.</summary>
    public void Create(string table, string partition, string sort)
    {
        Client
            .CreateTableAsync(
                new CreateTableRequest
                {
                    TableName = table,
                    BillingMode = BillingMode.PAY_PER_REQUEST,
                    AttributeDefinitions = [new(partition, ScalarAttributeType.S), new(sort, ScalarAttributeType.S)],
                    KeySchema = [new(partition, KeyType.HASH), new(sort, KeyType.RANGE)],
                }
            )
            .Wait();
        while (Client.DescribeTableAsync(table).Result.Table.TableStatus != TableStatus.ACTIVE)
        {
            Thread.Sleep(10);
        }
    }

    public BillingMode BillingOf(string table) =>
        Client.DescribeTableAsync(table).Result.Table.BillingModeSummary.BillingMode;

    /// <summary>Puts an item into the table of genres.</summary>
    public void Put(Dictionary<string, AttributeValue> item) => Client.PutItemAsync(Options.GenreTable, item).Wait();

    /// <summary>All items of a partition of both tables, the marker and tombstones among them.</summary>
    public List<Dictionary<string, AttributeValue>> All(string date) =>
        [.. Query(Options.GenreTable, date), .. Query(Options.HourTable, date)];

    public List<Dictionary<string, AttributeValue>> Query(string table, string date)
    {
        var items = new List<Dictionary<string, AttributeValue>>();
        var request = new QueryRequest
        {
            TableName = table,
            ConsistentRead = true,
            KeyConditionExpression = "#date = :date",
            ExpressionAttributeNames = new() { ["#date"] = "date" },
            ExpressionAttributeValues = new() { [":date"] = new(date) },
        };
        do
        {
            var page = Client.QueryAsync(request).Result;
            items.AddRange(page.Items ?? []);
            request.ExclusiveStartKey = page.LastEvaluatedKey;
        } while (request.ExclusiveStartKey is { Count: > 0 });

        return items;
    }

    /// <summary>The sort key of an item.</summary>
    public static string KeyOf(Dictionary<string, AttributeValue> item) =>
        item.TryGetValue("hour", out var hour) ? hour.N : item["track_genre"].S;

    public static bool IsMarker(Dictionary<string, AttributeValue> item) => KeyOf(item) is "#published" or "-1";

    /// <summary>An item as a text, without what differs when the same is published again.</summary>
    public static string TextOf(Dictionary<string, AttributeValue> item) =>
        string.Join(
            " | ",
            item.Where(one => one.Key != "published_at")
                .OrderBy(one => one.Key, StringComparer.Ordinal)
                .Select(one => $"{one.Key}={TextOf(one.Value)}")
        );

    static string TextOf(AttributeValue value) =>
        value.S
        ?? value.N
        ?? (
            value.L is { } list ? $"[{string.Join(", ", list.Select(TextOf))}]"
            : value.M is { } map ? $"{{{TextOf(map)}}}"
            : value.BOOL.ToString()!
        );

    /// <summary>Compares what the tables hold of a date, cell by cell.</summary>
    public void AssertHolds(DateTables expected)
    {
        var date = ListenDate.Text(expected.Date);
        var daily = expected.Table("daily");
        var total = daily.Rows.Count == 0 ? 0 : daily.Rows[0][0].Integer;
        var topGenres = daily.Rows.Count == 0 ? "" : Text(daily.Rows[0][6]);
        var genres = Items(Options.GenreTable, expected);
        var rows = expected.Table("genre_daily").Rows;
        Assert.Equal(rows.Count, genres.Count);
        foreach (var row in rows)
        {
            var item = genres[Text(row[0])];
            var (listens, listeners, ms) = (row[1].Integer, row[2].Integer, row[3].Integer);
            Assert.Equal(
                [
                    "avg_listen_duration_sec",
                    "avg_listening_time_per_user",
                    "avg_track_duration_sec",
                    "date",
                    "listen_count",
                    "listen_share",
                    "most_popular_track",
                    "owner",
                    "popularity_index",
                    "top_3_songs",
                    "top_5_genres",
                    "top_tracks",
                    "total_listening_time",
                    "track_genre",
                    "unique_listeners",
                    "version",
                ],
                item.Keys.Where(name => name != "full_track_genre").Order(StringComparer.Ordinal)
            );
            AssertInteger(listens, item["listen_count"]);
            AssertInteger(listeners, item["unique_listeners"]);
            AssertInteger(expected.Version, item["version"]);
            AssertQuotient(ms, 1000, row[3], item["total_listening_time"]);
            AssertQuotient(ms, (BigInteger)1000 * listeners, row[4], item["avg_listening_time_per_user"]);
            AssertRounded(row[5], item["avg_track_duration_sec"]);
            AssertQuotient(ms, (BigInteger)1000 * listens, row[6], item["avg_listen_duration_sec"]);
            AssertRounded(row[7], item["popularity_index"]);
            AssertQuotient(listens, total, row[8], item["listen_share"]);
            Assert.Equal(Text(row[9]), item["most_popular_track"].S);
            Assert.Equal(Text(row[10]), item["top_3_songs"].S);
            Assert.Equal(topGenres, item["top_5_genres"].S);
            Assert.Equal(
                expected
                    .Table("top_tracks")
                    .Rows.Where(track => Text(track[0]) == Text(row[0]))
                    .Select(track =>
                        $"engagement={track[5].Integer} | listen_count={track[4].Integer} | track_id={Text(track[2])} | track_name={Text(track[3])}"
                    ),
                (item["top_tracks"].L ?? []).Select(track => TextOf(track.M))
            );
        }

        var hours = Items(Options.HourTable, expected);
        rows = expected.Table("hourly").Rows;
        Assert.Equal(rows.Count, hours.Count);
        foreach (var row in rows)
        {
            var item = hours[row[0].Integer.ToString(CultureInfo.InvariantCulture)];
            Assert.Equal(10, item.Count);
            AssertInteger(expected.Version, item["version"]);
            AssertInteger(row[1].Integer, item["listen_count"]);
            AssertInteger(row[2].Integer, item["unique_listeners"]);
            AssertInteger(row[3].Integer, item["unique_tracks"]);
            AssertQuotient(row[3].Integer, row[1].Integer, row[4], item["track_diversity_index"]);
            Assert.Equal(Text(row[5]), item["top_5_artists"].S);
            Assert.Equal(
                expected
                    .Table("top_artists_hourly")
                    .Rows.Where(artist => artist[0].Integer == row[0].Integer)
                    .Select(artist => $"artist={Text(artist[2])} | listen_count={artist[3].Integer}"),
                (item["top_artists"].L ?? []).Select(artist => TextOf(artist.M))
            );
        }

        Dictionary<string, Dictionary<string, AttributeValue>> Items(string table, DateTables tables)
        {
            var items = Query(table, date);
            var marker = items.Find(IsMarker);
            Assert.NotNull(marker);
            AssertInteger(tables.Version, marker["version"]);
            Assert.Equal(tables.Fingerprint, marker["fingerprint"].S);
            var held = items
                .Where(item => !IsMarker(item) && !item.ContainsKey("deleted"))
                .ToDictionary(
                    item => item.GetValueOrDefault("full_track_genre")?.S ?? KeyOf(item),
                    StringComparer.Ordinal
                );
            AssertInteger(held.Count, marker["item_count"]);
            Assert.Equal(
                tables.Table("quality_daily").Rows.Select(row => (Text(row[0]), Text(row[3]))),
                (marker["quality"].M ?? [])
                    .Select(check => (check.Key, check.Value.M["status"].S))
                    .OrderBy(check => check.Key, StringComparer.Ordinal)
            );
            return held;
        }
    }

    static string Text(KpiCell cell) => System.Text.Encoding.UTF8.GetString(cell.Text.Span);

    static void AssertInteger(long expected, AttributeValue value) =>
        Assert.Equal(expected.ToString(CultureInfo.InvariantCulture), value.N);

    /// <summary>The nearest number with six places, the larger of two.</summary>
    static void AssertQuotient(BigInteger numerator, BigInteger denominator, KpiCell rounded, AttributeValue value)
    {
        if (denominator.IsZero)
        {
            AssertRounded(rounded, value);
            return;
        }

        var millionths = (BigInteger)(decimal.Parse(value.N, CultureInfo.InvariantCulture) * 1_000_000);
        Assert.Equal(decimal.Parse(value.N, CultureInfo.InvariantCulture), (decimal)millionths / 1_000_000);
        var twice = 2 * 1_000_000 * numerator;
        Assert.True(((2 * millionths) - 1) * denominator <= twice && twice < ((2 * millionths) + 1) * denominator);
    }

    static void AssertRounded(KpiCell quotient, AttributeValue value) =>
        Assert.Equal(
            decimal.Round(
                decimal.Parse(Quotients.Text(quotient.Quotient), CultureInfo.InvariantCulture),
                6,
                MidpointRounding.AwayFromZero
            ),
            decimal.Parse(value.N, CultureInfo.InvariantCulture)
        );

    DynamoDbOptions Next()
    {
        var suffix = string.Create(CultureInfo.InvariantCulture, $"_{Interlocked.Increment(ref number)}");
        return new()
        {
            Region = "eu-west-1",
            Endpoint = new($"http://127.0.0.1:{server.Port}/"),
            GenreTable = $"genre{suffix}",
            HourTable = $"hour{suffix}",
        };
    }
}
