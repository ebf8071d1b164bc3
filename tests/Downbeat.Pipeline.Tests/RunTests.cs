using Downbeat.Engine.Scan;
using Downbeat.Engine.Slices;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Ledger;
using Downbeat.Pipeline.Quarantine;
using Downbeat.Pipeline.Runs;
using Downbeat.Testing;

namespace Downbeat.Pipeline.Tests;

/// <summary>What a run does with files that come late, twice, changed, longer, broken, or while it works.</summary>
public sealed class RunTests
{
    const string Listen = "1,track001,2024-06-25 12:00:00,0,0";

    [Fact]
    public void AFileThatLandsWhileARunIsUnderWayIsLeftForTheNext()
    {
        using var lake = NewLake();
        lake.LandStreams("early.csv", TestListens.Csv([Listen]));
        var landed = false;
        var during = new HookedLake(lake.Lake)
        {
            OnOpen = path =>
            {
                if (path.EndsWith("early.csv", StringComparison.Ordinal) && !landed)
                {
                    landed = true;
                    lake.LandStreams("meanwhile.csv", TestListens.Csv(["2,track001,2024-06-26 12:00:00,0,0"]));
                }
            },
        };
        var first = lake.Run(through: during);
        Assert.True(landed);
        Assert.Equal("landing/streams/early.csv", Assert.Single(first.Scanned).Path);
        Assert.NotNull(lake.Lake.Find("landing/streams/meanwhile.csv"));
        var second = lake.Run();
        Assert.Equal("landing/streams/meanwhile.csv", Assert.Single(second.Scanned).Path);
        Assert.Equal(2, second.Archived + first.Archived);
    }

    [Fact]
    public void AFileThatChangesWhileItIsReadIsLeftForTheNext()
    {
        using var lake = NewLake();
        lake.LandStreams("growing.csv", TestListens.Csv([Listen]));
        var during = new HookedLake(lake.Lake)
        {
            OnOpen = path =>
            {
                if (path.EndsWith("growing.csv", StringComparison.Ordinal))
                {
                    lake.LandStreams(
                        "growing.csv",
                        TestListens.Csv([Listen, "2,track001,2024-06-25 12:00:00,0,0"]),
                        TestLake.Arrived.AddSeconds(1)
                    );
                }
            },
        };
        var first = lake.Run(through: during);
        Assert.Empty(first.Scanned);
        Assert.Equal("landing/streams/growing.csv", Assert.Single(first.Left).Path);
        Assert.Equal(2, Assert.Single(lake.Run().Scanned).Rows);
    }

    [Fact]
    public void AFileThatIsReplacedAfterItWasScannedStaysAndIsANewSource()
    {
        using var lake = NewLake();
        lake.LandStreams("drop.csv", TestListens.Csv([Listen]));
        var replaced = false;
        var during = new HookedLake(lake.Lake)
        {
            OnPutIfAbsent = path =>
            {
                if (path.StartsWith("ledger/", StringComparison.Ordinal) && lake.State.Sources.Count == 1 && !replaced)
                {
                    replaced = true;
                    lake.LandStreams(
                        "drop.csv",
                        TestListens.Csv(["2,track002,2024-06-25 13:00:00,0,0"]),
                        TestLake.Arrived.AddHours(1)
                    );
                }
            },
        };
        lake.Run(through: during);
        Assert.True(replaced);
        Assert.NotNull(lake.Lake.Find("landing/streams/drop.csv"));
        lake.Run();
        Assert.Equal(2, lake.State.Dates.Single().Value.Entry.Listens);
        Assert.Null(lake.Lake.Find("landing/streams/drop.csv"));
    }

