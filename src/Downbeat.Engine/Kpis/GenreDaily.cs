namespace Downbeat.Engine.Kpis;

/// <summary>The table <c>genre_daily</c>: a row for every genre listened to.</summary>
static class GenreDaily
{
    public static KpiSchema Schema { get; } =
        KpiSchema.Of(
            "genre_daily",
            "track_genre:t",
            "listen_count:i unique_listeners:i total_listening_time_ms:i avg_listening_time_per_user_sec:q "
                + "avg_track_duration_sec:q avg_listen_duration_sec:q popularity_index:q listen_share:q "
                + "most_popular_track:t top_songs:t"
        );

    public static KpiTable Compute(DayTotals day)
    {
        var table = new KpiTable(Schema, day.Day.Day.Date);
        var songs = day.Songs;
        for (var genre = 0; genre < day.Genres.Count; genre++)
        {
            if (day.Genres[genre] is not { } totals)
            {
                continue;
            }

            table.Add(
                songs.Genres.Memory(genre),
                totals.Listens,
                totals.Listeners,
                totals.ListeningTimeMs,
                Quotients.Nearest(totals.ListeningTimeMs, totals.Listeners, 1000),
                Quotients.Nearest(totals.TrackTimeMs, totals.Tracks, 1000),
                Quotients.Nearest(totals.ListeningTimeMs, totals.Listens, 1000),
                Quotients.Nearest(totals.WeightedPopularity, 100),
                Quotients.Nearest(totals.Listens, day.Day.Listens),
                songs.Names.Memory(day.SongOf(totals.MostPopularTrack)),
                DayTotals.Join(totals.TopTracks, songs.Names, day.SongOf)
            );
        }

        return table;
    }
}
