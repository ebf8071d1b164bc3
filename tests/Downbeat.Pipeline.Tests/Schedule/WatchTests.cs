using System.Collections.Concurrent;
using System.Globalization;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Runs;
using Downbeat.Pipeline.Schedule;
using Downbeat.Testing;

namespace Downbeat.Pipeline.Tests.Schedule;

/// <summary>When a watch runs, and what it does when runs fail; runs are made up here, and so is the time.</summary>
public sealed class WatchTests : IDisposable
{
    static readonly TimeSpan Step = TimeSpan.FromMilliseconds(50);
    static readonly DateTimeOffset Start = TestLake.Arrived.AddDays(1);

    readonly TestLake lake = new();
    readonly ManualClock clock = new(Start);
    readonly LinesLogger logger = new();
    readonly ConcurrentQueue<(DateTimeOffset At, RunRequest Request)> runs = [];
    readonly CancellationTokenSource stop = new();
    Func<RunRequest, RunRecord> run;

    public WatchTests()
    {
        lake.LandCatalogue(TestListens.Songs, TestListens.Users);
        run = _ => TakeAll();
    }

    public void Dispose()
    {
        stop.Dispose();
        lake.Dispose();
    }

    [Fact]
    public void EachBatchOfFilesIsOneRunAndAnIdleLakeNone() =>
        Watching(
            new(),
            () =>
            {
                AdvanceUntil(() => runs.Count == 1); // At the start.
                clock.AdvanceUntil(() => runs.Count > 1, TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(30));
                Assert.Single(runs);
                lake.LandStreams("a.csv", "");
                AdvanceUntil(() => runs.Count == 2);
                lake.LandStreams("b.csv", "");
                lake.LandStreams("c.csv", "");
                AdvanceUntil(() => runs.Count == 3);
                clock.AdvanceUntil(() => runs.Count > 3, Step, TimeSpan.FromSeconds(30));
                Assert.Equal(3, runs.Count);
                lake.LandCatalogue(TestListens.Songs, TestListens.Users, TestLake.Arrived.AddHours(1));
                AdvanceUntil(() => runs.Count == 4);
            }
        );

    [Fact]
    public void AThousandFilesMakeFewRuns() =>
        Watching(
            new(),
            () =>
            {
                AdvanceUntil(() => runs.Count == 1);
                for (var file = 0; file < 1000; file++)
                {
                    lake.LandStreams(string.Create(CultureInfo.InvariantCulture, $"{file}.csv"), "");
                    clock.Advance(TimeSpan.FromMilliseconds(5)); // Without an end: only the longest wait begins a run.
                    Thread.Sleep(file % 10 == 0 ? 1 : 0);
                }

                AdvanceUntil(() => lake.Lake.List(LakePaths.Streams).Count == 0);
                Assert.InRange(runs.Count, 2, 12);
            }
        );

    [Fact]
    public void AFileThatLandsWhileARunWorksWaitsForTheNext() =>
        Watching(
            new(),
            () =>
            {
                AdvanceUntil(() => runs.Count == 1);
                run = _ =>
                {
                    var record = TakeAll();
                    if (runs.Count == 2)
                    {
                        lake.LandStreams("meanwhile.csv", "");
                    }

                    return record;
                };
                lake.LandStreams("a.csv", "");
                AdvanceUntil(() => runs.Count == 3);
                Assert.Empty(lake.Lake.List(LakePaths.Streams));
            }
        );

    [Fact]
    public void WhatIsNoInputStartsNoRunAndWhatMustSettleIsReadWhenItHas() =>
        Watching(
            new() { SettleSeconds = 60 },
            () =>
            {
                AdvanceUntil(() => runs.Count == 1);
                lake.LandStreams("a.csv.tmp", "");
                lake.LandStreams("notes.txt", "");
                var written = clock.GetUtcNow();
                lake.LandStreams("a.csv", "", written);
                AdvanceUntil(() => runs.Count == 2);
                Assert.InRange(runs.Last().At - written, TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(75));
            }
        );

