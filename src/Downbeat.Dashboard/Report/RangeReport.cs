using System.Globalization;
using Downbeat.Dashboard.Lakes;

namespace Downbeat.Dashboard.Report;

/// <summary>A published date of a range: its row of <c>daily</c>, and how complete it is.</summary>
sealed record RangeDay(PublishedDate Published, IReadOnlyDictionary<string, double> Numbers, FileNumbers Files)
{
    /// <summary>The date.</summary>
    public DateOnly Date => Published.Date;

    /// <summary>Its listens.</summary>
    public double Listens => Numbers["listen_count"];
}

/// <summary>What tables say of a range.</summary>
/// <param name="From">The first date.</param>
/// <param name="To">The last date.</param>
/// <param name="Days">The published ones.</param>
/// <param name="DaysBefore">The listens of as many dates before, if all of both are published.</param>
/// <param name="Held">Dates that are held back, whether or not something is shown of them.</param>
/// <param name="Genres">Genres, those with the most listens first.</param>
/// <param name="GenreDays">The days of the first of them.</param>
/// <param name="Countries">Countries likewise.</param>
/// <param name="Artists">Artists that were among the first of a date.</param>
/// <param name="Tracks">Tracks that were among the first of a genre of a date.</param>
sealed record RangeNumbers(
    DateOnly From,
    DateOnly To,
    IReadOnlyList<RangeDay> Days,
    IReadOnlyDictionary<string, double>? DaysBefore,
    IReadOnlyList<PublishedDate> Held,
    IReadOnlyList<GroupNumbers> Genres,
    IReadOnlyList<OneSeries> GenreDays,
    IReadOnlyList<GroupNumbers> Countries,
    RanksNumbers Artists,
    RanksNumbers Tracks
)
{
    /// <summary>How many dates there are, published or not.</summary>
    public int Count => To.DayNumber - From.DayNumber + 1;

    /// <summary>A measure of every date; null where none is published.</summary>
    public double?[] Series(string column)
    {
        var series = new double?[Count];
        foreach (var day in Days)
        {
            series[day.Date.DayNumber - From.DayNumber] = day.Numbers[column];
        }

        return series;
    }

    /// <summary>The sum of a measure that adds up over dates.</summary>
    public double Sum(string column) => Days.Sum(day => day.Numbers[column]);

    /// <summary>The mean of a measure over the published dates.</summary>
    public double Mean(string column) => Sum(column) / Days.Count;
}

/// <summary>The report of a range. Listens, listening time and sessions add up over dates; listeners and tracks do not, and are shown as means of a date.</summary>
sealed class RangeReport(ReportPage page, RangeNumbers range)
{
    /// <summary>How many genres, artists and tracks are shown.</summary>
    public const int Shown = 15;

    const int MostCountries = 10;
    const int MostRanges = 12;

    /// <summary>With more dates their table is by month.</summary>
    const int MostDates = 92;

    /// <summary>With more dates a mark of the axis has its year.</summary>
    const int DatesOfAYear = 180;

    static bool AddsUp(string column) => column is "listen_count" or "total_listening_time_ms" or "sessions";

    /// <summary>What is to be known first.</summary>
    public IReadOnlyList<string> Notices()
    {
        var notices = new List<string>();
        if (Missing() is { Count: > 0 } missing)
        {
            var count = range.Count - range.Days.Count;
            var texts = missing.Take(MostRanges).Select(gap => Figures.Range(gap.From, gap.To)).ToList();
            notices.Add(
                $"{Figures.Count(count)} of {Figures.Count(range.Count, "date")} {(count == 1 ? "is" : "are")} not published, and not in these numbers: {(missing.Count > MostRanges ? string.Join(", ", texts) + ", and more" : Figures.List(texts))}."
            );
        }

        notices.AddRange(
            range.Held.Select(held => page.SayHeld(held, Figures.Date(held.Date))).OfType<string>().Take(MostRanges)
        );
        var behind = range.Days.Where(day => day.Files.Stale && !day.Published.Entry.IsHeld).ToList();
        if (behind.Count > 0)
        {
            notices.Add(
                $"Other files count now than are in the numbers of {Figures.Count(behind.Count, "date")}, the first {Figures.DayOfYear(behind[0].Date)}: the next run restates them."
            );
        }

        return notices;
    }

