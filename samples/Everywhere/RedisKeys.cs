using Downbeat.Pipeline.Publish;
using StackExchange.Redis;

namespace Downbeat.Samples;

/// <summary>Keys of dates as docs/apps.md promises them, and as Redis has them.</summary>
static class RedisKeys
{
    static readonly (string Table, string Name, string? Key)[] Hashes =
    [
        ("daily", "date", null),
        ("genre_daily", "genre", "track_genre"),
        ("hourly", "hour", "hour"),
        ("country_daily", "country", "user_country"),
    ];

    static readonly (string Table, string Name, string? Key, string Member)[] Rankings =
    [
        ("top_tracks", "top_tracks", "track_genre", "track_id"),
        ("top_genres", "top_genres", null, "track_genre"),
        ("top_artists_daily", "top_artists", null, "artist"),
        ("top_artists_hourly", "top_artists", "hour", "artist"),
    ];

    const string TrackNames = "track_names";

    /// <summary>Hashes of rows, and sorted sets of rankings.</summary>
    public static IEnumerable<string> Expected(DateTables date)
    {
        foreach (var (table, name, key) in Hashes)
        {
            foreach (var row in NamedRows.Of(date, table))
            {
                yield return Text(
                    row["date"],
                    Name(name, row, key),
                    row.Where(field => field.Key != "date" && field.Key != key)
                );
            }
        }

        foreach (var (table, name, key, member) in Rankings)
        {
            foreach (var set in NamedRows.Of(date, table).GroupBy(row => Name(name, row, key), StringComparer.Ordinal))
            {
                yield return Text(
                    set.First()["date"],
                    set.Key,
                    set.Select(row => KeyValuePair.Create(row[member], row["listen_count"]))
                );
            }
        }

        var tracks = NamedRows.Of(date, "top_tracks").ToList();
        if (tracks.Count > 0)
        {
            yield return Text(
                tracks[0]["date"],
                Name(TrackNames, tracks[0], null),
                tracks
                    .DistinctBy(row => row["track_id"], StringComparer.Ordinal)
                    .Select(row => KeyValuePair.Create(row["track_id"], row["track_name"]))
            );
        }
    }

    /// <summary>All keys that have a date and tell of listens, but for the one that lists them.</summary>
    public static List<string> Held(ConnectionMultiplexer redis)
    {
        var database = redis.GetDatabase();
        var held = new List<string>();
        foreach (
            var key in redis
                .GetServer(redis.GetEndPoints()[0])
                .Keys(Systems.RedisDatabase, $"{Systems.RedisPrefix}*", 10_000)
        )
        {
            var name = ((string)key)[Systems.RedisPrefix.Length..];
            if (
                name.Split(':') is not [var kind, { Length: 10 } date, ..]
                || kind is "keys" or "stage" or "latest" or "quality"
            )
            {
                continue;
            }

            held.Add(
                database.KeyType(key) == RedisType.SortedSet
                    ? Text(
                        date,
                        name,
                        database
                            .SortedSetRangeByRankWithScores(key)
                            .Select(one =>
                                KeyValuePair.Create(
                                    (string)one.Element,
                                    ((long)one.Score).ToString(System.Globalization.CultureInfo.InvariantCulture)
                                )
                            )
                    )
                    : Text(
                        date,
                        name,
                        database
                            .HashGetAll(key)
                            .Where(field => kind == TrackNames || field.Name != "version")
                            .Select(field => KeyValuePair.Create((string)field.Name, (string)field.Value))
                    )
            );
        }

        return held;
    }

    static string Name(string name, Dictionary<string, string> row, string? key) =>
        $"{name}:{row["date"]}{(key is null ? "" : $":{row[key]}")}";

    static string Text(string date, string name, IEnumerable<KeyValuePair<string, string>> fields) =>
        $"{date} {name} {NamedRows.Text(fields)}";
}
