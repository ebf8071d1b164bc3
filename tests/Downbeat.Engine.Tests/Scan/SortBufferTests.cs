using System.Globalization;
using Downbeat.Engine.Listens;
using Downbeat.Engine.Scan;
using Downbeat.Engine.Slices;

namespace Downbeat.Engine.Tests.Scan;

public sealed class SortBufferTests
{
    const long TinyBytes = 1 << 20;
    const int TinyEntries = 57_344; // Seven eighths of the memory, in 16 bytes each.
    const long LargeBytes = 16 << 20;

    [Fact]
    public void OneListenMakesOneRun()
    {
        var run = Assert.Single(Sort(TinyBytes, [new(Row(7, 3, "t", ListenFlags.Liked), 19_899)]));
        Assert.Equal(new DateOnly(2024, 6, 25), run.Summary.Date);
        Assert.Equal([Row(7, 3, "t", ListenFlags.Liked)], Given.ListensOf(run));
    }

    [Fact]
    public void NothingMakesNoRun() => Assert.Empty(Sort(TinyBytes, []));

    [Fact]
    public void ARunIsSortedByUserThenSecondThenTheBytesOfTheTrack()
    {
        var run = Assert.Single(
            Sort(
                TinyBytes,
                [
                    .. Dated(
                        Row(10, 0, "a"),
                        Row(9, 5, "b"),
                        Row(9, 5, "Z"),
                        Row(9, 4, "z"),
                        Row(9, 5, "\u00FF"),
                        Row(9, 5, "ba")
                    ),
                ]
            )
        );
        Assert.Equal(
            [Row(9, 4, "z"), Row(9, 5, "Z"), Row(9, 5, "b"), Row(9, 5, "ba"), Row(9, 5, "\u00FF"), Row(10, 0, "a")],
            Given.ListensOf(run)
        );
        Assert.Equal(["Z", "a", "b", "ba", "z", "\u00FF"], Given.ListOf(run.Tracks));
    }

    [Fact]
    public void OfRowsOfOneListenOneIsKeptWithTheFlagsOfAll()
    {
        DatedListen[] rows =
        [
            .. Dated(
                Row(1, 1, "a", ListenFlags.Liked),
                Row(1, 1, "b"),
                Row(1, 1, "a", ListenFlags.Shared),
                Row(1, 1, "a"),
                Row(1, 1, "b")
            ),
        ];
        Assert.Equal(
            [Row(1, 1, "a", ListenFlags.Liked | ListenFlags.Shared), Row(1, 1, "b")],
            Given.ListensOf(Assert.Single(Sort(TinyBytes, rows)))
        );
    }

    [Fact]
    public void EveryDateHasARunOfItsOwnWithOnlyItsTracks()
    {
        var runs = Sort(
            TinyBytes,
            [
                new(Row(1, 1, "a"), 5),
                new(Row(1, 1, "b"), 4),
                new(Row(1, 1, "c"), 5),
                new(Row(1, 1, "d"), -1),
                new(Row(0, 1, "a"), 5),
            ]
        );
        Assert.Equal(
            ["1970-01-06: a c", "1970-01-05: b", "1969-12-31: d"],
            runs.Select(run => $"{ListenDate.Text(run.Summary.Date)}: {string.Join(' ', Given.ListOf(run.Tracks))}")
        );
        Assert.Equal([Row(0, 1, "a"), Row(1, 1, "a"), Row(1, 1, "c")], Given.ListensOf(runs[0]));
    }

    [Fact]
    public void TheLargestOfEverythingFits()
    {
        var longest = new string('\u00FF', Listen.MaxTrackBytes);
        DatedListen[] rows =
        [
            new(Row(long.MaxValue, 187_199, longest, ListenFlags.Liked | ListenFlags.Shared), 2_932_896),
            new(Row(0, 0, "\0"), 0),
            new(Row(long.MaxValue, 187_199, longest[1..]), 2_932_896),
            new(Row(long.MaxValue - 1, 187_199, longest), 2_932_896),
        ];
        AssertHolds(rows, Sort(TinyBytes, rows));
    }

