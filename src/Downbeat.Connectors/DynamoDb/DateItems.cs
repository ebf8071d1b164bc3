using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Amazon.DynamoDBv2.Model;
using Downbeat.Engine.Kpis;
using Downbeat.Pipeline.Publish;

namespace Downbeat.Connectors.DynamoDb;

/// <summary>The items of a date, as docs/apps.md describes them: names of attributes are a promise to those who read them.</summary>
static class DateItems
{
    /// <summary>The sort key, among the genres of a date, of the item that tells whether the date is whole.</summary>
    public const string GenreMarker = "#published";

    /// <summary>The same among its hours: an hour that no date has.</summary>
    public const string HourMarker = "-1";

    /// <summary>The longest sort key that DynamoDB takes, in bytes.</summary>
    const int MaxKeyBytes = 1024;

    /// <summary>The largest item that DynamoDB takes is 400 KB; some is left for names and numbers.</summary>
    const int MaxTextBytes = 380_000;

    /// <summary>The items of genres, by their sort keys.</summary>
    public static Dictionary<string, Dictionary<string, AttributeValue>> OfGenres(
        DateTables date,
        List<string> warnings
    )
    {
        var daily = date.Table("daily");
        var (allListens, topGenres) =
            daily.Rows.Count == 0
                ? (0, "")
                : (
                    Cell(daily, daily.Rows[0], "listen_count").Integer,
                    Cell(daily, daily.Rows[0], "top_genres").AsText()
                );
        var tracks = date.Table("top_tracks").Rows.ToLookup(row => row[0].AsText(), StringComparer.Ordinal);
        var table = date.Table("genre_daily");
        var items = new Dictionary<string, Dictionary<string, AttributeValue>>(
            table.Rows.Count,
            StringComparer.Ordinal
        );
        foreach (var row in table.Rows)
        {
            KpiCell Get(string column) => Cell(table, row, column);
            var (listens, listeners, ms) = (
                Get("listen_count").Integer,
                Get("unique_listeners").Integer,
                Get("total_listening_time_ms").Integer
            );
            var genre = row[0].AsText();
            var key = KeyOf(genre, warnings);
            var item = new Attributes
            {
                ["listen_count"] = Number(listens),
                ["unique_listeners"] = Number(listeners),
                ["total_listening_time"] = Number(SixPlaces.Of(ms, 1000)),
                ["avg_listening_time_per_user"] = Quotient(ms, 1000, listeners, Get("avg_listening_time_per_user_sec")),
                ["avg_track_duration_sec"] = Number(SixPlaces.Of(Get("avg_track_duration_sec").Quotient)),
                ["avg_listen_duration_sec"] = Quotient(ms, 1000, listens, Get("avg_listen_duration_sec")),
                ["popularity_index"] = Number(SixPlaces.Of(Get("popularity_index").Quotient)),
                ["listen_share"] = Quotient(listens, 1, allListens, Get("listen_share")),
                ["most_popular_track"] = new(Get("most_popular_track").AsText()),
                ["top_3_songs"] = new(Get("top_songs").AsText()),
                ["top_5_genres"] = new(topGenres),
                ["top_tracks"] = List(
                    tracks[genre]
                        .Select(track => new Attributes
                        {
                            ["track_id"] = new(track[2].AsText()),
                            ["track_name"] = new(track[3].AsText()),
                            ["listen_count"] = Number(track[4].Integer),
                            ["engagement"] = Number(track[5].Integer),
                        })
                ),
            };
            if (key != genre)
            {
                item["full_track_genre"] = new(genre);
            }

            Shorten(item, $"the genre {key}", warnings);
            items.Add(key, item);
        }

        return items;
    }

    /// <summary>The items of hours, by their sort keys.</summary>
    public static Dictionary<string, Dictionary<string, AttributeValue>> OfHours(DateTables date, List<string> warnings)
    {
        var artists = date.Table("top_artists_hourly").Rows.ToLookup(row => row[0].Integer);
        var table = date.Table("hourly");
        var items = new Dictionary<string, Dictionary<string, AttributeValue>>(StringComparer.Ordinal);
        foreach (var row in table.Rows)
        {
            KpiCell Get(string column) => Cell(table, row, column);
            var (listens, tracks) = (Get("listen_count").Integer, Get("unique_tracks").Integer);
            var hour = row[0].Integer;
            var item = new Attributes
            {
                ["listen_count"] = Number(listens),
                ["unique_listeners"] = Number(Get("unique_listeners").Integer),
                ["unique_tracks"] = Number(tracks),
                ["track_diversity_index"] = Quotient(tracks, 1, listens, Get("track_diversity_index")),
                ["top_5_artists"] = new(Get("top_artists").AsText()),
                ["top_artists"] = List(
                    artists[hour]
                        .Select(artist => new Attributes
                        {
                            ["artist"] = new(artist[2].AsText()),
                            ["listen_count"] = Number(artist[3].Integer),
                        })
                ),
            };
            Shorten(item, string.Create(CultureInfo.InvariantCulture, $"hour {hour}"), warnings);
            items.Add(hour.ToString(CultureInfo.InvariantCulture), item);
        }

        return items;
    }

