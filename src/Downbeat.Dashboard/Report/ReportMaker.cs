using Downbeat.Dashboard.Lakes;
using Downbeat.Dashboard.Pages;
using Downbeat.Engine.Kpis;
using Downbeat.Engine.Listens;
using Downbeat.Pipeline.Landing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Downbeat.Dashboard.Report;

/// <summary>Makes reports of a lake as it is when this is made. The numbers are those of the views that the pages show.</summary>
public sealed class ReportMaker : IDisposable
{
    static readonly TimeSpan PublishPause = TimeSpan.FromMilliseconds(150);
    const int PublishAttempts = 8;
    const long CacheBytes = 64 << 20;

    readonly LakeFollower follower;
    readonly PublishedTables tables;
    readonly SourcesByDate sources;
    readonly TimeProvider clock;
    readonly string name;
    readonly TimeZoneInfo zone;

    /// <summary>Reads the lake's ledger.</summary>
    /// <param name="lake">The lake.</param>
    /// <param name="name">What people call it.</param>
    /// <param name="clock">The time.</param>
    /// <exception cref="LakeException">There is no lake.</exception>
    public ReportMaker(ILake lake, string name, TimeProvider clock)
    {
        follower = new(lake, clock, NullLogger.Instance);
        tables = new(new(lake, CacheBytes));
        sources = new(follower);
        this.clock = clock;
        this.name = name;
        zone = TimeZoneInfo.FindSystemTimeZoneById(follower.Now.File.FindZone().Id);
    }

    /// <summary>The newest published date; null when there is none.</summary>
    public DateOnly? Newest => follower.Now.Dates.Count > 0 ? follower.Now.Dates[^1].Date : null;

    /// <summary>The newest published date that is over; null when there is none.</summary>
    public DateOnly? NewestFinished => follower.Now.Dates.LastOrDefault(date => date.Date <= Yesterday)?.Date;

