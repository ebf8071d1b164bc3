using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Downbeat.Connectors.Folder;
using Downbeat.Dashboard.Report;
using Downbeat.Engine.Kpis;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Quality;
using Downbeat.Pipeline.Runs;
using Downbeat.Testing;
using Downbeat.Testing.Servers;

namespace Downbeat.Dashboard.Tests;

/// <summary>Reports: the numbers are the published ones, names do no harm, the file refers to nothing, and what is told is so.</summary>
public sealed partial class ReportTests(OddLake odd, BrowserFixture browser) : IClassFixture<OddLake>
{
    static readonly XNamespace Xhtml = "http://www.w3.org/1999/xhtml";

    [Fact]
    public void EveryNumberOfADayIsThePublishedOne()
    {
        for (var number = 0; number < 4; number++)
        {
            var date = OddLake.First.AddDays(number);
            var page = Day(odd.Lake, date);
            var daily = Table(odd.Lake, "daily", date).Single();
            Assert.Equal(
                [
                    daily["listen_count"],
                    daily["unique_listeners"],
                    daily["total_listening_time_ms"],
                    daily["sessions"],
                    daily["unique_tracks"],
                    daily["track_diversity_index"],
                ],
                Values(page, "card")
            );

            var genres = Table(odd.Lake, "genre_daily", date)
                .OrderByDescending(row => Number(row["listen_count"]))
                .Take(10)
                .ToList();
            Assert.Equal(
                genres.Select(row =>
                    $"{Shown(row["track_genre"])}|{Grouped(row["listen_count"])}|{row["listen_share"]}"
                ),
                Rows(page, "Genres").Select(row => $"{row[0].Value}|{row[2].Value}|{Exact(row[3])}")
            );
            Assert.Equal(
                Table(odd.Lake, "top_artists_daily", date)
                    .Select(row => $"{Shown(row["artist"])}|{Grouped(row["listen_count"])}"),
                Rows(page, "Artists").Select(row => $"{row[0].Value}|{row[2].Value}")
            );
            Assert.Equal(
                Table(odd.Lake, "country_daily", date)
                    .OrderByDescending(row => Number(row["listen_count"]))
                    .ThenBy(row => row["user_country"], StringComparer.Ordinal)
                    .Take(10)
                    .Select(row =>
                        $"{Shown(row["user_country"])}|{Grouped(row["listen_count"])}|{Grouped(row["unique_listeners"])}"
                    ),
                Rows(page, "Countries").Select(row => $"{row[0].Value}|{row[2].Value}|{row[3].Value}")
            );
            var tracks = Table(odd.Lake, "top_tracks", date)
                .DistinctBy(row => row["track_id"])
                .OrderByDescending(row => Number(row["listen_count"]))
                .Take(10);
            Assert.Equal(
                tracks.Select(row => $"{Shown(row["track_name"])}|{Grouped(row["listen_count"])}"),
                Rows(page, "Tracks").Select(row => $"{row[0].Value}|{row[2].Value}")
            );

            var hours = Table(odd.Lake, "hourly", date)
                .ToDictionary(row => int.Parse(row["hour"], CultureInfo.InvariantCulture));
            Assert.Equal(
                Enumerable
                    .Range(0, 24)
                    .Select(hour =>
                        hours.TryGetValue(hour, out var row)
                            ? $"{hour:00}:00|{Grouped(row["listen_count"])}|{Grouped(row["unique_listeners"])}|{Grouped(row["unique_tracks"])}|{row["track_diversity_index"]}|{Shown(row["top_artists"])}"
                            : $"{hour:00}:00|0|0|0|–|–"
                    ),
                Rows(page, "Hours")
                    .Select(row =>
                        $"{row[0].Value}|{row[1].Value}|{row[3].Value}|{row[4].Value}|{Exact(row[5])}|{row[6].Value}"
                    )
            );
        }
    }

