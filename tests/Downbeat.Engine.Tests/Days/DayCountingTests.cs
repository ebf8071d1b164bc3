using Downbeat.Engine.Days;
using Downbeat.Engine.Listens;
using Downbeat.Engine.Slices;

namespace Downbeat.Engine.Tests.Days;

public sealed class DayCountingTests
{
    [Theory]
    [InlineData(3)]
    [InlineData(200)]
    [InlineData(40_000)] // More than fit into half a number.
    public void ListenersAreCountedHoweverManyGenresThereAre(int genres)
    {
        // Of each five tracks one has no song, the others have one to four genres.
        const int Tracks = 60;
        var random = new Random(genres);
        var genresOfTrack = Enumerable
            .Range(0, Tracks)
            .Select(track => Enumerable.Range(0, track % 5).Select(_ => random.Next(genres)).Distinct().ToList())
            .ToList();
        var songs = Given.Songs([
            .. genresOfTrack.SelectMany(
                (ofTrack, track) => ofTrack.Select(genre => $"t{track:d2},g{genre:d5},1000,,,")
            ),
            .. Enumerable.Range(0, genres).Select(genre => $"unheard,g{genre:d5},1000,,,"),
        ]);
        Assert.Equal(genres, songs.Genres.Count);
        var listens = Enumerable
            .Range(0, 3000)
            .Select(_ => new NamedListen(
                (ulong)random.Next(200),
                (uint)random.Next(60_000, 100_000),
                $"t{random.Next(Tracks):d2}",
                default
            ))
            .ToList();
        var counts = Count(new(Given.Date, LakeZone.Utc, [Given.Slice(listens)]), songs, Given.Users("1,DE"), new());

        var byGenre = listens
            .SelectMany(listen => genresOfTrack[int.Parse(listen.Track.AsSpan(1))].Select(genre => (genre, listen)))
            .ToLookup(pair => pair.genre, pair => pair.listen);
        for (var genre = 0; genre < genres; genre++)
        {
            var listeners = byGenre[genre].DistinctBy(listen => listen.User).ToList();
            Assert.Equal(listeners.Count, counts.ListenersByGenre[genre]);
            var distinct = byGenre[genre].Distinct().Count();
            Assert.Equal(distinct, counts.Countries.Sum(country => country?.ListensByGenre[genre] ?? 0));
        }
    }

    [Fact]
    public void ATrackMayHaveMoreListensInAnHourThanACounterHolds()
    {
        var bytes = new MemoryStream();
        var writer = new SliceWriter(bytes, Given.Date, Given.Texts("t0", "t1"));
        for (var user = 0UL; user < 600_000; user++)
        {
            writer.Add(new Listen(user, 60_000, user % 4 == 0 ? 0 : 1, ListenFlags.Liked));
        }

        writer.Finish();
        var day = new Day(Given.Date, LakeZone.Utc, [Given.Slice(bytes.ToArray())]);
        foreach (var workers in (int[])[1, 2, 7])
        {
            var counts = day.Count(Given.Songs("t0,rock,1,,,"), Given.Users("1,DE"), workers);
            Assert.Equal((150_000, 450_000), (counts.ListensOf(0), counts.ListensOf(1)));
            Assert.Equal((150_000, 450_000), (counts.LikesOf(0), counts.LikesOf(1)));
            Assert.Equal(150_000U, counts.ListensByHour(0)[2]);
            Assert.Equal(600_000, counts.ListenersByHour[2]);
        }
    }

    [Fact]
    public void MemoryThatWasUsedBeforeChangesNothing() =>
        RandomRounds.Run(
            10,
            random =>
            {
                var memory = new CounterMemory();
                var songs = Given.Songs("t0,rock,1,,,", "t1,pop,2,,,", "t12,pop,3,,,");
                for (var date = 0; date < 6; date++)
                {
                    var listens = Given.SomeListens(random, random.Next(1, 300), tracks: random.Next(1, 40));
                    var day = new Day(Given.Date, LakeZone.Utc, [Given.Slice(listens)]);
                    var counts = Count(day, songs, Given.Users("1,DE"), memory);
                    var distinct = Given.Distinct(listens);
                    Assert.Equal(distinct.Count, counts.Listens);
                    for (var track = 0; track < day.Tracks.Count; track++)
                    {
                        var ofTrack = distinct.FindAll(listen => listen.Track == Given.Latin1(day.Tracks[track]));
                        Assert.Equal(ofTrack.Count, counts.ListensOf(track));
                        Assert.Equal(
                            ofTrack.Count(listen => listen.Flags.HasFlag(ListenFlags.Shared)),
                            counts.SharesOf(track)
                        );
                    }

                    memory.Reuse(counts);
                }
            }
        );

    [Fact]
    public void OneWorkerOfManyHasTheCounts()
    {
        var counting = new DayCounting(
            new(Given.Date, LakeZone.Utc, [Given.Slice(new NamedListen(1, 60_000, "t", default))]),
            Given.Songs(),
            Given.Users(),
            16,
            new()
        );
        var counts = new DayCounts?[16];
        Workers.Run(16, 16, worker => counts[worker] = counting.Work());
        Assert.Equal(1, Assert.Single(counts.OfType<DayCounts>()).Listens);
        Assert.False(counting.HasWork);
    }

    [Fact]
    public void NobodyHasTheCountsWhenAWorkerFails()
    {
        var bytes = new MemoryStream();
        var writer = new SliceWriter(bytes, Given.Date, Given.Texts("t"));
        for (var user = 0UL; user < 1_000_000; user++)
        {
            writer.Add(new Listen(user, 60_000, 0, ListenFlags.None));
        }

        var damaged = bytes;
        writer.Finish();
        damaged.GetBuffer()[damaged.Length / 2] ^= 1;
        var counting = new DayCounting(
            new(Given.Date, LakeZone.Utc, [Given.Slice(damaged.ToArray())]),
            Given.Songs(),
            Given.Users(),
            4,
            new()
        );
        var failures = 0;
        for (var worker = 0; worker < 4; worker++)
        {
            try
            {
                Assert.Null(counting.Work());
            }
            catch (DamagedObjectException)
            {
                failures++;
            }
        }

        Assert.Equal(1, failures);
        Assert.False(counting.HasWork);
    }

    static DayCounts Count(Day day, Downbeat.Engine.Catalogue.Songs songs, SliceReader users, CounterMemory memory)
    {
        var counts = new DayCounting(day, songs, users, 1, memory).Work();
        Assert.NotNull(counts);
        return counts;
    }
}
