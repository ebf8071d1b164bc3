using System.Text;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Quality;
using Downbeat.Pipeline.Runs;
using Downbeat.Testing;
using static Downbeat.Pipeline.Tests.Quality.QualityTests;

namespace Downbeat.Pipeline.Tests.Quality;

/// <summary>Dates that are held back: nobody sees what is wrong, everybody sees that something is, and every way out leads out.</summary>
public sealed class HeldDateTests : IDisposable
{
    static readonly DateOnly Date = new(2024, 6, 25);

    static readonly string Good = Csv("1,a,2024-06-25 12:00:00", "1,a,2024-06-25 13:00:00");

    /// <summary>Half of it is rejected.</summary>
    static readonly string Bad = Csv("1,a,2024-06-25 14:00:00", "x,a,x");

    static readonly string Mending = Csv(Rows(Date, 50));

    static readonly RunOptions Strict = With((QualityCheck.RejectedShare, new(null, 0.1))) with
    {
        MaxRejectedShare = 1,
        Workers = 1,
    };

    readonly MemoryDestination destination = new("one");

    [Fact]
    public void ADateThatWasNeverPublishedShowsOnlyItsQuality()
    {
        using var lake = New(Bad);
        var record = lake.Run(Strict);
        var held = Assert.Single(record.Dates);
        Assert.True(held.IsHeld);
        Assert.Empty(held.Restated);
        Assert.Contains(
            held.Findings!,
            check => check is { Check: "rejected_share", Value: 0.5, Threshold: 0.1, IsFail: true }
        );
        Assert.Equal(RunOutcome.Done, record.Outcome);
        Assert.Empty(lake.Kpis());
        Assert.Contains("rejected_share,0.5,0.1,fail", lake.Quality().Values.Single(), StringComparison.Ordinal);
        AssertDestinationHolds(lake);
        AssertRests(lake);
        Assert.Equal(Date, Assert.Single(lake.Plan(Strict).Held).Date);
    }

    [Fact]
    public void ARestatementThatBreaksADateKeepsWhatWasPublished()
    {
        using var lake = New(Good);
        lake.Run(Strict);
        var (kpis, restated) = (lake.Kpis(), lake.State.Dates[Date].Entry.RestatedAt);
        lake.LandStreams("bad.csv", Bad);
        Assert.True(Assert.Single(lake.Run(Strict).Dates).IsHeld);
        Assert.Equal(kpis, lake.Kpis());
        Assert.Equal(restated, lake.State.Dates[Date].Entry.RestatedAt);
        AssertDestinationHolds(lake);
        AssertRests(lake);
    }

    [Fact]
    public void ApprovingLetsItThroughUntilAnotherFileComes()
    {
        using var lake = New(Good);
        lake.LandStreams("bad.csv", Bad);
        lake.Run(Strict);
        Assert.Empty(lake.Kpis());
        var record = lake.Run(Strict, new() { Approve = [Date] });
        Assert.Equal("it was approved", Assert.Single(record.Dates).Why);
        Assert.Equal(Tables(Good, Bad), lake.Kpis());
        Assert.Contains(",fail", lake.Quality().Values.Single(), StringComparison.Ordinal);
        AssertDestinationHolds(lake);
        AssertRests(lake);

        lake.Run(Strict, new() { Rebuild = (Date, Date) }); // The same files: it stays approved.
        Assert.False(lake.State.Dates[Date].Entry.IsHeld);

        lake.LandStreams("worse.csv", Bad.Replace("14:00", "15:00", StringComparison.Ordinal));
        lake.Run(Strict);
        Assert.True(lake.State.Dates[Date].Entry.IsHeld);
        Assert.Equal(Tables(Good, Bad), lake.Kpis());
        AssertDestinationHolds(lake);
    }

    [Fact]
    public void WhatWasApprovedStaysSoWithoutThoseWhoAreForgottenAndWhenItIsMadeOfTheSameFilesAgain()
    {
        const string Other = "2,a,2024-06-25 15:00:00";
        using var lake = New(Bad);
        lake.LandStreams("other.csv", Csv(Other, "1,a,2024-06-25 16:00:00"));
        lake.Run(Strict);
        lake.Run(Strict, new() { Approve = [Date] });
        Assert.False(lake.State.Dates[Date].Entry.IsHeld);
        var approved = lake.State.Dates[Date].ApprovedAt;

        Assert.Equal(1, lake.Run(Strict, new() { Forget = [2] }).Forgotten!.Listens);
        Assert.False(lake.State.Dates[Date].Entry.IsHeld);
        Assert.Equal(approved, lake.State.Dates[Date].ApprovedAt);
        Assert.Equal(Tables(Bad, Csv("1,a,2024-06-25 16:00:00")), lake.Kpis());
        AssertDestinationHolds(lake);

        var source = lake.State.Sources.Values.Single(one =>
            one.Entry.Key.EndsWith("other.csv", StringComparison.Ordinal)
        );
        lake.Run(Strict, new() { Retract = source.Entry.Id });
        Assert.True(lake.State.Dates[Date].Entry.IsHeld);
        lake.Run(Strict, new() { Restore = source.Entry.Id });
        Assert.False(lake.State.Dates[Date].Entry.IsHeld);
        AssertDestinationHolds(lake);
        AssertRests(lake);
    }