    /// <summary>What the numbers tell.</summary>
    public Story Tell()
    {
        var story = new Story();
        var listens = range.Sum("listen_count");
        var days = range.Days;
        story.Say(
            $"{Figures.Count(listens, "listen")} on {Figures.Count(days.Count, "date")}{(days.Count > 1 ? $", {Figures.Mean(range.Mean("listen_count"))} a date in the mean" : "")}",
            Story.Compare(
                listens,
                range.DaysBefore?["listen_count"],
                $"on the {Figures.Count(range.Count, "date")} before"
            )
                is { } compared
                ? $": {compared}"
                : ""
        );
        var best = Story.First(days, day => day.Listens);
        var worst = Story.First(days, day => -day.Listens);
        if (best.Count > 0 && worst.Count > 0 && best[0].Listens > worst[0].Listens)
        {
            story.Say($"Most listens were on {SayDates(best)}, fewest on {SayDates(worst)}");
        }

        if (days.Count > 1)
        {
            var listeners = days.Select(day => day.Numbers["unique_listeners"]).ToList();
            story.Say(
                $"A date had {Figures.Mean(listeners.Average())} listeners in the mean, between {Figures.Count(listeners.Min())} and {Figures.Count(listeners.Max())}"
            );
        }

        if (Story.First(range.Genres, genre => genre.Listens) is [{ } first, ..] genres)
        {
            story.Say([
                genres.Count == 1 ? "Most heard was the genre " : "Most heard were the genres ",
                .. Story.Names(genres.ConvertAll(one => one.Name)),
                $", with {Figures.Count(first.Listens, "listen")}, {Figures.Percent(first.Share)} of all{(genres.Count == 1 ? "" : ", each")}",
            ]);
        }

        return story;

        static string SayDates(List<RangeDay> some) =>
            $"{Figures.List(some.ConvertAll(day => Figures.Date(day.Date)))} ({Figures.Count(some[0].Listens)}{(some.Count == 1 ? "" : " each")})";
    }

    /// <summary>The page.</summary>
    public Markup Write()
    {
        var html = new Markup();
        ReportPage.AddNotices(html, Notices());
        html.Add($"""<p class="story">{Tell().ToMarkup()}</p>{"\n"}""");
        WriteCards(html);
        WriteChart(html);
        WriteGenres(html);
        html.Add($"""<div class="columns">{"\n"}""");
        WriteRanks(
            html,
            "Artists",
            "Artist",
            range.Artists,
            "Listens of the dates on which an artist was among the first: only the first of a date are published by name."
        );
        WriteRanks(
            html,
            "Tracks",
            "Track",
            range.Tracks,
            "Listens of the dates on which a track was among the first of a genre: only those are published by name."
        );
        html.Add($"</div>\n");
        WriteCountries(html);
        WriteDates(html);
        ReportPage.AddChecks(
            html,
            [.. range.Days.Select(day => day.Published), .. range.Held.Where(held => !held.HasTables)],
            hasDates: true
        );
        ReportPage.AddDefinitions(
            html,
            [
                .. ReportPage.Measures.Select(measure =>
                    (
                        measure.Label,
                        $"{Definitions.Of("daily", measure.Column).TrimEnd('.')}; {(AddsUp(measure.Column) ? "the sum of the dates" : "the mean of the published dates, because it does not add up over dates")}"
                    )
                ),
                (
                    "Share",
                    "of all listens of the published dates; a track may have several genres, so that shares of genres add up to more than 100 %"
                ),
            ]
        );
        return html;
    }

    /// <summary>The dates that are not published, as ranges without gaps.</summary>
    List<(DateOnly From, DateOnly To)> Missing()
    {
        var missing = new List<(DateOnly From, DateOnly To)>();
        var published = range.Days.Select(day => day.Date).ToHashSet();
        for (var date = range.From; date <= range.To; date = date.AddDays(1))
        {
            if (!published.Contains(date))
            {
                if (missing.Count > 0 && missing[^1].To.AddDays(1) == date)
                {
                    missing[^1] = (missing[^1].From, date);
                }
                else
                {
                    missing.Add((date, date));
                }
            }
        }

        return missing;
    }

    void WriteCards(Markup html)
    {
        html.Add($"""<h2 class="unseen">Key figures</h2><div class="cards">{"\n"}""");
        foreach (var (column, label, show) in ReportPage.Measures)
        {
            var numbers = range.Days.Select(day => day.Numbers[column]).ToList();
            var addsUp = AddsUp(column);
            var number = addsUp ? numbers.Sum() : numbers.Average();
            ReportPage.AddCard(
                html,
                addsUp ? label : $"{label} a date",
                addsUp || column == "track_diversity_index" ? show(number) : Figures.Mean(number),
                number,
                Drawing.Spark(range.Series(column), $"{label} of each date"),
                [
                    .. range.DaysBefore?[column] is { } before
                        ? (IEnumerable<Markup>)
                            [
                                ReportPage.Delta(
                                    number,
                                    addsUp ? before : before / range.Count,
                                    $"the {Figures.Count(range.Count)} dates before"
                                ),
                            ]
                        : [],
                    Between(numbers, show),
                ]
            );
        }

        html.Add($"</div>\n");

        static Markup Between(List<double> numbers, Func<double, string> show)
        {
            var html = new Markup();
            html.Add($"<span>{show(numbers.Min())} – {show(numbers.Max())}</span> <span>by date</span>");
            return html;
        }
    }