    [Fact]
    public void AFileReplacedWithinTheSameTickOfTheClockIsNotArchivedInPlaceOfTheOther()
    {
        using var lake = NewLake();
        var now = DateTimeOffset.UtcNow;
        var (one, other) = (
            TestListens.Csv([Listen]),
            TestListens.Csv([Listen.Replace("track001", "track002", StringComparison.Ordinal)])
        );
        Assert.Equal(one.Length, other.Length);
        lake.LandStreams("drop.csv", one, now);
        var read = lake.Lake.Find("landing/streams/drop.csv")!;
        lake.LandStreams("drop.csv", other, now);
        using var bytes = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(one));
        var sum = ContentHash.Of(bytes);
        Assert.False(lake.Lake.Move(read, sum, "archive/streams/x.csv"));
        Assert.NotNull(lake.Lake.Find("landing/streams/drop.csv"));
        Assert.Null(lake.Lake.Find("archive/streams/x.csv"));
    }

    [Fact]
    public void ALakeOfAnotherFormatIsRefusedAndLeftAsItIs()
    {
        using var lake = NewLake();
        lake.LandStreams("drop.csv", TestListens.Csv([Listen]));
        using var stream = new StreamReader(lake.Lake.Open(LakePaths.Lake));
        var old = stream.ReadToEnd().Replace("\"format\": 2", "\"format\": 1", StringComparison.Ordinal);
        old = System.Text.RegularExpressions.Regex.Replace(old, ",\\s*\"sum\": \"[^\"]*\"", ""); // That came later.
        lake.Lake.Put([(LakePaths.Lake, System.Text.Encoding.UTF8.GetBytes(old))]);
        var before = lake.Lake.List("").Select(file => file.Path).ToList();
        var error = Assert.Throws<LakeException>(() => lake.Run());
        Assert.Contains("has lake format 1, and this Downbeat reads format 2", error.Message, StringComparison.Ordinal);
        Assert.Equal(before, lake.Lake.List("").Select(file => file.Path));
    }

    [Fact]
    public void TheSameFileUnderTheSameNameIsArchivedBesideTheFirst()
    {
        using var lake = NewLake();
        lake.LandStreams("drop.csv", TestListens.Csv([Listen]));
        lake.Run();
        var before = lake.Kpis();
        lake.LandStreams("drop.csv", TestListens.Csv([Listen])); // Same size, same time.
        Assert.Single(lake.Plan().Scan);
        lake.Run();
        lake.LandStreams("drop.csv", TestListens.Csv([Listen]), TestLake.Arrived.AddDays(1)); // A later arrival: scanned again.
        lake.Run();
        Assert.Equal(before, lake.Kpis());
        Assert.Equal(3, lake.Lake.List(LakePaths.Archive).Count);
        Assert.Empty(lake.Lake.List(LakePaths.Streams));
    }

    [Fact]
    public void ANewVersionThatContinuesTheOldOneTakesItsPlace()
    {
        using var lake = NewLake();
        var whole = TestListens.Csv([Listen, "1,track001,2024-06-25 13:00:00.25,0,0"]);

        // Cut within the last row, so that what stands there happens to be another listen.
        lake.LandStreams("drop.csv", TestListens.Csv([Listen]) + "1,track001,2024-06-25 13:00:00,0,1");
        lake.Run();
        Assert.Equal(2, lake.State.Dates.Single().Value.Entry.Listens);
        lake.LandStreams(
            "drop.csv",
            TestListens.Csv([Listen]) + "1,track001,2024-06-25 13:00:00,0,1 no, this row is longer\n" + Listen + "\n",
            TestLake.Arrived.AddHours(1)
        );
        lake.Run(new() { MaxRejectedShare = 1 });
        Assert.Equal(1, lake.State.Dates.Single().Value.Entry.Listens);
        Assert.Single(lake.State.Sources.Values, source => source.RetractedBy is not null);
        lake.LandStreams("drop.csv", whole, TestLake.Arrived.AddHours(2)); // No continuation: both count.
        lake.Run();
        Assert.Equal(2, lake.State.Dates.Single().Value.Entry.Listens);
    }

    [Fact]
    public void ANewVersionThatIsQuarantinedTakesNothingAway()
    {
        using var lake = NewLake();
        lake.LandStreams("drop.csv", TestListens.Csv([Listen]));
        lake.Run();
        var before = lake.Kpis();
        lake.LandStreams("drop.csv", TestListens.Csv([Listen, "x", "y", "z"]), TestLake.Arrived.AddHours(1));
        var record = lake.Run();
        Assert.Equal("too_many_rejected", Assert.Single(record.Scanned).Fault);
        Assert.Equal(before, lake.Kpis());
    }

    [Fact]
    public void AStalledWriterWhoseSlicesWereSweptMakesThemAgain()
    {
        using var lake = NewLake();
        lake.LandStreams("drop.csv", TestListens.Csv([Listen]));
        var swept = false;
        var during = new HookedLake(lake.Lake)
        {
            OnPutIfAbsent = path =>
            {
                var slices = lake.Lake.List(LakePaths.Slices).Select(slice => slice.Path).ToList();
                if (path.StartsWith("ledger/", StringComparison.Ordinal) && slices.Count > 0 && !swept)
                {
                    swept = true;
                    LakeLedger
                        .Open(lake.Lake, "sweeper", TimeProvider.System)
                        .Commit(_ => LakeLedger.Facts with { Swept = slices });
                    slices.ForEach(lake.Lake.Delete);
                }
            },
        };
        Assert.Empty(lake.Run(through: during).Scanned);
        Assert.True(swept);
        Assert.Single(lake.Run().Scanned);
        Assert.Equal(8, lake.Kpis().Count);
        Assert.True(lake.Plan().IsEmpty);
    }

    [Fact]
    public void ARebuildThatDiesIsEndedByTheNextRun()
    {
        using var lake = NewLake();
        lake.LandStreams("drop.csv", TestListens.Csv(new TestListens().Rows(100)));
        lake.Run();
        lake.LandCatalogue(
            TestListens.Songs.Replace("Name ", "Renamed ", StringComparison.Ordinal),
            TestListens.Users,
            TestLake.Arrived.AddDays(1)
        );
        lake.Run();
        var all = new RunRequest { Rebuild = (new(2024, 6, 1), new(2024, 6, 30)) };
        var faulty = new FaultyLake(lake.Lake, diesAt: 6, afterwards: true);
        Assert.ThrowsAny<Exception>(() => lake.Run(request: all, through: faulty));
        lake.Lake.Delete(LakePaths.Lease);
        Assert.Equal(3, lake.Plan().Dates.Count);
        lake.Run();
        Assert.All(
            lake.Kpis().Where(file => file.Key.StartsWith("top_tracks", StringComparison.Ordinal)),
            file => Assert.Contains("Renamed", file.Value, StringComparison.Ordinal)
        );
        Assert.True(lake.Plan().IsEmpty);
    }

    [Fact]
    public void ADateLeftWithoutListensLosesItsFiles()
    {
        using var lake = NewLake();
        lake.LandStreams("drop.csv", TestListens.Header + "\n" + "1,track001,2024-06-25 13:00:00,0,");
        lake.Run();
        Assert.Equal(8, lake.Kpis().Count);
        lake.LandStreams(
            "drop.csv",
            TestListens.Header + "\n" + "1,track001,2024-06-25 13:00:00,0,x\n",
            TestLake.Arrived.AddHours(1)
        );
        var record = lake.Run(new() { MaxRejectedShare = 1 });
        Assert.Equal(0, Assert.Single(record.Dates).Listens);
        Assert.Empty(lake.Kpis());
        Assert.Empty(lake.State.Dates);
        Assert.True(lake.Plan().IsEmpty);
    }

    [Fact]
    public void TracksAndUsersThatBecomeKnownRestateTheirDatesAndOthersDoNot()
    {
        using var lake = new TestLake();
        const string SongsHeader = "track_id,artists,track_name,popularity,duration_ms,track_genre\n";
        lake.LandCatalogue(SongsHeader + "a,A,A,1,1000,pop\n", "user_id,user_country\n1,France\n");
        lake.LandStreams(
            "drop.csv",
            "user_id,track_id,listen_time\n1,a,2024-06-24 00:00:00\n1,b,2024-06-25 00:00:00\n2,a,2024-06-26 00:00:00\n3,c,2024-06-27 00:00:00\n"
        );
        lake.Run();
        var before = lake.Kpis();

        // An attribute alone restates nothing.
        lake.LandCatalogue(
            SongsHeader + "a,A,Another name,1,1000,pop\n",
            "user_id,user_country\n1,Spain\n",
            TestLake.Arrived.AddDays(1)
        );
        Assert.Empty(lake.Run().Dates);
        Assert.Equal(before, lake.Kpis());

        lake.LandCatalogue(
            SongsHeader + "a,A,Another name,1,1000,pop\nb,B,B,1,1000,pop\n",
            "user_id,user_country\n1,Spain\n",
            TestLake.Arrived.AddDays(2)
        );
        Assert.Equal([new DateOnly(2024, 6, 25)], lake.Run().Dates.Select(date => date.Date));

        lake.LandCatalogue(
            SongsHeader + "a,A,Another name,1,1000,pop\nb,B,B,1,1000,pop\n",
            "user_id,user_country\n1,Spain\n2,Peru\n",
            TestLake.Arrived.AddDays(3)
        );
        Assert.Equal([new DateOnly(2024, 6, 26)], lake.Run().Dates.Select(date => date.Date));
        Assert.Contains("Peru", lake.Kpis()["country_daily/date=2024-06-26.csv"], StringComparison.Ordinal);
        Assert.Equal(RunOutcome.NothingToDo, lake.Run().Outcome);

        // On purpose the changed attribute is taken over.
        var record = lake.Run(request: new() { Rebuild = (new(2024, 6, 24), new(2024, 6, 24)) });
        Assert.Equal(new DateOnly(2024, 6, 24), Assert.Single(record.Dates).Date);
        Assert.Contains("Another name", lake.Kpis()["genre_daily/date=2024-06-24.csv"], StringComparison.Ordinal);
    }

    [Fact]
    public void SettingsThatShapeTheTablesRestateAllDates()
    {
        using var lake = NewLake();
        lake.LandStreams("drop.csv", TestListens.Csv(new TestListens().Rows(200)));
        lake.Run();
        var record = lake.Run(new() { Kpis = new() { TopGenres = 2 } });
        Assert.Equal(3, record.Dates.Count);
        Assert.All(record.Dates, date => Assert.Contains("top_genres", date.Restated));
    }

    [Fact]
    public void APublishedFileThatIsGoneOrCutComesBack()
    {
        using var lake = NewLake();
        lake.LandStreams("drop.csv", TestListens.Csv(new TestListens().Rows(200)));
        lake.Run();
        var before = lake.Kpis();
        File.Delete(Path.Combine(lake.Folder, LakePaths.Kpi("hourly", new(2024, 6, 25))));
        File.WriteAllText(Path.Combine(lake.Folder, LakePaths.Kpi("daily", new(2024, 6, 26))), "");
        Assert.Equal(2, lake.Plan().Dates.Count);
        lake.Run();
        Assert.Equal(before, lake.Kpis());
    }

    [Fact]
    public void ARebuildMendsAPublishedFileThatIsDamaged()
    {
        using var lake = NewLake();
        lake.LandStreams("drop.csv", TestListens.Csv([Listen]));
        lake.Run();
        var before = lake.Kpis();
        var file = Path.Combine(lake.Folder, LakePaths.Kpi("daily", new(2024, 6, 25)));
        File.WriteAllText(file, File.ReadAllText(file).Replace('1', '7'));
        var date = Assert.Single(lake.Run(request: new() { Rebuild = (new(2024, 6, 1), new(2024, 6, 30)) }).Dates);
        Assert.Equal(["daily"], date.Restated);
        Assert.Equal(before, lake.Kpis());
    }

    [Fact]
    public void ADamagedSliceIsNamedAndMadeAgainFromTheArchive()
    {
        using var lake = NewLake();
        lake.LandStreams("drop.csv", TestListens.Csv(new TestListens().Rows(200)));
        lake.Run();
        var before = lake.Kpis();
        var slice = lake.State.Sources.Single().Value.Entry.Slices[1];
        var file = Path.Combine(lake.Folder, slice.Path);
        var bytes = File.ReadAllBytes(file);
        bytes[40] ^= 1;
        File.WriteAllBytes(file, bytes);

        var all = new RunRequest { Rebuild = (new(2024, 6, 1), new(2024, 6, 30)) };
        var record = lake.Run(request: all);
        Assert.Equal(RunOutcome.Failed, record.Outcome);
        Assert.Equal(2, record.Dates.Count);
        var error = Assert.Single(record.Errors);
        Assert.Contains(slice.Path, error, StringComparison.Ordinal);
        Assert.Equal(before, lake.Kpis());

        // As the message says.
        Assert.Contains("`downbeat repair`", error, StringComparison.Ordinal);
        lake.Repair();
        record = lake.Run(request: all);
        Assert.Equal(RunOutcome.Done, record.Outcome);
        Assert.Equal(before, lake.Kpis());
    }

    [Fact]
    public void RejectedRowsThatWereMendedCountAfterARetry()
    {
        using var lake = NewLake();
        lake.LandStreams(
            "drop.csv",
            TestListens.Csv([Listen, "one,track002,2024-06-25 13:00:00,0,0", "2,track003,noon,0,0"])
        );
        var options = new RunOptions { MaxRejectedShare = 1 };
        lake.Run(options);
        var quarantine = new QuarantineStore(lake.Lake, options, TimeProvider.System);
        var entry = Assert.Single(quarantine.List());
        Assert.Equal(2, entry.Rejects);
        Assert.Equal(0, quarantine.Retry(entry.Source).RowsLanded); // Nothing was mended yet.

        var file = Path.Combine(lake.Folder, entry.Where);
        File.WriteAllText(file, File.ReadAllText(file).Replace("one,track002", "1,track002", StringComparison.Ordinal));
        var result = quarantine.Retry("drop.csv");
        Assert.Equal((1, 1), (result.RowsLanded, result.RowsLeft));
        Assert.Equal(1, Assert.Single(quarantine.List()).Rejects);
        lake.Run(options);
        Assert.Equal(2, lake.State.Dates.Single().Value.Entry.Listens);
        Assert.Equal("bad_listen_time", Assert.Single(quarantine.Show(entry.Source)).Reason);
    }

    [Fact]
    public void RecordsThatAreTooLongAreKeptBesideTheOthersAndNeverRetriedCut()
    {
        using var lake = NewLake();
        var options = new RunOptions { MaxRejectedShare = 1 };
        var longName = new string('"', 700_000) + new string('é', 400_000);
        lake.LandStreams(
            "drop.csv",
            $"user_id,track_id,listen_time,note\n1,track001,2024-06-25 13:00:00,{longName}\nx,track001,2024-06-25 13:00:00,\"{new string('"', 600_000)}\"\n1,track001,2024-06-25 13:00:00,\n"
        );
        lake.Run(options);
        var quarantine = new QuarantineStore(lake.Lake, options, TimeProvider.System);
        for (var round = 0; round < 2; round++)
        {
            var rows = quarantine.Show("drop.csv").ToList();
            Assert.Equal(["record_too_long", "bad_user_id"], rows.Select(row => row.Reason));
            Assert.Equal([2L, 3L], rows.Select(row => row.LineNumber));
            Assert.StartsWith("1,track001,2024-06-25 13:00:00,\"\"\"", rows[0].Raw, StringComparison.Ordinal);
            Assert.Equal(0, quarantine.Retry("drop.csv").RowsLanded);
        }
    }

    [Fact]
    public void AQuarantinedFileThatWasMendedCountsAfterARetry()
    {
        using var lake = NewLake();
        lake.LandStreams("drop.csv", "user_id,track,listen_time\n1,track001,2024-06-25 13:00:00\n");
        lake.Run();
        var quarantine = new QuarantineStore(lake.Lake, new(), TimeProvider.System);
        var entry = quarantine.Find("drop.csv");
        Assert.Equal("missing_column", entry.Fault);
        Assert.Empty(lake.Kpis());

        quarantine.Retry(entry.Source); // As it is: it comes back.
        Assert.Equal(1, lake.Run().Quarantined);
        entry = quarantine.Find("drop.csv");
        var file = Path.Combine(lake.Folder, entry.Where);
        File.WriteAllText(file, File.ReadAllText(file).Replace("track,", "track_id,", StringComparison.Ordinal));
        Assert.Equal("landing/streams/drop.csv", quarantine.Retry(entry.Source).LandedAs);
        lake.Run();
        Assert.Empty(quarantine.List());
        Assert.Equal(8, lake.Kpis().Count);
    }

    [Fact]
    public void MissingSongsOrUsersAreSaidBeforeAnythingIsTouched()
    {
        using var lake = new TestLake();
        lake.LandStreams("drop.csv", TestListens.Csv([Listen]));
        Assert.Contains(
            "landing/songs",
            Assert.Throws<LakeException>(() => lake.Run()).Message,
            StringComparison.Ordinal
        );
        lake.Land("landing/songs/songs.csv", System.Text.Encoding.UTF8.GetBytes(TestListens.Songs));
        Assert.Contains(
            "landing/users",
            Assert.Throws<LakeException>(() => lake.Run()).Message,
            StringComparison.Ordinal
        );
        Assert.NotNull(lake.Lake.Find("landing/streams/drop.csv"));
        Assert.Equal(0, lake.State.Version);
    }

    [Fact]
    public void TwoRunsWithoutALeaseDoTheWorkOnce()
    {
        var random = new TestListens();
        var rows = random.Rows(3000);
        using var alone = NewLake();
        using var shared = NewLake();
        var number = 0;
        foreach (var part in random.Split(rows, 40))
        {
            alone.LandStreams($"{number}.csv", TestListens.Csv(part));
            shared.LandStreams($"{number++}.csv", TestListens.Csv(part));
        }

        alone.Run();
        Parallel.For(0, 3, run => shared.Run(new() { Workers = 2 }, through: new OwnLeaseLake(shared.Lake, run)));
        var last = shared.Run();
        Assert.Empty(last.Errors);
        Assert.Equal(alone.Kpis(), shared.Kpis());
        Assert.Equal(40, shared.State.Sources.Count);
        Assert.Equal(40, shared.Lake.List(LakePaths.Archive).Count);
        Assert.True(shared.Plan().IsEmpty);
    }

    [Fact]
    public void ALeaseHeldByALivingProcessKeepsAnotherRunOut()
    {
        using var lake = NewLake();
        lake.LandStreams("drop.csv", TestListens.Csv([Listen]));
        Exception? second = null;
        var during = new HookedLake(lake.Lake)
        {
            OnOpen = path =>
                second ??= path.EndsWith("drop.csv", StringComparison.Ordinal)
                    ? Record.Exception(() => lake.Run())
                    : null,
        };
        lake.Run(through: during);
        Assert.IsType<LeaseHeldException>(second);
        Assert.Null(lake.Lake.Find(LakePaths.Lease));
    }

    [Fact]
    public void FilesThatAreNoInputAreLeftAlone()
    {
        using var lake = NewLake();
        foreach (var name in (string[])[".hidden.csv", "a.csv.tmp", "b.csv.part", "notes.txt"])
        {
            lake.LandStreams(name, TestListens.Csv([Listen]));
        }

        Assert.Equal(4, lake.Plan().Leave.Count);
        lake.Run();
        Assert.Empty(lake.State.Sources);
        Assert.Equal(4, lake.Lake.List(LakePaths.Streams).Count);
    }

    [Fact]
    public void ACatalogueThatIsNoLongerKeptIsReadAgain()
    {
        using var lake = NewLake();
        lake.LandStreams("drop.csv", TestListens.Csv(new TestListens().Rows(100)));
        lake.Run();
        var before = lake.Kpis();
        var state = lake.State;
        lake.Lake.Delete(state.Songs!.Path);
        lake.Lake.Delete(state.Users!.Path);
        Assert.Equal(2, lake.Plan().Catalogue.Count);
        Assert.Equal(RunOutcome.Done, lake.Run().Outcome);
        Assert.Equal(before, lake.Kpis());
        Assert.True(lake.Plan().IsEmpty);
    }

    [Fact]
    public void ALostLedgerIsNoNewLake()
    {
        using var lake = NewLake();
        lake.LandStreams("drop.csv", TestListens.Csv([Listen]));
        lake.Run();
        var files = lake.Lake.List(LakePaths.Slices);
        Directory.Delete(Path.Combine(lake.Folder, LakePaths.Ledger), recursive: true);
        Assert.Contains(
            "is missing, and ledger-copies/",
            Assert.Throws<DamagedObjectException>(() => lake.Run()).Message,
            StringComparison.Ordinal
        );
        Directory.Delete(Path.Combine(lake.Folder, LakePaths.LedgerCopies), recursive: true);
        Assert.Contains(
            "ledger/ was lost",
            Assert.Throws<LakeException>(() => lake.Run()).Message,
            StringComparison.Ordinal
        );
        Assert.Equal(files, lake.Lake.List(LakePaths.Slices));
    }

    [Fact]
    public void ALakeMayBeNamedWithASlashBehindIt()
    {
        using var lake = NewLake();
        lake.LandStreams("drop.csv", TestListens.Csv([Listen]));
        Assert.Equal(
            RunOutcome.Done,
            lake.Run(through: new Downbeat.Connectors.Folder.FolderLake(lake.Folder + "/")).Outcome
        );
    }

    [Theory]
    [InlineData("file,line_number,byte_offset,byte_length,reason,raw\n", "")]
    [InlineData(",", ";")]
    public void RejectsThatASpreadsheetSpoiltAreRefusedAndKept(string what, string by)
    {
        using var lake = NewLake();
        var options = new RunOptions { MaxRejectedShare = 1 };
        lake.LandStreams("drop.csv", TestListens.Csv([Listen, "one,track002,2024-06-25 13:00:00,0,0"]));
        lake.Run(options);
        var quarantine = new QuarantineStore(lake.Lake, options, TimeProvider.System);
        var file = Path.Combine(lake.Folder, quarantine.Find("drop.csv").Where);
        var spoilt = File.ReadAllText(file).Replace(what, by, StringComparison.Ordinal);
        File.WriteAllText(file, spoilt);
        Assert.Contains(
            "line_number",
            Assert.Throws<LakeException>(() => quarantine.Retry("drop.csv")).Message,
            StringComparison.Ordinal
        );
        Assert.Equal(spoilt, File.ReadAllText(file));
        Assert.Null(lake.Lake.Find(LakePaths.Lease));
    }

    [Fact]
    public void APipeInTheLandingAreaKeepsNobodyWaiting()
    {
        using var lake = NewLake();
        lake.LandStreams("drop.csv", TestListens.Csv([Listen]));
        var pipe = Path.Combine(lake.Folder, LakePaths.Streams, "pipe.csv");
        using var made = System.Diagnostics.Process.Start("mkfifo", [pipe]);
        made.WaitForExit();
        Assert.Equal(0, made.ExitCode);
        var record = lake.Run();
        Assert.Null(Assert.Single(record.Scanned).Fault);
        var plan = lake.Plan();
        Assert.True(plan.IsEmpty);
        Assert.Equal("landing/streams/pipe.csv", Assert.Single(plan.Leave).Path);
    }

    [Fact]
    public void AFileIsReadOnlyWhenItHasSettled()
    {
        using var lake = NewLake();
        lake.LandStreams("drop.csv", TestListens.Csv([Listen]), DateTimeOffset.UtcNow);
        Assert.Empty(lake.Run(new() { SettleSeconds = 60 }).Scanned);
        Assert.Single(lake.Run().Scanned);
    }

    [Fact]
    public void ASmallSortBufferMakesTheSameTables()
    {
        // More listens than 16 MiB shared by eight workers hold: every file makes several runs.
        var random = new TestListens();
        var rows = random.Rows(250_000);
        var expected = Published(rows, new() { Workers = 1, SortBufferMb = 512 });
        Assert.Equal(expected, Published(rows, new() { Workers = 1, SortBufferMb = 16 }));
        Assert.Equal(expected, Published(rows, new() { Workers = 8, SortBufferMb = 16 }));

        static SortedDictionary<string, string> Published(List<string> rows, RunOptions options)
        {
            using var lake = NewLake();
            for (var file = 0; file < 8; file++)
            {
                lake.LandStreams($"{file}.csv", TestListens.Csv(rows.Skip(file * 20_000).Take(120_000)));
            }

            Assert.Empty(lake.Run(options).Errors);
            return lake.Kpis();
        }
    }

    static TestLake NewLake()
    {
        var lake = new TestLake();
        lake.LandCatalogue(TestListens.Songs, TestListens.Users);
        return lake;
    }

    sealed class HookedLake(ILake inner) : ForwardingLake(inner)
    {
        public Action<string>? OnOpen { get; init; }

        public Action<string>? OnPutIfAbsent { get; init; }

        public override Stream Open(string path)
        {
            OnOpen?.Invoke(path);
            return base.Open(path);
        }

        public override bool PutIfAbsent(string path, byte[] bytes)
        {
            OnPutIfAbsent?.Invoke(path);
            return base.PutIfAbsent(path, bytes);
        }
    }

    /// <summary>Every run finds a lease of its own, as if it had been stalled for long and come back.</summary>
    sealed class OwnLeaseLake(ILake inner, int run) : ForwardingLake(inner)
    {
        public override bool PutIfAbsent(string path, byte[] bytes) => base.PutIfAbsent(Own(path), bytes);

        public override Stream Open(string path) => base.Open(Own(path));

        public override void Delete(string path) => base.Delete(Own(path));

        public override void Put(IReadOnlyList<(string Path, byte[] Bytes)> objects) =>
            base.Put([.. objects.Select(put => (Own(put.Path), put.Bytes))]);

        public override void DeleteScratch() { }

        string Own(string path) => path == LakePaths.Lease ? $"lease{run}.json" : path;
    }
}
