using System.Text.Json;
using Downbeat.Dashboard.Lakes;

namespace Downbeat.Dashboard.Pages;

/// <summary>Artists that were among the first of a date or an hour, over a range.</summary>
sealed class ArtistsView(PublishedTables tables)
{
    const int Shown = 200;
    const int HoursOfDay = 24;

    /// <summary>Writes those whose name has a text in it.</summary>
    public void WriteAll(Utf8JsonWriter json, LakeMoment moment, DateRange range, string search)
    {
        var dates = moment.Between(range.From, range.To);
        var artists = new Dictionary<string, Artist>(StringComparer.Ordinal);
        foreach (var (_, file) in tables.Read("top_artists_daily", dates))
        {
            for (var row = 0; row < file.RowCount; row++)
            {
                var artist = Of(file.Text(row, 2));
                artist.Days++;
                artist.Listens += file.Integer(row, 3);
                artist.Best = Math.Min(artist.Best ?? long.MaxValue, file.Integer(row, 1));
            }
        }

        foreach (var (_, file) in tables.Read("top_artists_hourly", dates))
        {
            for (var row = 0; row < file.RowCount; row++)
            {
                Of(file.Text(row, 3)).Hours++;
            }
        }

        var found = artists
            .Where(artist => artist.Key.Contains(search, StringComparison.OrdinalIgnoreCase))
            .OrderByDescending(artist => artist.Value.Listens)
            .ThenByDescending(artist => artist.Value.Hours)
            .ThenBy(artist => artist.Key, StringComparer.Ordinal)
            .ToList();
        json.WriteRange(range, dates.Count);
        json.WriteNumber("count", found.Count);
        json.WriteObjects(
            "rows",
            found.Take(Shown),
            artist =>
            {
                json.WriteString("name", artist.Key);
                json.WriteNumber("listens", artist.Value.Listens);
                json.WriteNumber("days", artist.Value.Days);
                json.WriteNumberOrNull("best", artist.Value.Best);
                json.WriteNumber("hours", artist.Value.Hours);
            }
        );

        Artist Of(string name)
        {
            if (!artists.TryGetValue(name, out var artist))
            {
                artists.Add(name, artist = new());
            }

            return artist;
        }
    }

    /// <summary>Writes how one went.</summary>
    public void WriteOne(Utf8JsonWriter json, LakeMoment moment, DateRange range, string name)
    {
        var dates = moment.Between(range.From, range.To);
        var ranks = new double?[range.Days];
        var listens = new double?[range.Days];
        foreach (var (date, file) in tables.Read("top_artists_daily", dates))
        {
            for (var row = 0; row < file.RowCount; row++)
            {
                if (file.Text(row, 2) == name)
                {
                    ranks[range.Index(date.Date)] = file.Integer(row, 1);
                    listens[range.Index(date.Date)] = file.Integer(row, 3);
                }
            }
        }

        var hours = new double?[HoursOfDay];
        Array.Fill(hours, 0);
        foreach (var (_, file) in tables.Read("top_artists_hourly", dates))
        {
            for (var row = 0; row < file.RowCount; row++)
            {
                if (file.Text(row, 3) == name)
                {
                    hours[file.Integer(row, 1)]++;
                }
            }
        }

        json.WriteRange(range, dates.Count);
        json.WriteString("name", name);
        json.WriteNumbers("ranks", ranks);
        json.WriteNumbers("listens", listens);
        json.WriteNumbers("hours", hours);
    }

    sealed class Artist
    {
        public long Listens { get; set; }

        public int Days { get; set; }

        public int Hours { get; set; }

        public long? Best { get; set; }
    }
}
