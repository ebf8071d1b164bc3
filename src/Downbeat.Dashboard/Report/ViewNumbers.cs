using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Downbeat.Dashboard.Report;

/// <summary>What views tell the pages, read for the report: both show the same numbers, because they have them from the same view.</summary>
static class ViewNumbers
{
    /// <summary>Reads what a view writes.</summary>
    public static T Of<T>(JsonTypeInfo<T> type, Action<Utf8JsonWriter> write)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        return JsonSerializer.Deserialize(bytes.ToArray(), type)!;
    }
}

/// <summary>A day.</summary>
sealed record DayNumbers(
    IReadOnlyList<MeasureNumbers> Measures,
    IReadOnlyList<HourNumbers> Hours,
    IReadOnlyList<HourNumbers> HoursWeekBefore,
    int GenreCount,
    IReadOnlyList<GroupNumbers> Genres,
    IReadOnlyList<RankNumbers> Artists,
    int TrackRanks,
    IReadOnlyList<RankNumbers> Tracks,
    FileNumbers Completeness
)
{
    /// <summary>A measure of the day.</summary>
    public MeasureNumbers Measure(string column) => Measures.First(measure => measure.Column == column);
}

/// <summary>A measure of a day, beside those of days before it.</summary>
sealed record MeasureNumbers(
    string Column,
    string Definition,
    double? Value,
    double? DayBefore,
    double? WeekBefore,
    IReadOnlyList<double?> Spark
);

/// <summary>An hour.</summary>
sealed record HourNumbers(int Hour, long Listens, long Listeners, long Tracks, double Diversity, string? Artists);

/// <summary>A genre or a country, of a day or a range.</summary>
sealed record GroupNumbers(
    string Name,
    long Listens,
    long? ListensBefore,
    double Share,
    double Listeners,
    long TimeMs,
    string? Top
);

/// <summary>An artist or a track, of a day or a range.</summary>
sealed record RankNumbers(string Name, long Listens, string? Genres, int Days);

/// <summary>How complete a date is.</summary>
sealed record FileNumbers(
    int Files,
    int FilesKnown,
    int FilesOut,
    bool Stale,
    long? Twice,
    long Rejected,
    long Duplicates,
    long UnknownTrackListens,
    long UnknownUsers,
    DateTimeOffset RestatedAt,
    string RestatedWhy
);

/// <summary>Genres or countries of a range.</summary>
sealed record GroupsNumbers(IReadOnlyList<GroupNumbers> Rows);

/// <summary>Days of some genres.</summary>
sealed record SeriesNumbers(IReadOnlyList<OneSeries> Series);

/// <summary>Days of a genre.</summary>
sealed record OneSeries(string Name, IReadOnlyList<double?> Listens);

/// <summary>Artists or tracks of a range.</summary>
sealed record RanksNumbers(int Count, IReadOnlyList<RankNumbers> Rows);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(DayNumbers))]
[JsonSerializable(typeof(FileNumbers))]
[JsonSerializable(typeof(GroupsNumbers))]
[JsonSerializable(typeof(SeriesNumbers))]
[JsonSerializable(typeof(RanksNumbers))]
sealed partial class ViewNumbersJson : JsonSerializerContext;
