using Downbeat.Engine.Days;

namespace Downbeat.Engine.Kpis;

/// <summary>The table <c>hourly</c>: a row for every hour with listens.</summary>
static class Hourly
{
    public static KpiSchema Schema { get; } =
        KpiSchema.Of(
            "hourly",
            "hour:i",
            "listen_count:i unique_listeners:i unique_tracks:i track_diversity_index:q top_artists:t"
        );

    public static KpiTable Compute(DayTotals day)
    {
        var counts = day.Day;
        var listens = day.ListensByHour;
        var tracks = day.TracksByHour;
        var table = new KpiTable(Schema, counts.Day.Date);
        for (var hour = 0; hour < DayCounts.Hours; hour++)
        {
            if (listens[hour] > 0)
            {
                table.Add(
                    (long)hour,
                    listens[hour],
                    counts.ListenersByHour[hour],
                    tracks[hour],
                    Quotients.Nearest(tracks[hour], listens[hour]),
                    DayTotals.Join(day.TopArtistsByHour[hour], day.Songs.Artists)
                );
            }
        }

        return table;
    }
}
