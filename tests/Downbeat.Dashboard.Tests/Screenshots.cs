using Downbeat.Connectors.Folder;
using Downbeat.Dashboard.Report;

namespace Downbeat.Dashboard.Tests;

/// <summary>Pictures of the pages for the documentation: <c>docs/images/make</c> makes them.</summary>
public sealed class Screenshots(BrowserFixture browser)
{
    /// <summary>Names the folder that the pictures go to.</summary>
    const string Variable = "DOWNBEAT_SCREENSHOTS";

    static readonly (string Name, string Address, int Width, bool IsDark)[] Pictures =
    [
        ("day", "/?date=2024-07-05", 1280, false),
        ("day-dark", "/?date=2024-07-05", 1280, true),
        ("day-narrow", "/?date=2024-07-05", 320, false),
        ("genres", "/genres?genre=pop&genre=rock&genre=hip-hop", 1280, false),
        ("hours", "/hours?weekday=4&hour=20", 1280, false),
        ("artists", "/artists?artist=ARTIST", 1280, false),
        ("tracks", "/tracks?track=TRACK", 1280, false),
        ("countries", "/countries?country=Brazil&country=Japan", 1280, false),
        ("data", "/data?date=2024-07-09", 1280, false),
        ("api", "/api?table=genre_daily", 1280, false),
    ];

    [Fact(Explicit = true)]
    public async Task AreMade()
    {
        var folder = Environment.GetEnvironmentVariable(Variable);
        Assert.True(Directory.Exists(folder), $"{Variable} names no folder.");

        var lake = Directory.CreateTempSubdirectory("downbeat-pictures-").FullName;
        try
        {
            BrowserFixture.MakeLake(Path.Combine(lake, "lake"), 56, 1_500_000);
            await using var server = await BrowserFixture.ServeAsync(Path.Combine(lake, "lake"));
            foreach (var (name, address, width, isDark) in Pictures)
            {
                await using var tab = await browser.OpenAsync(server, width, isDark);
                await tab.GoAsync(await browser.AddressAsync(address, server));
                if (name == "api")
                {
                    await tab.Page.FillAsync("#try-track_genre", "pop");
                    await tab.Page.ClickAsync("button[type=submit]");
                    await tab.Page.WaitForSelectorAsync("pre");
                }

                await tab.Page.WaitForTimeoutAsync(1000); // Charts move into their place.
                await tab.Page.ScreenshotAsync(
                    new()
                    {
                        Path = Path.Combine(folder, $"{name}.png"),
                        FullPage = true,
                        Clip = new()
                        {
                            Width = width,
                            Height = Math.Min(
                                name == "data" ? 2400 : 1600,
                                await tab.Page.EvaluateAsync<int>("() => document.documentElement.scrollHeight")
                            ),
                        },
                    }
                );
                Assert.Empty(tab.Said);
            }

            using var maker = new ReportMaker(new FolderLake(Path.Combine(lake, "lake")), "demo", TimeProvider.System);
            await PictureAsync(folder, "report", maker.OfDay(new(2024, 7, 10)));
            await PictureAsync(folder, "report-range", maker.OfRange(new(2024, 6, 17), new(2024, 7, 14)));
        }
        finally
        {
            Directory.Delete(lake, recursive: true);
        }
    }

    async Task PictureAsync(string folder, string name, LakeReport report)
    {
        await using var tab = await browser.OpenAsync(width: 900);
        await tab.Page.SetContentAsync(report.Html);
        await tab.Page.ScreenshotAsync(
            new()
            {
                Path = Path.Combine(folder, $"{name}.png"),
                FullPage = true,
                Clip = new() { Width = 900, Height = 1600 },
            }
        );
        Assert.Empty(tab.Said);
    }
}
