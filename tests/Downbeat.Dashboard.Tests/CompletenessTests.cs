using System.Text.Json;
using Downbeat.Pipeline.Archive;
using Downbeat.Pipeline.Corrections;
using Downbeat.Pipeline.Runs;
using Downbeat.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Downbeat.Dashboard.Tests;

/// <summary>What a date says of its files stays true, whatever becomes of them.</summary>
public sealed class CompletenessTests : IAsyncLifetime
{
    static readonly RunOptions Plain = new() { CompactSlices = int.MaxValue };

    readonly TestLake lake = new();
    DashboardServer server = null!;
    HttpClient client = null!;

    /// <summary>A date of three files.</summary>
    public async ValueTask InitializeAsync()
    {
        lake.LandCatalogue(TestListens.Songs, TestListens.Users);
        for (var file = 1; file <= 3; file++)
        {
            Land(file, 10);
        }

        lake.Run(Plain);
        server = await OddLake.ServeAsync(lake.Lake);
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
    public async Task AFileThatIsNotComputedYetIsMissing()
    {
        await IsAsync("3 of 3", "1.csv 2.csv 3.csv", listens: 30);
        Land(4, 10);
        lake.Run(Plain, new() { Only = RunStep.Scan });
        await IsAsync("3 of 4, stale", "1.csv 2.csv 3.csv 4.csv", listens: 30);
        lake.Run(Plain);
        await IsAsync("4 of 4", "1.csv 2.csv 3.csv 4.csv", listens: 40);
    }

    [Fact]
    public async Task WhatIsTakenBackDoesNotCount()
    {
        Run(new() { Retract = IdOf("2.csv") });
        await IsAsync("2 of 2", "1.csv 2.csv retracted 3.csv", listens: 20);
        Run(new() { Restore = IdOf("2.csv") });
        await IsAsync("3 of 3", "1.csv 2.csv 3.csv", listens: 30);
        Run(new() { Forget = [1] });
        await IsAsync("3 of 3", "1.csv rewritten 2.csv rewritten 3.csv rewritten", listens: 27);

        Run(new() { Retract = IdOf("1.csv") });
        var keep = new KeepOptions { ArchiveDays = 1, RetractedDays = 1 };
        new Sweep(lake.Lake, Plain with { Keep = keep }, new Later(TimeSpan.FromDays(3)), NullLogger.Instance).Run();
        await IsAsync("2 of 2", "2.csv swept 3.csv swept", listens: 18);
    }

    [Fact]
    public async Task ANewerVersionTakesThePlaceOfTheOlder()
    {
        Land(3, 15, hours: 1);
        lake.Run(Plain with { CompactSlices = 2 }); // Compacted or not, files are what came.
        await IsAsync("3 of 3", "1.csv 2.csv 3.csv 3.csv replaced", listens: 35);
    }

    [Fact]
    public async Task WhatIsStillInTheNumbersIsSaid()
    {
        // A file is replaced and only scanned: the numbers hold its older version.
        Land(3, 15, hours: 1);
        lake.Run(Plain, new() { Only = RunStep.Scan });
        await IsAsync("2 of 3, 1 out, stale", "1.csv 2.csv 3.csv 3.csv replaced", listens: 30);
    }

    async Task IsAsync(string files, string sources, long listens)
    {
        var version = lake.State.Version;
        var patience = DateTime.UtcNow.AddSeconds(30);
        JsonElement data;
        while ((data = await AskAsync("/view/data")).GetProperty("version").GetInt64() < version)
        {
            Assert.True(DateTime.UtcNow < patience, "It was not followed.");
            await Task.Delay(50);
        }

        var date = Assert.Single(data.GetProperty("dates").EnumerateArray());
        var text = $"{date.GetProperty("files")} of {date.GetProperty("filesKnown")}";
        text += date.GetProperty("filesOut").GetInt32() is > 0 and var more ? $", {more} out" : "";
        text += date.GetProperty("stale").GetBoolean() ? ", stale" : "";
        Assert.Equal((files, listens), (text, date.GetProperty("shown").GetInt64()));
        Assert.Equal(0, date.GetProperty("twice").GetInt64());
        var all = (await AskAsync("/view/sources?date=2024-06-25")).GetProperty("sources").EnumerateArray();
        Assert.Equal(
            sources,
            string.Join(
                ' ',
                all.Select(source => $"{source.GetProperty("name")} {source.GetProperty("what").GetString()}".Trim())
                    .Order(StringComparer.Ordinal)
            )
        );
    }

    async Task<JsonElement> AskAsync(string address) =>
        JsonDocument.Parse(await client.GetStringAsync(address)).RootElement;

    void Run(RunRequest request) => Assert.Empty(lake.Run(Plain, request).Errors);

    string IdOf(string name) =>
        new Retraction(lake.Lake, TimeProvider.System)
            .Find(
                name,
                restore: lake.State.Sources.Values.Any(source =>
                    source.IsRetracted && source.Entry.Key.EndsWith(name, StringComparison.Ordinal)
                )
            )
            .Source;

    void Land(int file, int rows, int hours = 0) =>
        lake.LandStreams(
            $"{file}.csv",
            TestListens.Csv([
                .. Enumerable.Range(0, rows).Select(row => $"{row},track00{file},2024-06-25 10:{file}0:{row:D2},0,0"),
            ]),
            TestLake.Arrived.AddHours(hours)
        );

    sealed class Later(TimeSpan by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + by;
    }
}