    [Fact]
    public void ABufferThatIsFullSealsItself()
    {
        var rows = Enumerable
            .Range(0, (2 * TinyEntries) + 1)
            .Select(row => new DatedListen(Row((ulong)(row % 1000), (uint)row, "t"), 0))
            .ToList();
        var runs = Sort(TinyBytes, rows);
        Assert.Equal([TinyEntries, TinyEntries, 1], runs.Select(run => run.Summary.Listens));
        AssertHolds(rows, runs);
    }

    [Fact]
    public void WideKeysLeaveHalfOfTheBufferForSorting()
    {
        var rows = Enumerable
            .Range(0, TinyEntries + 1)
            .Select(row => new DatedListen(
                Row(long.MaxValue - (ulong)(row % 1000), (uint)row, $"t{row % 100}"),
                row % 3
            ))
            .ToList();
        var runs = Sort(TinyBytes, rows);
        Assert.Equal(TinyEntries / 2, runs.Take(3).Sum(run => run.Summary.Listens));
        Assert.Equal(7, runs.Count);
        AssertHolds(rows, runs);
    }

    /// <summary>
    /// Users, tracks or dates that need more bits come when the buffer is about half full, or nearly full: then what it
    /// holds must still be sorted within it.
    /// </summary>
    [Fact]
    public void KeysMayGrowAtAnyTime()
    {
        foreach (
            var before in (int[])
                [0, (TinyEntries / 2) - 1, TinyEntries / 2, (TinyEntries / 2) + 1, TinyEntries - 1, TinyEntries]
        )
        {
            // 1 + 37 + 18 + 1 + 2 bits: three more for any of them and a key is wide.
            var narrow = Enumerable
                .Range(0, before)
                .Select(row => new DatedListen(Row((1UL << 36) + (ulong)row, (uint)row, "t0"), 0))
                .ToList();
            List<DatedListen>[] growths =
            [
                [.. narrow, new(Row(long.MaxValue, 0, "t0"), 0), .. narrow[..(before / 2)]],
                [.. narrow, new(Row(1UL << 50, 0, "t1"), 1), .. narrow[..(before / 2)]],
                [
                    .. narrow,
                    .. Enumerable.Range(0, 200).Select(track => new DatedListen(Row(1, 0, $"t{track}"), 0)),
                    .. narrow[..(before / 2)],
                ],
                [
                    .. narrow,
                    .. Enumerable.Range(0, 200).Select(day => new DatedListen(Row(1, 0, "t0"), day)),
                    .. narrow[..(before / 2)],
                ],
            ];
            foreach (var rows in growths)
            {
                AssertHolds(rows, Sort(TinyBytes, rows));
            }
        }
    }

    [Fact]
    public void ATinyBufferHoldsWhatALargeOneDoes() =>
        RandomRounds.Run(
            2,
            random =>
            {
                var rows = new List<DatedListen>();
                while (rows.Count < 120_000)
                {
                    // Stretches of rows alike: widths grow at random places, and rows repeat those of earlier stretches.
                    var userBits = random.Next(1, 64);
                    var tracks = 1 << random.Next(15);
                    var dates = 1 << random.Next(9);
                    for (var row = random.Next(40_000); row >= 0; row--)
                    {
                        var user = (ulong)random.NextInt64() >> (63 - userBits);
                        var track = string.Create(CultureInfo.InvariantCulture, $"track {random.Next(tracks):x}");
                        rows.Add(
                            new(
                                new(user, (uint)random.Next(187_200), track, (ListenFlags)random.Next(4)),
                                random.Next(dates)
                            )
                        );
                        if (random.Next(4) == 0)
                        {
                            var earlier = rows[random.Next(rows.Count)];
                            rows.Add(
                                earlier with
                                {
                                    Listen = earlier.Listen with { Flags = (ListenFlags)random.Next(4) },
                                }
                            );
                        }
                    }
                }

                var tiny = Sort(TinyBytes, rows);
                var large = Sort(LargeBytes, rows);
                Assert.Equal(large.Count, large.DistinctBy(run => run.Summary.Date).Count());
                Assert.True(tiny.Count > large.Count);
                AssertHolds(rows, large);
                AssertHolds(rows, tiny);
            }
        );

