using System.Text.Json;
using Downbeat.Pipeline.Quality;
using Downbeat.Testing;
using Downbeat.Testing.Servers;
using Microsoft.Playwright;

[assembly: AssemblyFixture(typeof(Downbeat.Dashboard.Tests.BrowserFixture))]

namespace Downbeat.Dashboard.Tests;

/// <summary>Chromium, and a lake of eight weeks with its server; where Chromium cannot be had, tests are skipped.</summary>
public sealed class BrowserFixture : IAsyncLifetime
{
    /// <summary>Pages, with what one may choose on them.</summary>
    public static readonly string[] Pages =
    [
        "/",
        "/genres",
        "/genres?genre=pop&genre=rock&genre=hip-hop&metric=share",
        "/hours",
        "/hours?metric=diversity&weekday=4&hour=20",
        "/artists",
        "/artists?artist=ARTIST",
        "/tracks?track=TRACK",
        "/countries?country=Brazil",
        "/data?date=2024-07-09&source=SOURCE",
        "/api?table=top_tracks",
    ];

    /// <summary>The date that is held back, and shows what was before.</summary>
    public const string HeldDate = "2024-07-09";

    const float Patience = 60_000; // Machines that test have much else to do.

    readonly string folder = Directory.CreateTempSubdirectory("downbeat-pages-").FullName;
    IPlaywright? playwright;

    /// <summary>The browser.</summary>
    public IBrowser Browser { get; private set; } = null!;

    /// <summary>Where axe-core and TypeScript are.</summary>
    public string Modules { get; private set; } = "";

    /// <summary>The lake's folder.</summary>
    public string Lake => Path.Combine(folder, "lake");

    /// <summary>Shows the lake.</summary>
    public DashboardServer Server { get; private set; } = null!;

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        var server = TestServer.Get("chromium");
        if (server.Missing is not null || !Assets.ArePresent)
        {
            return; // Told by Need, test by test.
        }

        Modules = server.Words[1];
        playwright = await Playwright.CreateAsync();
        Browser = await playwright.Chromium.LaunchAsync(
            new()
            {
                ExecutablePath = server.Words[0],
                Args = ["--no-sandbox"],
                Env = Variables(),
            }
        );
        MakeLake(Lake, 56, 40_000);
        Server = await ServeAsync(Lake);
    }

    /// <summary>Ours, and the language in which the browser writes dates.</summary>
    static Dictionary<string, string> Variables()
    {
        var variables = Environment
            .GetEnvironmentVariables()
            .Cast<System.Collections.DictionaryEntry>()
            .ToDictionary(entry => (string)entry.Key, entry => (string)entry.Value!, StringComparer.Ordinal);
        variables["LANGUAGE"] = "en_GB";
        return variables;
    }

    /// <summary>Shows such a lake.</summary>
    public static Task<DashboardServer> ServeAsync(string lake) =>
        OddLake.ServeAsync(
            new Connectors.Folder.FolderLake(lake),
            run: new() { Quality = new QualityOptions().With(QualityCheck.Volume, new(0.5, 1)) }
        );

    /// <summary>
    /// Makes a lake as someone would: synthetic listens, some dirt, a broken file, a late one that restates, and one that has a
    /// date held back.
    /// </summary>
    public static void MakeLake(string lake, int days, int listens)
    {
        var cli = new CliRunner(Path.GetDirectoryName(lake)!);
        string[] sizes =
        [
            "--listens",
            $"{listens}",
            "--days",
            $"{days}",
            "--users",
            $"{listens / 20}",
            "--tracks",
            "3000",
            "--from",
            "2024-05-20",
        ];
        Run([
            "generate",
            lake,
            .. sizes,
            "--files",
            "8",
            "--dirt-share",
            "0.01",
            "--duplicate-share",
            "0.02",
            "--flags",
        ]);
        Run("init", lake);
        var streams = Path.Combine(lake, "landing", "streams");
        File.WriteAllText(
            Path.Combine(streams, "streams-from-new-app.csv"),
            "user_id,song,played_at\n1,<b>x</b>,2024-06-25\n"
        );
        var late = Path.Combine(lake, "streams-0008.csv");
        File.Move(Path.Combine(streams, "streams-0008.csv"), late);
        Run("run", "--lake", lake);
        File.Move(late, Path.Combine(streams, "streams-0008.csv"));
        Run("run", "--lake", lake);
        File.WriteAllText(Path.Combine(lake, "downbeat.json"), """{ "qualityVolume": "warn 0.5, fail 1" }""");
        File.WriteAllLines(
            Path.Combine(streams, "replayed.csv"),
            Replayed(lake, HeldDate, (int)(1.3 * listens / days)).Prepend("user_id,track_id,listen_time")
        );
        Run("run", "--lake", lake);

        void Run(params string[] arguments)
        {
            var result = cli.Run(arguments);
            Assert.True(result.ExitCode is 0 or 3, result.Error);
        }
    }

    /// <summary>More listens of a date than anybody expects.</summary>
    static IEnumerable<string> Replayed(string lake, string date, int count)
    {
        var songs = File.ReadLines(Path.Combine(lake, "landing", "songs", "songs.csv")).Skip(1);
        var tracks = songs.Select(song => song.Split(',')[0]).Where(track => track.Length == 22).Take(500).ToList();
        for (var row = 0; row < count; row++)
        {
            var time = TimeSpan.FromSeconds(row * 86_000L / count);
            yield return $"{1 + (row % 997)},{tracks[row % tracks.Count]},{date} {time:hh\\:mm\\:ss}";
        }
    }

    /// <summary>A page of the browser, and what goes wrong on it. Skips the test where there is no browser.</summary>
    public async Task<Tab> OpenAsync(DashboardServer? server = null, int width = 1280, bool isDark = false)
    {
        var why = Assets.ArePresent
            ? TestServer.Get("chromium").Missing
            : "The pages were not built: Node.js was missing.";
        if (why is not null)
        {
            Assert.False(Environment.GetEnvironmentVariable("CI") == "true", why);
            Assert.Skip(why);
        }

        var context = await Browser.NewContextAsync(
            new()
            {
                BaseURL = (server ?? Server).Address.ToString(),
                ViewportSize = new() { Width = width, Height = 900 },
                ColorScheme = isDark ? ColorScheme.Dark : ColorScheme.Light,
                Locale = "en-GB",
            }
        );
        context.SetDefaultTimeout(Patience);
        return new(context, await context.NewPageAsync());
    }

    /// <summary>The address of one of <see cref="Pages"/>, with names that the lake has.</summary>
    public async Task<string> AddressAsync(string page, DashboardServer? server = null)
    {
        if (!page.Any(char.IsAsciiLetterUpper))
        {
            return page;
        }

        using var client = OddLake.ClientOf(server ?? Server);
        var artist = await FindAsync("/view/artists", "name", 2);
        var track = await FindAsync("/view/tracks?search=tango", "id", 1); // Not the first each day.
        using var quarantine = JsonDocument.Parse(await client.GetStringAsync("/view/quarantine"));
        var source = quarantine.RootElement.GetProperty("entries")[1].GetProperty("source").GetString()!;
        return page.Replace("ARTIST", Uri.EscapeDataString(artist), StringComparison.Ordinal)
            .Replace("TRACK", track, StringComparison.Ordinal)
            .Replace("SOURCE", source, StringComparison.Ordinal);

        async Task<string> FindAsync(string view, string name, int row)
        {
            using var answer = JsonDocument.Parse(await client.GetStringAsync(view));
            return answer.RootElement.GetProperty("rows")[row].GetProperty(name).GetString()!;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (playwright is not null)
        {
            await Server.DisposeAsync();
            await Browser.DisposeAsync();
            playwright.Dispose();
        }

        Directory.Delete(folder, recursive: true);
    }
}

