using System.Text.Json;
using Downbeat.Dashboard.Lakes;

namespace Downbeat.Dashboard.Pages;

/// <summary>The hours of the week over a range: how many listen when, and how varied that is.</summary>
sealed class HoursView(PublishedTables tables)
{
    const int HoursOfDay = 24;
    const int DaysOfWeek = 7;
    const int Shown = 10;

    /// <summary>The number of a date's weekday: 0 is Monday.</summary>
    public static int Weekday(DateOnly date) => ((int)date.DayOfWeek + 6) % DaysOfWeek;

    /// <summary>Writes all hours: means over the published dates of the weekday.</summary>
    public void WriteAll(Utf8JsonWriter json, LakeMoment moment, DateRange range)
    {
        var dates = moment.Between(range.From, range.To);
        var cells = new Cell[DaysOfWeek, HoursOfDay];
        var days = new int[DaysOfWeek];
        foreach (var (date, file) in tables.Read("hourly", dates))
        {
            var weekday = Weekday(date.Date);
            days[weekday]++;
            for (var row = 0; row < file.RowCount; row++)
            {
                ref var cell = ref cells[weekday, file.Integer(row, 1)];
                cell.Listens += file.Integer(row, 2);
                cell.Listeners += file.Integer(row, 3);
                cell.Diversity += file.Number(row, 5);
                cell.Rows++;
            }
        }

        json.WriteRange(range, dates.Count);
        json.WriteObjects(
            "cells",
            Enumerable.Range(0, DaysOfWeek * HoursOfDay).Where(number => days[number / HoursOfDay] > 0),
            number =>
            {
                var (weekday, hour) = (number / HoursOfDay, number % HoursOfDay);
                var cell = cells[weekday, hour];
                json.WriteNumber("weekday", weekday);
                json.WriteNumber("hour", hour);
                json.WriteNumber("days", days[weekday]);
                json.WriteNumber("listens", (double)cell.Listens / days[weekday]);
                json.WriteNumber("listeners", (double)cell.Listeners / days[weekday]);
                json.WriteNumberOrNull("diversity", cell.Rows == 0 ? null : cell.Diversity / cell.Rows);
            }
        );
    }

    /// <summary>Writes one hour of a weekday, date by date, and who was listened to.</summary>
    public void WriteOne(Utf8JsonWriter json, LakeMoment moment, DateRange range, int weekday, int hour)
    {
        var dates = moment.Between(range.From, range.To).FindAll(date => Weekday(date.Date) == weekday);
        var key = new KeyValue(hour, null);
        json.WriteRange(range, dates.Count);
        json.WriteNumber("weekday", weekday);
        json.WriteNumber("hour", hour);
        json.WriteObjects(
            "rows",
            tables.Read("hourly", dates),
            one =>
            {
                var (date, file) = one;
                var (row, until) = file.FindRows([key]);
                json.WriteDate("date", date.Date);
                json.WriteNumber("listens", row == until ? 0 : file.Integer(row, 2));
                json.WriteNumber("listeners", row == until ? 0 : file.Integer(row, 3));
                json.WriteNumberOrNull("diversity", row == until ? null : file.Number(row, 5));
                json.WriteString("artists", row == until ? "" : file.Text(row, 6));
            }
        );
        var artists = new Dictionary<string, (long Listens, int Days)>(StringComparer.Ordinal);
        foreach (var (_, file) in tables.Read("top_artists_hourly", dates))
        {
            var (from, until) = file.FindRows([key]);
            for (var row = from; row < until; row++)
            {
                var name = file.Text(row, 3);
                var (listens, days) = artists.GetValueOrDefault(name);
                artists[name] = (listens + file.Integer(row, 4), days + 1);
            }
        }

        json.WriteObjects(
            "artists",
            artists
                .OrderByDescending(artist => artist.Value.Listens)
                .ThenBy(artist => artist.Key, StringComparer.Ordinal)
                .Take(Shown),
            artist =>
            {
                json.WriteString("name", artist.Key);
                json.WriteNumber("listens", artist.Value.Listens);
                json.WriteNumber("days", artist.Value.Days);
            }
        );
    }

    struct Cell
    {
        public long Listens;
        public long Listeners;
        public double Diversity;
        public int Rows;
    }
}
