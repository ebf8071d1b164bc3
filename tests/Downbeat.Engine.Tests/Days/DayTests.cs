using System.Text;
using Downbeat.Engine.Days;
using Downbeat.Engine.Kpis;
using Downbeat.Engine.Listens;
using Downbeat.Engine.Slices;

namespace Downbeat.Engine.Tests.Days;

public sealed class DayTests
{
    /// <summary>t0 to t7; t5 has two genres, t6 and t7 are not in the catalogue.</summary>
    static readonly string[] SongRows =
    [
        "t0,rock,1000,Queen,A,10",
        "t1,rock,2000,Queen;Abba,B,20",
        "t2,pop,3000,Abba,C,30",
        "t3,pop,4000,,D,40",
        "t4,jazz,5000,Zed,E,50",
        "t5,rock,6000,Zed,F,60",
        "t5,folk,1,,,",
        "unheard,polka,1,Nobody,N,1",
    ];

    [Fact]
    public void ADayCountsWhatItsListensSay() =>
        RandomRounds.Run(
            25,
            random =>
            {
                var (date, zone) = random.Next(4) switch
                {
                    0 => (new DateOnly(2024, 10, 27), LakeZone.Find("Europe/Berlin")), // 25 hours: 02:00 to 03:00 twice.
                    1 => (new DateOnly(2024, 3, 31), LakeZone.Find("Europe/Berlin")), // 23 hours.
                    2 => (Given.Date, LakeZone.Find("Asia/Kolkata")),
                    _ => (Given.Date, LakeZone.Utc),
                };
                var (from, to) = SpanOf(date, zone);
                var listens = Enumerable
                    .Range(0, random.Next(1, 3000))
                    .Select(_ => new NamedListen(
                        (ulong)random.Next(60),
                        (uint)random.NextInt64(from, to),
                        $"t{random.Next(8)}",
                        (ListenFlags)random.Next(4)
                    ))
                    .ToList();
                var slices = listens
                    .Concat(listens.Where(_ => random.Next(3) == 0))
                    .GroupBy(_ => random.Next(4))
                    .Select(group => Given.Slice(Given.SliceBytes(group, date)))
                    .ToList();
                var songs = Given.Songs(SongRows);
                var users = Given.Users(
                    Enumerable.Range(0, 50).Select(user => $"{user},{(user % 5 == 0 ? "" : $"c{user % 3}")}")
                );
                var counts = new Day(date, zone, slices).Count(songs, users, 2);
                AssertCounts(Given.Distinct(listens), counts, date, zone);
            }
        );

    [Fact]
    public void CountsDoNotDependOnTheNumberOfWorkers()
    {
        // Listens enough for four ranges, of users of very different eagerness, in slices that overlap.
        var random = new Random(1);
        var songs = Given.Songs([
            .. Enumerable
                .Range(0, 300)
                .Select(track =>
                    $"{track:d4},g{track % 11},{1000 + track},a{track % 17};b{track % 5},n{track % 40},{track % 101}"
                ),
        ]);
        var users = Given.Users(Enumerable.Range(0, 9000).Select(user => $"{user * 11},c{user % 13}"));
        SliceReader[] slices =
        [
            ManyListens(random, 400_000),
            ManyListens(random, 400_000),
            ManyListens(random, 400_000),
        ];
        Assert.Equal(4, UserRanges.Split(slices, 8).Count);

        var day = new Day(Given.Date, LakeZone.Find("Asia/Kolkata"), slices);
        var expected = Tables(day.Count(songs, users, 1));
        Assert.True(expected.Length > 10_000);
        foreach (var workers in (int[])[2, 3, 8])
        {
            Assert.Equal(expected, Tables(day.Count(songs, users, workers)));
        }
    }

    [Fact]
    public void ASessionEndsWithAGapOf30Minutes()
    {
        var counts = Count([
            new(1, 50_000, "t0", default),
            new(1, 51_799, "t0", default),
            new(1, 53_599, "t0", default), // 1,799 s, 1,800 s
            new(1, 53_600, "t1", default),
            new(2, 53_600, "t1", default),
            new(3, 50_000, "t1", default),
            new(3, 60_000, "t6", default),
        ]);
        Assert.Equal((7, 3, 5), (counts.Listens, counts.Listeners, counts.Sessions));
    }