    /// <summary>What the checks of the date say, by their names.</summary>
    public static AttributeValue Quality(DateTables date)
    {
        var checks = new AttributeValue { M = [], IsMSet = true };
        foreach (var row in date.Table("quality_daily").Rows)
        {
            checks.M[row[0].AsText()] = new()
            {
                M = new Attributes
                {
                    ["value"] = Number(SixPlaces.Of(row[1].Quotient)),
                    ["threshold"] = Number(SixPlaces.Of(row[2].Quotient)),
                    ["status"] = new(row[3].AsText()),
                },
            };
        }

        return checks;
    }

    /// <summary>
    /// The sort key of a genre: the genre. One that is too long is cut, and ends in a hash of the whole, so that no two are cut to the
    /// same; one that is the marker's gets another <c>#</c>.
    /// </summary>
    public static string KeyOf(string genre, List<string> warnings)
    {
        if (genre.TrimStart('#') == GenreMarker[1..] && genre[0] == '#')
        {
            warnings.Add(
                $"the genre {genre} has the sort key #{genre}, because {GenreMarker} tells whether a date is whole"
            );
            return '#' + genre;
        }

        var bytes = Encoding.UTF8.GetBytes(genre);
        if (bytes.Length <= MaxKeyBytes)
        {
            return genre;
        }

        var hash = Convert.ToHexStringLower(SHA256.HashData(bytes).AsSpan(0, 8));
        var key = $"{Cut(genre, MaxKeyBytes - hash.Length - 1)}#{hash}";
        warnings.Add(
            $"a genre of {bytes.Length} bytes was cut to the {MaxKeyBytes} that a sort key may have, and is whole in full_track_genre: {Cut(genre, 60)}…"
        );
        return key;
    }

    /// <summary>Cuts a text to so many bytes of UTF-8, between two characters.</summary>
    static string Cut(string text, int bytes)
    {
        var (used, end) = (0, 0);
        foreach (var rune in text.EnumerateRunes())
        {
            if (used + rune.Utf8SequenceLength > bytes)
            {
                break;
            }

            used += rune.Utf8SequenceLength;
            end += rune.Utf16SequenceLength;
        }

        return text[..end];
    }

    /// <summary>Cuts the texts of an item that is too large.</summary>
    static void Shorten(Dictionary<string, AttributeValue> item, string what, List<string> warnings)
    {
        if (item.Values.Sum(SizeOf) <= MaxTextBytes)
        {
            return;
        }

        // Ranks first, which the lists of names repeat; then each text to its share.
        foreach (var (name, value) in item.Where(value => value.Value.L is not null).ToList())
        {
            var room = MaxTextBytes / 2;
            var kept = value.L.TakeWhile(one => (room -= SizeOf(one)) >= 0).ToList();
            item[name] = new() { L = kept };
        }

        var texts = item.Where(value => value.Value.S is not null).ToList();
        foreach (var (name, value) in texts)
        {
            item[name] = new(Cut(value.S, MaxTextBytes / 2 / texts.Count));
        }

        warnings.Add($"texts of {what} were cut: an item holds 400 KB at most");
    }

    static int SizeOf(AttributeValue value) =>
        value.S is { } text ? Encoding.UTF8.GetByteCount(text)
        : value.L is { } list ? list.Sum(SizeOf)
        : value.M is { } map ? map.Sum(one => one.Key.Length + 3 + SizeOf(one.Value))
        : 24;

    static AttributeValue Number(long value) => Number(value.ToString(CultureInfo.InvariantCulture));

    static AttributeValue Number(string text) => new() { N = text };

    /// <summary>A quotient from the integers that it is of: the table's own is rounded once already.</summary>
    static AttributeValue Quotient(long numerator, long perUnit, long denominator, KpiCell rounded) =>
        Number(
            denominator > 0 ? SixPlaces.Of(numerator, (Int128)perUnit * denominator) : SixPlaces.Of(rounded.Quotient)
        );

    static AttributeValue List(IEnumerable<Dictionary<string, AttributeValue>> maps) =>
        new() { L = [.. maps.Select(map => new AttributeValue { M = map })] };

    static KpiCell Cell(KpiTable table, IReadOnlyList<KpiCell> row, string column)
    {
        for (var place = 1; place < table.Schema.Columns.Count; place++)
        {
            if (table.Schema.Columns[place].Name == column)
            {
                return row[place - 1];
            }
        }

        throw new ArgumentOutOfRangeException(nameof(column), column, $"{table.Schema.Name} has no such column.");
    }

    static string AsText(this KpiCell cell) => Encoding.UTF8.GetString(cell.Text.Span);
}
