using System.Globalization;
using Downbeat.Dashboard.Lakes;

namespace Downbeat.Dashboard.Report;

/// <summary>The report of a day.</summary>
sealed class DayReport(
    ReportPage page,
    DateOnly date,
    DayNumbers day,
    IReadOnlyList<GroupNumbers> countries,
    PublishedDate published
)
{
    const int Hours = 24;
    const int MostCountries = 10;

    /// <summary>With fewer days before it, that a day is the first of them says nothing.</summary>
    const int LeastDaysBefore = 7;

    /// <summary>What is to be known first.</summary>
    public IReadOnlyList<string> Notices()
    {
        var notices = new List<string>();
        if (page.SayHeld(published, Figures.Date(date)) is { } held)
        {
            notices.Add(held);
        }
        else if (day.Completeness is { Stale: true } known)
        {
            var files =
                known.Files < known.FilesKnown
                    ? $"only {Figures.Count(known.Files)} of {Figures.Count(known.FilesKnown, "file")} with listens of this date {(known.Files == 1 ? "is" : "are")} in them"
                    : "they are of other files than count now";
            notices.Add($"These numbers are not the newest: {files}. The next run restates them.");
        }

        return notices;
    }

    /// <summary>What the numbers tell.</summary>
    public Story Tell()
    {
        var story = new Story();
        var listens = day.Measure("listen_count");
        var weekday = date.ToString("dddd", CultureInfo.InvariantCulture);
        var compared = new[]
        {
            Story.Compare(listens.Value ?? 0, listens.WeekBefore, $"on the {weekday} before"),
            Story.Compare(listens.Value ?? 0, listens.DayBefore, "on the day before"),
        }
            .OfType<string>()
            .ToList();
        story.Say(
            $"{Figures.Count(listens.Value ?? 0, "listen")} by {Figures.Count(day.Measure("unique_listeners").Value ?? 0, "listener")} in {Figures.Count(day.Measure("sessions").Value ?? 0, "session")}"
        );
        if (compared.Count > 0)
        {
            story.Say($"That is {string.Join(" and ", compared)}");
        }

        if (SayExtreme(listens) is { } extreme)
        {
            story.Say(extreme);
        }

        SayMostHeard(story);
        if (Story.First(day.Hours, hour => hour.Listens) is [_, ..] busiest)
        {
            story.Say(
                $"The busiest {(busiest.Count == 1 ? "hour" : "hours")} began at {Figures.List(busiest.ConvertAll(hour => Figures.Hour(hour.Hour)))}, with {Figures.Count(busiest[0].Listens, "listen")}{(busiest.Count == 1 ? "" : " each")}"
            );
        }

        return story;
    }

    /// <summary>That no other day of four weeks had as many, or as few.</summary>
    static string? SayExtreme(MeasureNumbers listens)
    {
        var before = listens.Spark.SkipLast(1).OfType<double>().ToList();
        return before.Count < LeastDaysBefore ? null
            : before.TrueForAll(other => other < listens.Value)
                ? $"None of the {Figures.Count(before.Count)} published dates in the four weeks up to it had as many"
            : before.TrueForAll(other => other > listens.Value)
                ? $"None of the {Figures.Count(before.Count)} published dates in the four weeks up to it had as few"
            : null;
    }

    void SayMostHeard(Story story)
    {
        var parts = new List<IReadOnlyList<Words>>();
        if (Story.First(day.Genres, genre => genre.Listens) is [{ } genre, ..] genres)
        {
            parts.Add([
                genres.Count == 1 ? "the genre " : "the genres ",
                .. Story.Names(genres.ConvertAll(one => one.Name)),
                $" ({Figures.Percent(genre.Share)} of all listens{(genres.Count == 1 ? "" : " each")})",
            ]);
        }

        AddRanks("artist", day.Artists);
        AddRanks("track", day.Tracks);
        if (parts.Count > 0)
        {
            var words = new List<Words> { "Most heard were " };
            foreach (var (number, part) in parts.Index())
            {
                words.Add(
                    number == 0 ? ""
                    : number == parts.Count - 1 ? " and "
                    : ", "
                );
                words.AddRange(part);
            }

            story.Say(words);
        }

        void AddRanks(string what, IReadOnlyList<RankNumbers> ranks)
        {
            if (Story.First(ranks, one => one.Listens) is [{ } first, ..] firsts && firsts.Count < ranks.Count)
            {
                parts.Add([
                    firsts.Count == 1 ? $"the {what} " : $"the {what}s ",
                    .. Story.Names(firsts.ConvertAll(one => one.Name)),
                    $" ({Figures.Count(first.Listens, "listen")}{(firsts.Count == 1 ? "" : " each")})",
                ]);
            }
        }
    }

    /// <summary>The page.</summary>
    public Markup Write()
    {
        var html = new Markup();
        ReportPage.AddNotices(html, Notices());
        html.Add($"""<p class="story">{Tell().ToMarkup()}</p>{"\n"}""");
        WriteCards(html);
        WriteHours(html);
        html.Add($"""<div class="columns">{"\n"}""");
        WriteGenres(html);
        WriteTracks(html);
        html.Add($"<div>\n");
        WriteArtists(html);
        WriteFiles(html);
        html.Add($"</div>\n");
        WriteCountries(html);
        html.Add($"</div>\n");
        ReportPage.AddChecks(html, [published], hasDates: false);
        WriteHourTable(html);
        ReportPage.AddDefinitions(
            html,
            [
                .. ReportPage.Measures.Select(measure => (measure.Label, day.Measure(measure.Column).Definition)),
                (
                    "Share",
                    "of all listens of the date; a track may have several genres, so that shares of genres add up to more than 100 %"
                ),
                (
                    "Listens of an artist",
                    "listens of the artist's tracks; a track may have several artists, and counts for each"
                ),
            ]
        );
        return html;
    }

    void WriteCards(Markup html)
    {
        html.Add($"""<h2 class="unseen">Key figures</h2><div class="cards">{"\n"}""");
        foreach (var (column, label, show) in ReportPage.Measures)
        {
            var measure = day.Measure(column);
            ReportPage.AddCard(
                html,
                label,
                show(measure.Value ?? 0),
                measure.Value,
                Drawing.Spark(measure.Spark, $"{label} of the 28 days up to this one"),
                [
                    ReportPage.Delta(measure.Value ?? 0, measure.DayBefore, Figures.DateShort(date.AddDays(-1))),
                    ReportPage.Delta(measure.Value ?? 0, measure.WeekBefore, Figures.DateShort(date.AddDays(-7))),
                ]
            );
        }

        html.Add($"</div>\n");
    }

    static double?[] OfHours(IReadOnlyList<HourNumbers> hours)
    {
        var numbers = new double?[Hours];
        Array.Fill(numbers, 0); // An hour without listens has no row.
        foreach (var hour in hours)
        {
            numbers[hour.Hour] = hour.Listens;
        }

        return numbers;
    }

    void WriteHours(Markup html)
    {
        var busiest = Story.First(day.Hours, hour => hour.Listens).ConvertAll(hour => hour.Hour);
        var hasWeekBefore = day.HoursWeekBefore.Count > 0;
        var chart = new ColumnChart
        {
            Id = "hours",
            Title = "Listens by hour",
            Description =
                $"Listens of each of the {Hours} hours of {Figures.Date(date)}{(hasWeekBefore ? " and of the same weekday a week before" : "")}. The table of hours below has the numbers.",
            Numbers = OfHours(day.Hours),
            Legend = Figures.DateShort(date),
            Label = hour => Figures.Hour(hour),
            Others = hasWeekBefore ? OfHours(day.HoursWeekBefore) : [],
            OthersLegend = $"{Figures.DateShort(date.AddDays(-7))}, a week before",
            Marked = busiest,
        };
        html.Add($"""<section class="figure"><h2>Listens by hour</h2>{"\n"}""");
        ReportPage.AddWide(html, "Chart of listens by hour", inner => inner.Add(chart.Draw()));
        html.Add($"</section>\n");
    }

    void WriteGenres(Markup html)
    {
        var most = day.Genres.Select(genre => genre.Listens).DefaultIfEmpty().Max();
        WriteList(
            html,
            "Genres",
            [
                ("Genre", ColumnKind.Text),
                ("", ColumnKind.Bar),
                ("Listens", ColumnKind.Number),
                ("Share", ColumnKind.Number),
            ],
            day.Genres.Select(genre =>
                (IReadOnlyList<Markup>)
                    [
                        ReportPage.Named(genre.Name),
                        Drawing.Bar(genre.Listens / (double)most),
                        ReportPage.Text(Figures.Count(genre.Listens)),
                        ReportPage.Number(Figures.Percent(genre.Share), genre.Share),
                    ]
            ),
            day.GenreCount > day.Genres.Count
                ? $"The first {Figures.Count(day.Genres.Count)} of {Figures.Count(day.GenreCount)} genres."
                : "",
            "No listen of this date has a genre."
        );
    }

    void WriteTracks(Markup html) =>
        WriteRanks(
            html,
            "Tracks",
            "Track",
            day.Tracks,
            day.Tracks.Count > day.TrackRanks
                ? $"From the first {Figures.Count(day.TrackRanks)} tracks of each genre: the first {Figures.Count(day.TrackRanks)} here are those of the date for certain, the others those of genres."
                : ""
        );

    void WriteArtists(Markup html) => WriteRanks(html, "Artists", "Artist", day.Artists, "");

    static void WriteRanks(Markup html, string title, string what, IReadOnlyList<RankNumbers> ranks, string note)
    {
        var most = ranks.Select(one => one.Listens).DefaultIfEmpty().Max();
        WriteList(
            html,
            title,
            [(what, ColumnKind.Text), ("", ColumnKind.Bar), ("Listens", ColumnKind.Number)],
            ranks.Select(one =>
                (IReadOnlyList<Markup>)
                    [
                        ReportPage.Named(one.Name),
                        Drawing.Bar(one.Listens / (double)most),
                        ReportPage.Text(Figures.Count(one.Listens)),
                    ]
            ),
            note,
            $"No listen of this date has a known {what.ToLowerInvariant()}."
        );
    }

    void WriteCountries(Markup html)
    {
        var most = countries.Select(country => country.Listens).DefaultIfEmpty().Max();
        WriteList(
            html,
            "Countries",
            [
                ("Country", ColumnKind.Text),
                ("", ColumnKind.Bar),
                ("Listens", ColumnKind.Number),
                ("Listeners", ColumnKind.Number),
            ],
            countries
                .Take(MostCountries)
                .Select(country =>
                    (IReadOnlyList<Markup>)
                        [
                            ReportPage.Named(country.Name),
                            Drawing.Bar(country.Listens / (double)most),
                            ReportPage.Text(Figures.Count(country.Listens)),
                            ReportPage.Text(Figures.Count(country.Listeners)),
                        ]
                ),
            countries.Count > MostCountries
                ? $"The first {MostCountries} of {Figures.Count(countries.Count, "country", "countries")}."
                : "",
            "No countries are published."
        );
    }

    static void WriteList(
        Markup html,
        string title,
        IReadOnlyList<(string, ColumnKind)> columns,
        IEnumerable<IReadOnlyList<Markup>> rows,
        string note,
        string nothing
    )
    {
        html.Add($"""<section class="list"><h2>{title}</h2>{"\n"}""");
        var all = rows.ToList();
        if (all.Count == 0)
        {
            html.Add($"<p>{nothing}</p>\n");
        }
        else
        {
            ReportPage.AddTable(html, columns, all);
        }

        if (note.Length > 0)
        {
            html.Add($"""<p class="note">{note}</p>{"\n"}""");
        }

        html.Add($"</section>\n");
    }

    void WriteFiles(Markup html)
    {
        var known = day.Completeness;
        html.Add($"""<section><h2>Completeness</h2><ul class="facts">{"\n"}""");
        if (!published.Entry.IsHeld)
        {
            html.Add($"<li>{Figures.Count(known.Files)} of {Figures.Count(known.FilesKnown, "file")}</li>\n");
        }

        if (known.FilesOut > 0 && !published.Entry.IsHeld)
        {
            html.Add($"<li>{Figures.Count(known.FilesOut, "file")} taken back, and still in these numbers</li>\n");
        }

        html.Add($"<li>{Figures.Count(known.Rejected, "row")} rejected, of these files as a whole</li>\n");
        if (known.Twice is > 0 and { } twice)
        {
            html.Add($"<li>{Figures.Count(twice, "listen")} came in several files, and count once</li>\n");
        }

        if (known.UnknownTrackListens > 0)
        {
            html.Add($"<li>{Figures.Count(known.UnknownTrackListens, "listen")} of unknown tracks</li>\n");
        }

        html.Add(
            $"<li>restated {Figures.Instant(known.RestatedAt, page.Zone)} ({page.Zone.Id}): {known.RestatedWhy}</li>\n</ul></section>\n"
        );
    }

    void WriteHourTable(Markup html)
    {
        var byHour = day.Hours.ToDictionary(hour => hour.Hour);
        var before = OfHours(day.HoursWeekBefore);
        html.Add($"""<section class="hours"><h2>Hours</h2>{"\n"}""");
        ReportPage.AddWide(
            html,
            "Table of hours",
            inner =>
                ReportPage.AddTable(
                    inner,
                    [
                        ("Hour", ColumnKind.Date),
                        ("Listens", ColumnKind.Number),
                        ("A week before", ColumnKind.Number),
                        ("Listeners", ColumnKind.Number),
                        ("Tracks", ColumnKind.Number),
                        ("Diversity", ColumnKind.Number),
                        ("Most heard artists", ColumnKind.Line),
                    ],
                    Enumerable.Range(0, Hours).Select(Row)
                )
        );
        html.Add($"</section>\n");

        IReadOnlyList<Markup> Row(int hour)
        {
            var found = byHour.GetValueOrDefault(hour);
            return
            [
                ReportPage.Text(Figures.Hour(hour)),
                ReportPage.Text(Figures.Count(found?.Listens ?? 0)),
                ReportPage.Text(day.HoursWeekBefore.Count > 0 ? Figures.Count(before[hour] ?? 0) : "–"),
                ReportPage.Text(Figures.Count(found?.Listeners ?? 0)),
                ReportPage.Text(Figures.Count(found?.Tracks ?? 0)),
                found is null
                    ? ReportPage.Text("–")
                    : ReportPage.Number(Figures.Ratio(found.Diversity), found.Diversity),
                found?.Artists is { Length: > 0 } artists ? ReportPage.Named(artists) : ReportPage.Text("–"),
            ];
        }
    }
}
