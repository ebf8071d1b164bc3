using System.Text;
using Downbeat.Pipeline.Alerts;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Runs;
using Downbeat.Testing;

namespace Downbeat.Pipeline.Tests.Alerts;

/// <summary>People are told of each condition once, and once that it is over.</summary>
public sealed class AlertingTests : IDisposable
{
    static readonly Func<AlertCondition, bool> All = _ => true;

    readonly TestLake lake = new();
    readonly SetClock clock = new();
    readonly MemoryChannel channel = new("email");
    readonly LinesLogger log = new();

    public void Dispose() => lake.Dispose();

    [Fact]
    public void AConditionIsToldOnceAndOnceThatItIsOver()
    {
        Find(Quarantined("a"));
        Assert.Equal(["[warning] 1 file was quarantined"], channel.Take());
        for (var minute = 0; minute < 60; minute++)
        {
            clock.Advance(TimeSpan.FromMinutes(1));
            Find(Quarantined("a"));
        }

        Assert.Empty(channel.Messages);
        Find();
        Assert.Equal(["[over] No file is in quarantine any more"], channel.Take());
        clock.Advance(TimeSpan.FromDays(3));
        Find();
        Assert.Empty(channel.Messages);
        Assert.Empty(Make().Read().Conditions);
    }

    [Fact]
    public void WhatComesAtOnceIsOneMessage()
    {
        Find([
            .. Enumerable.Range(0, 500).Select(number => Quarantined($"{number}")),
            Behind("redshift", -2),
            Failed("no disk"),
        ]);
        var message = Assert.Single(channel.Messages);
        Assert.Equal(
            ["A run failed", "redshift is behind", "500 files were quarantined"],
            message.News.Select(news => news.Title)
        );
        Assert.Equal("[error] A run failed, and 2 more", message.Subject);
        Assert.Equal(11, message.News[2].What.Count);
        Assert.Equal("and 490 more", message.News[2].What[^1]);
    }

    [Fact]
    public void WhatFollowsIsToldTogetherAfterAPause()
    {
        Find(Quarantined("0"));
        Assert.Single(channel.Take());
        var files = new List<AlertCondition> { Quarantined("0") };
        for (var number = 1; number <= 60; number++)
        {
            clock.Advance(TimeSpan.FromSeconds(10));
            files.Add(Quarantined($"{number}"));
            Find([.. files]);
        }

        var message = Assert.Single(channel.Messages);
        Assert.Equal(("60 files were quarantined", 1), (message.News[0].Title, message.News[0].Others));
    }

    [Fact]
    public void AConditionThatComesAndGoesIsNoStorm()
    {
        for (var second = 0; second < 1800; second += 10)
        {
            clock.Advance(TimeSpan.FromSeconds(10));
            Find(second % 20 == 0 ? [Failed("no disk")] : []);
        }

        Assert.InRange(channel.Messages.Count, 2, 2 * 3 + 2);
    }

    [Fact]
    public void PeopleAreRemindedAtAnIntervalAndNotWhenItIsOff()
    {
        var options = new AlertOptions { Reminder = TimeSpan.FromHours(2) };
        var told = new List<string>();
        for (var hour = 0; hour < 6; hour++)
        {
            Find(options, Quarantined("a"));
            told.AddRange(channel.Take());
            clock.Advance(TimeSpan.FromHours(1));
        }

        Assert.Equal(
            [
                "[warning] 1 file was quarantined",
                "[reminder] 1 file is still in quarantine",
                "[reminder] 1 file is still in quarantine",
            ],
            told
        );
        clock.Advance(TimeSpan.FromDays(30));
        Find(options with { Reminder = null }, Quarantined("a"));
        Assert.Empty(channel.Messages);
    }

    [Fact]
    public void ADestinationMayBeBehindForAWhile()
    {
        Find(Behind("redis", 0));
        clock.Advance(TimeSpan.FromMinutes(59));
        Find(Behind("redis", 0));
        Assert.Empty(channel.Messages);
        clock.Advance(TimeSpan.FromMinutes(1));
        Find(Behind("redis", 0));
        Assert.Equal(["[error] redis is behind"], channel.Take());
        Find();
        Assert.Equal(["[over] redis has caught up"], channel.Take());
        Find(Behind("redis", 0));
        Find();
        Assert.Empty(channel.Messages); // It caught up before anybody was told.
    }

    [Fact]
    public void WhatIsNotKnownIsNotOver()
    {
        Find(Behind("redis", -2), Quarantined("a"));
        channel.Take();
        Make().Update(new() { Knows = condition => condition.Kind == AlertKind.Quarantine });
        Assert.Equal(["[over] No file is in quarantine any more"], channel.Take());
    }

