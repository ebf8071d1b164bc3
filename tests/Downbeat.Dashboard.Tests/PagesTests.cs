using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Xml.Linq;
using Downbeat.Connectors.Folder;
using Downbeat.Testing;
using Microsoft.Playwright;

namespace Downbeat.Dashboard.Tests;

/// <summary>The pages in a real browser: every page, state and width, and never a word on the console.</summary>
public sealed class PagesTests(BrowserFixture browser, OddLake odd) : IClassFixture<OddLake>
{
    const int MostBytes = 300_000;
    static readonly int[] Widths = [320, 768, 1280, 3840];

    public static TheoryData<string> Pages => [.. BrowserFixture.Pages];

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task APageFitsEveryWidthAndIsAccessibleInLightAndDark(string page)
    {
        await using var tab = await browser.OpenAsync();
        await tab.GoAsync(await browser.AddressAsync(page));
        Assert.Equal(1, await tab.Page.Locator("h1").CountAsync());
        Assert.NotEmpty(await tab.TextsAsync("main tbody tr"));
        foreach (var width in Widths)
        {
            await FitsAsync(tab, width);
        }

        await tab.Page.SetViewportSizeAsync(1280, 900);
        Assert.Empty(await tab.FindFaultsAsync(browser.Modules));
        await tab.PaintAsync(ColorScheme.Dark);
        Assert.Empty(await tab.FindFaultsAsync(browser.Modules));
        await FitsAsync(tab, Widths[0]);
        Assert.Empty(tab.Said);
    }

    static async Task FitsAsync(Tab tab, int width)
    {
        await tab.Page.SetViewportSizeAsync(width, 900);
        await tab.Page.WaitForFunctionAsync(
            "() => [...document.querySelectorAll('.chart')].every((chart) => Math.abs(chart.querySelector('svg').clientWidth - chart.clientWidth) < 2)"
        );
        Assert.Equal(
            (width, 0),
            (width, await tab.Page.EvaluateAsync<int>("() => document.documentElement.scrollWidth - window.innerWidth"))
        );

        // Nothing of a chart lies outside of it: no clipped labels.
        Assert.Empty(
            await tab.Page.EvaluateAsync<string[]>(
                """
                () => [...document.querySelectorAll(".chart")].flatMap((chart) => {
                    const frame = chart.getBoundingClientRect();
                    return [...chart.querySelectorAll("svg text")].filter((text) => {
                        const box = text.getBoundingClientRect();
                        return box.width > 0 && (box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 1 || box.bottom > frame.bottom + 1);
                    }).map((text) => text.textContent);
                })
                """
            )
        );
    }

    [Fact]
    public async Task ADateThatIsHeldBackIsMarked()
    {
        await using var tab = await browser.OpenAsync();
        await tab.GoAsync("/?date=" + BrowserFixture.HeldDate);
        var held = Assert.Single(await tab.TextsAsync(".held"));
        Assert.Contains("volume 1", held, StringComparison.Ordinal);
        Assert.Contains("% above 100 %", held, StringComparison.Ordinal);
        Assert.Contains("What is shown of it are its tables of", held, StringComparison.Ordinal);
        Assert.Contains($"downbeat approve {BrowserFixture.HeldDate}", held, StringComparison.Ordinal);
        Assert.StartsWith(
            "2 files, held back",
            Assert.Single(await tab.TextsAsync(".facts")),
            StringComparison.Ordinal
        );

        await tab.GoAsync("/genres");
        await tab.Page.ClickAsync($".facts.warn a:has-text('{BrowserFixture.HeldDate}')");
        await tab.ShownAsync();
        Assert.Contains("Checks of Tue, 9 Jul 2024", await tab.TextsAsync("h2"));
        Assert.Contains("fail", await tab.TextsAsync($"section:has(h2:has-text('Checks of')) .badge"));
        Assert.Single(await tab.TextsAsync(".held"));
        Assert.Equal(
            "held back",
            await tab.Page.InnerTextAsync($"tr:has(a:text-is('{BrowserFixture.HeldDate}')) .badge.bad >> nth=0")
        );
        Assert.Empty(tab.Said);
    }