/// <summary>A page of the browser; whatever its console says is wrong.</summary>
public sealed class Tab : IAsyncDisposable
{
    readonly IBrowserContext context;
    readonly List<string> said = [];

    /// <summary>Listens.</summary>
    public Tab(IBrowserContext context, IPage page)
    {
        this.context = context;
        Page = page;
        page.Console += (_, message) => Note($"{message.Type}: {message.Text}");
        page.PageError += (_, error) => Note(error);
        page.Dialog += (_, dialog) => Note($"dialog: {dialog.Message}");
    }

    /// <summary>The page.</summary>
    public IPage Page { get; }

    /// <summary>What the console said, and errors.</summary>
    public IReadOnlyList<string> Said
    {
        get
        {
            lock (said)
            {
                return [.. said];
            }
        }
    }

    /// <summary>Goes to an address, and waits until it is shown.</summary>
    public async Task GoAsync(string address)
    {
        await Page.GotoAsync(address);
        await ShownAsync();
    }

    /// <summary>Goes to an address as a link of the pages does: nothing is loaded anew.</summary>
    public async Task FollowAsync(string address)
    {
        await Page.EvaluateAsync(
            """
            (address) => {
                delete document.querySelector("main").dataset.shown;
                history.pushState(null, "", address);
                dispatchEvent(new PopStateEvent("popstate"));
            }
            """,
            address
        );
        await ShownAsync();
    }

    /// <summary>Waits until the address of the page is what is shown, its charts too.</summary>
    public async Task ShownAsync()
    {
        await Page.WaitForFunctionAsync(
            """
            () => {
                const main = document.querySelector("main");
                return main?.dataset.shown === location.pathname + location.search && !main.hasAttribute("aria-busy")
                    && [...document.querySelectorAll(".chart")].every((chart) => chart.dataset.drawn && chart.querySelector("svg path"));
            }
            """
        );
    }

    /// <summary>What axe-core finds that is serious. It comes past the policy, which goes on to hold for the page.</summary>
    public async Task<IReadOnlyList<string>> FindFaultsAsync(string modules)
    {
        await Page.EvaluateAsync(await File.ReadAllTextAsync(Path.Combine(modules, "axe-core", "axe.min.js")) + "; 0");
        return await Page.EvaluateAsync<string[]>(
            """
            async () => (await axe.run(document, { resultTypes: ["violations"] })).violations
                .filter((fault) => fault.impact === "serious" || fault.impact === "critical")
                .flatMap((fault) => fault.nodes.map((node) => `${fault.id}: ${node.html} ${node.failureSummary}`))
            """
        );
    }

    /// <summary>Changes the colours of the system, which the page follows.</summary>
    public async Task PaintAsync(ColorScheme colours)
    {
        await Page.EvaluateAsync("() => { delete document.querySelector('main').dataset.shown; }");
        await Page.EmulateMediaAsync(new() { ColorScheme = colours });
        await Page.EvaluateAsync("() => dispatchEvent(new PopStateEvent('popstate'))"); // Drawn anew whether or not they differ.
        await ShownAsync();
    }

    /// <summary>The texts of elements.</summary>
    public async Task<IReadOnlyList<string>> TextsAsync(string selector) =>
        await Page.Locator(selector).AllInnerTextsAsync();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await context.DisposeAsync();

    void Note(string text)
    {
        lock (said)
        {
            said.Add(text);
        }
    }
}