    void WriteChart(Markup html)
    {
        var mean = range.Mean("listen_count");
        var best = Story.First(range.Days, day => day.Listens);
        var worst = Story.First(range.Days, day => -day.Listens);
        var chart = new ColumnChart
        {
            Id = "dates",
            Title = "Listens by date",
            Description =
                $"Listens of each date of {Figures.Range(range.From, range.To)}, and their mean. {(range.Count > MostDates ? "The table by month below sums them up." : "The table of dates below has the numbers.")}",
            Numbers = range.Series("listen_count"),
            Legend = "Listens",
            Label = at =>
                range.Count > DatesOfAYear
                    ? range.From.AddDays(at).ToString("d MMM yy", CultureInfo.InvariantCulture)
                    : Figures.DateShort(range.From.AddDays(at)),
            Others = range.Days.Count > 1 ? [.. Enumerable.Repeat<double?>(mean, range.Count)] : [],
            OthersLegend = $"Mean, {Figures.Mean(mean)}",
            GapLegend = "Not published",
            Marked = [.. best.Concat(worst).Select(day => day.Date.DayNumber - range.From.DayNumber).Distinct()],
        };
        html.Add($"""<section class="figure"><h2>Listens by date</h2>{"\n"}""");
        ReportPage.AddWide(html, "Chart of listens by date", inner => inner.Add(chart.Draw()));
        html.Add($"</section>\n");
    }

    void WriteGenres(Markup html)
    {
        var days = range.GenreDays.ToDictionary(one => one.Name, one => one.Listens, StringComparer.Ordinal);
        var shown = range.Genres.Take(Shown).ToList();
        html.Add($"""<section class="whole"><h2>Genres</h2>{"\n"}""");
        if (shown.Count == 0)
        {
            html.Add($"<p>No listen has a genre.</p>\n</section>\n");
            return;
        }

        ReportPage.AddTable(
            html,
            [
                ("Genre", ColumnKind.Text),
                ("By date", ColumnKind.Bar),
                ("Listens", ColumnKind.Number),
                ("Share", ColumnKind.Number),
                ("", ColumnKind.Bar),
                .. range.DaysBefore is null ? (IEnumerable<(string, ColumnKind)>)[] : [("Change", ColumnKind.Number)],
                ("Listeners a date", ColumnKind.Number),
            ],
            shown.Select(genre =>
                (IReadOnlyList<Markup>)
                    [
                        ReportPage.Named(genre.Name),
                        Drawing.Spark(days[genre.Name], $"Listens of each date of {Markup.Shortened(genre.Name)}"),
                        ReportPage.Text(Figures.Count(genre.Listens)),
                        ReportPage.Number(Figures.Percent(genre.Share), genre.Share),
                        Drawing.Bar(genre.Listens / (double)shown[0].Listens),
                        .. range.DaysBefore is null
                            ? (IEnumerable<Markup>)[]
                            :
                            [
                                ReportPage.Text(
                                    genre.ListensBefore is > 0 and { } before
                                        ? Figures.Change(before, genre.Listens)
                                        : "new"
                                ),
                            ],
                        ReportPage.Number(
                            Figures.Mean(genre.Listeners, shown.Max(one => one.Listeners)),
                            genre.Listeners
                        ),
                    ]
            )
        );
        if (range.Genres.Count > Shown)
        {
            html.Add($"""<p class="note">The first {Shown} of {Figures.Count(range.Genres.Count)} genres.</p>{"\n"}""");
        }

        html.Add($"</section>\n");
    }

    static void WriteRanks(Markup html, string title, string what, RanksNumbers ranks, string note)
    {
        html.Add($"""<section class="list"><h2>{title}</h2>{"\n"}""");
        // Some were among the first of an hour only, of which the sum says nothing.
        var shown = ranks.Rows.Where(one => one.Days > 0).Take(Shown).ToList();
        if (shown.Count == 0)
        {
            html.Add($"<p>None is published.</p>\n</section>\n");
            return;
        }

        ReportPage.AddTable(
            html,
            [
                (what, ColumnKind.Text),
                ("", ColumnKind.Bar),
                ("Listens", ColumnKind.Number),
                ("Dates", ColumnKind.Number),
            ],
            shown.Select(one =>
                (IReadOnlyList<Markup>)
                    [
                        ReportPage.Named(one.Name),
                        Drawing.Bar(one.Listens / (double)Math.Max(1, shown[0].Listens)),
                        ReportPage.Text(Figures.Count(one.Listens)),
                        ReportPage.Text(Figures.Count(one.Days)),
                    ]
            )
        );
        html.Add($"""<p class="note">{note}</p>{"\n"}</section>{"\n"}""");
    }