    [Fact]
    public async Task TheDayShowsTheNumbersThatArePublished()
    {
        await using var tab = await browser.OpenAsync();
        await tab.GoAsync("/?date=2024-06-25");
        var published = await File.ReadAllLinesAsync(
            Path.Combine(browser.Lake, "kpis", "daily", "date=2024-06-25.csv")
        );
        var cells = published[1].Split(',');
        var shown = await tab
            .Page.Locator(".card .value")
            .EvaluateAllAsync<string[]>(
                "values => values.map((value) => value.dataset.tip.replaceAll(',', '').replace(' ms', ''))"
            );

        // Listens, listeners, listening time, sessions, tracks, diversity.
        Assert.Equal([cells[1], cells[2], cells[4], cells[6], cells[3], cells[5]], shown);
        Assert.Contains("2 of 2 files", Assert.Single(await tab.TextsAsync(".facts")), StringComparison.Ordinal);
        var hours = await File.ReadAllLinesAsync(Path.Combine(browser.Lake, "kpis", "hourly", "date=2024-06-25.csv"));
        var table = await tab
            .Page.Locator(".chart-table tbody tr")
            .EvaluateAllAsync<string[]>("rows => rows.map((row) => row.cells[1].textContent.replaceAll(',', ''))");
        foreach (var row in hours.Skip(1).Select(row => row.Split(',')))
        {
            Assert.Equal(row[2], table[int.Parse(row[1], CultureInfo.InvariantCulture)]);
        }

        await tab.Page.ClickAsync("#day-previous");
        await tab.ShownAsync();
        Assert.Equal("Mon, 24 Jun 2024", await tab.Page.InnerTextAsync("h1"));
        Assert.EndsWith("?date=2024-06-24", tab.Page.Url, StringComparison.Ordinal);
        await tab.Page.GoBackAsync();
        await tab.ShownAsync();
        Assert.Equal("Tue, 25 Jun 2024", await tab.Page.InnerTextAsync("h1"));
        Assert.Empty(tab.Said);
    }

    [Fact]
    public async Task WhatIsChosenStandsInTheAddress()
    {
        await using var tab = await browser.OpenAsync();
        await tab.GoAsync("/genres");
        await tab.Page.ClickAsync("#range-7");
        await tab.ShownAsync();
        await tab.Page.CheckAsync("[id='pick-pop']");
        await tab.ShownAsync();
        await tab.Page.CheckAsync("[id='pick-jazz']");
        await tab.ShownAsync();
        await tab.Page.SelectOptionAsync("#metric", "listeners");
        await tab.ShownAsync();
        await tab.Page.ClickAsync("text=Listeners a day");
        await tab.Page.FillAsync("#filter", "p");
        Assert.EndsWith(
            "?from=2024-07-08&to=2024-07-14&genre=pop&genre=jazz&metric=listeners&sort=Listeners+a+day&filter=p",
            tab.Page.Url,
            StringComparison.Ordinal
        );
        var rows = await tab.TextsAsync("main tbody tr");
        await using var other = await browser.OpenAsync();
        await other.GoAsync(new Uri(tab.Page.Url).PathAndQuery);
        Assert.Equal(rows, await other.TextsAsync("main tbody tr"));
        Assert.Equal(
            ["Listeners over time", "Top songs of pop", "Top songs of jazz", "All genres"],
            await other.TextsAsync("h2")
        );
        Assert.Empty(tab.Said);
        Assert.Empty(other.Said);
    }

    [Fact]
    public async Task AnHourOfTheMapLeadsToItsDates()
    {
        await using var tab = await browser.OpenAsync();
        await tab.GoAsync("/hours");
        var map = (await tab.Page.Locator(".chart").BoundingBoxAsync())!;
        await tab.Page.Mouse.ClickAsync(map.X + (map.Width * 0.75f), map.Y + (map.Height * 0.4f));
        await tab.Page.WaitForURLAsync("**/hours?*hour=*");
        await tab.ShownAsync();
        Assert.Matches("^(Wed|Thu) 1[678]:00–1[789]:00, date by date$", (await tab.TextsAsync("h2"))[1]);

        // The table behind the map leads there too.
        await tab.Page.ClickAsync(".heat button:has-text('Table')");
        await tab.Page.ClickAsync(".chart-table a:has-text('Sun 09:00')");
        await tab.ShownAsync();
        Assert.Equal("Sun 09:00–10:00, date by date", (await tab.TextsAsync("h2"))[1]);
        Assert.Empty(tab.Said);
    }

