namespace Downbeat.Engine.Kpis;

/// <summary>The table <c>daily</c>: one row.</summary>
static class Daily
{
    public static KpiSchema Schema { get; } =
        KpiSchema.Of(
            "daily",
            "",
            "listen_count:i unique_listeners:i unique_tracks:i total_listening_time_ms:i track_diversity_index:q "
                + "sessions:i top_genres:t top_artists:t"
        );

    public static KpiTable Compute(DayTotals day)
    {
        var table = new KpiTable(Schema, day.Day.Day.Date);
        table.Add(
            day.Day.Listens,
            day.Day.Listeners,
            (long)day.Day.Day.Tracks.Count,
            day.ListeningTimeMs,
            Quotients.Nearest(day.Day.Day.Tracks.Count, day.Day.Listens),
            day.Day.Sessions,
            DayTotals.Join(day.TopGenres, day.Songs.Genres),
            DayTotals.Join(day.TopArtists, day.Songs.Artists)
        );
        return table;
    }
}