    [Fact]
    public void WhatIsComparedIsSo()
    {
        using var lake = new TestLake();
        lake.LandCatalogue(TestListens.Songs, TestListens.Users);

        // Ten listens a date but 12 on the 8th; the first two dates are alone, the third and fourth are missing.
        int[] days = [1, 2, 5, 6, 7, 8, 9];
        lake.LandStreams(
            "a.csv",
            TestListens.Csv(
                days.SelectMany(day =>
                    Enumerable
                        .Range(0, day == 8 ? 12 : 10)
                        .Select(listen =>
                            $"{listen},track001,2024-06-{day:00} {(listen < 7 ? 20 : 8):00}:{listen:00}:00,0,0"
                        )
                )
            )
        );
        Assert.Equal(RunOutcome.Done, lake.Run().Outcome);
        Assert.Equal("10 listens by 10 listeners in 10 sessions.", FirstSentences(1));
        Assert.StartsWith(
            "10 listens by 10 listeners in 10 sessions. That is as many listens as on the day before.",
            FirstSentences(2),
            StringComparison.Ordinal
        );
        Assert.Equal("10 listens by 10 listeners in 10 sessions.", FirstSentences(5));
        Assert.Equal(
            "12 listens by 12 listeners in 12 sessions. That is 20.0\u00a0% more listens than on the Saturday before and 20.0\u00a0% more listens than on the day before.",
            FirstSentences(8)
        );
        Assert.Equal(
            "10 listens by 10 listeners in 10 sessions. That is as many listens as on the Sunday before and 16.7\u00a0% fewer listens than on the day before.",
            FirstSentences(9)
        );
        Assert.Contains("The busiest hour began at 20:00, with 7 listens.", Of(1).Story, StringComparison.Ordinal);
        Assert.Contains("the genre “genre 1” (100\u00a0% of all listens)", Of(1).Story, StringComparison.Ordinal);

        string FirstSentences(int day) => Of(day).Story.Split(" Most heard")[0];

        LakeReport Of(int day)
        {
            using var maker = Maker(lake.Lake);
            return maker.OfDay(new(2024, 6, day));
        }
    }

    [Fact]
    public void OfManyThatAreEquallyFirstNoneIsNamed()
    {
        Assert.Equal(["a", "b", "c"], Story.First(["a", "b", "c"], _ => 1));
        Assert.Empty(Story.First(["a", "b", "c", "d"], _ => 1));
        Assert.Empty(Story.First(Array.Empty<string>(), _ => 1));
        Assert.Null(Story.Compare(5, null, "x"));
        Assert.Null(Story.Compare(5, 0, "x"));
        Assert.Equal("nearly as many listens as x", Story.Compare(100_001, 100_000, "x"));
        Assert.Equal("about 12 times as many listens as x", Story.Compare(120, 10, "x"));
    }

