using Downbeat.Engine.Kpis;
using Downbeat.Pipeline.Publish;
using Downbeat.Testing;

namespace Downbeat.Connectors.Tests.Publish;

/// <summary>
/// What every destination promises, tried on every destination. A class derives from it for each, and says how to make one in
/// a place of its own, how to read back what it holds, and how to make it die.
/// </summary>
public abstract class DestinationContract
{
    protected const string Lake = "0123456789abcdef0123456789abcdef";
    protected const string OtherLake = "fedcba9876543210fedcba9876543210";

    protected static readonly DateOnly First = new(2024, 6, 25);

    readonly Random random;

    protected DestinationContract()
    {
        var seed = Environment.TickCount;
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        random = new(seed);
    }

    /// <summary>Another destination of the same place, as another process would have it.</summary>
    protected abstract IDestination Create();

    /// <summary>One that dies after so many steps (statements, requests), or null when it does as many as it wants.</summary>
    protected abstract IDestination CreateThatDies(int afterSteps);

    /// <summary>Reads with the system's own client what it holds of a date, and compares it with the tables cell by cell.</summary>
    protected abstract void AssertHolds(DateTables expected);

    /// <summary>Whether the promise is by date, and not only by key.</summary>
    protected virtual bool IsWholeByDate => true;

    /// <summary>Makes what nobody but its owner can make, and what a check without finds fault with.</summary>
    protected virtual void MakeReadyToCheck() { }

    protected DateTables Tables(long version, int day = 0, int genres = 5, IReadOnlyList<string>? names = null) =>
        TestTables.Of(First.AddDays(day), version, random, genres, names);

    protected void Publish(params DateTables[] dates)
    {
        using var destination = Create();
        destination.Prepare(new(Lake, Create: true));
        destination.Publish(dates);
    }

    void AssertHeld(params DateTables[] dates)
    {
        using var destination = Create();
        var held = destination.Find(Lake);
        Assert.Equal(
            dates.Select(date => (date.Date, new HeldDate(date.Version, date.Fingerprint))),
            held.OrderBy(one => one.Key).Select(one => (one.Key, one.Value))
        );
        Assert.All(dates, AssertHolds);
    }

    [Fact]
    public void BeforeAnythingIsMadeItHoldsNothingAndLookingMakesNothing()
    {
        using var destination = Create();
        Assert.Empty(destination.Find(Lake));
        Assert.Empty(destination.Find(Lake));
    }

    [Fact]
    public void WhatIsPublishedIsHeldCellByCell()
    {
        var tables = Tables(7);
        Publish(tables);
        AssertHeld(tables);
    }

    [Fact]
    public void ADateThatIsHeldBackFromTheFirstShowsItsQualityAlone()
    {
        var whole = Tables(7);
        var held = Tables(8);
        held = held with
        {
            Tables =
            [
                .. held.Tables.Select(table =>
                    table.Schema.Name == "quality_daily" ? table : new KpiTable(table.Schema, table.Date)
                ),
            ],
        };
        Publish(held, Tables(8, day: 1));
        AssertHolds(held);
        var approved = whole with { Version = 9 };
        Publish(approved);
        AssertHolds(approved);
    }

    [Fact]
    public void PublishingAgainChangesNothing()
    {
        var tables = Tables(7);
        Publish(tables);
        Publish(tables);
        Publish(tables, tables);
        AssertHeld(tables);
    }

    [Fact]
    public void ARestatementWithFewerAndOtherKeysReplacesTheDateWhole()
    {
        var untouched = Tables(6, day: 1);
        Publish(Tables(7, genres: 9), untouched);
        var fewer = Tables(8, genres: 2);
        Publish(fewer);
        AssertHeld(fewer, untouched);
        var more = Tables(9, genres: 12, names: TestTables.OddNames);
        Publish(more);
        AssertHeld(more, untouched);
    }

    [Fact]
    public void AnOlderVersionNeverReplacesANewerOne()
    {
        var newer = Tables(9);
        Publish(newer);
        Publish(Tables(8));
        AssertHeld(newer);
    }

    [Fact]
    public void ADateLeftWithoutListensLosesItsRows()
    {
        var kept = Tables(3, day: 1);
        Publish(Tables(3), kept);
        var empty = DateTables.Empty(First, 5);
        Publish(empty);
        AssertHolds(empty);
        AssertHolds(kept);

        // Listens may come back.
        var again = Tables(6);
        Publish(again);
        AssertHeld(again, kept);
    }

    [Fact]
    public void ManyDatesGoInOneBatch()
    {
        var dates = Enumerable.Range(0, 40).Select(day => Tables(3 + day, day, genres: 1 + (day % 4))).ToArray();
        Publish(dates);
        AssertHeld(dates);
    }

    [Fact]
    public void NamesAreHeldAsTheyAre()
    {
        var tables = Tables(3, genres: 12, names: TestTables.OddNames);
        Publish(tables);
        AssertHeld(tables);
    }