    [Fact]
    public void AListenOfATrackNobodyKnowsStillCounts()
    {
        var counts = Count([new(1, 50_400, "?", ListenFlags.Liked), new(900, 54_000, "t0", ListenFlags.Shared)]);
        Assert.Equal((2, 2, 1), (counts.Listens, counts.Listeners, counts.UnknownUsers));
        Assert.Equal((-1, 0), (counts.SongOf(0), counts.SongOf(1)));
        Assert.Equal((1L, 1L, 0L), (counts.ListensOf(0), counts.LikesOf(0), counts.SharesOf(0)));
        Assert.Equal((1L, 0L, 1L), (counts.ListensOf(1), counts.LikesOf(1), counts.SharesOf(1)));
        Assert.Equal(1, counts.ListenersByHour[0]);
        Assert.Equal(1, counts.ListenersByHour[1]);
        var unknown = counts.Countries[counts.CountryNames.Count];
        Assert.Equal((1, 1, 1000), (unknown!.Listens, unknown.Listeners, unknown.ListeningTimeMs));
    }

    [Fact]
    public void UnknownIsOneCountryWhetherUsersHaveItOrNot()
    {
        var listen = new NamedListen(1, 50_400, "t0", default);
        foreach (
            var users in (string[][])
                [
                    ["1,"],
                    ["1,unknown"],
                    ["2,DE"],
                    ["2,"],
                    ["2,zz"],
                ]
        )
        {
            var counts = new Day(Given.Date, LakeZone.Utc, [Given.Slice(listen)]).Count(
                Given.Songs(SongRows),
                Given.Users(users),
                1
            );
            var table = KpiTables.Compute(counts, new()).Single(table => table.Schema.Name == "country_daily");
            Assert.Equal("unknown", Encoding.UTF8.GetString(Assert.Single(table.Rows)[0].Text.Span));
        }
    }

    [Fact]
    public void CountriesStandInTheOrderOfTheirBytes()
    {
        string[] users = ["1,zz", "2,DE", "3,unknowable", "4,unknowo", "5,a"];
        foreach (var given in (string[][])[users, [.. users, "900,"]])
        {
            var slice = Given.Slice(
                ((ulong[])[1, 2, 3, 4, 5, 900]).Select(user => new NamedListen(user, 50_400, "t0", default))
            );
            var counts = new Day(Given.Date, LakeZone.Utc, [slice]).Count(Given.Songs(SongRows), Given.Users(given), 1);
            var table = KpiTables.Compute(counts, new()).Single(table => table.Schema.Name == "country_daily");
            Assert.Equal(
                ["DE", "a", "unknowable", "unknown", "unknowo", "zz"],
                table.Rows.Select(row => Encoding.UTF8.GetString(row[0].Text.Span))
            );
        }
    }

    [Fact]
    public void AListenStaysInItsDateWhateverTheZoneSaysNow()
    {
        // Seconds before and after the date's own, as an older time zone database may have left them.
        var counts = Count([new(1, 0, "t0", default), new(1, 187_199, "t0", default)]);
        Assert.Equal((1U, 1U), (HoursOf(counts, 0)[0], HoursOf(counts, 0)[23]));
    }

    [Fact]
    public void ADayKnowsWhichTracksBecameKnownSince()
    {
        var songs = Given.Songs(SongRows);
        songs.KnownSince.AsSpan().Fill(3);
        songs.KnownSince[songs.Tracks.Find("t1"u8)] = 7;
        var day = new Day(
            Given.Date,
            LakeZone.Utc,
            [Given.Slice(new NamedListen(1, 1, "t1", default)), Given.Slice(new NamedListen(1, 1, "t6", default))]
        );
        Assert.True(day.HasTrackKnownSince(songs, 6));
        Assert.False(day.HasTrackKnownSince(songs, 7));
        Assert.False(
            new Day(Given.Date, LakeZone.Utc, [Given.Slice(new NamedListen(1, 1, "t0", default))]).HasTrackKnownSince(
                songs,
                3
            )
        );
    }

