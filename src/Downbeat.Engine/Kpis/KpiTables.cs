using Downbeat.Engine.Days;

namespace Downbeat.Engine.Kpis;

/// <summary>All tables of a date. What each holds is defined in <c>docs/kpis.md</c>.</summary>
public static class KpiTables
{
    /// <summary>The names and columns of the tables that depend on the set of listens and the catalogue alone.</summary>
    public static IReadOnlyList<KpiSchema> Schemas { get; } =
    [
        GenreDaily.Schema,
        Hourly.Schema,
        Daily.Schema,
        CountryDaily.Schema,
        TopTables.TracksSchema,
        TopTables.GenresSchema,
        TopTables.ArtistsHourlySchema,
        TopTables.ArtistsDailySchema,
    ];

    /// <summary>All that is published of a date: <see cref="Schemas"/>, and last <see cref="QualityDaily"/>.</summary>
    public static IReadOnlyList<KpiSchema> Published { get; } = [.. Schemas, QualityDaily.Schema];

    /// <summary>Computes the tables of listens, in the order of <see cref="Schemas"/>.</summary>
    public static IReadOnlyList<KpiTable> Compute(DayCounts counts, KpiOptions options)
    {
        var day = new DayTotals(counts, options);
        return
        [
            GenreDaily.Compute(day),
            Hourly.Compute(day),
            Daily.Compute(day),
            CountryDaily.Compute(day),
            TopTables.Tracks(day),
            TopTables.Genres(day),
            TopTables.ArtistsHourly(day),
            TopTables.ArtistsDaily(day),
        ];
    }
}
