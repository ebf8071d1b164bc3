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
    /// Reads the files sorted by the bytes of their names, because the earliest good row of a track or user settles
    /// what is known of it (docs/kpis.md, The catalogue).
    /// </summary>
    public static Catalogue Read(IEnumerable<OracleFile> songs, IEnumerable<OracleFile> users)
    {
        var catalogue = new Catalogue();

        foreach (var file in songs.OrderBy(file => file.Name, Utf8Order.Instance))
        {
            foreach (var row in CsvRows.Read<SongRow>(file, SongColumns, ParseSong, maxRejectedShare: 1).Valid)
            {
                // Later rows of a track only add genres.
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

    public int TrackCount => tracks.Count;

    public int UserCount => countries.Count;

    public Track? FindTrack(string trackId) => tracks.GetValueOrDefault(trackId);

    /// <summary>The country of a user, stranger or not (docs/kpis.md, Unknown tracks and users).</summary>
    public string CountryOf(long userId) => countries.GetValueOrDefault(userId, UnknownCountry);

    /// <summary>
    /// Names may be missing, id, genre and duration may not (docs/kpis.md, The catalogue). The reasons are seen by
    /// nobody.
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

        // Distinct, because a listen gives an artist one count however often the name is credited.
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

        // A user without a country is counted with the strangers.
        value = new(userId, row["user_country"]! is { Length: > 0 } country ? country : UnknownCountry);
        return null;
    }

    readonly record struct SongRow(string TrackId, string Genre, Track Track);

    readonly record struct UserRow(long UserId, string Country);
}
