using Downbeat.Engine.Listens;

namespace Downbeat.Engine.Kpis;

/// <summary>The tables <c>top_tracks</c>, <c>top_genres</c>, <c>top_artists_hourly</c> and <c>top_artists_daily</c>.</summary>
static class TopTables
{
    public static KpiSchema TracksSchema { get; } =
        KpiSchema.Of("top_tracks", "track_genre:t rank:i", "track_id:t track_name:t listen_count:i engagement:i");

    public static KpiSchema GenresSchema { get; } =
        KpiSchema.Of("top_genres", "rank:i", "track_genre:t listen_count:i");

    public static KpiSchema ArtistsHourlySchema { get; } =
        KpiSchema.Of("top_artists_hourly", "hour:i rank:i", "artist:t listen_count:i");

    public static KpiSchema ArtistsDailySchema { get; } =
        KpiSchema.Of("top_artists_daily", "rank:i", "artist:t listen_count:i");

    public static KpiTable Tracks(DayTotals day)
    {
        var table = new KpiTable(TracksSchema, day.Day.Day.Date);
        var songs = day.Songs;
        for (var genre = 0; genre < day.Genres.Count; genre++)
        {
            var rank = 0L;
            foreach (var (listens, track) in day.Genres[genre]?.TopTracks ?? [])
            {
                var song = day.SongOf(track);
                table.Add(
                    songs.Genres.Memory(genre),
                    ++rank,
                    songs.Tracks.Memory(song),
                    songs.Names.Memory(song),
                    listens,
                    day.EngagementOf(track)
                );
            }
        }

        return table;
    }

    public static KpiTable Genres(DayTotals day) =>
        Ranks(new(GenresSchema, day.Day.Day.Date), [], day.TopGenres, day.Songs.Genres);

    public static KpiTable ArtistsDaily(DayTotals day) =>
        Ranks(new(ArtistsDailySchema, day.Day.Day.Date), [], day.TopArtists, day.Songs.Artists);

    public static KpiTable ArtistsHourly(DayTotals day)
    {
        var table = new KpiTable(ArtistsHourlySchema, day.Day.Day.Date);
        for (var hour = 0; hour < day.TopArtistsByHour.Count; hour++)
        {
            Ranks(table, [(long)hour], day.TopArtistsByHour[hour], day.Songs.Artists);
        }

        return table;
    }

    static KpiTable Ranks(
        KpiTable table,
        KpiCell[] key,
        IReadOnlyList<(long Measure, int Candidate)> ranking,
        Texts names
    )
    {
        var rank = 0L;
        foreach (var (listens, candidate) in ranking)
        {
            table.Add([.. key, ++rank, names.Memory(candidate), listens]);
        }

        return table;
    }
}
