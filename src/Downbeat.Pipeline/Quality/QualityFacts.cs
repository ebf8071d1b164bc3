using Downbeat.Engine.Days;
using Downbeat.Engine.Kpis;
using Downbeat.Engine.Listens;
using Downbeat.Pipeline.Ledger;

namespace Downbeat.Pipeline.Quality;

/// <summary>What is known of a date when it is judged: of its listens, of the files that it came in, of the songs.</summary>
sealed record QualityFacts
{
    /// <summary>So many earlier dates of the same weekday are looked at, the latest ones.</summary>
    const int MostWeekdays = 8;

    /// <summary>With fewer nothing is said about the volume.</summary>
    const int FewestWeekdays = 4;

    public required DateOnly Date { get; init; }

    public required long Listens { get; init; }

    public required long Listeners { get; init; }

    public required long UnknownTrackListens { get; init; }

    public required long UnknownUsers { get; init; }

    /// <summary>Hours that the date has on the clocks of its zone.</summary>
    public required int Hours { get; init; }

    public required int HoursWithListens { get; init; }

    /// <summary>Rows of the date's files, of whatever date.</summary>
    public required long Rows { get; init; }

    public required long Rejected { get; init; }

    public required long Accepted { get; init; }

    public required long Duplicates { get; init; }

    /// <summary>The distinct listens of the date that each of its files has, added up.</summary>
    public required long Delivered { get; init; }

    public required DateTimeOffset LastArrival { get; init; }

    /// <summary>The end of the date.</summary>
    public required DateTimeOffset End { get; init; }

    /// <summary>Whether a file has arrived after it: until then files of the date are to be expected, and it is not judged as a whole.</summary>
    public required bool IsOver { get; init; }

    public required CatalogueEntry Songs { get; init; }

    /// <summary>Listens that began before their user signed up; null where that was not looked for.</summary>
    public long? BeforeSignup { get; init; }

    /// <summary>Looks at a date.</summary>
    public static QualityFacts Of(
        DateEntry date,
        DayCounts counts,
        IReadOnlyList<(SliceEntry Slice, SourceState Source)> slices,
        LakeState state,
        LakeZone zone
    )
    {
        var sources = slices
            .Select(slice => slice.Source.Entry)
            .DistinctBy(source => source.Id, StringComparer.Ordinal)
            .ToList();
        var hours = HoursOf(date.Date, zone);
        var end = EndOf(date.Date, zone);
        return new()
        {
            Date = date.Date,
            Listens = date.Listens,
            Listeners = counts.Listeners,
            UnknownTrackListens = date.UnknownTrackListens,
            UnknownUsers = date.UnknownUsers,
            Hours = hours.Count,
            HoursWithListens = hours.Count(hour => counts.ListenersByHour[hour] > 0),
            Rows = sources.Sum(source => source.Rows),
            Rejected = sources.Sum(source => source.Rejected),
            Accepted = sources.Sum(source => source.Accepted),
            Duplicates = sources.Sum(source => source.Duplicates),
            Delivered = slices.Sum(slice => slice.Slice.Listens),
            LastArrival = sources.Max(source => source.Arrived),
            End = end,
            IsOver = state.NewestArrival() >= end,
            Songs = state.Songs!,
        };
    }

    /// <summary>What all checks that are on say, in the order of their names. A check that has nothing to measure says nothing.</summary>
    /// <param name="options">The thresholds.</param>
    /// <param name="earlier">Earlier dates as they were judged.</param>
    public List<QualityEntry> Judge(QualityOptions options, IEnumerable<DateEntry> earlier)
    {
        var rows = new List<QualityEntry>();
        foreach (var check in QualityCheck.All)
        {
            if (options.Of(check) is { } thresholds && Measure(check, earlier) is { } value)
            {
                var (status, threshold) =
                    value > thresholds.Fail ? (QualityEntry.Fail, thresholds.Fail)
                    : value > thresholds.Warn ? (QualityEntry.Warn, thresholds.Warn)
                    : (QualityEntry.Ok, thresholds.Warn ?? thresholds.Fail);
                rows.Add(new(check.Name, value, threshold!.Value, status));
            }
        }

        return rows;
    }

