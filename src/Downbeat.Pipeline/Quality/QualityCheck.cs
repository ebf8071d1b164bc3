using System.Globalization;

namespace Downbeat.Pipeline.Quality;

/// <summary>A check of a date. What each measures, to the last unit, is in <c>docs/quality.md</c>.</summary>
/// <param name="Name">Its name, as in <c>quality_daily</c>.</param>
/// <param name="Meaning">What it measures, for people.</param>
/// <param name="Default">Its thresholds when nobody says otherwise; null when it is off then.</param>
public sealed record QualityCheck(string Name, string Meaning, QualityThresholds? Default)
{
    /// <summary>Rejected rows of all rows, of the date's files.</summary>
    public static QualityCheck RejectedShare { get; } =
        new("rejected_share", "rejected rows of all rows of the date's files", new(0.02));

    /// <summary>Rows that repeat a listen.</summary>
    public static QualityCheck DuplicateShare { get; } =
        new("duplicate_share", "rows that repeat a listen, within a file or over files", new(0.1));

    /// <summary>Listens of tracks that the songs do not know.</summary>
    public static QualityCheck UnknownTrackShare { get; } =
        new("unknown_track_share", "listens of tracks that the songs do not know", new(0.05));

    /// <summary>Listeners who are not in the users.</summary>
    public static QualityCheck UnknownUserShare { get; } =
        new("unknown_user_share", "listeners who are not in the users", new(0.05));

    /// <summary>Listens that began before their user had signed up.</summary>
    public static QualityCheck ListensBeforeSignup { get; } =
        new("listens_before_signup", "listens that began before their user's created_at", null);

    /// <summary>Rows of the songs that lack a value.</summary>
    public static QualityCheck NullCatalogueValues { get; } =
        new("null_catalogue_values", "rows of the songs that lack a value", new(0.05));

    /// <summary>Rows of the songs that were rejected for a value.</summary>
    public static QualityCheck OutOfRangeCatalogueValues { get; } =
        new("out_of_range_catalogue_values", "rows of the songs that were rejected for a value", new(0.01));

    /// <summary>How far the listens are from the median of earlier dates of the same weekday.</summary>
    public static QualityCheck Volume { get; } =
        new("volume", "distance of the listens from the median of the last same weekdays", new(0.5));

    /// <summary>Hours without listens.</summary>
    public static QualityCheck HoursWithoutListens { get; } =
        new("hours_without_listens", "hours of the date without listens", new(6));

    /// <summary>Hours from the end of the date until its last file came.</summary>
    public static QualityCheck Freshness { get; } =
        new("freshness", "hours from the end of the date until its last file came", null);

    /// <summary>All checks, in the order of their names.</summary>
    public static IReadOnlyList<QualityCheck> All { get; } =
        new[]
        {
            RejectedShare,
            DuplicateShare,
            UnknownTrackShare,
            UnknownUserShare,
            ListensBeforeSignup,
            NullCatalogueValues,
            OutOfRangeCatalogueValues,
            Volume,
            HoursWithoutListens,
            Freshness,
        }
            .OrderBy(check => check.Name, StringComparer.Ordinal)
            .ToList();

    /// <summary>What it measures at most: a threshold above that would never do anything. Null where there is no end.</summary>
    public double? Most =>
        this == Volume || this == Freshness ? null
        : this == HoursWithoutListens ? 24
        : 1;

    /// <summary>A value as people read it: a share in percent, hours as they are.</summary>
    public string Text(double value) =>
        this == HoursWithoutListens || this == Freshness
            ? string.Create(CultureInfo.InvariantCulture, $"{value:#,##0.##} h")
            : string.Create(CultureInfo.InvariantCulture, $"{100 * value:#,##0.##} %");

    /// <summary>The check of that name, if there still is one.</summary>
    public static QualityCheck? Find(string name) => All.FirstOrDefault(check => check.Name == name);
}

/// <summary>Above which values a check warns, and above which it holds the date back; null where it never does.</summary>
public sealed record QualityThresholds(double? Warn = null, double? Fail = null);