    [Fact]
    public void ADayKnowsWhichUsersBecameKnownSince()
    {
        var users = Given.Users(7, Given.Users(3, null, "1,DE", "5,DE"), "1,DE", "5,DE", "6,DE");
        var all = new Day(
            Given.Date,
            LakeZone.Utc,
            [Given.Slice(((ulong[])[0, 1, 5, 6, 9]).Select(user => new NamedListen(user, 1, "t", default)))]
        );
        var old = new Day(
            Given.Date,
            LakeZone.Utc,
            [Given.Slice(((ulong[])[0, 1, 5, 9]).Select(user => new NamedListen(user, 1, "t", default)))]
        );
        Assert.True(all.HasUserKnownSince(users, 6, TestContext.Current.CancellationToken));
        Assert.False(all.HasUserKnownSince(users, 7, TestContext.Current.CancellationToken));
        Assert.False(old.HasUserKnownSince(users, 6, TestContext.Current.CancellationToken));
        Assert.True(old.HasUserKnownSince(users, 2, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void CountingStopsWhenItIsCancelled()
    {
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        var day = new Day(Given.Date, LakeZone.Utc, [Given.Slice(new NamedListen(1, 1, "t", default))]);
        Assert.Throws<OperationCanceledException>(() => day.Count(Given.Songs(), Given.Users(), 2, cancelled.Token));
    }

    [Fact]
    public void ADamagedSliceIsNoticed()
    {
        var bytes = Given.SliceBytes(
            Enumerable.Range(0, 3000).Select(user => new NamedListen((ulong)user, 1, "t", default))
        );
        bytes[200] ^= 1; // In the second block.
        var day = new Day(Given.Date, LakeZone.Utc, [Given.Slice(bytes)]);
        Assert.Throws<DamagedObjectException>(() => day.Count(Given.Songs(), Given.Users(), 2));
    }

    static DayCounts Count(params NamedListen[] listens) =>
        new Day(Given.Date, LakeZone.Utc, [Given.Slice(listens)]).Count(
            Given.Songs(SongRows),
            Given.Users("1,DE", "2,FR", "3,DE"),
            1
        );

    /// <summary>Counts once more, with sets.</summary>
    static void AssertCounts(List<NamedListen> listens, DayCounts counts, DateOnly date, LakeZone zone)
    {
        var start = ListenDate.SpanStart(ListenDate.ToDay(date));
        var rows = listens.ConvertAll(listen =>
        {
            var local = DateTime.UnixEpoch.AddSeconds(zone.LocalSecond(start + listen.Second));
            Assert.Equal(date, DateOnly.FromDateTime(local));
            var known = SongRows.Select(row => row.Split(',')).Where(row => row[0] == listen.Track).ToList();
            return (
                listen.User,
                listen.Second,
                listen.Track,
                listen.Flags,
                local.Hour,
                Genres: known.ConvertAll(row => row[1]),
                DurationMs: known.Count == 0
                    ? 0
                    : int.Parse(known[0][2], System.Globalization.CultureInfo.InvariantCulture),
                Country: listen.User >= 50 || listen.User % 5 == 0 ? "unknown" : $"c{listen.User % 3}"
            );
        });

        Assert.Equal(rows.Count, counts.Listens);
        Assert.Equal(rows.DistinctBy(row => row.User).Count(), counts.Listeners);
        Assert.Equal(rows.Where(row => row.User >= 50).DistinctBy(row => row.User).Count(), counts.UnknownUsers);
        Assert.Equal(
            rows.GroupBy(row => row.User)
                .Sum(user =>
                {
                    var seconds = user.Select(row => (long)row.Second).Order().ToList();
                    return 1 + seconds.Zip(seconds.Skip(1)).Count(pair => pair.Second - pair.First >= 1800);
                }),
            counts.Sessions
        );
        Assert.Equal(
            Enumerable
                .Range(0, 24)
                .Select(hour => (long)rows.Where(row => row.Hour == hour).DistinctBy(row => row.User).Count()),
            counts.ListenersByHour.ToArray()
        );
        Assert.Equal(
            Given
                .ListOf(counts.Songs.Genres)
                .Select(genre =>
                    (long)rows.Where(row => row.Genres.Contains(genre)).DistinctBy(row => row.User).Count()
                ),
            counts.ListenersByGenre.ToArray()
        );
        for (var track = 0; track < counts.Day.Tracks.Count; track++)
        {
            var id = Given.Latin1(counts.Day.Tracks[track]);
            var ofTrack = rows.Where(row => row.Track == id).ToList();
            Assert.Equal(
                Enumerable.Range(0, 24).Select(hour => (uint)ofTrack.Count(row => row.Hour == hour)),
                HoursOf(counts, track)
            );
            Assert.Equal(ofTrack.Count, counts.ListensOf(track));
            Assert.Equal(ofTrack.Count(row => row.Flags.HasFlag(ListenFlags.Liked)), counts.LikesOf(track));
            Assert.Equal(ofTrack.Count(row => row.Flags.HasFlag(ListenFlags.Shared)), counts.SharesOf(track));
        }

        for (var number = 0; number <= counts.CountryNames.Count; number++)
        {
            var name = number < counts.CountryNames.Count ? Given.Latin1(counts.CountryNames[number]) : "nobody's";
            var ofCountry = rows.Where(row => row.Country == name).ToList();
            var found = counts.Countries[number];
            Assert.Equal(ofCountry.Count, found?.Listens ?? 0);
            Assert.Equal(ofCountry.DistinctBy(row => row.User).Count(), found?.Listeners ?? 0);
            Assert.Equal(ofCountry.Sum(row => (long)row.DurationMs), found?.ListeningTimeMs ?? 0);
            if (found is not null)
            {
                Assert.Equal(
                    Given
                        .ListOf(counts.Songs.Genres)
                        .Select(genre => (long)ofCountry.Count(row => row.Genres.Contains(genre))),
                    found.ListensByGenre.ToArray()
                );
            }
        }
    }

    static uint[] HoursOf(DayCounts counts, int track)
    {
        var hours = counts.ListensByHour(track);
        return [.. hours];
    }

    /// <summary>The first second of a date, and the first after it, counted as listens count them.</summary>
    static (long From, long To) SpanOf(DateOnly date, LakeZone zone)
    {
        var day = ListenDate.ToDay(date);
        Assert.True(zone.TryFindInstant(day * 86_400L, out var from));
        Assert.True(zone.TryFindInstant((day + 1) * 86_400L, out var to));
        return (from - ListenDate.SpanStart(day), to - ListenDate.SpanStart(day));
    }

    /// <summary>Sorted listens, made so: no sorting is needed.</summary>
    static SliceReader ManyListens(Random random, int count)
    {
        var bytes = new MemoryStream();
        var writer = new SliceWriter(
            bytes,
            Given.Date,
            Given.Texts(Enumerable.Range(0, 320).Select(track => $"{track:d4}"))
        );
        var (user, second) = (0UL, 40_000U);
        for (var listen = 0; listen < count; listen++)
        {
            second += (uint)random.Next(1, 3000);
            if (second >= 110_000 || random.Next(20) == 0)
            {
                user += (ulong)random.Next(1, random.Next(2) == 0 ? 3 : 30);
                second = 31_000U + (uint)random.Next(2000);
            }

            writer.Add(
                new Listen(
                    user,
                    second,
                    random.Next(320),
                    random.Next(8) == 0 ? (ListenFlags)random.Next(4) : ListenFlags.None
                )
            );
        }

        writer.Finish();
        return Given.Slice(bytes.ToArray());
    }

    static string Tables(DayCounts counts) =>
        $"{counts.UnknownUsers} unknown\n"
        + string.Concat(
            KpiTables
                .Compute(counts, new() { TopTracks = 50, TopArtistsHourly = 20 })
                .Select(table => Encoding.UTF8.GetString(table.ToCsv()))
        );
}