    [Fact]
    public void TheNumbersOfARangeAreThoseOfItsDatesAndNobodyIsCountedTwice()
    {
        var (from, to) = (OddLake.First.AddDays(-2), OddLake.First.AddDays(4));
        using var maker = Maker(odd.Lake.Lake);
        var report = maker.OfRange(from, to);
        var page = Parse(report.Html);
        var days = Enumerable
            .Range(0, 4)
            .Select(day => Table(odd.Lake, "daily", OddLake.First.AddDays(day)).Single())
            .ToList();
        double Sum(string column) => days.Sum(day => Number(day[column]));
        Assert.Equal(
            [
                Quotients.Text(Sum("listen_count")),
                Quotients.Text(Sum("unique_listeners") / 4),
                Quotients.Text(Sum("total_listening_time_ms")),
                Quotients.Text(Sum("sessions")),
                Quotients.Text(Sum("unique_tracks") / 4),
                Quotients.Text(Sum("track_diversity_index") / 4),
            ],
            Values(page, "card")
        );
        Assert.Contains(
            "3 of 7 dates are not published, and not in these numbers: 22 to 23 June 2024 and 28 June 2024.",
            page.ToString().Replace("\n", " ", StringComparison.Ordinal),
            StringComparison.Ordinal
        );
        Assert.Contains("3 of 7 dates are not published", report.Story, StringComparison.Ordinal);
        Assert.DoesNotContain("than on the 7 dates before", report.Story, StringComparison.Ordinal);

        var rows = Rows(page, "Dates").ToList();
        Assert.Equal(7, rows.Count);
        foreach (var (day, row) in rows.Index())
        {
            Assert.Equal(
                day is < 2 or 6
                    ? ["–", "–", "–", "–", "–", "–"]
                    :
                    [
                        .. (
                            (string[])
                                [
                                    "listen_count",
                                    "unique_listeners",
                                    "total_listening_time_ms",
                                    "sessions",
                                    "unique_tracks",
                                    "track_diversity_index",
                                ]
                        ).Select(column => days[day - 2][column]),
                    ],
                row.Skip(1).Take(6).Select(Exact)
            );
        }

        var genres = Enumerable
            .Range(0, 4)
            .SelectMany(day => Table(odd.Lake, "genre_daily", OddLake.First.AddDays(day)));
        Assert.Equal(
            genres
                .GroupBy(row => row["track_genre"], StringComparer.Ordinal)
                .Select(rows =>
                    (
                        Name: rows.Key,
                        Listens: rows.Sum(row => Number(row["listen_count"])),
                        Listeners: rows.Sum(row => Number(row["unique_listeners"])) / 4
                    )
                )
                .OrderByDescending(one => one.Listens)
                .ThenBy(one => one.Name, StringComparer.Ordinal)
                .Take(15)
                .Select(one =>
                    $"{Shown(one.Name)}|{one.Listens:#,##0}|{Quotients.Text(one.Listens / Sum("listen_count"))}|{Quotients.Text(one.Listeners)}"
                ),
            Rows(page, "Genres").Select(row => $"{row[0].Value}|{row[2].Value}|{Exact(row[3])}|{Exact(row[5])}")
        );
    }

