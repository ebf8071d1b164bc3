using Downbeat.Pipeline.Alerts;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Runs;
using Downbeat.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Downbeat.Pipeline.Tests.Alerts;

/// <summary>What the end of a run, a look at the lake, and time tell.</summary>
public sealed class AlertFactsTests : IDisposable
{
    const string Csv = "user_id,track_id,listen_time\n1,track001,2024-06-25T10:00:00Z\n";

    readonly TestLake lake = new();
    readonly AlertOptions options = new() { Place = "/lake" };

    public AlertFactsTests() => lake.LandCatalogue(TestListens.Songs, TestListens.Users);

    public void Dispose() => lake.Dispose();

    [Fact]
    public void ARunThatDidItsWorkTellsNothingAndEndsWhatFailed()
    {
        lake.LandStreams("a.csv", Csv);
        var facts = OfRun();
        Assert.DoesNotContain(facts.Conditions, condition => condition.Kind != AlertKind.Freshness);
        Assert.All(
            [AlertKind.Run, AlertKind.Quarantine, AlertKind.Held, AlertKind.Freshness, AlertKind.Lease],
            kind => Assert.True(facts.Knows(Condition(kind, "any")))
        );
    }

    [Fact]
    public void AFileInQuarantineIsNamedWithItsCauseAndWhatToType()
    {
        lake.LandStreams("bad.csv", "a,b\n1,2\n");
        var condition = Assert.Single(OfRun().Conditions, one => one.Kind == AlertKind.Quarantine);
        Assert.Equal("landing/streams/bad.csv", condition.What);
        Assert.Contains("user_id", condition.Cause, StringComparison.Ordinal);
        Assert.Equal(
            [$"downbeat quarantine show {condition.Name}", $"downbeat quarantine retry {condition.Name}"],
            condition.Do
        );
    }

    [Fact]
    public void WhatThrewIsTheCauseAndEndsNothing()
    {
        var facts = AlertFacts.OfRun(
            new(null, null, new AggregateException(new IOException("No space left on device"))),
            [],
            LakeFile.Read(lake.Lake),
            options,
            DateTimeOffset.UtcNow
        );
        var condition = Assert.Single(facts.Conditions);
        Assert.Equal((AlertKind.Run, "No space left on device"), (condition.Kind, condition.Cause));
        Assert.All(Enum.GetValues<AlertKind>(), kind => Assert.False(facts.Knows(Condition(kind, "any"))));
    }

    [Fact]
    public void AStepThatSucceedsEndsNoFailureOfAWholeRun()
    {
        var facts = OfRun(new() { Only = RunStep.Scan });
        Assert.True(facts.Knows(Condition(AlertKind.Run, "scan")));
        Assert.False(facts.Knows(Condition(AlertKind.Run, "run")));
        Assert.True(OfRun().Knows(Condition(AlertKind.Run, "scan")));
    }

    [Fact]
    public void ADestinationThatFailsIsBehindAndTheRunHasNotFailed()
    {
        var destination = new MemoryDestination("memory");
        lake.Destinations = [destination];
        lake.LandStreams("a.csv", Csv);
        destination.IsDown = true;
        var facts = OfRun();
        Assert.Equal(
            [(AlertKind.Behind, destination.Name)],
            facts.Conditions.Where(one => one.Kind != AlertKind.Freshness).Select(one => (one.Kind, one.Name))
        );
        Assert.True(facts.Knows(Condition(AlertKind.Run, "run")));
        Assert.Equal(AlertKind.Behind, Look().Conditions.Single(one => one.Kind != AlertKind.Freshness).Kind);
        destination.IsDown = false;
        Assert.Contains(Look().Conditions, one => one.Kind == AlertKind.Behind); // It can be reached, and lacks a date.
        var others = OfRun(new() { Destinations = [] });
        Assert.False(others.Knows(Condition(AlertKind.Behind, destination.Name)));
        var mended = OfRun();
        Assert.DoesNotContain(mended.Conditions, one => one.Kind == AlertKind.Behind);
        Assert.True(mended.Knows(Condition(AlertKind.Behind, destination.Name)));
        Assert.DoesNotContain(Look().Conditions, one => one.Kind == AlertKind.Behind);
    }

