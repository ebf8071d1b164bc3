using System.Text;

namespace Downbeat.Testing.Oracle;

/// <summary>A track of the songs: attributes from its first accepted row, genres from all.</summary>
sealed record Track(string Name, IReadOnlyList<string> Artists, long Popularity, long DurationMs)
{
    public HashSet<string> Genres { get; } = new(StringComparer.Ordinal);
}

/// <summary>What the songs and users files tell.</summary>
sealed class Catalogue
{
    const string UnknownCountry = "unknown";

    /// <summary>The columns some definition reads. The others of the inputs are taken for carried along.</summary>
    static readonly string[] SongColumns =
    [
        "track_id",
        "artists",
        "track_name",
        "popularity",
        "duration_ms",
        "track_genre",
    ];

    static readonly string[] UserColumns = ["user_id", "user_country"];

    readonly Dictionary<string, Track> tracks = new(StringComparer.Ordinal);
    readonly Dictionary<long, string> countries = [];

    /// <summary>
    /// "Attributes of a track come from its first accepted row: CSV files in byte order of their names, rows in file
    /// order. Of a user likewise."
    /// </summary>
    public static Catalogue Read(IEnumerable<OracleFile> songs, IEnumerable<OracleFile> users)
    {
        var catalogue = new Catalogue();

        foreach (var file in songs.OrderBy(file => file.Name, Utf8Order.Instance))
        {
            foreach (var row in CsvRows.Read<SongRow>(file, SongColumns, ParseSong, maxRejectedShare: 1).Valid)
            {
                // "A track may have several genres (several rows of one track_id): it counts in each of them."
                catalogue.tracks.TryAdd(row.TrackId, row.Track);
                catalogue.tracks[row.TrackId].Genres.Add(row.Genre);
            }
        }

        foreach (var file in users.OrderBy(file => file.Name, Utf8Order.Instance))
        {
            foreach (var row in CsvRows.Read<UserRow>(file, UserColumns, ParseUser, maxRejectedShare: 1).Valid)
            {
                catalogue.countries.TryAdd(row.UserId, row.Country);
            }
        }

        return catalogue;
    }

    public Track? FindTrack(string trackId) => tracks.GetValueOrDefault(trackId);

    /// <summary>"A listen of a user who is not in users counts; its country is unknown."</summary>
    public string CountryOf(long userId) => countries.GetValueOrDefault(userId, UnknownCountry);

    /// <summary>
    /// "A catalogue row without track_id, track_genre or a positive duration_ms is rejected and counted; names may be
    /// empty, an empty popularity is 0". The reasons are seen by nobody.
    /// </summary>
    static string? ParseSong(CsvRow row, out SongRow value)
    {
        value = default;

        var trackId = row["track_id"]!;
        if (Encoding.UTF8.GetByteCount(trackId) is < 1 or > 64)
        {
            return "bad_track_id";
        }

        var genre = row["track_genre"]!;
        if (genre.Length == 0)
        {
            return "bad_track_genre";
        }

        if (!Ascii.TryParse(row["duration_ms"]!, 1, int.MaxValue, out var durationMs))
        {
            return "bad_duration_ms";
        }

        long popularity = 0;
        if (row["popularity"]! is { Length: > 0 } text && !Ascii.TryParse(text, 0, 100, out popularity))
        {
            return "bad_popularity";
        }

        // "one or more names separated by ;: each credited artist, trimmed of spaces, empty ones dropped, counts once
        // for a listen of the track"
        var artists = row["artists"]!
            .Split(';')
            .Select(artist => artist.Trim(' '))
            .Where(artist => artist.Length > 0)
            .Distinct(StringComparer.Ordinal)
            .ToArray();

        value = new(trackId, genre, new(row["track_name"]!, artists, popularity, durationMs));
        return null;
    }

    static string? ParseUser(CsvRow row, out UserRow value)
    {
        value = default;
        if (!Ascii.TryParse(row["user_id"]!, 0, long.MaxValue, out var userId))
        {
            return "bad_user_id";
        }

        // "an empty user_country is unknown"
        value = new(userId, row["user_country"]! is { Length: > 0 } country ? country : UnknownCountry);
        return null;
    }

    readonly record struct SongRow(string TrackId, string Genre, Track Track);

    readonly record struct UserRow(long UserId, string Country);
}
