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
                        var counter = (byte)random.Next(200, 256);
                        added[track].ListensByHour[hour] = counter;
                        expected[track, hour] += counter - before;
                        if (random.Next(3) == 0)
                        {
                            added.AddCarry(track, hour);
                            expected[track, hour] += 256;
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
            counts.AddFlags(1, flags);
        }

        counts.AddFlags(1, ListenFlags.Liked | ListenFlags.Shared);
        Assert.Equal(2 | (3UL << 32), counts.LikesAndShares(1));
        Assert.Equal(0UL, counts.LikesAndShares(0) | counts.LikesAndShares(2));

        // Added to counters without, in memory that was used before.
        var memory = new CounterMemory();
        var used = Make(memory, 3);
        used.AddFlags(2, ListenFlags.Liked);
        memory.Reuse(used);
        var sum = Make(memory, 3);
        sum.Add(counts);
        sum.Add(counts);
        sum.Add(Make(memory, 3));
        Assert.Equal(4 | (6UL << 32), sum.LikesAndShares(1));
        Assert.Equal(0UL, sum.LikesAndShares(0) | sum.LikesAndShares(2));
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