    [Fact]
    public void AChannelThatIsDownIsToldLaterAndNobodyIsToldTwice()
    {
        var other = new MemoryChannel("slack");
        channel.Fault = new("503.", isTransient: false);
        Make(null, other).Update(new() { Conditions = [Quarantined("a")], Knows = All });
        Assert.Single(other.Take());
        Assert.Equal(1, channel.Attempts);
        Make(null, other).Update(new() { Conditions = [Quarantined("a")], Knows = All });
        Assert.Equal(1, channel.Attempts); // Not before some time has passed.
        Assert.Equal("503.", Make().Read().Channels["email"].Problem);
        channel.Fault = null;
        clock.Advance(TimeSpan.FromMinutes(1));
        Make(null, other).Update(new() { Conditions = [Quarantined("a")], Knows = All });
        Assert.Single(channel.Take());
        Assert.Empty(other.Messages);
        Assert.Null(Make().Read().Channels["email"].Problem);
    }

    [Fact]
    public void WhatWasOverBeforeAChannelCameBackIsNotToldThere()
    {
        channel.Fault = new("503.", isTransient: false);
        Find(Quarantined("a"));
        Find();
        channel.Fault = null;
        clock.Advance(TimeSpan.FromHours(1));
        Find();
        Assert.Empty(channel.Messages);
        Assert.Empty(Make().Read().Conditions);
    }

    [Fact]
    public void AnEndThatAChannelDidNotTakeIsToldAgain()
    {
        Find(Quarantined("a"));
        channel.Take();
        channel.Fault = new("503.", isTransient: false);
        Find();
        channel.Fault = null;
        clock.Advance(TimeSpan.FromMinutes(1));
        Find();
        Assert.Equal(["[over] No file is in quarantine any more"], channel.Take());
    }

    [Fact]
    public void AChannelSaysHowLongToWait()
    {
        channel.Fault = new("429.", isTransient: true, TimeSpan.FromMinutes(30));
        Find(Quarantined("a"));
        Assert.Equal(1, channel.Attempts);
        channel.Fault = null;
        clock.Advance(TimeSpan.FromMinutes(29));
        Find(Quarantined("a"));
        Assert.Equal(1, channel.Attempts);
        clock.Advance(TimeSpan.FromMinutes(1));
        Find(Quarantined("a"));
        Assert.Single(channel.Take());
    }

    [Fact]
    public void AFaultThatPassesAtOnceCostsNobodyTheirAlert()
    {
        channel.Taking = (_, _) =>
        {
            channel.Fault = channel.Attempts == 1 ? new("500.", isTransient: true) : null;
            return Task.CompletedTask;
        };
        Find(Quarantined("a"));
        Assert.Equal(2, channel.Attempts);
        Assert.Single(channel.Take());
    }

    [Fact]
    public void AChannelThatHangsIsNotWaitedForLong()
    {
        channel.Taking = (_, stop) => Task.Delay(Timeout.Infinite, stop);
        Find(new AlertOptions { Patience = TimeSpan.FromMilliseconds(300) }, Quarantined("a"));
        Assert.NotNull(Make().Read().Channels["email"].Problem);
    }

    [Fact]
    public void WhoDiesBetweenTellingAndNotingTellsTheSameAgain()
    {
        var deadLake = new DyingLake(lake.Lake);
        channel.Taking = (_, _) =>
        {
            deadLake.IsDead = true;
            return Task.CompletedTask;
        };
        Assert.Throws<IOException>(() =>
            new Alerting(deadLake, new() { Place = "/lake" }, [channel], [], clock, log).Update(
                new() { Conditions = [Quarantined("a")], Knows = All }
            )
        );
        var first = Assert.Single(channel.Messages);
        channel.Taking = (_, _) => Task.CompletedTask;
        lake.Lake.Delete(LakePaths.AlertsLease); // As that of a process that died.
        clock.Advance(TimeSpan.FromMinutes(5));
        Find(Quarantined("a", -5));
        Assert.Equal(2, channel.Messages.Count);
        Assert.Equal(first.Id, channel.Messages.Last().Id);
    }

    [Fact]
    public void TwoAtOnceTellOnce()
    {
        channel.Taking = (_, stop) => Task.Delay(20, stop);
        Parallel.For(
            0,
            8,
            new ParallelOptions { MaxDegreeOfParallelism = 8 },
            number => Make().Update(new() { Conditions = [Quarantined("a")], Knows = All })
        );
        Assert.Single(channel.Messages);
        Assert.Null(lake.Lake.Find(LakePaths.AlertsLease));
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{\"conditions\":[null]}")]
    [InlineData("{\"conditions\":[{\"condition\":{\"kind\":\"Run\"}}]}")]
    [InlineData("{\"channels\":{\"email\":null}}")]
    public void StateThatIsDamagedBeginsAnew(string text)
    {
        lake.Land(LakePaths.Alerts, Encoding.UTF8.GetBytes(text));
        Find(Quarantined("a"));
        Assert.Single(channel.Take());
        Find(Quarantined("a"));
        Assert.Empty(channel.Messages);
    }

