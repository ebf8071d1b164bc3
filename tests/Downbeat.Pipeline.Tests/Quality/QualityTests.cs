using System.Globalization;
using System.Text;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Ledger;
using Downbeat.Pipeline.Quality;
using Downbeat.Pipeline.Runs;
using Downbeat.Testing;

namespace Downbeat.Pipeline.Tests.Quality;

/// <summary>What the checks measure, worked out by hand.</summary>
public sealed class QualityTests
{
    static readonly DateOnly Date = new(2024, 6, 25);

    [Fact]
    public void EveryCheckMeasuresWhatIsWorkedOutByHand()
    {
        using var lake = new TestLake();

        // Four of ten rows lack a value, and of the others one has a duration and one a popularity out of range.
        lake.LandCatalogue(
            """
            track_id,artists,track_name,popularity,duration_ms,track_genre
            a,A,a,1,1000,rock
            b,B,b,2,1000,rock
            c,C,c,3,1000,rock
            d,D,d,4,1000,rock
            e,,e,5,1000,rock
            f,F,,6,1000,rock
            ,G,g,7,1000,rock
            h,H,h,8,,rock
            i,I,i,9,0,rock
            j,J,j,101,1000,rock

            """,
            "user_id,user_country\n1,DE\n2,DE\n3,DE\n"
        );

        // Of 8 rows 1 is rejected and 2 repeat another: 5 listens, of which one lies in the other file as well.
        lake.LandStreams(
            "one.csv",
            Csv(
                "1,a,2024-06-25 00:00:00",
                "1,a,2024-06-25 00:00:00",
                "1,a,2024-06-25 00:00:00",
                "2,b,2024-06-25 01:00:00",
                "3,c,2024-06-25 02:00:00",
                "4,x,2024-06-25 02:30:00",
                "4,a,2024-06-25 03:00:00",
                "nobody,a,2024-06-25 04:00:00"
            ),
            Utc("2024-06-25 23:00")
        );
        lake.LandStreams("two.csv", Csv("3,c,2024-06-25 02:00:00", "5,a,2024-06-25 23:59:59"), Utc("2024-07-03 01:59"));
        lake.Run(With((QualityCheck.Freshness, new(168))) with { MaxRejectedShare = 0.2 });

        Assert.Equal(
            """
            date,check,value,threshold,status
            2024-06-25,duplicate_share,0.3333333333333333,0.1,warn
            2024-06-25,freshness,169,168,warn
            2024-06-25,hours_without_listens,19,6,warn
            2024-06-25,null_catalogue_values,0.4,0.05,warn
            2024-06-25,out_of_range_catalogue_values,0.2,0.01,warn
            2024-06-25,rejected_share,0.1,0.02,warn
            2024-06-25,unknown_track_share,0.16666666666666666,0.05,warn
            2024-06-25,unknown_user_share,0.4,0.05,warn

            """,
            lake.Quality()["quality_daily/date=2024-06-25.csv"]
        );
    }