    void WriteCountries(Markup html)
    {
        var shown = range.Countries.Take(MostCountries).ToList();
        html.Add($"""<section class="whole"><h2>Countries</h2>{"\n"}""");
        ReportPage.AddTable(
            html,
            [
                ("Country", ColumnKind.Text),
                ("", ColumnKind.Bar),
                ("Listens", ColumnKind.Number),
                ("Share", ColumnKind.Number),
                ("Listeners a date", ColumnKind.Number),
                ("Listening time", ColumnKind.Number),
            ],
            shown.Select(country =>
                (IReadOnlyList<Markup>)
                    [
                        ReportPage.Named(country.Name),
                        Drawing.Bar(country.Listens / (double)shown[0].Listens),
                        ReportPage.Text(Figures.Count(country.Listens)),
                        ReportPage.Number(Figures.Percent(country.Share), country.Share),
                        ReportPage.Number(
                            Figures.Mean(country.Listeners, shown.Max(one => one.Listeners)),
                            country.Listeners
                        ),
                        ReportPage.Number(Figures.Duration(country.TimeMs), country.TimeMs),
                    ]
            )
        );
        if (range.Countries.Count > MostCountries)
        {
            html.Add(
                $"""<p class="note">The first {MostCountries} of {Figures.Count(range.Countries.Count)} countries.</p>{"\n"}"""
            );
        }

        html.Add($"</section>\n");
    }

    void WriteDates(Markup html)
    {
        var isByMonth = range.Count > MostDates;
        html.Add($"""<section class="dates"><h2>{(isByMonth ? "Months" : "Dates")}</h2>{"\n"}""");
        ReportPage.AddWide(
            html,
            isByMonth ? "Table of months" : "Table of dates",
            inner =>
            {
                if (isByMonth)
                {
                    WriteMonths(inner);
                }
                else
                {
                    WriteEveryDate(inner);
                }
            }
        );
        html.Add($"</section>\n");
    }

    void WriteEveryDate(Markup html)
    {
        var days = range.Days.ToDictionary(day => day.Date);
        var held = range.Held.Select(date => date.Date).ToHashSet();
        ReportPage.AddTable(
            html,
            [
                ("Date", ColumnKind.Date),
                .. ReportPage.Measures.Select(measure => (measure.Label, ColumnKind.Number)),
                ("Files", ColumnKind.Number),
                ("Rejected", ColumnKind.Number),
                ("Restated", ColumnKind.Date),
            ],
            Enumerable.Range(0, range.Count).Select(number => Row(range.From.AddDays(number)))
        );

        IReadOnlyList<Markup> Row(DateOnly date)
        {
            var name = ReportPage.Text(Figures.DateShort(date));
            if (!days.TryGetValue(date, out var day))
            {
                return
                [
                    name,
                    .. Enumerable.Repeat(ReportPage.Text("–"), ReportPage.Measures.Count + 2),
                    ReportPage.Text(held.Contains(date) ? "held back" : "not published"),
                ];
            }

            return
            [
                name,
                .. ReportPage.Measures.Select(measure =>
                    ReportPage.Number(measure.Show(day.Numbers[measure.Column]), day.Numbers[measure.Column])
                ),
                ReportPage.Text(
                    day.Files.Files == day.Files.FilesKnown
                        ? Figures.Count(day.Files.Files)
                        : $"{Figures.Count(day.Files.Files)} of {Figures.Count(day.Files.FilesKnown)}"
                ),
                ReportPage.Text(Figures.Count(day.Files.Rejected)),
                ReportPage.Text(held.Contains(date) ? "held back" : Figures.Instant(day.Files.RestatedAt, page.Zone)),
            ];
        }
    }

    void WriteMonths(Markup html) =>
        ReportPage.AddTable(
            html,
            [
                ("Month", ColumnKind.Date),
                ("Dates", ColumnKind.Number),
                .. ReportPage.Measures.Select(measure =>
                    (AddsUp(measure.Column) ? measure.Label : $"{measure.Label} a date", ColumnKind.Number)
                ),
            ],
            range
                .Days.GroupBy(day => (day.Date.Year, day.Date.Month))
                .Select(month =>
                    (IReadOnlyList<Markup>)
                        [
                            ReportPage.Text(month.First().Date.ToString("MMMM yyyy", CultureInfo.InvariantCulture)),
                            ReportPage.Text(Figures.Count(month.Count())),
                            .. ReportPage.Measures.Select(measure =>
                            {
                                var numbers = month.Select(day => day.Numbers[measure.Column]).ToList();
                                var number = AddsUp(measure.Column) ? numbers.Sum() : numbers.Average();
                                return ReportPage.Number(
                                    AddsUp(measure.Column) || measure.Column == "track_diversity_index"
                                        ? measure.Show(number)
                                        : Figures.Mean(number),
                                    number
                                );
                            }),
                        ]
                )
        );
}