    [Fact]
    public async Task SearchFindsArtists()
    {
        await using var tab = await browser.OpenAsync();
        await tab.GoAsync("/artists");
        var first = (await tab.TextsAsync("main tbody th"))[0];
        await tab.Page.FillAsync("#search", first[..^1].ToUpperInvariant());
        await tab.Page.WaitForURLAsync("**search=*");
        await tab.ShownAsync();
        Assert.Contains(first, await tab.TextsAsync("main tbody th"));
        Assert.Equal("search", await tab.Page.EvaluateAsync<string>("() => document.activeElement.id"));
        await tab.Page.FillAsync("#search", "nobody is called that");
        await tab.Page.WaitForSelectorAsync("text=No artists found");
        Assert.Empty(tab.Said);
    }

    [Fact]
    public async Task TablesAndChartsCanBeTakenAlong()
    {
        await using var tab = await browser.OpenAsync();
        await tab.GoAsync("/?date=2024-06-25");
        var csv = Encoding.UTF8.GetString(await SaveAsync(tab, "CSV of Listens by hour"));
        Assert.StartsWith(
            "Hour,Listens,Listens a week before,Listeners,Tracks,Diversity,Top artists\r\n00:00,",
            csv,
            StringComparison.Ordinal
        );
        Assert.Equal(26, csv.Split("\r\n").Length);
        var svg = XDocument.Parse(Encoding.UTF8.GetString(await SaveAsync(tab, "SVG of Listens by hour")));
        Assert.Contains(svg.Descendants(), element => element.Name.LocalName == "text" && element.Value == "12:00");
        Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], (await SaveAsync(tab, "PNG of Listens by hour"))[..4]);
        Assert.Empty(tab.Said);
    }

    static async Task<byte[]> SaveAsync(Tab tab, string button)
    {
        var download = await tab.Page.RunAndWaitForDownloadAsync(() =>
            tab.Page.GetByRole(AriaRole.Button, new() { Name = button }).ClickAsync()
        );
        return await File.ReadAllBytesAsync((await download.PathAsync())!);
    }

    [Fact]
    public async Task TheKeyboardIsEnough()
    {
        await using var tab = await browser.OpenAsync();
        await tab.GoAsync("/genres");
        await tab.Page.Keyboard.PressAsync("Tab");
        Assert.Equal("Skip to the page", await FocusedAsync());
        await tab.Page.Keyboard.PressAsync("Enter");
        await tab.Page.Keyboard.PressAsync("Tab");
        Assert.Equal("7 days", await FocusedAsync());
        await tab.Page.Keyboard.PressAsync("Space");
        await tab.ShownAsync();
        Assert.Equal("7 days", await FocusedAsync()); // Who chooses stays where he was.
        await tab.Page.FocusAsync("[data-sort='Change']");
        Assert.Equal("Against as many days before.", await tab.Page.InnerTextAsync(".tip"));
        await tab.Page.Keyboard.PressAsync("Escape");
        Assert.False(await tab.Page.IsVisibleAsync(".tip"));
        await tab.Page.Keyboard.PressAsync("Enter");
        Assert.Equal("descending", await tab.Page.GetAttributeAsync("th:has([data-sort='Change'])", "aria-sort"));
        Assert.Equal("Change", await FocusedAsync());
        await tab.Page.FocusAsync("nav a:has-text('Hours')");
        await tab.Page.Keyboard.PressAsync("Enter");
        await tab.ShownAsync();
        Assert.Equal("main", await tab.Page.EvaluateAsync<string>("() => document.activeElement.id"));
        Assert.Empty(tab.Said);

        Task<string> FocusedAsync() => tab.Page.EvaluateAsync<string>("() => document.activeElement.textContent");
    }

    [Fact]
    public async Task NamesAreShownAndDoNothing()
    {
        await using var tab = await browser.OpenAsync(odd.Server, width: 768);
        var query = string.Concat(OddLake.Names.Take(5).Select(name => "&genre=" + Uri.EscapeDataString(name)));
        foreach (
            var page in (string[])
                [
                    "/",
                    "/genres?from=2024-06-20" + query,
                    "/hours?weekday=1&hour=12",
                    "/tracks?track=t3",
                    "/countries",
                    "/data?date=2024-06-25",
                ]
        )
        {
            await tab.GoAsync(page);
            Assert.Equal(
                0,
                await tab.Page.EvaluateAsync<int>("() => document.documentElement.scrollWidth - window.innerWidth")
            );
            Assert.Equal(0, await tab.Page.Locator("main script").CountAsync());
        }

        foreach (var name in OddLake.Names)
        {
            await tab.FollowAsync("/artists?artist=" + Uri.EscapeDataString(name));
            var title = await tab.Page.Locator(".subject h2, .panel h2").First.TextContentAsync();
            Assert.Equal(name, title);
        }

        await tab.GoAsync("/genres");
        var genres = await tab.Page.Locator("main tbody th bdi").AllTextContentsAsync();
        Assert.Equal(OddLake.Names.Order(StringComparer.Ordinal), genres.Order(StringComparer.Ordinal));
        var saved = Encoding.UTF8.GetString(await SaveAsync(tab, "CSV of All genres"));
        Assert.Contains("\n'=50% off?x=1#y,", saved, StringComparison.Ordinal); // No formula of a spreadsheet.

        await tab.GoAsync("/data");
        await tab.Page.ClickAsync(".link:has-text('listens.csv')");
        await tab.ShownAsync();
        Assert.Contains("<script>alert(2)</script>,t1,2024-06-24 10:00:00,0,0", await tab.TextsAsync("code.row"));
        await tab.Page.ClickAsync(".reasons button:has-text('bad_listen_time 1')");
        await tab.ShownAsync();
        Assert.Equal(["1,t1,yesterday,0,0"], await tab.TextsAsync("code.row"));
        await tab.Page.ClickAsync(".link:has-text('broken.csv')");
        await tab.ShownAsync();
        Assert.Contains("1,<b>2</b>", await tab.TextsAsync("code.row"));
        Assert.Empty(tab.Said);
    }

    [Fact]
    public async Task AnEmptyLakeSaysWhatToDo()
    {
        using var lake = new TestLake();
        await using var server = await OddLake.ServeAsync(lake.Lake);
        await using var tab = await browser.OpenAsync(server);
        await tab.GoAsync("/");
        foreach (var page in (string[])["/", "/genres", "/hours", "/artists", "/tracks", "/countries"])
        {
            await tab.FollowAsync(page);
            Assert.Equal(["This lake has no tables yet"], await tab.TextsAsync(".nothing-title"));
        }

        await tab.GoAsync("/api");
        await tab.GoAsync("/data");
        Assert.Contains("That cannot be told", await tab.TextsAsync(".nothing-title")); // Songs and users are missing.
        Assert.Empty(tab.Said);

        // And fills by itself.
        await tab.GoAsync("/");
        lake.LandCatalogue(TestListens.Songs, TestListens.Users);
        lake.LandStreams("a.csv", TestListens.Csv(new TestListens(3).Rows(500)));
        lake.Run();
        await tab.Page.WaitForSelectorAsync("h1:has-text('Wed, 26 Jun 2024')");
        Assert.Empty(tab.Said);
    }

    [Fact]
    public async Task WhatIsMissingOrWrongIsSaid()
    {
        await using var tab = await browser.OpenAsync();
        await tab.GoAsync("/?date=2030-01-01");
        Assert.Equal(["No listens of this date are published"], await tab.TextsAsync(".nothing-title"));
        await tab.GoAsync("/genres?from=2030-01-01&to=2030-01-07");
        Assert.Equal(["No date of this range is published"], await tab.TextsAsync(".nothing-title"));
        await tab.GoAsync("/tracks?track=nonsense");
        Assert.Equal(["Not among the first"], await tab.TextsAsync(".nothing-title"));
        Assert.Empty(tab.Said);
        await tab.GoAsync("/hours?from=2024-07-01&to=2024-06-01");
        Assert.Equal(["That did not work"], await tab.TextsAsync(".nothing-title"));
        Assert.Contains("from has to be before to", await tab.Page.InnerTextAsync("main"), StringComparison.Ordinal);
        await tab.GoAsync("/genres");
        Assert.Equal("Genres", await tab.Page.InnerTextAsync("h1"));
    }

    [Fact]
    public async Task APageThatWaitsOrFailsSaysSo()
    {
        await using var tab = await browser.OpenAsync();
        await tab.GoAsync("/genres");
        var answer = new TaskCompletionSource();
        await tab.Page.RouteAsync(
            "**/view/hours*",
            async route =>
            {
                await answer.Task;
                await route.AbortAsync();
            }
        );
        await tab.Page.ClickAsync("nav a:has-text('Hours')");
        await tab.Page.WaitForSelectorAsync(".skeleton");
        Assert.Equal("true", await tab.Page.GetAttributeAsync("main", "aria-busy"));
        answer.SetResult();
        await tab.Page.WaitForSelectorAsync("text=The server does not answer");
        await tab.Page.UnrouteAllAsync();
        await tab.Page.ClickAsync("text=Try again");
        await tab.ShownAsync();
        Assert.Equal("Listeners by hour of the week", (await tab.TextsAsync("h2"))[0]);
        Assert.All(tab.Said, said => Assert.Contains("net::ERR_FAILED", said, StringComparison.Ordinal));
    }

    [Fact]
    public async Task WhoKnowsTheTokenLogsIn()
    {
        const string Token = "correct-horse-battery-staple";
        await using var server = await OddLake.ServeAsync(new FolderLake(browser.Lake), new() { Token = Token });
        await using var tab = await browser.OpenAsync(server);
        await tab.Page.GotoAsync("/genres?from=2024-06-01");
        await tab.Page.FillAsync("#token", "wrong");
        await tab.Page.PressAsync("#token", "Enter");
        await tab.Page.WaitForSelectorAsync("text=That is not the token");
        await tab.Page.FillAsync("#token", Token);
        await tab.Page.PressAsync("#token", "Enter");
        await tab.Page.WaitForURLAsync("**/genres?from=2024-06-01");
        await tab.ShownAsync();
        Assert.Empty(tab.Said);
    }

    [Fact]
    public async Task ThePagesAreSmall()
    {
        await using var tab = await browser.OpenAsync();
        var bytes = 0L;
        tab.Page.Response += (_, response) =>
            Interlocked.Add(
                ref bytes,
                response.Headers.TryGetValue("content-length", out var length)
                    ? long.Parse(length, CultureInfo.InvariantCulture)
                    : MostBytes
            );
        await tab.GoAsync("/");
        Assert.InRange(Interlocked.Read(ref bytes), 50_000, MostBytes);
    }

    [Fact]
    public async Task TheApiCanBeTried()
    {
        await using var tab = await browser.OpenAsync();
        await tab.GoAsync("/api?table=genre_daily");
        await tab.Page.FillAsync("#try-track_genre", "pop");
        await tab.Page.ClickAsync("button[type=submit]");
        await tab.Page.WaitForSelectorAsync("text=200 OK");
        using var row = JsonDocument.Parse(await tab.Page.InnerTextAsync("pre"));
        Assert.Equal("pop", row.RootElement.GetProperty("track_genre").GetString());
        Assert.Empty(tab.Said);
    }

    [Fact]
    public void TheScriptsAreWellTyped()
    {
        if (browser.Modules.Length == 0)
        {
            Assert.Skip("TypeScript is not installed.");
        }

        var web = Path.Combine(Repository.Folder, "src", "Downbeat.Dashboard", "web");
        var bundled = Directory
            .GetDirectories(Path.Combine(Repository.Folder, ".build", "pages"))
            .MaxBy(Directory.GetLastWriteTimeUtc)!;
        var project = Path.Combine(Path.GetTempPath(), $"downbeat-tsconfig-{Guid.NewGuid():N}.json");
        File.WriteAllText(
            project,
            $$$"""{"extends":"{{{web}}}/tsconfig.json","compilerOptions":{"paths":{"*":["{{{bundled}}}/node_modules/*"]}},"include":["{{{web}}}/src"]}"""
        );
        try
        {
            using var check = Process.Start(
                new ProcessStartInfo("node", [Path.Combine(browser.Modules, "typescript", "bin", "tsc"), "-p", project])
                {
                    RedirectStandardOutput = true,
                    UseShellExecute = false,
                }
            )!;
            Assert.Equal("", check.StandardOutput.ReadToEnd());
        }
        finally
        {
            File.Delete(project);
        }
    }
}
