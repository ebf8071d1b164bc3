using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using Downbeat.Pipeline.Archive;
using Downbeat.Pipeline.Runs;
using Downbeat.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Downbeat.Dashboard.Tests;

/// <summary>The lake changes all the time while it is asked: never an error, never half a date.</summary>
public sealed class ChangesTests
{
    const int Dates = 3;
    static readonly DateOnly First = new(2024, 6, 24);
    static readonly RunOptions Plain = new()
    {
        CompactSlices = 3,
        Keep = new() { ArchiveDays = 1, RetractedDays = 1 },
    };

    static readonly string[] Views =
    [
        "lake",
        "genres",
        "genre?name=genre 1",
        "countries",
        "hours",
        "hour?weekday=1&hour=12",
        "artists",
        "artist?name=Other",
        "tracks",
        "data",
        "plan",
        "quarantine",
        "runs",
        "sources?date=2024-06-25",
    ];

    [Fact]
    public void WhoAsksWhileTheLakeChangesGetsAWholeAnswer() =>
        RandomRounds.Run(1, random => Task.Run(() => WholeAnswersAsync(random)).GetAwaiter().GetResult());

    static async Task WholeAnswersAsync(Random random)
    {
        using var lake = new TestLake();
        var listens = new TestListens(random.Next());
        lake.LandCatalogue(TestListens.Songs, TestListens.Users);
        lake.LandStreams("0.csv", TestListens.Csv(listens.Rows(300)));
        lake.Run(Plain);
        await using var server = await OddLake.ServeAsync(lake.Lake, run: Plain);
        using var client = OddLake.ClientOf(server);
        var answers = new ConcurrentDictionary<string, int>(StringComparer.Ordinal);
        using var ending = new CancellationTokenSource();
        var asking = Enumerable
            .Range(0, 4)
            .Select(number => AskAllAsync(client, number, answers, ending.Token))
            .ToList();

        // By someone else than who asks, as it is in life.
        await Task.Run(() =>
        {
            for (var step = 1; step <= 25; step++)
            {
                Change(lake, listens, random, step);
            }
        });
        await ending.CancelAsync();
        await Task.WhenAll(asking);
        Assert.True(answers.GetValueOrDefault("OK") > 200, string.Join(", ", answers));
        Assert.Empty(answers.Keys.Except(["OK", "NotModified", "NotFound", "ServiceUnavailable"]));
    }

    static void Change(TestLake lake, TestListens listens, Random random, int step)
    {
        var sources = lake.State.Sources.Values.Where(source => source.Entry.Slices.Count > 0).ToList();
        var counting = sources.FindAll(source => source.Counts);
        var retracted = sources.FindAll(source => source is { IsRetracted: true, RetractedBy: null });
        var all = (First.AddDays(-30), First.AddDays(30));
        switch (random.Next(7))
        {
            case 0 when counting.Count > 2:
                lake.Run(Plain, new() { Retract = counting[random.Next(counting.Count)].Entry.Id });
                break;
            case 1 when retracted.Count > 0:
                lake.Run(Plain, new() { Restore = retracted[0].Entry.Id });
                break;
            case 2:
                lake.Run(Plain, new() { Rebuild = all });
                break;
            case 3:
                new Sweep(lake.Lake, Plain, TimeProvider.System, NullLogger.Instance).Run();
                break;
            case 4 when step > 15:
                lake.Run(Plain, new() { Forget = [(ulong)random.Next(50)] });
                break;
            default:
                lake.LandStreams($"{step}.csv", TestListens.Csv(listens.Rows(100 + random.Next(200))));
                lake.Run(Plain);
                break;
        }
    }

    static async Task AskAllAsync(
        HttpClient client,
        int number,
        ConcurrentDictionary<string, int> answers,
        CancellationToken ending
    )
    {
        var random = new Random(number);
        while (!ending.IsCancellationRequested)
        {
            var date = First.AddDays(random.Next(Dates)).ToString("yyyy-MM-dd", null);
            switch (random.Next(4))
            {
                case 0:
                    // Its tag names the published bytes: an answer is those.
                    var table = new[] { "genre-daily", "hourly", "daily", "quality-daily" }[random.Next(4)];
                    using (
                        var whole = await client.GetAsync($"/api/v1/{table}/{date}?format=csv", CancellationToken.None)
                    )
                    {
                        Count(whole);
                        if (whole.StatusCode == HttpStatusCode.OK)
                        {
                            var hash = SHA256.HashData(
                                await whole.Content.ReadAsByteArrayAsync(CancellationToken.None)
                            );
                            Assert.Equal(whole.Headers.ETag!.Tag, $"\"{Convert.ToHexStringLower(hash)[..24]}-csv\"");
                        }
                    }

                    break;
                case 1:
                    using (var day = await client.GetAsync($"/view/day?date={date}", CancellationToken.None))
                    {
                        Count(day);
                        if (day.StatusCode == HttpStatusCode.OK)
                        {
                            var root = JsonDocument
                                .Parse(await day.Content.ReadAsStringAsync(CancellationToken.None))
                                .RootElement;
                            if (root.GetProperty("published").GetBoolean())
                            {
                                Assert.Equal(
                                    root.GetProperty("measures")[0].GetProperty("value").GetInt64(),
                                    root.GetProperty("hours")
                                        .EnumerateArray()
                                        .Sum(hour => hour.GetProperty("listens").GetInt64())
                                );
                            }
                        }
                    }

                    break;
                case 2:
                    using (
                        var range = await client.GetAsync(
                            "/api/v1/hourly?from=2024-06-01&to=2024-07-31",
                            CancellationToken.None
                        )
                    )
                    {
                        Count(range);
                    }

                    break;
                default:
                    var name = Views[random.Next(Views.Length)];
                    using (var view = await client.GetAsync("/view/" + name, CancellationToken.None))
                    {
                        Count(view);
                        if (view.StatusCode == HttpStatusCode.InternalServerError)
                        {
                            answers.AddOrUpdate($"{name} failed", 1, (_, before) => before + 1);
                        }
                    }

                    break;
            }
        }

        void Count(HttpResponseMessage answer) =>
            answers.AddOrUpdate(answer.StatusCode.ToString(), 1, (_, before) => before + 1);
    }
}