    double? Measure(QualityCheck check, IEnumerable<DateEntry> earlier) =>
        check == QualityCheck.RejectedShare ? Share(Rejected, Rows)
        // Exact for files of one date. Repeats within a file of several dates are taken to be spread as its listens are.
        : check == QualityCheck.DuplicateShare
            ? Share(
                ((Int128)(Accepted + Duplicates) * Delivered) - ((Int128)Accepted * Listens),
                (Int128)(Accepted + Duplicates) * Delivered
            )
        : check == QualityCheck.UnknownTrackShare ? Share(UnknownTrackListens, Listens)
        : check == QualityCheck.UnknownUserShare ? Share(UnknownUsers, Listeners)
        : check == QualityCheck.NullCatalogueValues ? Share(Songs.NullRows, Songs.Rows)
        : check == QualityCheck.OutOfRangeCatalogueValues ? Share(Songs.OutOfRangeRows, Songs.Rows)
        : check == QualityCheck.ListensBeforeSignup ? (BeforeSignup is { } before ? Share(before, Listens) : null)
        : !IsOver ? null
        : check == QualityCheck.Volume ? MeasureVolume(earlier)
        : check == QualityCheck.HoursWithoutListens ? Hours - HoursWithListens
        : check == QualityCheck.Freshness ? Math.Max(0, Math.Floor((LastArrival - End).TotalHours))
        : null;

    /// <summary>
    /// The distance of the listens from the median of the same weekdays before, as a share of that median. Neither dates that
    /// failed a check, approved or not, nor dates that were not over are in it; what else was odd does not move a median much.
    /// </summary>
    double? MeasureVolume(IEnumerable<DateEntry> earlier)
    {
        var baseline = earlier
            .Where(date => date.Date < Date && date.Date.DayOfWeek == Date.DayOfWeek)
            .Where(date => date.OpenUntil is null && !date.Failed.Any())
            .OrderByDescending(date => date.Date)
            .Take(MostWeekdays)
            .Select(date => date.Listens)
            .Order()
            .ToList();
        if (baseline.Count < FewestWeekdays)
        {
            return null;
        }

        Int128 twice = (Int128)baseline[(baseline.Count - 1) / 2] + baseline[baseline.Count / 2]; // Of the median.
        return Share(Int128.Abs((2 * (Int128)Listens) - twice), twice);
    }

    static double? Share(Int128 part, Int128 whole) => whole > 0 ? Quotients.Nearest(part, whole) : null;

    /// <summary>The hours that the zone's clocks show on a date: not all where they are put forward.</summary>
    static List<int> HoursOf(DateOnly date, LakeZone zone) =>
        [.. Enumerable.Range(0, DayCounts.Hours).Where(hour => FindQuarter(date, hour, zone) is not null)];

    static DateTimeOffset EndOf(DateOnly date, LakeZone zone)
    {
        if (date == DateOnly.MaxValue)
        {
            return DateTimeOffset.MaxValue;
        }

        // Clocks that skip midnight go on from a later hour.
        var next = date.AddDays(1);
        var start = Enumerable
            .Range(0, DayCounts.Hours)
            .Select(hour => FindQuarter(next, hour, zone))
            .First(instant => instant is not null)!
            .Value;
        return DateTimeOffset.FromUnixTimeSeconds(start);
    }

    /// <summary>The first instant at which clocks show a quarter of an hour of a date.</summary>
    static long? FindQuarter(DateOnly date, int hour, LakeZone zone)
    {
        const int QuarterSeconds = 900;
        var start = ((long)ListenDate.ToDay(date) * ListenDate.SecondsPerDay) + (hour * 4 * QuarterSeconds);
        for (var quarter = 0; quarter < 4; quarter++)
        {
            if (zone.TryFindInstant(start + (quarter * QuarterSeconds), out var instant))
            {
                return instant;
            }
        }

        return null;
    }
}