    /// <summary>Known tracks have numbers below those of others, which may come before them, between them and behind.</summary>
    [Fact]
    public void WhichTracksAreKnownChangesNoByte() =>
        RandomRounds.Run(
            40,
            random =>
            {
                var tracks = 1 + random.Next(random.Next(2) == 0 ? 30 : 12_000);
                var users = 1 + random.Next(20);
                var seconds = 1 + random.Next(5);
                List<DatedListen> rows =
                [
                    .. Enumerable
                        .Range(0, random.Next(20_000))
                        .Select(_ => new DatedListen(
                            new(
                                (ulong)random.Next(users),
                                (uint)random.Next(seconds),
                                $"{new string('t', random.Next(3))}{random.Next(tracks):d22}",
                                (ListenFlags)random.Next(4)
                            ),
                            random.Next(3)
                        )),
                ];
                var known = rows.Select(row => row.Listen.Track)
                    .Where(_ => random.Next(3) == 0)
                    .Append("never met")
                    .Distinct(StringComparer.Ordinal)
                    .Order(StringComparer.Ordinal);
                AssertSameBytes(rows, new(Given.Texts(known)));
            }
        );

    [Theory]
    [InlineData(4095)]
    [InlineData(4096)]
    [InlineData(4097)]
    [InlineData(8193)]
    [InlineData(50_000)]
    public void AUserMayHearAnyNumberOfTracksInOneSecond(int tracks)
    {
        // Before and after them are listens of other seconds, so that these come anywhere in what is written at a time.
        List<DatedListen> rows =
        [
            .. Enumerable.Range(0, 3000).Select(second => new DatedListen(Row(1, (uint)second, "a"), 0)),
            .. Enumerable.Range(0, tracks).Reverse().Select(track => new DatedListen(Row(1, 3000, $"{track:d8}"), 0)),
            .. Enumerable.Range(3001, 3000).Select(second => new DatedListen(Row(1, (uint)second, "a"), 0)),
        ];
        var known = Enumerable.Range(0, tracks).Where(track => track % 3 == 0).Select(track => $"{track:d8}");
        AssertSameBytes(rows, new(Given.Texts(known)));
        AssertHolds(rows, Sort(LargeBytes, rows, new(Given.Texts(known))));
    }

    [Fact]
    public void ADictionaryThatIsTooLargeSealsTheBuffer()
    {
        // At 16 MiB: 64 bytes and 36 more for each, and half of what arrays take may be unused.
        var rows = Enumerable.Range(0, 200_000).Select(row => new DatedListen(Row(1, 0, $"{row:d64}"), 0)).ToList();
        var runs = Sort(LargeBytes, rows);
        Assert.Equal(3, runs.Count);
        Assert.InRange(runs[0].Tracks.Count, 80_000, 85_000);
        Assert.Equal(rows.Select(row => row.Listen), runs.SelectMany(Given.ListensOf));
    }

    [Fact]
    public void KeysOfEveryWidthAreSorted()
    {
        // From a few bits to 88: 64 of them fit into one word, and the highest is that of the date.
        var random = new Random(1);
        for (var userBits = 1; userBits < 64; userBits++)
        {
            var largest = ulong.MaxValue >> (64 - userBits);
            foreach (var (tracks, dates) in ((int, int)[])[(1, 1), (2, 2), (3, 2), (2, 3), (5, 5)])
            {
                var rows = Enumerable
                    .Range(0, 40)
                    .Select(row => new DatedListen(
                        Row(
                            random.Next(2) == 0 ? largest - ((ulong)row & largest) : (ulong)row & largest,
                            (uint)random.Next(2) * 187_199,
                            $"t{row % tracks}",
                            (ListenFlags)(row % 4)
                        ),
                        row % dates
                    ))
                    .ToList();
                AssertHolds(rows, Sort(TinyBytes, rows));
            }
        }
    }

    [Fact]
    public void MoreDatesThanABufferCountsSealIt()
    {
        const int MaxDates = 1 << 16;
        var written = new List<DateOnly>();
        var buffer = new SortBuffer(2 << 20);
        buffer.Begin(date =>
        {
            written.Add(date);
            return new MemoryStream();
        });
        Assert.True(UserId.TryParse("1"u8, out var user));
        for (var day = 0; day <= MaxDates; day++)
        {
            buffer.Add(user, day, 5, "t"u8, ListenFlags.None);
        }

        Assert.Equal(MaxDates, written.Count);
        buffer.Seal();
        Assert.Equal(Enumerable.Range(0, MaxDates + 1).Select(ListenDate.FromDay), written);
        Assert.All(buffer.Runs, run => Assert.Equal(1, run.Listens));
    }