    [Fact]
    public void ARestatementThatMendsItGoesThroughByItself()
    {
        using var lake = New(Bad);
        lake.Run(Strict);
        lake.LandStreams("mending.csv", Mending);
        Assert.False(Assert.Single(lake.Run(Strict).Dates).IsHeld);
        Assert.Equal(Tables(Bad, Mending), lake.Kpis());
        AssertDestinationHolds(lake);
        AssertRests(lake);
    }

    [Fact]
    public void TakingTheBadFileOutMendsItToo()
    {
        using var lake = New(Good);
        lake.Run(Strict);
        lake.LandStreams("bad.csv", Bad);
        lake.Run(Strict);
        var bad = lake.State.Sources.Values.Single(source =>
            source.Entry.Key.EndsWith("bad.csv", StringComparison.Ordinal)
        );
        lake.Run(Strict, new() { Retract = bad.Entry.Id });
        Assert.False(lake.State.Dates[Date].Entry.IsHeld);
        Assert.Equal(Tables(Good), lake.Kpis());
        AssertDestinationHolds(lake);
        AssertRests(lake);
    }

    [Fact]
    public void OtherThresholdsJudgeAHeldDateAgainAndNoOther()
    {
        using var lake = New(Bad);
        lake.Run(Strict with { Quality = new() });
        var kpis = lake.Kpis();
        Assert.Equal(RunOutcome.NothingToDo, lake.Run(Strict).Outcome); // What was published is not taken back.
        lake.LandStreams("more.csv", Csv("1,a,2024-06-25 20:00:00"));
        lake.Run(Strict);
        Assert.Equal(kpis, lake.Kpis());
        lake.Run(Strict with { Quality = new() });
        Assert.Equal(Tables(Bad, Csv("1,a,2024-06-25 20:00:00")), lake.Kpis());
        AssertDestinationHolds(lake);
    }

    [Fact]
    public void OtherSongsJudgeAHeldDateAgain()
    {
        using var lake = NewLake();
        lake.Destinations = [destination];
        lake.LandStreams("a.csv", Good);
        const string Songs = "track_id,artists,track_name,popularity,duration_ms,track_genre\na,A,,1,1000,rock\n";
        lake.LandCatalogue(Songs, "user_id,user_country\n1,DE\n");
        var options = With((QualityCheck.NullCatalogueValues, new(null, 0.5)));
        lake.Run(options);
        Assert.Empty(lake.Kpis());
        lake.LandCatalogue(
            Songs.Replace("A,,1", "A,a,1", StringComparison.Ordinal),
            "user_id,user_country\n1,DE\n",
            TestLake.Arrived.AddHours(1)
        );
        lake.Run(options);
        Assert.Equal(8, lake.Kpis().Count);
        AssertDestinationHolds(lake);
    }

    [Fact]
    public void KeptFilesThatAreDamagedGoAwayTogether()
    {
        using var lake = New(Good);
        lake.Run(Strict);
        lake.LandStreams("bad.csv", Bad);
        lake.Run(Strict);
        File.WriteAllText(Path.Combine(lake.Folder, LakePaths.Kpi("daily", Date)), "date\n");
        lake.Run(Strict);
        Assert.Empty(lake.Kpis()); // They cannot be made again, and seven of eight are no date.
        AssertDestinationHolds(lake);
        AssertRests(lake);
        lake.Run(Strict, new() { Approve = [Date] });
        Assert.Equal(Tables(Good, Bad), lake.Kpis());
    }

    [Fact]
    public void UsersWhoWereForgottenAreNotInWhatIsKept()
    {
        using var lake = New(Good);
        lake.Run(Strict);
        lake.LandStreams("bad.csv", Bad + "2,a,2024-06-25 15:00:00\n");
        lake.Run(Strict);
        Assert.Equal(8, lake.Kpis().Count);
        lake.Run(Strict, new() { Forget = [2] });
        Assert.True(lake.State.Dates[Date].Entry.IsHeld);
        Assert.Empty(lake.Kpis());
        AssertDestinationHolds(lake);
        AssertRests(lake);
    }

    [Fact]
    public void RepairMakesAQualityTableAgainAndLeavesAHeldDateAlone()
    {
        using var lake = New(Good);
        lake.Destinations = [];
        lake.Run(Strict);
        lake.LandStreams("bad.csv", Bad);
        lake.Run(Strict);
        var (kpis, quality) = (lake.Kpis(), lake.Quality());
        File.Delete(Path.Combine(lake.Folder, LakePaths.Kpi("quality_daily", Date)));
        Assert.True(lake.Repair(options: Strict).Findings.Count > 0);
        Assert.Equal(kpis, lake.Kpis());
        Assert.Equal(quality, lake.Quality());
        Assert.Empty(lake.Repair(options: Strict).Findings);
        AssertRests(lake);
    }