    [Fact]
    public void WhenNothingIsWrongNothingIsWritten()
    {
        Find();
        Assert.Null(lake.Lake.Find(LakePaths.Alerts));
    }

    [Fact]
    public void WhatIsOffIsNotTold()
    {
        var options = new AlertOptions
        {
            Rules = AlertRules.Parse("quarantine off; behind warning; warning: slack", ["slack"]),
        };
        Find(options, Quarantined("a"), Behind("redis", -2));
        Assert.Empty(channel.Messages);
    }

    [Fact]
    public void ALockThatSomeoneElseHoldsFailsNoRun()
    {
        lake.Land(
            LakePaths.AlertsLease,
            Encoding.UTF8.GetBytes(
                """{"run":"x","host":"elsewhere","processId":1,"processStarted":"2026-01-01T00:00:00Z","expires":"2036-01-01T00:00:00Z","nonce":"n"}"""
            )
        );
        var alerting = new Alerting(lake.Lake, new() { TurnPatience = TimeSpan.Zero }, [channel], [], clock, log);
        alerting.EndRun(new(null, null, new LakeException("no users")));
        Assert.Equal(["[error] A run failed"], channel.Take()); // It is better told twice than not at all.
        Assert.Contains(log.Lines, line => line.Contains("elsewhere", StringComparison.Ordinal));
    }

    [Fact]
    public void ThatTheLakeCannotBeReadIsToldOnceByAProcessAndOnceThatItIsOver()
    {
        var away = new AwayLake(lake.Lake);
        var alerting = new Alerting(away, new() { Place = "/lake", NoListensFor = null }, [channel], [], clock, log);
        away.IsAway = true;
        for (var run = 0; run < 5; run++)
        {
            alerting.EndRun(new(null, null, new IOException("The network is down.")));
        }

        Assert.Equal(["[error] A run failed"], channel.Take());
        away.IsAway = false;
        RunEnd? end = null;
        lake.LandCatalogue(TestListens.Songs, TestListens.Users);
        new Reconciliation(lake.Lake, new(), TimeProvider.System, log) { Ended = ended => end = ended }.Run();
        alerting.EndRun(end!);
        Assert.Equal(["[over] Runs succeed again"], channel.Take());
        alerting.EndRun(end!);
        Assert.Empty(channel.Messages);
        Assert.Null(lake.Lake.Find(LakePaths.Alerts));
    }

    void Find(params AlertCondition[] conditions) => Find(new(), conditions);

    void Find(AlertOptions options, params AlertCondition[] conditions) =>
        Make(options).Update(new() { Conditions = conditions, Knows = All });

    Alerting Make(AlertOptions? options = null, params IAlertChannel[] others) =>
        new(lake.Lake, (options ?? new()) with { Place = "/lake" }, [channel, .. others], [], clock, log);

    AlertCondition Quarantined(string file, int minutesAgo = 0) =>
        new()
        {
            Kind = AlertKind.Quarantine,
            Name = file,
            What = $"{file}.csv",
            Since = clock.GetUtcNow().AddMinutes(minutesAgo),
            Cause = "no header",
            Do = ["downbeat quarantine show x"],
        };

    AlertCondition Behind(string name, int hoursAgo) =>
        new()
        {
            Kind = AlertKind.Behind,
            Name = name,
            What = name,
            Since = clock.GetUtcNow().AddHours(hoursAgo),
            Cause = "no answer",
        };

    AlertCondition Failed(string cause) =>
        new()
        {
            Kind = AlertKind.Run,
            Name = "run",
            What = "a run",
            Since = clock.GetUtcNow(),
            Cause = cause,
        };

    sealed class AwayLake(ILake inner) : ForwardingLake(inner)
    {
        public bool IsAway { get; set; }

        public override Stream Open(string path) => IsAway ? throw new IOException("away") : base.Open(path);
    }

    sealed class DyingLake(ILake inner) : ForwardingLake(inner)
    {
        public bool IsDead { get; set; }

        public override IReadOnlyList<LakeObject> PutSeen(IReadOnlyList<(string Path, byte[] Bytes)> objects)
        {
            if (IsDead)
            {
                throw new IOException("dead");
            }

            return base.PutSeen(objects);
        }

        public override void Delete(string path)
        {
            if (!IsDead)
            {
                base.Delete(path);
            }
        }
    }
}

/// <summary>A clock that stands.</summary>
sealed class SetClock : TimeProvider
{
    DateTimeOffset now = new(2026, 11, 21, 5, 0, 0, TimeSpan.Zero);

    public override DateTimeOffset GetUtcNow() => now;

    public void Advance(TimeSpan time) => now += time;
}
