using System.Text.Json;
using Downbeat.Dashboard.Lakes;

namespace Downbeat.Dashboard.Pages;

/// <summary>A day: its numbers beside those of the days before, its hours, and what was listened to most.</summary>
sealed class DayView(PublishedTables tables, SourcesByDate sources)
{
    const int SparkDays = 28;
    const int Shown = 10;

    static readonly string[] Measures =
    [
        "listen_count",
        "unique_listeners",
        "total_listening_time_ms",
        "sessions",
        "unique_tracks",
        "track_diversity_index",
    ];

    /// <summary>Writes it.</summary>
    public void Write(Utf8JsonWriter json, LakeMoment moment, DateOnly date)
    {
        json.WriteDate("date", date);
        var published = moment.Find(date);
        WriteDateOrNull(json, "previous", moment.Known.LastOrDefault(other => other.Date < date));
        WriteDateOrNull(json, "next", moment.Known.FirstOrDefault(other => other.Date > date));
        json.WriteBoolean("published", published is not null);
        if (moment.FindKnown(date) is { } known)
        {
            json.WriteQuality(known, onlyFindings: true);
        }

        if (published is null)
        {
            return;
        }

        WriteMeasures(json, moment, date);
        WriteHours(json, moment, date);
        WriteGenres(json, tables.Read("genre_daily", published));
        WriteArtists(json, tables.Read("top_artists_daily", published));
        WriteTracks(json, tables.Read("top_tracks", published));
        json.WriteStartObject("completeness");
        sources.WriteDate(json, published);
        json.WriteEndObject();
    }

    void WriteMeasures(Utf8JsonWriter json, LakeMoment moment, DateOnly date)
    {
        var range = new DateRange(date.AddDays(1 - SparkDays), date);
        var days = tables.Read("daily", moment.Between(range.From, range.To));
        json.WriteDate("sparkFrom", range.From);
        json.WriteObjects(
            "measures",
            Measures,
            measure =>
            {
                var spark = new double?[SparkDays];
                foreach (var (day, table) in days)
                {
                    spark[range.Index(day.Date)] = table.Only(measure);
                }

                json.WriteString("column", measure);
                json.WriteString("definition", Definitions.Of("daily", measure));
                json.WriteNumberOrNull("value", spark[^1]);
                json.WriteNumberOrNull("dayBefore", spark[^2]);
                json.WriteNumberOrNull("weekBefore", spark[^8]);
                json.WriteNumbers("spark", spark);
            }
        );
    }

    void WriteHours(Utf8JsonWriter json, LakeMoment moment, DateOnly date)
    {
        json.WriteObjects(
            "hours",
            Rows(moment.Find(date)),
            row =>
            {
                var (table, at) = row;
                json.WriteNumber("hour", table.Integer(at, 1));
                json.WriteNumber("listens", table.Integer(at, 2));
                json.WriteNumber("listeners", table.Integer(at, 3));
                json.WriteNumber("tracks", table.Integer(at, 4));
                json.WriteNumber("diversity", table.Number(at, 5));
                json.WriteString("artists", table.Utf8(at, 6));
            }
        );
        json.WriteObjects(
            "hoursWeekBefore",
            Rows(moment.Find(date.AddDays(-7))),
            row =>
            {
                json.WriteNumber("hour", row.Table.Integer(row.Row, 1));
                json.WriteNumber("listens", row.Table.Integer(row.Row, 2));
            }
        );

        IEnumerable<(TableFile Table, int Row)> Rows(PublishedDate? day)
        {
            if (day is null)
            {
                return [];
            }

            var table = tables.Read("hourly", day);
            return Enumerable.Range(0, table.RowCount).Select(row => (table, row));
        }
    }

    static void WriteGenres(Utf8JsonWriter json, TableFile table)
    {
        var (listens, listeners, share) = (
            table.Column("listen_count"),
            table.Column("unique_listeners"),
            table.Column("listen_share")
        );
        json.WriteNumber("genreCount", table.RowCount);
        json.WriteObjects(
            "genres",
            Enumerable.Range(0, table.RowCount).OrderByDescending(row => table.Integer(row, listens)).Take(Shown),
            row =>
            {
                json.WriteString("name", table.Utf8(row, 1));
                json.WriteNumber("listens", table.Integer(row, listens));
                json.WriteNumber("listeners", table.Integer(row, listeners));
                json.WriteNumber("share", table.Number(row, share));
            }
        );
    }

    static void WriteArtists(Utf8JsonWriter json, TableFile table) =>
        json.WriteObjects(
            "artists",
            Enumerable.Range(0, table.RowCount).Take(Shown),
            row =>
            {
                json.WriteNumber("rank", table.Integer(row, 1));
                json.WriteString("name", table.Utf8(row, 2));
                json.WriteNumber("listens", table.Integer(row, 3));
            }
        );

    /// <summary>
    /// The tracks that are first in some genre. A track of many listens stands in the list of each of its genres, with all its listens:
    /// so the first of these are the first of the date, as many as a genre has ranks.
    /// </summary>
    static void WriteTracks(Utf8JsonWriter json, TableFile table)
    {
        var tracks = Enumerable
            .Range(0, table.RowCount)
            .GroupBy(row => table.Text(row, 3), StringComparer.Ordinal)
            .Select(rows => (Id: rows.Key, Row: rows.First(), Genres: rows.Select(row => table.Text(row, 1)).ToList()))
            .OrderByDescending(track => table.Integer(track.Row, 5))
            .Take(Shown);
        json.WriteNumber(
            "trackRanks",
            table.RowCount == 0 ? 0 : Enumerable.Range(0, table.RowCount).Max(row => table.Integer(row, 2))
        );
        json.WriteObjects(
            "tracks",
            tracks,
            track =>
            {
                json.WriteString("id", track.Id);
                json.WriteString("name", table.Utf8(track.Row, 4));
                json.WriteNumber("listens", table.Integer(track.Row, 5));
                json.WriteString("genres", string.Join(", ", track.Genres));
            }
        );
    }

    static void WriteDateOrNull(Utf8JsonWriter json, string name, PublishedDate? date)
    {
        if (date is null)
        {
            json.WriteNull(name);
        }
        else
        {
            json.WriteDate(name, date.Date);
        }
    }
}
