using Downbeat.Engine.Listens;
using Downbeat.Engine.Scan;

namespace Downbeat.Engine.Tests.Scan;

public sealed class KeyLayoutTests
{
    const uint LastSecond = (1u << ListenDate.SecondBits) - 1;

    [Theory]
    [InlineData(0, false, 25)]
    [InlineData(131_072, false, 25)]
    [InlineData(131_073, false, 24)]
    [InlineData(131_072, true, 23)]
    [InlineData(1 << 30, false, 12)]
    [InlineData(1 << 30, true, 10)]
    public void UsersGetTheBitsThatTheOthersLeave(int tracks, bool hasFlags, int userBits)
    {
        var layout = new KeyLayout(tracks, hasFlags);
        Assert.True(layout.Fits((1UL << userBits) - 1, ListenFlags.None, tracks));
        Assert.False(layout.Fits(1UL << userBits, ListenFlags.None, tracks));
        Assert.False(layout.Fits(1UL << 62, ListenFlags.None, tracks));
    }

    [Fact]
    public void FlagsFitOnlyWhereThereIsRoomForThem()
    {
        Assert.False(new KeyLayout(9, hasFlags: false).Fits(1, ListenFlags.Liked, 9));
        Assert.True(new KeyLayout(9, hasFlags: true).Fits(1, ListenFlags.Liked | ListenFlags.Shared, 9));
    }

    [Fact]
    public void MoreTracksThanExpectedDoNotFit()
    {
        Assert.True(new KeyLayout(200_000, hasFlags: false).Fits(1, ListenFlags.None, 262_144));
        Assert.False(new KeyLayout(200_000, hasFlags: false).Fits(1, ListenFlags.None, 262_145));
    }

    [Fact]
    public void UnpackingGivesWhatWasPackedAndKeysOrderAsListensDo() =>
        RandomRounds.Run(
            500,
            random =>
            {
                var hasFlags = random.Next(2) == 0;
                var tracks = 1 << random.Next(31);
                var layout = new KeyLayout(tracks, hasFlags);
                var userBits = 0;
                while (layout.Fits((1UL << (userBits + 1)) - 1, ListenFlags.None, tracks))
                {
                    userBits++;
                }

                var listens = Enumerable
                    .Range(0, 50)
                    .Select(_ => (Place: random.Next(KeyLayout.Places), Listen: RandomListen()))
                    .ToList();
                foreach (var (place, listen) in listens)
                {
                    var key = layout.Pack(place, listen);
                    Assert.Equal(listen, layout.Unpack(key));
                    Assert.Equal(listen.Track, layout.TrackOf(key));
                    Assert.Equal(place, KeyLayout.PlaceOf(key));
                }

                var some = listens[..random.Next(listens.Count)];
                var keys = new ulong[some.Count];
                var packed = layout.Pack(
                    [.. some.Select(entry => entry.Listen.User)],
                    [.. some.Select(entry => SortBuffer.Moment(entry.Place, entry.Listen.Second, entry.Listen.Flags))],
                    [.. some.Select(entry => entry.Listen.Track)],
                    keys
                );
                Assert.InRange(packed, some.Count - 3, some.Count);
                Assert.Equal(some[..packed].Select(entry => layout.Pack(entry.Place, entry.Listen)), keys[..packed]);

                var sorted = listens
                    .OrderBy(entry => entry.Place)
                    .ThenBy(entry => entry.Listen.User)
                    .ThenBy(entry => entry.Listen.Rest);
                Assert.Equal(
                    sorted.Select(entry => layout.Pack(entry.Place, entry.Listen)),
                    listens.Select(entry => layout.Pack(entry.Place, entry.Listen)).Order()
                );

                Listen RandomListen() =>
                    new(
                        random.Next(4) == 0 ? (1UL << userBits) - 1 : (ulong)random.NextInt64(1L << userBits),
                        random.Next(4) == 0 ? LastSecond : (uint)random.Next((int)LastSecond + 1),
                        random.Next(4) == 0 ? tracks - 1 : random.Next(tracks),
                        hasFlags ? (ListenFlags)random.Next(4) : ListenFlags.None
                    );
            }
        );

    [Fact]
    public void KeysOfOnePlaceAreCounted()
    {
        var layout = new KeyLayout(9, hasFlags: false);
        List<int> places = [0, 0, 0, 2, 15, 15];
        ulong[] keys = [.. places.Select(place => layout.Pack(place, new(3, 4u, 5, default)))];
        Assert.Equal(3, KeyLayout.CountOfPlace(keys));
        Assert.Equal(1, KeyLayout.CountOfPlace(keys.AsSpan(3)));
        Assert.Equal(2, KeyLayout.CountOfPlace(keys.AsSpan(4)));
    }
}