    [Fact]
    public void BeginningAFileForgetsWhatAnEarlierOneLeft()
    {
        var buffer = new SortBuffer(TinyBytes);
        var first = new List<MemoryStream>();
        buffer.Begin(_ => Added(first));
        Add(buffer, new(Row(long.MaxValue, 1, "a"), 0));
        buffer.Seal();
        Add(buffer, new(Row(2, 1, "b"), 0));

        var second = new List<MemoryStream>();
        buffer.Begin(_ => Added(second));
        Assert.Empty(buffer.Runs);
        Add(buffer, new(Row(3, 1, "c"), 0));
        buffer.Seal();
        Assert.Single(first);
        Assert.Equal([Row(3, 1, "c")], Given.ListensOf(Given.Slice(Assert.Single(second).ToArray())));
        Assert.Single(buffer.Runs);
    }

    [Fact]
    public void TheBufferClosesEveryRunAndSaysWhatItHolds()
    {
        var buffer = new SortBuffer(TinyBytes);
        var streams = new List<MemoryStream>();
        buffer.Begin(_ => Added(streams));
        for (var row = 0; row < TinyEntries + 5; row++)
        {
            Add(buffer, new(Row((ulong)row, 1, "a"), row % 2));
        }

        buffer.Seal();
        Assert.All(streams, stream => Assert.False(stream.CanWrite));
        Assert.Equal(streams.Select(stream => Given.Slice(stream.ToArray()).Summary), buffer.Runs);
    }

    [Fact]
    public void NoBufferIsBelowOneMebibyte() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new SortBuffer(TinyBytes - 1));

    static NamedListen Row(ulong user, uint second, string track, ListenFlags flags = ListenFlags.None) =>
        new(user, second, track, flags);

    static IEnumerable<DatedListen> Dated(params NamedListen[] listens) =>
        listens.Select(listen => new DatedListen(listen, 0));

    static List<SliceReader> Sort(long memoryBytes, IEnumerable<DatedListen> rows, TrackIndex? known = null) =>
        [.. SortToBytes(memoryBytes, rows, known).Select(Given.Slice)];

    static void AssertSameBytes(IReadOnlyList<DatedListen> rows, TrackIndex known) =>
        Assert.Equal(SortToBytes(LargeBytes, rows, null), SortToBytes(LargeBytes, rows, known));

    static List<byte[]> SortToBytes(long memoryBytes, IEnumerable<DatedListen> rows, TrackIndex? known)
    {
        var runs = new List<MemoryStream>();
        var buffer = new SortBuffer(memoryBytes, known);
        buffer.Begin(_ => Added(runs));
        foreach (var row in rows)
        {
            Add(buffer, row);
        }

        buffer.Seal();
        return [.. runs.Select(run => run.ToArray())];
    }

    static MemoryStream Added(List<MemoryStream> streams)
    {
        streams.Add(new());
        return streams[^1];
    }

    static void Add(SortBuffer buffer, in DatedListen row)
    {
        var (listen, day) = row;
        Assert.True(UserId.TryParse(Given.Bytes(listen.User.ToString(CultureInfo.InvariantCulture)), out var user));
        buffer.Add(user, day, listen.Second, Given.Bytes(listen.Track), listen.Flags);
    }

    static void AssertHolds(IEnumerable<DatedListen> rows, List<SliceReader> runs)
    {
        var byDate = runs.ToLookup(run => run.Summary.Date);
        var expected = rows.GroupBy(row => ListenDate.FromDay(row.Day), row => row.Listen).ToList();
        Assert.Equal(expected.Select(date => date.Key).Order(), byDate.Select(date => date.Key).Order());
        foreach (var date in expected)
        {
            Assert.Equal(Given.Distinct(date), Given.ListensOf(new SliceMerge([.. byDate[date.Key]], 1 << 20)));
            foreach (var run in byDate[date.Key])
            {
                var occurring = Given.ListensOf(run).Select(listen => listen.Track).Distinct(StringComparer.Ordinal);
                Assert.Equal(occurring.Order(StringComparer.Ordinal), Given.ListOf(run.Tracks));
            }
        }
    }

    readonly record struct DatedListen(NamedListen Listen, int Day);
}