    [Fact]
    public void ALargeDateIsHeldWhole()
    {
        var tables = Tables(3, genres: 2000);
        Assert.True(tables.Rows > 10_000);
        Publish(tables);
        AssertHeld(tables);
    }

    [Fact]
    public void DyingAtAnyStepLeavesTheDateAsItWasOrAsItShallBe() => DieAtEveryStep(CreateThatDies);

    [Fact]
    public void DyingWhileItIsMadeIsMadeUpFor()
    {
        var tables = Tables(3);
        for (var steps = 0; ; steps += 1 + (steps / 8))
        {
            try
            {
                using var dying = CreateThatDies(steps);
                dying.Prepare(new(Lake, Create: true));
                dying.Publish([tables]);
                AssertHeld(tables);
                return;
            }
            catch (DestinationException)
            {
                using var destination = Create();
                Assert.InRange(destination.Find(Lake).Count, 0, 1);
            }
        }
    }

    /// <summary>Lets a destination die after no step, after one, … until it does not; looks at what it holds after each.</summary>
    protected void DieAtEveryStep(Func<int, IDestination> createThatDies)
    {
        var before = Tables(3, genres: 3);
        Publish(before);
        var after = Tables(4, genres: 4);
        for (var steps = 0; ; steps = steps < 40 ? steps + 1 : steps * 5 / 4)
        {
            var died = false;
            try
            {
                using var dying = createThatDies(steps);
                dying.Prepare(new(Lake, Create: true));
                dying.Publish([after]);
            }
            catch (DestinationException)
            {
                died = true;
            }

            HeldDate held;
            using (var destination = Create())
            {
                held = destination.Find(Lake)[First];
            }

            if (IsWholeByDate)
            {
                AssertHolds(held.Version == before.Version ? before : after);
            }

            if (!died)
            {
                AssertHeld(after);
                return;
            }

            // Whatever it left behind, the next run makes it right; every other time, so that dying twice is tried too.
            var isMadeRight = steps % 2 == 1;
            if (isMadeRight)
            {
                Publish(after);
                AssertHeld(after);
            }

            if (isMadeRight || held.Version == after.Version)
            {
                (before, after) = (after, Tables(after.Version + 1, genres: 1 + (steps % 6)));
            }
        }
    }

    [Fact]
    public void OfTwoPublishersAtOnceTheNewerVersionStays()
    {
        for (var round = 0; round < 5; round++)
        {
            var older = Tables(10 + (2 * round), genres: 20);
            var newer = Tables(11 + (2 * round), genres: 15);
            Parallel.Invoke(() => Publish(older), () => Publish(newer));
            AssertHeld(newer);
        }
    }

    [Fact]
    public void WhatBelongsToAnotherLakeIsNotTouchedUntilItIsTakenOver()
    {
        var others = Tables(90, day: 0);
        var shared = Tables(91, day: 1);
        Publish(others, shared);
        using (var destination = Create())
        {
            var error = Assert.Throws<DestinationException>(() => destination.Find(OtherLake));
            Assert.Contains("--take-over", error.Message, StringComparison.Ordinal);
            Assert.Throws<DestinationException>(() => destination.Prepare(new(OtherLake, Create: true)));
        }

        AssertHeld(others, shared);
        using (var destination = Create())
        {
            destination.Prepare(new(OtherLake, Create: true, TakeOver: true));

            // The versions of the other lake say nothing about this one's; its dates are there to be removed.
            var held = destination.Find(OtherLake);
            Assert.Equal([First, First.AddDays(1)], held.Keys.Order());
            Assert.All(held.Values, date => Assert.Equal(0, date.Version));
            Assert.All(held.Values, date => Assert.NotEmpty(date.Fingerprint));
            var ours = Tables(2, day: 1);
            var empty = DateTables.Empty(First, 3);
            destination.Publish([empty, ours]);
            AssertHolds(empty);
            AssertHolds(ours);
        }
    }

    [Fact]
    public void WhoeverLostItToAnotherLakeMeanwhileDoesNotPublishThere()
    {
        var theirs = Tables(2);
        using var first = Create();
        first.Prepare(new(Lake, Create: true));
        using (var other = Create())
        {
            other.Prepare(new(OtherLake, Create: true, TakeOver: true));
            other.Publish([theirs]);
        }

        var error = Assert.Throws<DestinationException>(() => first.Publish([Tables(9)]));
        Assert.Contains("--take-over", error.Message, StringComparison.Ordinal);
        Assert.False(error.IsTransient);
        AssertHolds(theirs);
    }

    [Fact]
    public void CheckingLeavesNothingBehind()
    {
        MakeReadyToCheck();
        using (var destination = Create())
        {
            Assert.All(destination.Check(Lake), finding => Assert.Null(finding.Problem));
            Assert.Empty(destination.Find(Lake));
        }

        var tables = Tables(3);
        Publish(tables);
        using (var destination = Create())
        {
            Assert.All(destination.Check(Lake), finding => Assert.Null(finding.Problem));
        }

        AssertHeld(tables);
    }
}