    [Fact]
    public void ARangeIsComparedWithTheOneBeforeOnlyWhereBothAreWhole()
    {
        using var maker = Maker(odd.Lake.Lake);
        double Listens(int day) =>
            Number(Table(odd.Lake, "daily", OddLake.First.AddDays(day)).Single()["listen_count"]);
        var (before, now) = (Listens(0) + Listens(1), Listens(2) + Listens(3));
        var share = Math.Abs((now / before) - 1).ToString("0.0\u00a0%", CultureInfo.InvariantCulture);
        Assert.Contains(
            $": {share} {(now > before ? "more" : "fewer")} listens than on the 2 dates before.",
            maker.OfRange(OddLake.First.AddDays(2), OddLake.First.AddDays(3)).Story,
            StringComparison.Ordinal
        );
        foreach (var (from, to) in ((int, int)[])[(1, 2), (1, 3), (0, 3), (3, 4)])
        {
            var report = maker.OfRange(OddLake.First.AddDays(from), OddLake.First.AddDays(to));
            Assert.DoesNotContain("dates before", report.Html, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("2024-06-25", "2024-06-25", "25 June 2024")]
    [InlineData("2024-06-25", "2024-06-26", "25 to 26 June 2024")]
    [InlineData("2024-06-25", "2024-07-01", "25 June to 1 July 2024")]
    [InlineData("2023-12-25", "2024-01-01", "25 December 2023 to 1 January 2024")]
    public void ARangeIsSaidShortly(string from, string to, string said) =>
        Assert.Equal(
            said,
            Figures.Range(
                DateOnly.Parse(from, CultureInfo.InvariantCulture),
                DateOnly.Parse(to, CultureInfo.InvariantCulture)
            )
        );

    [Fact]
    public void AReportRefersToNothingRunsNothingAndIsSmall()
    {
        using var maker = Maker(odd.Lake.Lake, "<script>alert(3)</script>\u202Eevil\u0007");
        foreach (
            var report in (LakeReport[])
                [maker.OfDay(OddLake.First), maker.OfRange(OddLake.First, OddLake.First.AddDays(3))]
        )
        {
            var page = Parse(report.Html);
            Assert.InRange(report.Html.Length, 10_000, 200_000);
            Assert.Empty(page.Descendants(Xhtml + "script"));
            Assert.DoesNotContain(
                page.DescendantsAndSelf().Attributes(),
                attribute =>
                    attribute.Name.LocalName is "src" or "href" or "srcset" or "action" or "style"
                    || attribute.Name.LocalName.StartsWith("on", StringComparison.OrdinalIgnoreCase)
            );
            var text = report.Html.Replace("xmlns=\"http://www.w3.org/1999/xhtml\"", "", StringComparison.Ordinal);
            Assert.DoesNotContain("http:", text, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("https:", text, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("url(", text, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("@import", text, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain(
                text,
                letter => (char.IsControl(letter) && letter != '\n') || letter is '\u202E' or '\u2067'
            );
            Assert.DoesNotContain(
                report.Subject + report.Story.Replace("\n", "", StringComparison.Ordinal),
                char.IsControl
            );
            Assert.Contains("default-src 'none'", text, StringComparison.Ordinal);
            Assert.All(
                page.Descendants(Xhtml + "svg"),
                svg =>
                    Assert.True(
                        svg.Attribute("aria-hidden")?.Value == "true"
                            || (svg.Attribute("role")?.Value == "img" && svg.Element(Xhtml + "title")?.Value.Length > 5)
                    )
            );
            Assert.Equal("en", page.Attribute("lang")?.Value);
            Assert.Single(page.Descendants(Xhtml + "h1"));
            Assert.Contains("Time zone UTC", report.Html, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void OfALakeWithoutTablesThereIsNoReport()
    {
        using var lake = new TestLake();
        using var maker = Maker(lake.Lake);
        Assert.Null(maker.Newest);
        Assert.Null(maker.NewestFinished);
        Assert.Contains(
            "no dates are published yet",
            Assert.Throws<LakeException>(() => maker.OfDay(OddLake.First)).Message,
            StringComparison.Ordinal
        );
        Assert.Throws<LakeException>(() => maker.OfRange(OddLake.First, OddLake.First.AddDays(1)));
    }

    [Fact]
    public async Task ADateThatIsHeldBackIsSaidToBeAndShowsWhatWasPublishedBefore()
    {
        using var lake = new TestLake();
        lake.LandCatalogue(TestListens.Songs, TestListens.Users);
        lake.LandStreams("a.csv", TestListens.Csv(["1,track001,2024-06-24 10:00:00,0,0"]));
        Assert.Equal(RunOutcome.Done, lake.Run().Outcome);
        var strict = new RunOptions
        {
            MaxRejectedShare = 1,
            Quality = new QualityOptions().With(QualityCheck.RejectedShare, new(null, 0.1)),
        };
        lake.LandStreams(
            "b.csv",
            TestListens.Csv(["1,track001,2024-06-24 11:00:00,0,0", "x,y,z,0,0", "2,track002,2024-06-25 11:00:00,0,0"])
        );
        lake.Run(strict);
        using var maker = Maker(lake.Lake);

        var before = maker.OfDay(new(2024, 6, 24));
        Assert.Contains("Monday, 24 June 2024 is held back (rejected_share", before.Story, StringComparison.Ordinal);
        Assert.Contains("1 listen by 1 listener in 1 session", before.Story, StringComparison.Ordinal);
        Assert.Contains("✕ failed", before.Html, StringComparison.Ordinal);
        var hidden = maker.OfDay(new(2024, 6, 25));
        Assert.Contains("nothing of it was published before", hidden.Story, StringComparison.Ordinal);
        Assert.Empty(Values(Parse(hidden.Html), "card"));
        Assert.Equal(new DateOnly(2024, 6, 24), maker.Newest);
        var range = maker.OfRange(new(2024, 6, 24), new(2024, 6, 25));
        Assert.Contains("1 of 2 dates is not published", range.Story, StringComparison.Ordinal);
        Assert.Equal("1", Values(Parse(range.Html), "card")[0]);

        // The pages say of a date of which nothing was published that there is nothing, and go on working.
        await using var server = await OddLake.ServeAsync(lake.Lake);
        using var client = OddLake.ClientOf(server);
        Assert.Contains(
            "\"published\":false",
            await client.GetStringAsync("/view/day?date=2024-06-25"),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "\"listens\":1,\"rows\":[",
            await client.GetStringAsync("/view/genres?from=2024-06-24&to=2024-06-25"),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void AFileThatWasTakenOutIsNoFileOfTheDate()
    {
        using var lake = new TestLake();
        lake.LandCatalogue(TestListens.Songs, TestListens.Users);
        lake.LandStreams("a.csv", TestListens.Csv(["1,track001,2024-06-24 10:00:00,0,0"]));
        lake.LandStreams("b.csv", TestListens.Csv(["2,track001,2024-06-24 11:00:00,0,0"]));
        lake.Run();
        var cli = new CliRunner(lake.Folder);
        var source = lake.State.Sources.Values.First().Entry.Id;
        var retracted = cli.Run("retract", source, "--lake", lake.Folder, "--yes");
        Assert.True(retracted.ExitCode == 0, retracted.Error);
        Assert.Equal(0, cli.Run("run", "--lake", lake.Folder).ExitCode);
        using var maker = Maker(lake.Lake);
        Assert.Contains("<li>1 of 1 file</li>", maker.OfDay(new(2024, 6, 24)).Html, StringComparison.Ordinal);

        lake.LandStreams("c.csv", TestListens.Csv(["3,track001,2024-06-24 12:00:00,0,0"]));
        lake.Run(request: new() { Only = RunStep.Scan });
        using var scanned = Maker(lake.Lake);
        Assert.StartsWith(
            "These numbers are not the newest: only 1 of 2 files with listens of this date is in them. The next run restates them.",
            scanned.OfDay(new(2024, 6, 24)).Story,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void AnAxisHasRoundMarksUpToTheHighest()
    {
        for (var highest = 0.0; highest < 2_000_000; highest = Math.Floor((highest * 1.13) + 1))
        {
            var marks = Drawing.Marks(highest);
            Assert.Equal(0, marks[0]);
            Assert.InRange(marks[^1], highest, Math.Max(highest * 2, 5));
            Assert.InRange(marks.Count, 2, 7);
            Assert.All(marks, mark => Assert.Equal(Math.Round(mark), mark));
        }
    }

    [Fact]
    public async Task ItIsShownAtEveryWidthWithoutAFaultOrAWordOnTheConsole()
    {
        await using var tab = await browser.OpenAsync();
        foreach (var (name, report) in Reports())
        {
            var file = Path.Combine(odd.Lake.Folder, ".tmp", $"{name}.html");
            await File.WriteAllTextAsync(file, report.Html);
            await tab.Page.GotoAsync(new Uri(file).AbsoluteUri);
            foreach (var width in (int[])[320, 768, 1280, 3840])
            {
                await tab.Page.SetViewportSizeAsync(width, 900);
                Assert.Equal(
                    (name, width, 0),
                    (
                        name,
                        width,
                        await tab.Page.EvaluateAsync<int>(
                            "() => document.documentElement.scrollWidth - window.innerWidth"
                        )
                    )
                );

                // Nothing of a chart lies outside of it, and no label on another.
                Assert.Empty(
                    await tab.Page.EvaluateAsync<string[]>(
                        """
                        () => [...document.querySelectorAll("svg.chart")].flatMap((chart) => {
                            const frame = chart.getBoundingClientRect();
                            const labels = [...chart.querySelectorAll("text")].map((text) => [text.textContent, text.getBoundingClientRect(), text.getAttribute("class")]);
                            const outside = labels.filter(([, box]) => box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 1 || box.bottom > frame.bottom + 1);
                            const onto = labels.filter(([, box], at) => labels.some(([, other], place) => place > at && box.left < other.right - 1 && other.left < box.right - 1 && box.top < other.bottom - 3 && other.top < box.bottom - 3));
                            return [...outside, ...onto].map(([text]) => text);
                        })
                        """
                    )
                );
            }

            await tab.Page.SetViewportSizeAsync(1280, 900);
            Assert.Empty(await tab.FindFaultsAsync(browser.Modules));
        }

        Assert.Empty(tab.Said);
    }

    [Fact]
    public void ChromiumPrintsItOnPagesOfA4()
    {
        if (TestServer.Get("chromium").Missing is { } why)
        {
            Assert.Skip(why);
        }

        using var maker = Maker(new FolderLake(browser.Lake));
        var pdf = ChromiumPdf.Print(maker.OfDay(new(2024, 6, 25)), TestContext.Current.CancellationToken);
        var text = Encoding.Latin1.GetString(pdf);
        Assert.StartsWith("%PDF-", text, StringComparison.Ordinal);
        Assert.Equal(3, PageOfPdf().Count(text));
        Assert.All(
            MediaBox().Matches(text),
            box =>
            {
                Assert.Equal(595, Number(box.Groups[1].Value), tolerance: 0.5);
                Assert.Equal(842, Number(box.Groups[2].Value), tolerance: 0.5);
            }
        );
    }

    IEnumerable<(string Name, LakeReport Report)> Reports()
    {
        using (var maker = Maker(odd.Lake.Lake, new string('x', 200)))
        {
            yield return ("odd-day", maker.OfDay(OddLake.First.AddDays(1)));
            yield return ("odd-range", maker.OfRange(OddLake.First.AddDays(-3), OddLake.First.AddDays(3)));
        }

        using (var maker = Maker(new FolderLake(browser.Lake)))
        {
            yield return ("day", maker.OfDay(new(2024, 7, 10)));
            yield return ("range", maker.OfRange(new(2024, 6, 1), new(2024, 6, 30)));
            yield return ("long", maker.OfRange(new(2024, 1, 1), new(2024, 12, 31)));
        }
    }

    static ReportMaker Maker(ILake lake, string name = "test") => new(lake, name, TimeProvider.System);

    static XElement Day(TestLake lake, DateOnly date)
    {
        using var maker = Maker(lake.Lake);
        return Parse(maker.OfDay(date).Html);
    }

    static XElement Parse(string html) => XDocument.Parse(html, LoadOptions.PreserveWhitespace).Root!;

    /// <summary>The exact numbers of the cards, or whatever else has a class.</summary>
    static List<string> Values(XElement page, string kind) =>
        [
            .. page.Descendants(Xhtml + "section")
                .Where(section => section.Attribute("class")?.Value == kind)
                .Select(section => section.Descendants(Xhtml + "data").First().Attribute("value")!.Value),
        ];

    /// <summary>The cells of the table below a heading.</summary>
    static IEnumerable<List<XElement>> Rows(XElement page, string heading) =>
        page.Descendants(Xhtml + "section")
            .Single(section => section.Element(Xhtml + "h2")?.Value == heading)
            .Descendants(Xhtml + "tbody")
            .Single()
            .Elements()
            .Select(row => row.Elements().ToList());

    static string Exact(XElement cell) =>
        cell.Descendants(Xhtml + "data").FirstOrDefault()?.Attribute("value")?.Value ?? cell.Value;

    /// <summary>A name as it is to be read: what XML or people cannot is another letter, and 80 of them do.</summary>
    static string Shown(string name) =>
        name.Trim().Length == 0 ? "no name"
        : name == new string('x', 300) ? new string('x', 79) + "…"
        : new StringInfo(name.Replace('\n', ' ')) is { LengthInTextElements: > 80 } letters
            ? letters.SubstringByTextElements(0, 79) + "…"
        : name.Replace('\n', ' ');

    static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    static string Grouped(string text) =>
        long.Parse(text, CultureInfo.InvariantCulture).ToString("#,##0", CultureInfo.InvariantCulture);

    /// <summary>The rows of a published file.</summary>
    static List<Dictionary<string, string>> Table(TestLake lake, string table, DateOnly date)
    {
        var rows = ApiTests.Rows(File.ReadAllBytes(Path.Combine(lake.Folder, LakePaths.Kpi(table, date))));
        return
        [
            .. rows.Skip(1)
                .Select(row =>
                    rows[0].Zip(row).ToDictionary(cell => cell.First, cell => cell.Second, StringComparer.Ordinal)
                ),
        ];
    }

    [GeneratedRegex(@"/Type\s*/Page\b", RegexOptions.ExplicitCapture)]
    private static partial Regex PageOfPdf();

    [GeneratedRegex(@"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]")]
    private static partial Regex MediaBox();
}