    [Fact]
    public void AFileIsFoundWhereNothingTellsOfIt()
    {
        var silent = new SilentLake(lake.Lake);
        Watching(
            new() { Poll = TimeSpan.FromSeconds(15) },
            () =>
            {
                AdvanceUntil(() => runs.Count == 1);
                var lists = silent.Lists;
                clock.AdvanceUntil(() => runs.Count > 1, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10));
                Assert.InRange(silent.Lists - lists, 10, 70); // In ten minutes.
                lake.LandStreams("a.csv", "");
                AdvanceUntil(() => runs.Count == 2);
                lake.LandCatalogue(TestListens.Songs, TestListens.Users, TestLake.Arrived.AddHours(1));
                AdvanceUntil(() => runs.Count == 3);
            },
            silent
        );
    }

    [Fact]
    public void AFileThatFailsIsTriedAgainEverMoreSeldomAndOthersGoOn() =>
        Watching(
            new(),
            () =>
            {
                AdvanceUntil(() => runs.Count == 1);
                run = _ =>
                {
                    TakeAll(but: "bad.csv");
                    return Record(RunOutcome.Failed) with { Errors = ["landing/streams/bad.csv was not scanned"] };
                };
                lake.LandStreams("bad.csv", "");
                AdvanceUntil(() => runs.Count == 2);
                var before = clock.GetUtcNow();
                clock.AdvanceUntil(() => false, TimeSpan.FromMilliseconds(500), TimeSpan.FromMinutes(20));
                Assert.InRange(runs.Count, 15, 60);
                Assert.NotNull(Health.Problem);

                lake.LandStreams("good.csv", "");
                AdvanceUntil(() => lake.Lake.Find("landing/streams/good.csv") is null);
                run = _ => TakeAll();
                AdvanceUntil(() => lake.Lake.List(LakePaths.Streams).Count == 0);
                AdvanceUntil(() => Health.Problem is null);
                Assert.Single(logger.Lines, line => line.Contains("Works again", StringComparison.Ordinal));
            }
        );

    [Fact]
    public void WhateverARunThrowsIsSurvivedAndToldOnce() =>
        Watching(
            new(),
            () =>
            {
                Exception[] errors =
                [
                    new LakeException("There are no songs."),
                    new IOException("The disk is full."),
                    new UnauthorizedAccessException("Nobody may write."),
                    new InvalidOperationException("This was not foreseen."),
                    new AggregateException(new IOException("A worker could not read.")),
                    new InsufficientMemoryException(),
                    new OperationCanceledException(),
                ];
                foreach (var error in errors)
                {
                    var before = runs.Count;
                    run = _ => throw error;
                    lake.LandStreams(Guid.NewGuid().ToString("N") + ".csv", "");
                    AdvanceUntil(() => runs.Count >= before + 3);
                    Assert.NotNull(Health.Problem);
                    run = _ => TakeAll();
                    AdvanceUntil(() => Health.Problem is null);
                }

                var told = logger.Lines.Where(line => line.Contains("tried again", StringComparison.Ordinal)).ToList();
                Assert.Equal(errors.Length, told.Count);
                Assert.Equal(
                    errors.Length,
                    logger.Lines.Count(line => line.Contains("Works again", StringComparison.Ordinal))
                );
                Assert.Empty(lake.Lake.List(LakePaths.Streams));
            }
        );

    [Fact]
    public void OneFailureIsToldAsOne() =>
        Watching(
            new(),
            () =>
            {
                run = _ =>
                {
                    run = _ => TakeAll();
                    throw new IOException("The disk is full.");
                };
                lake.LandStreams("a.csv", "");
                AdvanceUntil(() => lake.Lake.List(LakePaths.Streams).Count == 0);
                AdvanceUntil(() => Health.Problem is null);
                Assert.Single(logger.Lines, line => line.Contains("after 1 failure in", StringComparison.Ordinal));
            }
        );

    [Fact]
    public void ALakeThatIsGoneIsToldThoughNothingLands()
    {
        var (there, gone) = (Path.Combine(lake.Folder, LakePaths.Lake), Path.Combine(lake.Folder, "gone"));
        run = _ => File.Exists(there) ? TakeAll() : throw new LakeException("There is no lake.");
        Watching(
            new(),
            () =>
            {
                AdvanceUntil(() => Health.Problem is null);
                File.Move(there, gone);
                clock.AdvanceUntil(() => Health.Problem is not null, Step, TimeSpan.FromMinutes(1));
                Assert.NotNull(Health.Problem);
                File.Move(gone, there);
                AdvanceUntil(() => Health.Problem is null);
                Assert.Contains(logger.Lines, line => line.Contains("Works again", StringComparison.Ordinal));
            }
        );
    }

    [Fact]
    public void SongsThatWereMissingAreNoticedAtOnce()
    {
        run = _ => throw new LakeException("There are no songs.");
        Watching(
            new(),
            () =>
            {
                AdvanceUntil(() => runs.Count >= 8); // By now it waits for half a minute.
                run = _ => TakeAll();
                var before = (runs.Count, At: clock.GetUtcNow());
                lake.LandCatalogue(TestListens.Songs, TestListens.Users, TestLake.Arrived.AddHours(1));
                AdvanceUntil(() => Health.Problem is null);
                Assert.InRange(runs.Count, before.Count + 1, before.Count + 2);
            }
        );
    }

    [Fact]
    public void TheLeaseOfAnotherProcessIsWaitedForAndToldOnce()
    {
        run = _ =>
            throw new LeaseHeldException(
                "lake",
                new("run", "elsewhere", 1, clock.GetUtcNow(), clock.GetUtcNow().AddSeconds(20), "")
            );
        Watching(
            new(),
            () =>
            {
                AdvanceUntil(() => runs.Count == 5);
                Assert.Equal("another run works on the lake", Health.Problem);
                run = _ => TakeAll();
                AdvanceUntil(() => Health.Problem is null);
                Assert.Single(
                    logger.Lines,
                    line => line.StartsWith("Warning: Another run works", StringComparison.Ordinal)
                );
            }
        );
    }

    [Fact]
    public void ADestinationThatIsDownIsRetriedAloneAndTheOthersGoOn()
    {
        var isDown = true;
        run = request =>
        {
            TakeAll();
            return isDown && request.Concerns("two")
                ? Record(RunOutcome.Failed) with
                {
                    Errors = ["two is behind: No answer in 30 s."],
                    Published = [new("two", 0, 0, 0, "No answer in 30 s.")],
                }
                : Record(RunOutcome.Done);
        };
        Watching(
            new() { Destinations = ["one", "two"] },
            () =>
            {
                AdvanceUntil(() => runs.Count >= 6);
                Assert.All(
                    runs.Skip(1),
                    tried =>
                        Assert.Equal(
                            (RunStep.Publish, "two"),
                            (tried.Request.Only, tried.Request.Destinations!.Single())
                        )
                );
                Assert.Equal("two behind", Health.Problem);

                lake.LandStreams("a.csv", "");
                AdvanceUntil(() => lake.Lake.List(LakePaths.Streams).Count == 0);
                Assert.Contains(runs, tried => tried.Request is { Only: null, Destinations: ["one"] });
                isDown = false;
                AdvanceUntil(() => Health.Problem is null);
                Assert.Contains(logger.Lines, line => line.Contains("two is caught up", StringComparison.Ordinal));
                var before = runs.Count;
                lake.LandStreams("b.csv", "");
                AdvanceUntil(() => runs.Count > before);
                Assert.Null(runs.Last().Request.Destinations);
            }
        );
    }

    [Fact]
    public void AMissedTimeIsMadeUpOnce()
    {
        // The last run was three days ago.
        RunRecords.Write(
            lake.Lake,
            Record(RunOutcome.Done) with
            {
                Id = "20240629T050000Z-aaaa",
                Started = Start.AddDays(-3),
            }
        );
        Watching(
            new() { Timetable = Timetable.Cron("0 5 * * *", TimeZoneInfo.Utc) },
            () =>
            {
                AdvanceUntil(() => runs.Count == 1);
                Assert.InRange(runs.First().At, Start, Start.AddMinutes(1));
                clock.AdvanceUntil(() => runs.Count == 2, TimeSpan.FromMinutes(1));
                Assert.InRange(runs.Last().At, Start.AddHours(5), Start.AddHours(5).AddMinutes(3));

                // The machine sleeps for four days.
                clock.Advance(TimeSpan.FromDays(4));
                clock.AdvanceUntil(() => runs.Count == 3, TimeSpan.FromMinutes(1));
                var woken = runs.Last().At;
                Assert.InRange(woken, Start.AddDays(4), Start.AddDays(4).AddHours(6));
                clock.AdvanceUntil(() => runs.Count == 4, TimeSpan.FromMinutes(1));
                Assert.Equal(5, runs.Last().At.Hour);
                Assert.True(runs.Last().At - woken > TimeSpan.FromHours(20));
            }
        );
    }

    [Fact]
    public void ATimeThatWasNotMissedIsNotMadeUp()
    {
        RunRecords.Write(
            lake.Lake,
            Record(RunOutcome.Done) with
            {
                Id = "20240701T230000Z-aaaa",
                Started = Start.AddHours(-1),
            }
        );
        Watching(
            new() { Timetable = Timetable.Cron("0 5 * * *", TimeZoneInfo.Utc) },
            () =>
            {
                clock.AdvanceUntil(() => runs.Count == 1, TimeSpan.FromMinutes(1));
                Assert.InRange(runs.First().At, Start.AddHours(5), Start.AddHours(5).AddMinutes(3));
            }
        );
    }

    [Fact]
    public void ARunThatOverlapsItsNextTimesMakesThemUpOnce()
    {
        run = _ =>
        {
            if (runs.Count == 1)
            {
                clock.Advance(TimeSpan.FromMinutes(50)); // Three times pass.
            }

            return TakeAll();
        };
        Watching(
            new() { Timetable = Timetable.Every(TimeSpan.FromMinutes(15)) },
            () =>
            {
                AdvanceUntil(() => runs.Count == 2);
                Assert.InRange(runs.Last().At, Start.AddMinutes(50), Start.AddMinutes(52));
                clock.AdvanceUntil(() => runs.Count == 3, TimeSpan.FromSeconds(10));
                Assert.InRange(runs.Last().At, Start.AddMinutes(65), Start.AddMinutes(68));
            }
        );
    }

    [Fact]
    public void AClockThatIsSetBackDoesNotSilenceATimetable() =>
        Watching(
            new() { Timetable = Timetable.Every(TimeSpan.FromMinutes(15)) },
            () =>
            {
                AdvanceUntil(() => runs.Count == 1);
                clock.Advance(TimeSpan.FromDays(-2));
                Assert.True(clock.AdvanceUntil(() => runs.Count == 2, TimeSpan.FromSeconds(10), TimeSpan.FromHours(2)));
            }
        );

    [Fact]
    public async Task ARunThatDoesNotEndIsAbandoned()
    {
        using var never = new ManualResetEventSlim();
        run = _ =>
        {
            never.Wait();
            return TakeAll();
        };
        using var watch = NewWatch(new(), lake.Lake);
        var watching = Task.Run(() => watch.RunAsync(stop.Token));
        AdvanceUntil(() => runs.Count == 1);
        await stop.CancelAsync();
        AdvanceUntil(() => watching.IsCompleted);
        Assert.False(await watching);
        Assert.InRange(clock.GetUtcNow() - runs.First().At, TimeSpan.FromSeconds(8), TimeSpan.FromSeconds(10));
        never.Set();
    }

    WatchState Health => current!.Health.State;

    Watch? current;

    /// <summary>Watches while a test works, and sees that it stops when it is asked to.</summary>
    void Watching(WatchOptions options, Action test, ILake? through = null)
    {
        using var watch = NewWatch(options, through ?? lake.Lake);
        current = watch;
        var watching = Task.Run(() => watch.RunAsync(stop.Token));
        try
        {
            test();
            Assert.False(watching.IsCompleted, $"It ended: {watching.Exception}");
        }
        finally
        {
            stop.Cancel();
        }

        Assert.True(watching.Wait(TimeSpan.FromMinutes(1)) && watching.Result);
        Assert.DoesNotContain(logger.Lines, line => line.Contains("   at ", StringComparison.Ordinal));
    }

    Watch NewWatch(WatchOptions options, ILake watched) =>
        new(
            watched,
            options,
            (request, _) =>
            {
                runs.Enqueue((clock.GetUtcNow(), request));
                return run(request);
            },
            clock,
            logger
        );

    void AdvanceUntil(Func<bool> condition) =>
        Assert.True(clock.AdvanceUntil(condition, Step), "It did not come about. " + string.Join('\n', logger.Lines));

    /// <summary>What a run does to the landing area.</summary>
    RunRecord TakeAll(string? but = null)
    {
        foreach (
            var file in lake
                .Lake.List(LakePaths.Streams)
                .Where(file => file.Path.EndsWith(".csv", StringComparison.Ordinal))
                .Where(file => but is null || !file.Path.EndsWith(but, StringComparison.Ordinal))
        )
        {
            lake.Lake.Delete(file.Path);
        }

        return Record(RunOutcome.Done);
    }

    static RunRecord Record(RunOutcome outcome) =>
        new()
        {
            Id = "run",
            Lake = "lake",
            Version = "",
            Host = "",
            ProcessId = 1,
            Started = Start,
            Ended = Start,
            Outcome = outcome,
        };

    /// <summary>A lake that tells of nothing, and counts how often it is listed.</summary>
    sealed class SilentLake(ILake inner) : ForwardingLake(inner)
    {
        int lists;

        public int Lists => lists;

        public override IReadOnlyList<LakeObject> List(string folder, CancellationToken cancellationToken = default)
        {
            Interlocked.Increment(ref lists);
            return base.List(folder, cancellationToken);
        }
    }
}