    /// <summary>The date before today, by the clocks of the lake's zone.</summary>
    public DateOnly Yesterday =>
        DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(clock.GetUtcNow(), zone).DateTime).AddDays(-1);

    /// <summary>Why nothing is published of any date of a range: they are held back; null where that is not so.</summary>
    public string? SayHidden(DateOnly from, DateOnly to)
    {
        var moment = follower.Now;
        var hidden = moment.Hidden.Where(held => held.Date >= from && held.Date <= to).ToList();
        if (hidden.Count == 0 || moment.Between(from, to).Count > 0)
        {
            return null;
        }

        var date = ListenDate.Text(hidden[0].Date);
        var others = hidden.Count == 1 ? "" : $" So it is with {Figures.Count(hidden.Count - 1, "more date")}.";
        var next = hidden[0].ApprovedAt is null
            ? $" `downbeat quality --date {date}` shows its checks, `downbeat approve {date}` lets it through."
            : "";
        return $"{Page.SayHeld(hidden[0], date)}{next}{others}";
    }

    /// <summary>The report of a date. Of one that is held back, and of which nothing was published before, it says only that, and why.</summary>
    /// <exception cref="LakeException">Nothing is known of the date.</exception>
    public LakeReport OfDay(DateOnly date) => WhenPublished(moment => OfDay(moment, date));

    /// <summary>The report of the published dates from one to another.</summary>
    /// <exception cref="LakeException">None of them is published.</exception>
    public LakeReport OfRange(DateOnly from, DateOnly to) => WhenPublished(moment => OfRange(moment, new(from, to)));

    /// <inheritdoc/>
    public void Dispose() => follower.Dispose();

    ReportPage Page => new(name, zone, clock.GetUtcNow());

    LakeReport OfDay(LakeMoment moment, DateOnly date)
    {
        if (moment.Find(date) is not { } published)
        {
            return moment.Hidden.FirstOrDefault(hidden => hidden.Date == date) is { } held
                ? OfHidden(held)
                : throw new LakeException($"There are no tables of {ListenDate.Text(date)}; {moment.SayDates()}.");
        }

        var day = ViewNumbers.Of(
            ViewNumbersJson.Default.DayNumbers,
            json => new DayView(tables, sources).Write(json, moment, date)
        );
        var report = new DayReport(
            Page,
            date,
            day,
            Groups("country_daily", "user_country", moment, new(date, date)),
            published
        );
        return Report(
            ListenDate.Text(date),
            Figures.Date(date),
            "Report of a day",
            report.Write(),
            report.Notices(),
            report.Tell()
        );
    }

    /// <summary>Of a date that is held back, and of which nothing was published before, only that can be told, and why.</summary>
    LakeReport OfHidden(PublishedDate held)
    {
        var html = new Markup();
        string[] notices = [Page.SayHeld(held, Figures.Date(held.Date)) ?? ""];
        ReportPage.AddNotices(html, notices);
        ReportPage.AddChecks(html, [held], hasDates: false);
        return Report(ListenDate.Text(held.Date), Figures.Date(held.Date), "Report of a day", html, notices, new());
    }

    LakeReport OfRange(LakeMoment moment, DateRange range)
    {
        var published = moment.Between(range.From, range.To);
        if (published.Count == 0)
        {
            throw new LakeException(
                $"There are no tables of {ListenDate.Text(range.From)} to {ListenDate.Text(range.To)}; {moment.SayDates()}."
            );
        }

        var before = moment.Between(range.Before.From, range.Before.To);
        var genres = Groups("genre_daily", "track_genre", moment, range);
        var numbers = new RangeNumbers(
            range.From,
            range.To,
            [
                .. tables
                    .Read("daily", published)
                    .Select(day => new RangeDay(day.Date, Numbers(day.Table), Files(day.Date))),
            ],
            before.Count == range.Days && published.Count == range.Days ? Sums(before) : null,
            [
                .. published
                    .Concat(moment.Hidden.Where(held => held.Date >= range.From && held.Date <= range.To))
                    .Where(date => date.Entry.IsHeld)
                    .OrderBy(date => date.Date),
            ],
            genres,
            ViewNumbers
                .Of(
                    ViewNumbersJson.Default.SeriesNumbers,
                    json =>
                        new GroupsView(tables, "genre_daily", "track_genre").WriteSome(
                            json,
                            moment,
                            range,
                            [.. genres.Take(RangeReport.Shown).Select(genre => genre.Name)]
                        )
                )
                .Series,
            Groups("country_daily", "user_country", moment, range),
            ViewNumbers.Of(
                ViewNumbersJson.Default.RanksNumbers,
                json => new ArtistsView(tables).WriteAll(json, moment, range, "")
            ),
            ViewNumbers.Of(
                ViewNumbersJson.Default.RanksNumbers,
                json => new TracksView(tables).WriteAll(json, moment, range, "")
            )
        );
        var report = new RangeReport(Page, numbers);
        return Report(
            $"{ListenDate.Text(range.From)}-to-{ListenDate.Text(range.To)}",
            Figures.Range(range.From, range.To),
            $"Report of {Figures.Count(range.Days, "date")}",
            report.Write(),
            report.Notices(),
            report.Tell()
        );
    }

    LakeReport Report(
        string file,
        string dates,
        string kind,
        Markup content,
        IReadOnlyList<string> notices,
        Story story
    ) =>
        new(
            $"downbeat-report-{file}",
            Markup.Safe($"{name}: {dates}"),
            string.Join("\n\n", notices.Append(story.ToString()).Where(text => text.Length > 0).Select(Markup.Safe)),
            Page.Document(dates, kind, content)
        );

    IReadOnlyList<GroupNumbers> Groups(string table, string key, LakeMoment moment, DateRange range) =>
        ViewNumbers
            .Of(
                ViewNumbersJson.Default.GroupsNumbers,
                json => new GroupsView(tables, table, key).WriteAll(json, moment, range)
            )
            .Rows;

    FileNumbers Files(PublishedDate date) =>
        ViewNumbers.Of(ViewNumbersJson.Default.FileNumbers, json => sources.WriteDate(json, date));

    static Dictionary<string, double> Numbers(TableFile daily) =>
        daily
            .Schema.Columns.Select((column, place) => (column, place))
            .Where(one => one.column.Type is KpiType.Integer or KpiType.Quotient)
            .ToDictionary(one => one.column.Name, one => daily.Number(0, one.place), StringComparer.Ordinal);

    Dictionary<string, double> Sums(List<PublishedDate> dates) =>
        tables
            .Read("daily", dates)
            .SelectMany(day => Numbers(day.Table))
            .GroupBy(one => one.Key, StringComparer.Ordinal)
            .ToDictionary(one => one.Key, one => one.Sum(number => number.Value), StringComparer.Ordinal);

    /// <summary>A run that publishes replaces files and then says so: between the two, what it says is waited for.</summary>
    LakeReport WhenPublished(Func<LakeMoment, LakeReport> make)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return make(follower.Now);
            }
            catch (TableChangedException) when (attempt < PublishAttempts)
            {
                Thread.Sleep(PublishPause);
                follower.Refresh();
            }
        }
    }
}
