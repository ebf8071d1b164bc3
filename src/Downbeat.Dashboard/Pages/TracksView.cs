using System.Text.Json;
using Downbeat.Dashboard.Lakes;

namespace Downbeat.Dashboard.Pages;

/// <summary>Tracks that were among the first of a genre, over a range.</summary>
sealed class TracksView(PublishedTables tables)
{
    const int Shown = 200;
    const int Songs = 10;

    /// <summary>Writes those whose name, id or genre has a text in it.</summary>
    public void WriteAll(Utf8JsonWriter json, LakeMoment moment, DateRange range, string search)
    {
        var dates = moment.Between(range.From, range.To);
        var found = Collect(tables, dates, null)
            .Values.Where(track =>
                search.Length == 0
                || track.Name.Contains(search, StringComparison.OrdinalIgnoreCase)
                || track.Id.Equals(search, StringComparison.Ordinal)
                || track.Genres.Any(genre => genre.Contains(search, StringComparison.OrdinalIgnoreCase))
            )
            .OrderByDescending(track => track.Listens)
            .ThenBy(track => track.Name, StringComparer.Ordinal)
            .ThenBy(track => track.Id, StringComparer.Ordinal)
            .ToList();
        json.WriteRange(range, dates.Count);
        json.WriteNumber("count", found.Count);
        json.WriteObjects("rows", found.Take(Shown), track => Write(json, track));
    }

    /// <summary>Writes how one went.</summary>
    public void WriteOne(Utf8JsonWriter json, LakeMoment moment, DateRange range, string id)
    {
        var dates = moment.Between(range.From, range.To);
        json.WriteRange(range, dates.Count);
        var listens = new double?[range.Days];
        var ranks = new SortedDictionary<string, double?[]>(StringComparer.Ordinal);
        var name = "";
        foreach (var (date, file) in tables.Read("top_tracks", dates))
        {
            for (var row = 0; row < file.RowCount; row++)
            {
                if (file.Text(row, 3) != id)
                {
                    continue;
                }

                var genre = file.Text(row, 1);
                if (!ranks.TryGetValue(genre, out var days))
                {
                    ranks.Add(genre, days = new double?[range.Days]);
                }

                days[range.Index(date.Date)] = file.Integer(row, 2);
                listens[range.Index(date.Date)] = file.Integer(row, 5);
                name = file.Text(row, 4);
            }
        }

        json.WriteString("id", id);
        json.WriteString("name", name);
        json.WriteNumbers("listens", listens);
        json.WriteObjects(
            "genres",
            ranks,
            genre =>
            {
                json.WriteString("name", genre.Key);
                json.WriteNumbers("ranks", genre.Value);
            }
        );
    }

    /// <summary>Writes the songs of a genre.</summary>
    public static void WriteSongs(
        Utf8JsonWriter json,
        PublishedTables tables,
        IReadOnlyList<PublishedDate> dates,
        string genre
    ) =>
        json.WriteObjects(
            "songs",
            Collect(tables, dates, genre)
                .Values.OrderByDescending(track => track.Listens)
                .ThenBy(track => track.Name, StringComparer.Ordinal)
                .ThenBy(track => track.Id, StringComparer.Ordinal)
                .Take(Songs),
            track => Write(json, track)
        );

    static Dictionary<string, Track> Collect(PublishedTables tables, IReadOnlyList<PublishedDate> dates, string? genre)
    {
        var tracks = new Dictionary<string, Track>(StringComparer.Ordinal);
        foreach (var (date, file) in tables.Read("top_tracks", dates))
        {
            var (from, until) = file.FindRows(
                genre is null ? [] : [KeyValue.Parse(file.Schema.Columns[1], genre)!.Value]
            );
            for (var row = from; row < until; row++)
            {
                var id = file.Text(row, 3);
                if (!tracks.TryGetValue(id, out var track))
                {
                    tracks.Add(id, track = new(id));
                }

                track.Genres.Add(file.Text(row, 1));
                track.Best = Math.Min(track.Best, file.Integer(row, 2));
                track.Name = file.Text(row, 4);
                if (track.Last != date.Date)
                {
                    // In each of its genres a track has all its listens: they count once.
                    track.Last = date.Date;
                    track.Days++;
                    track.Listens += file.Integer(row, 5);
                }
            }
        }

        return tracks;
    }

    static void Write(Utf8JsonWriter json, Track track)
    {
        json.WriteString("id", track.Id);
        json.WriteString("name", track.Name);
        json.WriteString("genres", string.Join(", ", track.Genres));
        json.WriteNumber("listens", track.Listens);
        json.WriteNumber("days", track.Days);
        json.WriteNumber("best", track.Best);
    }

    sealed class Track(string id)
    {
        public string Id { get; } = id;

        public string Name { get; set; } = "";

        public SortedSet<string> Genres { get; } = new(StringComparer.Ordinal);

        public long Listens { get; set; }

        public int Days { get; set; }

        public long Best { get; set; } = long.MaxValue;

        public DateOnly? Last { get; set; }
    }
}
