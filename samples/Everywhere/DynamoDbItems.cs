using System.Globalization;
using System.Numerics;
using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;
using Downbeat.Pipeline.Publish;

namespace Downbeat.Samples;

/// <summary>Items of genres and hours as docs/apps.md promises them, and as DynamoDB has them.</summary>
static class DynamoDbItems
{
    const string GenreMarker = "#published";
    const string HourMarker = "-1";

    /// <summary>What only tells who wrote an item and when.</summary>
    static readonly string[] Apart = ["version", "owner", "published_at"];

    /// <summary>Computed anew from the tables: exact decimals, rounded once, half away from zero, to six places.</summary>
    public static IEnumerable<string> Expected(DateTables date)
    {
        var day = NamedRows.Of(date, "daily").Single();
        foreach (var row in NamedRows.Of(date, "genre_daily"))
        {
            var (listens, ms) = (Whole(row["listen_count"]), Whole(row["total_listening_time_ms"]));
            yield return Text(
                row["date"],
                new(StringComparer.Ordinal)
                {
                    ["track_genre"] = row["track_genre"],
                    ["listen_count"] = row["listen_count"],
                    ["unique_listeners"] = row["unique_listeners"],
                    ["total_listening_time"] = Rounded(ms, 1000),
                    ["avg_listening_time_per_user"] = Rounded(ms, 1000 * Whole(row["unique_listeners"])),
                    ["avg_track_duration_sec"] = Rounded(row["avg_track_duration_sec"]),
                    ["avg_listen_duration_sec"] = Rounded(ms, 1000 * listens),
                    ["popularity_index"] = Rounded(row["popularity_index"]),
                    ["listen_share"] = Rounded(listens, Whole(day["listen_count"])),
                    ["most_popular_track"] = row["most_popular_track"],
                    ["top_3_songs"] = row["top_songs"],
                    ["top_5_genres"] = day["top_genres"],
                    ["top_tracks"] = List(
                        NamedRows.Of(date, "top_tracks").Where(track => track["track_genre"] == row["track_genre"]),
                        "track_id",
                        "track_name",
                        "listen_count",
                        "engagement"
                    ),
                }
            );
        }

        foreach (var row in NamedRows.Of(date, "hourly"))
        {
            yield return Text(
                row["date"],
                new(StringComparer.Ordinal)
                {
                    ["hour"] = row["hour"],
                    ["listen_count"] = row["listen_count"],
                    ["unique_listeners"] = row["unique_listeners"],
                    ["unique_tracks"] = row["unique_tracks"],
                    ["track_diversity_index"] = Rounded(Whole(row["unique_tracks"]), Whole(row["listen_count"])),
                    ["top_5_artists"] = row["top_artists"],
                    ["top_artists"] = List(
                        NamedRows.Of(date, "top_artists_hourly").Where(artist => artist["hour"] == row["hour"]),
                        "artist",
                        "listen_count"
                    ),
                }
            );
        }
    }

    /// <summary>All items of both tables that a reader would take for some: of the version that is whole, and as many as it says.</summary>
    public static List<string> Held(AmazonDynamoDBClient client) =>
        [
            .. Held(client, Systems.GenreTable, item => item["track_genre"].S, GenreMarker),
            .. Held(client, Systems.HourTable, item => item["hour"].N, HourMarker),
        ];

    static IEnumerable<string> Held(
        AmazonDynamoDBClient client,
        string table,
        Func<Dictionary<string, AttributeValue>, string> keyOf,
        string marker
    )
    {
        var dates = Scan(client, table)
            .Where(item => !item["date"].S.StartsWith('#'))
            .GroupBy(item => item["date"].S, StringComparer.Ordinal);
        foreach (var date in dates)
        {
            var published = date.Single(item => keyOf(item) == marker);
            var items = date.Where(item =>
                    item != published && !item.ContainsKey("deleted") && item["version"].N == published["version"].N
                )
                .ToList();
            if (items.Count.ToString(CultureInfo.InvariantCulture) != published["item_count"].N)
            {
                yield return $"{date.Key}: {table} has {items.Count} items of the version that is published, and says {published["item_count"].N}.";
            }

            foreach (var item in items)
            {
                yield return Text(
                    date.Key,
                    item.Where(one => one.Key != "date" && !Apart.Contains(one.Key))
                        .ToDictionary(one => one.Key, one => Text(one.Value), StringComparer.Ordinal)
                );
            }
        }
    }

    static IEnumerable<Dictionary<string, AttributeValue>> Scan(AmazonDynamoDBClient client, string table)
    {
        var request = new ScanRequest { TableName = table, ConsistentRead = true };
        do
        {
            var page = client.ScanAsync(request).GetAwaiter().GetResult();
            foreach (var item in page.Items ?? [])
            {
                yield return item;
            }

            request.ExclusiveStartKey = page.LastEvaluatedKey;
        } while (request.ExclusiveStartKey is { Count: > 0 });
    }

    static string Text(string date, Dictionary<string, string> fields) => $"{date} {NamedRows.Text(fields)}";

    static string Text(AttributeValue value) =>
        value.S
        ?? (
            value.N is not null ? Decimal(decimal.Parse(value.N, NumberStyles.Float, CultureInfo.InvariantCulture))
            : value.L is not null
                ? string.Concat(
                    value.L.Select(map =>
                        $"[{NamedRows.Text(map.M.Select(one => KeyValuePair.Create(one.Key, Text(one.Value))))}]"
                    )
                )
            : "of another type"
        );

    static string List(IEnumerable<Dictionary<string, string>> rows, params string[] columns) =>
        string.Concat(
            rows.Select(row =>
                $"[{NamedRows.Text(columns.Select(column => KeyValuePair.Create(column, row[column])))}]"
            )
        );

    static BigInteger Whole(string number) => BigInteger.Parse(number, CultureInfo.InvariantCulture);

    static string Rounded(BigInteger numerator, BigInteger denominator) =>
        Decimal((decimal)(((2 * 1_000_000 * numerator) + denominator) / (2 * denominator)) / 1_000_000);

    static string Rounded(string quotient) =>
        Decimal(
            decimal.Round(
                decimal.Parse(quotient, NumberStyles.Float, CultureInfo.InvariantCulture),
                6,
                MidpointRounding.AwayFromZero
            )
        );

    /// <summary>Without zeros at the end.</summary>
    static string Decimal(decimal number) => number.ToString("0.############", CultureInfo.InvariantCulture);
}
