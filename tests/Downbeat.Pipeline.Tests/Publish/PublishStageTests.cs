using System.Text;
using Downbeat.Engine.Kpis;
using Downbeat.Pipeline.Quality;
using Downbeat.Pipeline.Runs;
using Downbeat.Testing;

namespace Downbeat.Pipeline.Tests.Publish;

/// <summary>Destinations come to hold what the ledger says is published, each by itself, whatever happened before.</summary>
public sealed class PublishStageTests : IDisposable
{
    static readonly DateOnly First = new(2024, 6, 25);

    readonly MemoryDestination one = new("one");
    readonly MemoryDestination two = new("two");

    [Fact]
    public void EveryDestinationHoldsWhatLiesUnderKpis()
    {
        using var lake = NewLake(days: 3);
        var record = lake.Run();
        Assert.Equal(RunOutcome.Done, record.Outcome);
        Assert.Equal(["one", "two"], record.Published.Select(published => published.Destination));
        Assert.All(record.Published, published => Assert.Equal((3, null), (published.Dates, published.Error)));
        AssertHoldsKpis(lake, one);
        AssertHoldsKpis(lake, two);
        Assert.True(lake.Plan().IsEmpty);
        Assert.Equal(RunOutcome.NothingToDo, lake.Run().Outcome);
    }

    [Fact]
    public void ALateFilePublishesItsDateAndNoOther()
    {
        using var lake = NewLake(days: 3);
        lake.Run();
        one.Given.Clear();
        lake.LandStreams("late.csv", TestListens.Csv(["9,track002,2024-06-26 13:00:00,0,0"]));
        lake.Run();
        Assert.Equal([First.AddDays(1)], one.Given);
        AssertHoldsKpis(lake, one);
    }

    [Fact]
    public void ARestatementThatChangesNoNumberPublishesNothing()
    {
        // That it came twice is a number of quality.
        var options = new RunOptions { Quality = new QualityOptions().With(QualityCheck.DuplicateShare, null) };
        using var lake = NewLake(days: 1);
        lake.Run(options);
        one.Given.Clear();
        lake.LandStreams("again.csv", TestListens.Csv([Listen(0)]));
        lake.Run(options);
        Assert.Empty(one.Given);
        Assert.True(lake.Plan(options).IsEmpty);
    }

    [Fact]
    public void OneThatIsDownHoldsNobodyBackAndCatchesUpByItself()
    {
        using var lake = NewLake(days: 2);
        two.IsDown = true;
        var record = lake.Run();
        Assert.Equal(RunOutcome.Failed, record.Outcome);
        Assert.Contains("two", Assert.Single(record.Errors), StringComparison.Ordinal);
        Assert.Equal(1, record.Archived);
        AssertHoldsKpis(lake, one);

        var planned = Assert.Single(lake.Plan().Publish);
        Assert.Equal(("two", "No answer in 30 s."), (planned.Destination, planned.Problem));

        two.IsDown = false;
        Assert.Equal(2, Assert.Single(lake.Plan().Publish).Dates.Count);
        Assert.Equal(RunOutcome.Done, lake.Run().Outcome);
        AssertHoldsKpis(lake, two);
    }

    [Fact]
    public void OneThatGoesDownInTheMiddleGoesOnWhereItStopped()
    {
        using var lake = NewLake(days: 100);
        two.GoesDownAfter = 70;
        Assert.Equal(RunOutcome.Failed, lake.Run().Outcome);
        var before = two.Given.Count;
        (two.IsDown, two.GoesDownAfter) = (false, null);
        Assert.Equal(RunOutcome.Done, lake.Run().Outcome);
        Assert.Equal(100, two.Given.Distinct().Count());
        Assert.True(two.Given.Count - before < 100);
        AssertHoldsKpis(lake, two);
    }

    [Fact]
    public void ANewDestinationIsFilledFromHistory()
    {
        using var lake = NewLake(days: 40);
        lake.Destinations = [one];
        lake.Run();
        lake.Destinations = [one, two];
        var record = lake.Run();
        Assert.Equal("two", Assert.Single(record.Published).Destination);
        AssertHoldsKpis(lake, two);
    }

    [Fact]
    public void ADateLeftWithoutListensIsEmptiedThere()
    {
        using var lake = NewLake(days: 1);
        lake.Run();
        var gone = new DateOnly(2020, 1, 1);
        one.Publish([one.Held[First] with { Date = gone }]); // A date that the ledger does not have any more.
        Assert.Equal(gone, Assert.Single(Assert.Single(lake.Plan().Publish).Dates).Date);
        lake.Run();
        Assert.Equal(0, one.Held[gone].Rows);
        Assert.True(lake.Plan().IsEmpty);
    }

    [Fact]
    public void ATableThatIsNotAsItWasPublishedGoesNowhere()
    {
        using var lake = NewLake(days: 2);
        lake.Destinations = [];
        lake.Run();
        var path = Path.Combine(lake.Folder, "kpis", "daily", "date=2024-06-25.csv");
        var bytes = File.ReadAllBytes(path);
        var written = File.GetLastWriteTimeUtc(path);
        bytes[^3] ^= 1;
        File.WriteAllBytes(path, bytes);
        File.SetLastWriteTimeUtc(path, written); // As a disk does that forgets: a run does not notice.
        lake.Destinations = [one];
        var record = lake.Run();
        Assert.Equal(RunOutcome.Failed, record.Outcome);
        Assert.Contains("`downbeat repair`", Assert.Single(record.Errors), StringComparison.Ordinal);
        Assert.Equal([First.AddDays(1)], one.Given);

        lake.Run(request: new() { Rebuild = (First, First) });
        AssertHoldsKpis(lake, one);
    }

    public void Dispose()
    {
        one.Dispose();
        two.Dispose();
    }

    static string Listen(int day) => $"1,track001,{First.AddDays(day):yyyy-MM-dd} 12:00:00,0,0";

    TestLake NewLake(int days)
    {
        var lake = new TestLake { Destinations = [one, two] };
        lake.LandCatalogue(TestListens.Songs, TestListens.Users);
        lake.LandStreams(
            "first.csv",
            TestListens.Csv([.. Enumerable.Range(0, days).Select(Listen)]),
            TestLake.Arrived.AddYears(1)
        );
        return lake;
    }

    static void AssertHoldsKpis(TestLake lake, MemoryDestination destination)
    {
        var held = destination.Held.Values.SelectMany(date =>
            date.Tables.Select(table =>
                (
                    Path: $"{table.Schema.Name}/date={date.Date:yyyy-MM-dd}.csv",
                    Text: Encoding.UTF8.GetString(table.ToCsv())
                )
            )
        );
        Assert.Equal(
            lake.Kpis()
                .Concat(lake.Quality())
                .Select(file => (file.Key, file.Value))
                .OrderBy(file => file.Key, StringComparer.Ordinal),
            held.OrderBy(file => file.Path, StringComparer.Ordinal)
        );
        Assert.Equal(KpiTables.Schemas.Count * destination.Held.Count, lake.Kpis().Count);
        Assert.Equal(destination.Held.Count, lake.Quality().Count);
    }
}