    [Fact]
    public void WhatIsNotHeldBackCannotBeApproved()
    {
        using var lake = New(Good);
        lake.Run(Strict);
        var error = Assert.Throws<LakeException>(() => Approval.Check(lake.Lake, [Date], TimeProvider.System));
        Assert.Contains("2024-06-25 is not held back", error.Message, StringComparison.Ordinal);
        Assert.Equal(RunOutcome.NothingToDo, lake.Run(Strict, new() { Approve = [Date] }).Outcome);
    }

    /// <summary>A date is published, then broken, approved, broken again and mended; a run dies at every write of each of these.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void DyingAtAnyWriteLeavesWhatTheNextRunMakesRight(bool afterwards)
    {
        Action<TestLake>[] steps =
        [
            lake => lake.LandStreams("good.csv", Good),
            lake => lake.LandStreams("bad.csv", Bad),
            _ => { },
            lake => lake.LandStreams("worse.csv", Bad.Replace("14:00", "15:00", StringComparison.Ordinal)),
            lake => lake.LandStreams("mending.csv", Mending),
        ];
        var expected = new List<string>();
        using (var lake = New())
        {
            for (var step = 0; step < steps.Length; step++)
            {
                steps[step](lake);
                lake.Run(Strict, Request(step));
                expected.Add(Describe(lake));
            }
        }

        for (var step = 0; step < steps.Length; step++)
        {
            using var before = New();
            for (var done = 0; done < step; done++)
            {
                steps[done](before);
                before.Run(Strict, Request(done));
            }

            steps[step](before);
            var isDead = true;
            for (var write = 1; isDead; write++)
            {
                using var lake = before.Copy();
                using var other = new MemoryDestination("one");
                lake.Destinations = [other];
                var faulty = new FaultyLake(lake.Lake, write, afterwards);
                try
                {
                    lake.Run(Strict, Request(step), faulty);
                }
                catch (FaultyLake.DeadException)
                {
                    lake.BuryProcess();
                }

                isDead = faulty.IsDead;
                var seen = lake.Kpis();
                Assert.True(
                    seen.Count is 0 or 8 || step is 0 or 2 or 4,
                    $"Step {step}, write {write}: a date that is held back shows {seen.Count} tables."
                );
                lake.Run(Strict, Request(step));
                lake.Run(Strict);
                Assert.True(
                    expected[step] == Describe(lake),
                    $"Step {step}, write {write}:\n{expected[step]}\nfound:\n{Describe(lake)}"
                );
                Assert.True(lake.Plan(Strict).IsEmpty);
                AssertHolds(lake, other);
            }
        }

        static RunRequest? Request(int step) => step == 2 ? new() { Approve = [Date] } : null;

        static string Describe(TestLake lake) =>
            string.Join(
                '\n',
                lake.Kpis()
                    .Concat(lake.Quality())
                    .Select(file => $"{file.Key}\n{file.Value}")
                    .Concat(
                        lake.State.Dates.Values.Select(date =>
                            $"{date.Entry.IsHeld} {date.ApprovedAt is not null} {date.Entry.Listens} {date.Entry.Fingerprint}"
                        )
                    )
            );
    }

    public void Dispose() => destination.Dispose();

    TestLake New(string? csv = null)
    {
        var lake = NewLake();
        lake.Destinations = [destination];
        if (csv is not null)
        {
            lake.LandStreams("first.csv", csv);
        }

        return lake;
    }

    /// <summary>The tables of a lake of these files that holds nothing back.</summary>
    static SortedDictionary<string, string> Tables(params IReadOnlyList<string> files)
    {
        using var lake = NewLake();
        foreach (var (number, csv) in files.Index())
        {
            lake.LandStreams($"{number}.csv", csv);
        }

        lake.Run(Strict with { Quality = new() });
        return lake.Kpis();
    }

    void AssertDestinationHolds(TestLake lake) => AssertHolds(lake, destination);

    static void AssertHolds(TestLake lake, MemoryDestination destination)
    {
        var files = new SortedDictionary<string, string>(lake.Kpis(), StringComparer.Ordinal);
        foreach (var file in lake.Quality())
        {
            files.Add(file.Key, file.Value);
        }

        foreach (var table in destination.Held.Values.SelectMany(date => date.Tables))
        {
            var text = Encoding.UTF8.GetString(table.ToCsv());
            Assert.Equal(files.GetValueOrDefault($"{table.Schema.Name}/date={table.Date:yyyy-MM-dd}.csv", text), text);
            Assert.True(
                table.Rows.Count == 0 || files.ContainsKey($"{table.Schema.Name}/date={table.Date:yyyy-MM-dd}.csv")
            );
        }

        Assert.Equal(lake.State.Dates.Keys, destination.Held.Keys.Order());
    }

    static void AssertRests(TestLake lake)
    {
        Assert.True(lake.Plan(Strict).IsEmpty);
        Assert.Equal(RunOutcome.NothingToDo, lake.Run(Strict).Outcome);
    }
}
