using Downbeat.Engine.Catalogue;

namespace Downbeat.Engine.Kpis;

/// <summary>The table <c>country_daily</c>: a row for every country with listeners.</summary>
static class CountryDaily
{
    public static KpiSchema Schema { get; } =
        KpiSchema.Of(
            "country_daily",
            "user_country:t",
            "listen_count:i unique_listeners:i total_listening_time_ms:i top_genre:t"
        );

    public static KpiTable Compute(DayTotals day)
    {
        var table = new KpiTable(Schema, day.Day.Day.Date);
        var names = day.Day.CountryNames;
        var countries = day.Day.Countries;

        // Names are sorted but for the last number, which stands for "unknown" where no user has that for a country.
        var unknownPlace = names.Find(UserCountries.Unknown) is var found && found < 0 ? ~found : names.Count + 1;
        for (var place = 0; place <= names.Count; place++)
        {
            if (place == unknownPlace)
            {
                AddRow(table, UserCountries.Unknown.ToArray(), countries[names.Count], day);
            }

            if (place < names.Count)
            {
                AddRow(table, names.Memory(place), countries[place], day);
            }
        }

        return table;
    }

    static void AddRow(KpiTable table, ReadOnlyMemory<byte> name, Days.CountryCounts? country, DayTotals day)
    {
        if (country is null)
        {
            return;
        }

        var topGenre = new Ranking(1, (left, right) => left.CompareTo(right));
        var listensByGenre = country.ListensByGenre;
        for (var genre = 0; genre < listensByGenre.Length; genre++)
        {
            topGenre.Add(listensByGenre[genre], genre);
        }

        table.Add(
            name,
            country.Listens,
            country.Listeners,
            country.ListeningTimeMs,
            DayTotals.Join(topGenre.Best, day.Songs.Genres)
        );
    }
}
