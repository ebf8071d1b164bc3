using System.Globalization;

namespace Downbeat.Testing.Oracle;

/// <summary>A listen of one date with what its tables ask of it.</summary>
/// <param name="UserId">Who listened.</param>
/// <param name="TrackId">To what.</param>
/// <param name="Second">The instant it began, in seconds since 1970.</param>
/// <param name="Hour">The hour of the zone's clock, 0 to 23.</param>
/// <param name="Engagement">Its weight by like and share.</param>
/// <param name="Track">What the catalogue knows of the track; null if nothing.</param>
/// <param name="Country">The country of the user, or unknown.</param>
sealed record DayListen(
    long UserId,
    string TrackId,
    long Second,
    int Hour,
    long Engagement,
    Track? Track,
    string Country
);

/// <summary>The eight tables of one date.</summary>
sealed class DayTables(DateOnly date, OracleSettings settings, IEnumerable<DayListen> dayListens)
{
    const int SessionGapSeconds = 30 * 60;

    readonly DayListen[] listens = [.. dayListens];

    /// <summary>The date as it is written in rows and file names.</summary>
    public string Date { get; } = date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    public IEnumerable<(string Table, string Text)> Compute() =>
        [
            ("genre_daily", GenreDaily()),
            ("hourly", Hourly()),
            ("daily", Daily()),
            ("country_daily", CountryDaily()),
            ("top_tracks", TopTracks()),
            ("top_genres", TopGenres()),
            ("top_artists_hourly", TopArtistsHourly()),
            ("top_artists_daily", TopArtistsDaily()),
        ];

    /// <summary>One row a genre.</summary>
    string GenreDaily() =>
        TableText.Write(
            "date,track_genre,listen_count,unique_listeners,total_listening_time_ms,avg_listening_time_per_user_sec,"
                + "avg_track_duration_sec,avg_listen_duration_sec,popularity_index,listen_share,most_popular_track,"
                + "top_songs",
            ByGenre()
                .Select(genre =>
                {
                    var tracks = CountTracks(genre);
                    var totalMs = TotalMs(genre);
                    var users = UniqueListeners(genre);
                    long count = genre.Count();
                    return (object[])
                        [
                            Date,
                            genre.Key,
                            count,
                            users,
                            totalMs,
                            Quotient.Text(totalMs, 1000 * users),
                            Quotient.Text(tracks.Sum(track => track.DurationMs), 1000L * tracks.Length),
                            Quotient.Text(totalMs, 1000 * count),
                            Quotient.Text(genre.Sum(listen => listen.Engagement * listen.Track!.Popularity), 100),
                            Quotient.Text(count, listens.Length), // Of all the day has, unknown tracks included.
                            MostEngaging(tracks).Name,
                            Join(MostPlayed(tracks).Select(track => track.Name)),
                        ];
                })
        );

    /// <summary>One row an hour in which somebody listened.</summary>
    string Hourly() =>
        TableText.Write(
            "date,hour,listen_count,unique_listeners,unique_tracks,track_diversity_index,top_artists",
            ByHour()
                .Select(hour =>
                    (object[])
                        [
                            Date,
                            hour.Key,
                            hour.Count(),
                            UniqueListeners(hour),
                            UniqueTracks(hour),
                            Quotient.Text(UniqueTracks(hour), hour.Count()),
                            Join(TopArtists(hour, settings.TopArtistsHourly).Select(artist => artist.Name)),
                        ]
                )
        );

    /// <summary>A single row.</summary>
    string Daily() =>
        TableText.Write(
            "date,listen_count,unique_listeners,unique_tracks,total_listening_time_ms,track_diversity_index,sessions,"
                + "top_genres,top_artists",
            [
                [
                    Date,
                    listens.Length,
                    UniqueListeners(listens),
                    UniqueTracks(listens),
                    TotalMs(listens),
                    Quotient.Text(UniqueTracks(listens), listens.Length),
                    Sessions(),
                    Join(TopGenres(listens, settings.TopGenres).Select(genre => genre.Name)),
                    Join(TopArtists(listens, settings.TopArtistsDaily).Select(artist => artist.Name)),
                ],
            ]
        );

    /// <summary>One row a country.</summary>
    string CountryDaily() =>
        TableText.Write(
            "date,user_country,listen_count,unique_listeners,total_listening_time_ms,top_genre",
            listens
                .GroupBy(listen => listen.Country, StringComparer.Ordinal)
                .OrderBy(country => country.Key, Utf8Order.Instance)
                .Select(country =>
                    (object[])
                        [
                            Date,
                            country.Key,
                            country.Count(),
                            UniqueListeners(country),
                            TotalMs(country),
                            TopGenres(country, 1).Select(genre => genre.Name).FirstOrDefault(""),
                        ]
                )
        );

    /// <summary>The list of <c>top_songs</c>, one row a rank of each genre.</summary>
    string TopTracks() =>
        TableText.Write(
            "date,track_genre,rank,track_id,track_name,listen_count,engagement",
            ByGenre()
                .SelectMany(genre =>
                    MostPlayed(CountTracks(genre))
                        .Select(
                            (track, index) =>
                                (object[])
                                    [
                                        Date,
                                        genre.Key,
                                        index + 1,
                                        track.Id,
                                        track.Name,
                                        track.ListenCount,
                                        track.Engagement,
                                    ]
                        )
                )
        );

