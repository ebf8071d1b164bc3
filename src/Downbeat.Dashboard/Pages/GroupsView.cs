using System.Text.Json;
using Downbeat.Dashboard.Lakes;

namespace Downbeat.Dashboard.Pages;

/// <summary>
/// Genres, or countries, over a range: one row for each, and how it went. Listens and listening time add up over dates. Listeners do
/// not, because the same people listen on many days: they are shown as the mean of the published dates.
/// </summary>
sealed class GroupsView(PublishedTables tables, string table, string key)
{
    /// <summary>How many may be compared.</summary>
    public const int MostCompared = 5;

    /// <summary>Writes a row for each.</summary>
    public void WriteAll(Utf8JsonWriter json, LakeMoment moment, DateRange range)
    {
        var dates = moment.Between(range.From, range.To);
        var before = moment.Between(range.Before.From, range.Before.To);
        var totals = Total(dates);
        var totalsBefore = Total(before);
        var allListens = dates.Sum(tables.Listens);
        json.WriteRange(range, dates.Count);
        json.WriteNumber("daysBefore", before.Count);
        json.WriteNumber("listens", allListens);
        json.WriteObjects(
            "rows",
            totals.OrderByDescending(total => total.Value.Listens).ThenBy(total => total.Key, StringComparer.Ordinal),
            total =>
            {
                var (name, sum) = total;
                json.WriteString("name", name);
                json.WriteNumber("listens", sum.Listens);
                json.WriteNumberOrNull(
                    "listensBefore",
                    before.Count == range.Days ? totalsBefore.GetValueOrDefault(name)?.Listens ?? 0 : null
                );
                json.WriteNumber("share", allListens == 0 ? 0 : sum.Listens / (double)allListens);
                json.WriteNumber("listeners", (double)sum.Listeners / dates.Count);
                json.WriteNumber("timeMs", sum.TimeMs);
                json.WriteNumber("popularity", sum.Popularity);
                json.WriteString("top", sum.Top);
            }
        );
    }

    /// <summary>Writes the days of some.</summary>
    public void WriteSome(Utf8JsonWriter json, LakeMoment moment, DateRange range, IReadOnlyList<string> names)
    {
        var dates = moment.Between(range.From, range.To);
        json.WriteRange(range, dates.Count);
        var days = names.ToDictionary(name => name, _ => new Day?[range.Days], StringComparer.Ordinal);
        foreach (var (date, file) in tables.Read(table, dates))
        {
            var columns = new Columns(file, key);
            var total = Math.Max(1, tables.Listens(date));
            foreach (var name in days.Keys)
            {
                var (from, until) = file.FindRows([KeyValue.Parse(file.Schema.Columns[1], name)!.Value]);
                days[name][range.Index(date.Date)] =
                    from == until
                        ? new(0, 0, 0, 0)
                        : new(
                            file.Integer(from, columns.Listens),
                            file.Integer(from, columns.Listeners),
                            file.Integer(from, columns.Time),
                            file.Integer(from, columns.Listens) / (double)total
                        );
            }
        }

        json.WriteObjects(
            "series",
            names,
            name =>
            {
                json.WriteString("name", name);
                json.WriteNumbers("listens", days[name].Select(day => (double?)day?.Listens));
                json.WriteNumbers("listeners", days[name].Select(day => (double?)day?.Listeners));
                json.WriteNumbers("timeMs", days[name].Select(day => (double?)day?.TimeMs));
                json.WriteNumbers("share", days[name].Select(day => day?.Share));
                if (key == "track_genre")
                {
                    TracksView.WriteSongs(json, tables, dates, name);
                }
            }
        );
    }

    Dictionary<string, Sum> Total(List<PublishedDate> dates)
    {
        var totals = new Dictionary<string, Sum>(StringComparer.Ordinal);
        foreach (var (_, file) in tables.Read(table, dates))
        {
            var columns = new Columns(file, key);
            for (var row = 0; row < file.RowCount; row++)
            {
                var name = file.Text(row, 1);
                if (!totals.TryGetValue(name, out var sum))
                {
                    totals.Add(name, sum = new());
                }

                sum.Listens += file.Integer(row, columns.Listens);
                sum.Listeners += file.Integer(row, columns.Listeners);
                sum.TimeMs += file.Integer(row, columns.Time);
                sum.Popularity += columns.Popularity < 0 ? 0 : file.Number(row, columns.Popularity);
                sum.Top = file.Text(row, columns.Top); // Of the last date.
            }
        }

        return totals;
    }

    sealed class Sum
    {
        public long Listens { get; set; }

        public long Listeners { get; set; }

        public long TimeMs { get; set; }

        public double Popularity { get; set; }

        public string Top { get; set; } = "";
    }

    sealed record Day(long Listens, long Listeners, long TimeMs, double Share);

    readonly record struct Columns(int Listens, int Listeners, int Time, int Popularity, int Top)
    {
        public Columns(TableFile file, string key)
            : this(
                file.Column("listen_count"),
                file.Column("unique_listeners"),
                file.Column("total_listening_time_ms"),
                key == "track_genre" ? file.Column("popularity_index") : -1,
                file.Column(key == "track_genre" ? "most_popular_track" : "top_genre")
            ) { }
    }
}
