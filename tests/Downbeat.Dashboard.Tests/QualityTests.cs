using System.Net;
using System.Text.Json;
using Downbeat.Pipeline.Quality;
using Downbeat.Pipeline.Runs;
using Downbeat.Testing;

namespace Downbeat.Dashboard.Tests;

/// <summary>Checks of quality and dates that are held back, as the API and the pages are told of them.</summary>
public sealed class QualityTests : IAsyncLifetime
{
    static readonly RunOptions Strict = new()
    {
        MaxRejectedShare = 1,
        Quality = new QualityOptions().With(QualityCheck.RejectedShare, new(null, 0.1)),
    };

    readonly TestLake lake = new();
    DashboardServer server = null!;
    HttpClient client = null!;

    /// <summary>Three dates: one as it should be, one that is held back and shows what was before, and one that shows nothing.</summary>
    public async ValueTask InitializeAsync()
    {
        lake.LandCatalogue(TestListens.Songs, TestListens.Users);
        lake.LandStreams("good.csv", Csv(Good("2024-06-24"), Good("2024-06-25")));
        lake.Run(Strict);
        lake.LandStreams("bad.csv", Csv(Bad("2024-06-25")));
        lake.LandStreams("worse.csv", Csv(Bad("2024-06-26")));
        lake.Run(Strict);
        server = await OddLake.ServeAsync(lake.Lake, run: Strict);
        client = OddLake.ClientOf(server);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        client.Dispose();
        await server.DisposeAsync();
        lake.Dispose();
    }

    [Fact]
    public async Task ADateThatIsHeldBackAnswersWhatItShows()
    {
        Assert.Equal(10, (await AskAsync("/api/v1/daily/2024-06-25")).GetProperty("listen_count").GetInt32());
        using var nothing = await client.GetAsync("/api/v1/daily/2024-06-26");
        Assert.Equal(HttpStatusCode.NotFound, nothing.StatusCode);
        Assert.Contains(
            "2024-06-26 is held back, and nothing of it is published but its checks: /api/v1/quality-daily/2024-06-26.",
            await nothing.Content.ReadAsStringAsync(),
            StringComparison.Ordinal
        );
        var rows = (await AskAsync("/api/v1/daily")).GetProperty("rows").EnumerateArray();
        Assert.Equal(["2024-06-24", "2024-06-25"], rows.Select(row => row.GetProperty("date").GetString()));
        var dates = (await AskAsync("/api/v1/dates")).GetProperty("dates").EnumerateArray().ToList();
        Assert.Equal([false, true, true], dates.Select(date => date.GetProperty("held").GetBoolean()));
        Assert.Equal(["10", "10", "null"], dates.Select(date => date.GetProperty("listens").GetRawText()));
    }

    [Fact]
    public async Task ChecksAreATableLikeOthers()
    {
        foreach (var date in (string[])["2024-06-24", "2024-06-25", "2024-06-26"])
        {
            var published = await File.ReadAllTextAsync(
                Path.Combine(lake.Folder, "kpis", "quality_daily", $"date={date}.csv")
            );
            Assert.Equal(published, await client.GetStringAsync($"/api/v1/quality-daily/{date}?format=csv"));
        }

        var row = await AskAsync("/api/v1/quality_daily/2024-06-26/rejected_share");
        Assert.Equal(("fail", 0.5), (row.GetProperty("status").GetString(), row.GetProperty("value").GetDouble()));
        var all = (await AskAsync("/api/v1/quality-daily?check=rejected_share")).GetProperty("rows").EnumerateArray();
        Assert.Equal(["ok", "fail", "fail"], all.Select(one => one.GetProperty("status").GetString()));
    }

    [Fact]
    public async Task EveryViewOfARangeWithHeldDatesIsAnswered()
    {
        const string Range = "from=2024-06-20&to=2024-06-30";
        foreach (
            var view in (string[])
                [
                    "genres",
                    "genre?name=genre 1",
                    "countries",
                    "hours",
                    "hour?weekday=2&hour=12",
                    "artists",
                    "artist?name=x",
                    "tracks",
                    "track?id=x",
                    "data",
                ]
        )
        {
            await AskAsync($"/view/{view}{(view.Contains('?', StringComparison.Ordinal) ? "&" : "?")}{Range}");
        }

        var held = await AskAsync("/view/day?date=2024-06-25");
        Assert.True(held.GetProperty("published").GetBoolean());
        Assert.True(held.GetProperty("quality").GetProperty("held").GetBoolean());
        Assert.Equal("2024-06-26", held.GetProperty("next").GetString());
        var hidden = await AskAsync("/view/day?date=2024-06-26");
        Assert.False(hidden.GetProperty("published").GetBoolean());
        Assert.Equal(
            "50 % fail",
            string.Join(
                ", ",
                hidden
                    .GetProperty("quality")
                    .GetProperty("checks")
                    .EnumerateArray()
                    .Where(check => check.GetProperty("check").GetString() == "rejected_share")
                    .Select(check => $"{check.GetProperty("valueText")} {check.GetProperty("status")}")
            )
        );
        var data = await AskAsync("/view/data?" + Range);
        Assert.Equal(2, data.GetProperty("heldCount").GetInt32());
        Assert.Equal(3, data.GetProperty("dates").GetArrayLength());
        Assert.Equal(2, (await AskAsync("/view/plan")).GetProperty("held").GetArrayLength());
    }

    [Fact]
    public async Task WhatIsApprovedIsShown()
    {
        lake.Run(Strict, new() { Approve = [new(2024, 6, 26)] });
        var patience = DateTime.UtcNow.AddSeconds(30);
        while ((await client.GetAsync("/api/v1/daily/2024-06-26")).StatusCode != HttpStatusCode.OK)
        {
            Assert.True(DateTime.UtcNow < patience, "It was not followed.");
            await Task.Delay(50);
        }

        var quality = (await AskAsync("/view/day?date=2024-06-26")).GetProperty("quality");
        Assert.False(quality.GetProperty("held").GetBoolean());
        Assert.True(quality.TryGetProperty("approvedAt", out _));
    }

    async Task<JsonElement> AskAsync(string address)
    {
        using var response = await client.GetAsync(address);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.OK, $"{address}: {text}");
        return JsonDocument.Parse(text).RootElement;
    }

    static string Csv(params IEnumerable<string>[] rows) => TestListens.Csv([.. rows.SelectMany(one => one)]);

    static IEnumerable<string> Good(string date) =>
        Enumerable.Range(0, 10).Select(hour => $"{hour},track00{hour},{date} {hour + 10}:00:00,0,0");

    static IEnumerable<string> Bad(string date) =>
        Enumerable
            .Range(0, 10)
            .SelectMany(hour => (string[])[$"{hour},track00{hour},{date} {hour + 10}:30:00,0,0", "x,y,z,0,0"]);
}