    /// <summary>The day's list of genres, one row a rank.</summary>
    string TopGenres() =>
        TableText.Write(
            "date,rank,track_genre,listen_count",
            TopGenres(listens, settings.TopGenres)
                .Select((genre, index) => (object[])[Date, index + 1, genre.Name, genre.ListenCount])
        );

    /// <summary>The lists of artists of <c>hourly</c>, one row a rank of each hour.</summary>
    string TopArtistsHourly() =>
        TableText.Write(
            "date,hour,rank,artist,listen_count",
            ByHour()
                .SelectMany(hour =>
                    TopArtists(hour, settings.TopArtistsHourly)
                        .Select(
                            (artist, index) => (object[])[Date, hour.Key, index + 1, artist.Name, artist.ListenCount]
                        )
                )
        );

    /// <summary>The day's list of artists, one row a rank.</summary>
    string TopArtistsDaily() =>
        TableText.Write(
            "date,rank,artist,listen_count",
            TopArtists(listens, settings.TopArtistsDaily)
                .Select((artist, index) => (object[])[Date, index + 1, artist.Name, artist.ListenCount])
        );

    IEnumerable<IGrouping<int, DayListen>> ByHour() => listens.GroupBy(listen => listen.Hour).OrderBy(hour => hour.Key);

    /// <summary>The listens of each genre. One of an unknown track is in none.</summary>
    IEnumerable<IGrouping<string, DayListen>> ByGenre() =>
        listens
            .SelectMany(Genres, (listen, genre) => (Listen: listen, Genre: genre))
            .GroupBy(pair => pair.Genre, pair => pair.Listen, StringComparer.Ordinal)
            .OrderBy(genre => genre.Key, Utf8Order.Instance);

    static IEnumerable<string> Genres(DayListen listen) => listen.Track?.Genres ?? Enumerable.Empty<string>();

    static IEnumerable<string> Artists(DayListen listen) => listen.Track?.Artists ?? [];

    static long UniqueListeners(IEnumerable<DayListen> some) => some.Select(listen => listen.UserId).Distinct().Count();

    /// <summary>Counts ids, because an unknown track has nothing else (docs/kpis.md, The tables).</summary>
    static long UniqueTracks(IEnumerable<DayListen> some) =>
        some.Select(listen => listen.TrackId).Distinct(StringComparer.Ordinal).Count();

    /// <summary>Every listen lasts as long as its track; one of an unknown track has no length to add.</summary>
    static long TotalMs(IEnumerable<DayListen> some) => some.Sum(listen => listen.Track?.DurationMs ?? 0);

    /// <summary>
    /// Counts beginnings: a user's first listen begins a session, and so does each that starts half an hour or later
    /// after the one before (docs/kpis.md, The tables).
    /// </summary>
    long Sessions() =>
        listens
            .GroupBy(listen => listen.UserId)
            .Sum(user =>
            {
                var seconds = user.Select(listen => listen.Second).Order().ToArray();
                return 1L + seconds.Zip(seconds.Skip(1)).Count(pair => pair.Second - pair.First >= SessionGapSeconds);
            });

    /// <summary>The tracks among listens of known tracks.</summary>
    static TrackCount[] CountTracks(IEnumerable<DayListen> some) =>
        [
            .. some.GroupBy(listen => listen.TrackId, StringComparer.Ordinal)
                .Select(track => new TrackCount(
                    track.Key,
                    track.First().Track!.Name,
                    track.First().Track!.DurationMs,
                    track.Count(),
                    track.Sum(listen => listen.Engagement)
                )),
        ];

    // Equal measures go by name, then by id (docs/kpis.md, Ties).

    /// <summary>The ranked tracks. Likes and shares play no part.</summary>
    IEnumerable<TrackCount> MostPlayed(IEnumerable<TrackCount> tracks) =>
        tracks
            .OrderByDescending(track => track.ListenCount)
            .ThenBy(track => track.Name, Utf8Order.Instance)
            .ThenBy(track => track.Id, Utf8Order.Instance)
            .Take(settings.TopTracks);

    /// <summary>The most popular track, the only one that is ranked by engagement.</summary>
    static TrackCount MostEngaging(IEnumerable<TrackCount> tracks) =>
        tracks
            .OrderByDescending(track => track.Engagement)
            .ThenBy(track => track.Name, Utf8Order.Instance)
            .ThenBy(track => track.Id, Utf8Order.Instance)
            .First();

    static IEnumerable<NameCount> TopGenres(IEnumerable<DayListen> some, int n) => Top(some.SelectMany(Genres), n);

    static IEnumerable<NameCount> TopArtists(IEnumerable<DayListen> some, int n) => Top(some.SelectMany(Artists), n);

    /// <summary>The names that occur most often.</summary>
    static IEnumerable<NameCount> Top(IEnumerable<string> names, int n) =>
        names
            .GroupBy(name => name, StringComparer.Ordinal)
            .Select(name => new NameCount(name.Key, name.Count()))
            .OrderByDescending(name => name.ListenCount)
            .ThenBy(name => name.Name, Utf8Order.Instance)
            .Take(n);

    /// <summary>Lists are not escaped (docs/kpis.md, How values are written).</summary>
    static string Join(IEnumerable<string> names) => string.Join(", ", names);

    sealed record TrackCount(string Id, string Name, long DurationMs, long ListenCount, long Engagement);

    sealed record NameCount(string Name, long ListenCount);
}