    [Fact]
    public void ListensAreOldAfterATimeAndSoIsTheNewestDate()
    {
        var made = TestLake.Arrived;
        var hours = 0.0;
        IEnumerable<string> Old(LakeFreshness freshness) =>
            AlertFacts
                .Fresh(freshness, options with { NewestDateFor = TimeSpan.FromHours(48) }, made.AddHours(hours), 0)
                .Select(one => one.Name);
        var none = LakeFreshness.Of(lake.State, LakeFile.Read(lake.Lake));
        Assert.Equal(new(made, null, null), none);
        hours = 35.9;
        Assert.Empty(Old(none));
        hours = 36;
        Assert.Equal(["listens"], Old(none));

        lake.LandStreams("a.csv", Csv);
        lake.Run();
        var state = lake.State;
        var some = LakeFreshness.Of(state, LakeFile.Read(lake.Lake));
        Assert.Equal(state.Sources.Values.Single().ScannedAt, some.ListensAt);
        Assert.Equal(state.Dates.Keys.Last(), some.Newest);
        Assert.Equal(new(state.Dates.Keys.Last().AddDays(1), default, TimeSpan.Zero), some.NewestEnded);
        hours = (some.NewestEnded!.Value.AddHours(48) - made).TotalHours;
        Assert.Equal(["newest-date"], Old(some));
    }

    [Fact]
    public void ARunThatHasTheLeaseForTooLongIsNamed()
    {
        var holder = new LeaseFile("20261120T220004Z-m2xd", "kpi-1", 4711, default, default, "");
        var began = new DateTimeOffset(2026, 11, 20, 22, 0, 4, TimeSpan.Zero);
        Assert.Empty(AlertFacts.LeaseConditions(holder, options, began.AddHours(5.9)));
        var condition = Assert.Single(AlertFacts.LeaseConditions(holder, options, began.AddHours(6)));
        Assert.Equal((holder.Run, began), (condition.Name, condition.Since));
        Assert.Empty(AlertFacts.LeaseConditions(holder with { Run = "x" }, options, DateTimeOffset.MaxValue));
        var held = AlertFacts.OfRun(
            new(null, null, new LeaseHeldException("/lake", holder)),
            [],
            LakeFile.Read(lake.Lake),
            options,
            began.AddHours(6)
        );
        Assert.Equal([AlertKind.Lease], held.Conditions.Select(one => one.Kind)); // That it could not run is no failure of its own.
    }

    [Fact]
    public void ARunThatDiedIsFoundByALook()
    {
        lake.LandStreams("a.csv", Csv);
        lake.Run();
        var file = Path.Combine(lake.Folder, lake.Lake.List(LakePaths.Runs)[^1].Path);
        var text = File.ReadAllText(file);
        File.WriteAllText(file, text.Replace("\"Done\"", "\"Running\"", StringComparison.Ordinal));
        Assert.Equal("died", Assert.Single(Look().Conditions, one => one.Kind == AlertKind.Run).Name);
        File.WriteAllText(file, text);
        var facts = Look();
        Assert.DoesNotContain(facts.Conditions, one => one.Kind == AlertKind.Run);
        Assert.True(facts.Knows(Condition(AlertKind.Run, "died")));
        Assert.False(facts.Knows(Condition(AlertKind.Run, "run")));
    }

    [Fact]
    public async Task BesideRunsPeopleAreToldWithoutKeepingThem()
    {
        var channel = new MemoryChannel();
        var release = new TaskCompletionSource();
        channel.Taking = (_, _) => release.Task;
        var alerting = new Alerting(
            lake.Lake,
            options with
            {
                NoListensFor = null,
            },
            [channel],
            [],
            TimeProvider.System,
            NullLogger.Instance
        );
        using (var watch = new AlertWatch(alerting, null, TimeProvider.System, TimeSpan.FromMilliseconds(20)))
        {
            watch.EndRun(new(null, null, new IOException("no disk")));
            watch.EndRun(new(null, null, new IOException("no disk"))); // Neither waits.
            release.SetResult();
            for (var attempt = 0; attempt < 500 && channel.Messages.IsEmpty; attempt++)
            {
                await Task.Delay(10);
            }

            Assert.Equal(["[error] A run failed"], channel.Take());
        }

        Assert.Empty(channel.Messages);
    }

    AlertFacts OfRun(RunRequest? request = null)
    {
        RunEnd? ended = null;
        new Reconciliation(lake.Lake, new(), TimeProvider.System, NullLogger.Instance, null, lake.Destinations)
        {
            Ended = end => ended = end,
        }.Run(request);
        return AlertFacts.OfRun(
            ended!,
            [.. lake.Destinations.Select(one => (one.Name, one.Place))],
            LakeFile.Read(lake.Lake),
            options,
            DateTimeOffset.UtcNow
        );
    }

    AlertFacts Look() => AlertFacts.OfLake(lake.Lake, lake.Destinations, null, options, TimeProvider.System);

    static AlertCondition Condition(AlertKind kind, string name) =>
        new()
        {
            Kind = kind,
            Name = name,
            What = "",
            Cause = "",
            Since = default,
        };
}