    [Fact]
    public void AValueAtItsThresholdIsWithinIt()
    {
        foreach (var (threshold, status) in new[] { (0.24, "fail"), (0.25, "ok") })
        {
            using var lake = NewLake();
            lake.LandStreams(
                "a.csv",
                Csv("1,a,2024-06-25 12:00:00", "1,a,2024-06-25 13:00:00", "1,a,2024-06-25 14:00:00", "x,a,x")
            );
            lake.Run(
                With((QualityCheck.RejectedShare, new(0.1, threshold)), (QualityCheck.HoursWithoutListens, null)) with
                {
                    MaxRejectedShare = 1,
                }
            );
            var check = Check(lake, QualityCheck.RejectedShare);
            Assert.Equal((0.25, status == "ok" ? "warn" : status), (check.Value, check.Status));
            Assert.DoesNotContain("hours_without_listens", lake.Quality().Values.Single(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("UTC", "2024-06-25", 24)]
    [InlineData("Europe/Berlin", "2024-03-31", 23)] // Clocks skip the hour 2.
    [InlineData("Europe/Berlin", "2024-10-27", 24)] // The hour 2 is there twice, and is one.
    [InlineData("America/Sao_Paulo", "2018-11-04", 23)] // Clocks skip midnight.
    public void HoursAreThoseOfTheClocks(string zone, string date, int hours)
    {
        using var lake = NewLake(zone);
        lake.LandStreams("a.csv", Csv($"1,a,{date} 12:00:00"), TestLake.Arrived.AddYears(1));
        lake.Run();
        Assert.Equal(hours - 1, Check(lake, QualityCheck.HoursWithoutListens).Value);
    }

    [Fact]
    public void TheEndOfADateIsThatOfItsZone()
    {
        using var lake = NewLake("America/Sao_Paulo");
        lake.LandStreams("a.csv", Csv("1,a,2018-11-03 12:00:00"), Utc("2018-11-04 05:59")); // It ended at 03:00.
        lake.Run(With((QualityCheck.Freshness, new(48))));
        Assert.Equal(2, Check(lake, QualityCheck.Freshness).Value);
    }

    [Fact]
    public void ListensBeforeTheUserSignedUpAreCountedOnRequest()
    {
        using var lake = NewLake("Europe/Berlin");
        lake.Land(
            $"{LakePaths.Users}/users.csv",
            Encoding.UTF8.GetBytes(
                "user_id,user_country,created_at\n1,DE,2024-06-25 12:00:00\n2,DE,2024-06-25T10:00:01Z\n3,DE,2024-06-26\n4,DE,\n1,DE,2025-01-01\n"
            )
        );
        lake.LandStreams(
            "a.csv",
            Csv(
                "1,a,2024-06-25 11:59:59",
                "1,a,2024-06-25 12:00:00",
                "2,a,2024-06-25 12:00:00",
                "3,a,2024-06-25 23:59:59",
                "3,a,2024-06-26 00:00:00",
                "4,a,2024-06-25 12:00:00"
            )
        );
        lake.Run();
        Assert.DoesNotContain(Checks(lake), check => check.Check == "listens_before_signup");
        lake.Run(With((QualityCheck.ListensBeforeSignup, new(0.1))), new() { Rebuild = (Date, Date.AddDays(1)) });
        Assert.Equal(0.6, Check(lake, QualityCheck.ListensBeforeSignup).Value);
        Assert.Equal(
            0,
            lake.State.Dates[Date.AddDays(1)].Entry.Quality.Single(one => one.Check == "listens_before_signup").Value
        );
    }

    [Fact]
    public void ADateIsJudgedAsAWholeWhenItIsOver()
    {
        using var lake = NewLake();
        var options = With((QualityCheck.Freshness, new(48)));
        lake.LandStreams("a.csv", Csv("1,a,2024-06-25 12:00:00"), Utc("2024-06-25 13:00"));
        lake.Run(options);
        Assert.DoesNotContain(Checks(lake), check => check.Check is "freshness" or "hours_without_listens" or "volume");

        lake.LandStreams("b.csv", Csv("1,a,2024-06-26 00:30:00"), Utc("2024-06-26 01:00"));
        var record = lake.Run(options);
        Assert.Equal([Date, Date.AddDays(1)], record.Dates.Select(date => date.Date));
        Assert.Equal("the date is over", record.Dates[0].Why);
        Assert.Empty(record.Dates[0].Restated);
        Assert.Equal(23, Check(lake, QualityCheck.HoursWithoutListens).Value);
        Assert.Equal(0, Check(lake, QualityCheck.Freshness).Value); // Its last file came before its end.
        Assert.True(lake.Plan(options).IsEmpty);
    }

    [Fact]
    public void VolumeIsComparedWithTheMedianOfTheSameWeekdays()
    {
        using var lake = NewLake();
        int[] listens = [10, 1000, 12, 11, 1, 11, 12, 10, 11]; // Two that are odd do not move the median.
        LandWeeks(lake, listens);
        lake.Run();
        var found = lake.State.Dates.Values.Select(date =>
            date.Entry.Quality.FirstOrDefault(check => check.Check == "volume")?.Value
        );

        // Medians of those before: 11.5, 11, 11, 11, and of the last eight 11.
        Assert.Equal([null, null, null, null, 10.5 / 11.5, 0, 1 / 11.0, 1 / 11.0, 0], found);
    }

    [Fact]
    public void OtherWeekdaysAndDatesThatFailedAreNoBaseline()
    {
        using var lake = NewLake();
        LandWeeks(lake, [10, 10, 10, 10, 100, 100, 100, 100, 10]);
        LandWeeks(lake, [900, 900, 900, 900, 900, 900, 900, 900, 900], days: 1);
        var options = With((QualityCheck.Volume, new(null, 0.5)));
        lake.Run(options);
        var weeks = lake.State.Dates.Values.Where(date => date.Entry.Date.DayOfWeek == First.DayOfWeek).ToList();
        Assert.Equal(
            [false, false, false, false, true, true, true, true, false],
            weeks.Select(date => date.Entry.IsHeld)
        );

        // Approving one says that it is right, and not that it is usual.
        lake.Run(options, new() { Approve = [weeks[4].Entry.Date] });
        lake.LandStreams("next.csv", Csv(Rows(First.AddDays(7 * 9), 10)));
        lake.Run(options);
        Assert.Equal(
            0,
            lake.State.Dates[First.AddDays(7 * 9)].Entry.Quality.Single(check => check.Check == "volume").Value
        );
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void HowManyWorkersThereAreChangesNoJudgement(int workers)
    {
        var expected = Judged(1, oneRun: true);
        Assert.Equal(expected, Judged(workers, oneRun: true));
        Assert.Equal(expected, Judged(workers, oneRun: false));

        static IEnumerable<string> Judged(int workers, bool oneRun)
        {
            using var lake = NewLake();
            int[] listens = [300, 3, 2, 5, 900, 1, 3, 3, 400, 3];
            var options = With((QualityCheck.Volume, new(0.2, 2))) with { Workers = workers };
            for (var week = 0; week < listens.Length; week++)
            {
                for (var day = 0; day < 7; day++)
                {
                    var date = First.AddDays((7 * week) + day);
                    lake.LandStreams($"{date:yyyy-MM-dd}.csv", Csv(Rows(date, listens[week] + day)));
                }

                if (!oneRun)
                {
                    lake.Run(options);
                }
            }

            lake.Run(options);
            return lake.Quality().Concat(lake.Kpis()).Select(file => $"{file.Key}\n{file.Value}").ToList();
        }
    }

    [Fact]
    public void RepeatedListensChangeQualityAndNothingElse()
    {
        using var lake = NewLake();
        using var destination = new MemoryDestination("one");
        lake.Destinations = [destination];
        lake.LandStreams("a.csv", Csv("1,a,2024-06-25 12:00:00"));
        lake.Run();
        var (kpis, before) = (lake.Kpis(), lake.State.Dates[Date].Entry);
        lake.LandStreams("again.csv", Csv("1,a,2024-06-25 12:00:00"));
        var record = lake.Run();
        Assert.Equal(kpis, lake.Kpis());
        Assert.Empty(Assert.Single(record.Dates).Restated);
        Assert.Equal(0.5, Check(lake, QualityCheck.DuplicateShare).Value);
        Assert.Equal(before.RestatedAt, lake.State.Dates[Date].Entry.RestatedAt);
        Assert.Equal(
            lake.Quality().Values.Single(),
            Encoding.UTF8.GetString(destination.Held[Date].Table("quality_daily").ToCsv())
        );
    }

    [Fact]
    public void ThresholdsThatMakeNoSenseAreRefused()
    {
        var check = QualityCheck.Volume;
        Assert.Throws<ArgumentOutOfRangeException>(() => new QualityOptions().With(check, new(0.2, 0.1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => new QualityOptions().With(check, new(-1)));
        Assert.Throws<ArgumentException>(() => new QualityOptions().With(check, new()));
        Assert.Null(new QualityOptions().With(check, null).Of(check));
        Assert.Equal(check.Default, new QualityOptions().Of(check));
    }

    internal static DateOnly First => new(2024, 1, 2);

    internal static RunOptions With(params (QualityCheck Check, QualityThresholds? Thresholds)[] changed) =>
        new() { Quality = changed.Aggregate(new QualityOptions(), (all, one) => all.With(one.Check, one.Thresholds)) };

    internal static TestLake NewLake(string zone = "UTC")
    {
        var lake = new TestLake(zone);
        lake.LandCatalogue(
            "track_id,artists,track_name,popularity,duration_ms,track_genre\na,A,a,1,1000,rock\n",
            "user_id,user_country\n1,DE\n"
        );
        return lake;
    }

    internal static string Csv(params IEnumerable<string> rows) =>
        $"user_id,track_id,listen_time\n{string.Join('\n', rows)}\n";

    internal static IEnumerable<string> Rows(DateOnly date, int count) =>
        Enumerable
            .Range(0, count)
            .Select(second =>
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"1,a,{date:yyyy-MM-dd} 12:{second / 60:D2}:{second % 60:D2}"
                )
            );

    static void LandWeeks(TestLake lake, int[] listens, int days = 0)
    {
        for (var week = 0; week < listens.Length; week++)
        {
            var date = First.AddDays((7 * week) + days);
            lake.LandStreams($"{date:yyyy-MM-dd}.csv", Csv(Rows(date, listens[week])));
        }
    }

    static IReadOnlyList<QualityEntry> Checks(TestLake lake) => lake.State.Dates.Values.First().Entry.Quality;

    static QualityEntry Check(TestLake lake, QualityCheck check) => Checks(lake).Single(one => one.Check == check.Name);

    static DateTimeOffset Utc(string text) =>
        DateTimeOffset.ParseExact(
            text,
            "yyyy-MM-dd HH:mm",
            CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal
        );
}
