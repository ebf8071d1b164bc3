using Downbeat.Engine.Days;
using Downbeat.Engine.Listens;

namespace Downbeat.Engine.Tests.Days;

public sealed class TrackCountsTests
{
    [Fact]
    public void SumsMayBeLargerThanACounter() =>
        RandomRounds.Run(
            50,
            random =>
            {
                var tracks = random.Next(1, 20);
                var memory = new CounterMemory();
                var sum = Make(memory, tracks);
                var expected = new long[tracks, DayCounts.Hours];
                for (var part = 0; part < random.Next(1, 6); part++)
                {
                    var added = Make(memory, tracks);
                    for (var change = 0; change < 40; change++)
                    {
                        var (track, hour) = (random.Next(tracks), random.Next(DayCounts.Hours));
                        var before = added[track].ListensByHour[hour];
                        var counter = (ushort)random.Next(60_000, 65_536);
                        added[track].ListensByHour[hour] = counter;
                        expected[track, hour] += counter - before;
                        if (random.Next(3) == 0)
                        {
                            added.AddCarry(track, hour);
                            expected[track, hour] += 65_536;
                        }
                    }

                    sum.Add(added);
                }

                for (var track = 0; track < tracks; track++)
                {
                    var hours = sum.ListensByHour(track);
                    for (var hour = 0; hour < DayCounts.Hours; hour++)
                    {
                        Assert.Equal(expected[track, hour], hours[hour]);
                    }
                }
            }
        );

    [Fact]
    public void LikesAndSharesAreCountedApart()
    {
        var counts = Make(new(), 3);
        foreach (var flags in (ListenFlags[])[ListenFlags.Liked, ListenFlags.Shared, ListenFlags.Shared, default])
        {
            counts[1].LikesAndShares += TrackLine.Of(flags);
        }

        counts[1].LikesAndShares += TrackLine.Of(ListenFlags.Liked | ListenFlags.Shared);
        Assert.Equal((2U, 3U), (counts[1].Likes, counts[1].Shares));
        Assert.Equal(0UL, counts[0].LikesAndShares | counts[2].LikesAndShares);
    }

    [Fact]
    public void HoursAddUp()
    {
        var hours = default(HourCounts);
        for (var hour = 0; hour < DayCounts.Hours; hour++)
        {
            hours[hour] = hour % 3 == 0 ? 0 : uint.MaxValue - (uint)hour;
        }

        var listens = new long[DayCounts.Hours];
        var tracks = new long[DayCounts.Hours];
        hours.AddTo(listens, tracks);
        hours.AddTo(listens, tracks);
        Assert.Equal(Enumerable.Range(0, 24).Select(hour => hour % 3 == 0 ? 0 : 2L * (uint.MaxValue - hour)), listens);
        Assert.Equal(Enumerable.Range(0, 24).Select(hour => hour % 3 == 0 ? 0L : 2), tracks);
        Assert.Equal(listens.Sum() / 2, hours.Sum());
    }

    static TrackCounts Make(CounterMemory memory, int tracks)
    {
        var counts = memory.Take(tracks);
        for (var track = 0; track < tracks; track++)
        {
            counts[track] = default;
        }

        return counts;
    }
}
