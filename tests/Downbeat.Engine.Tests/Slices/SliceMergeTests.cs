using Downbeat.Engine.Listens;
using Downbeat.Engine.Slices;

namespace Downbeat.Engine.Tests.Slices;

public sealed class SliceMergeTests
{
    [Fact]
    public void MergingGivesEveryListenOnceAndInOrder() =>
        RandomRounds.Run(
            100,
            random =>
            {
                var slices = SomeSlices(random);
                var merge = new SliceMerge([.. slices.Select(slice => Given.Slice(slice))], random.Next(1, 100_000));
                Assert.Equal(Given.Distinct(slices.SelectMany(slice => slice)), Given.ListensOf(merge, random));
            }
        );

    [Fact]
    public void TheOrderOfSlicesChangesNothing() =>
        RandomRounds.Run(
            60,
            random =>
            {
                var slices = SomeSlices(random).ConvertAll(slice => Given.SliceBytes(slice));
                var merged = Merged(slices);
                random.Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(slices));
                Assert.Equal(merged, Merged(slices));
            }
        );

    [Fact]
    public void MergingASliceTwiceChangesNothing() =>
        RandomRounds.Run(
            60,
            random =>
            {
                var slices = SomeSlices(random).ConvertAll(slice => Given.SliceBytes(slice));
                var merged = Merged(slices);
                Assert.Equal(merged, Merged([.. slices, .. slices.Where(_ => random.Next(2) == 0), slices[^1]]));
                Assert.Equal(merged, Merged([merged, .. slices]));
                Assert.Equal(merged, Merged([merged]));
            }
        );

    [Fact]
    public void TheGroupingOfSlicesChangesNothing() =>
        RandomRounds.Run(
            60,
            random =>
            {
                var slices = SomeSlices(random).ConvertAll(slice => Given.SliceBytes(slice));
                var cut = random.Next(slices.Count + 1);
                Assert.Equal(Merged(slices), Merged([Merged(slices[..cut]), Merged(slices[cut..])]));
            }
        );

    [Fact]
    public void HowListensAreSpreadOverSlicesChangesNothing() =>
        RandomRounds.Run(
            60,
            random =>
            {
                var listens = Given.SomeListens(random, random.Next(1, 2000));
                var groups = listens.GroupBy(_ => random.Next(5)).Select(group => Given.SliceBytes(group)).ToList();
                Assert.Equal(Given.SliceBytes(listens), Merged(groups));
            }
        );

    [Fact]
    public void RangesOfUsersMakeUpTheWhole() =>
        RandomRounds.Run(
            60,
            random =>
            {
                // Users around the ends of blocks too: some have many listens, and listens of one user span blocks.
                var users = random.Next(1, 60);
                List<SliceReader> slices =
                [
                    .. Enumerable
                        .Range(0, random.Next(1, 4))
                        .Select(_ =>
                            Given.Slice(Given.SomeListens(random, random.Next(1, 5000), users, seconds: 5000))
                        ),
                ];
                var whole = Given.ListensOf(new SliceMerge(slices, 10_000));
                var tracks = Texts.Union([.. slices.Select(slice => slice.Tracks)], out var renumbered);
                var parts = new List<NamedListen>();
                var first = 0UL;
                while (first <= (ulong)users)
                {
                    var last = random.Next(5) == 0 ? ulong.MaxValue : first + (ulong)random.Next(users);
                    var part = Given.ListensOf(new SliceMerge(slices, tracks, renumbered, 10_000, first, last), random);
                    Assert.All(part, listen => Assert.InRange(listen.User, first, last));
                    parts.AddRange(part);
                    if (last == ulong.MaxValue)
                    {
                        break;
                    }

                    first = last + 1;
                }

                Assert.Equal(whole, parts);
            }
        );

    [Fact]
    public void RangesReachTheLastUser()
    {
        NamedListen[] listens = [new(0, 0, "t", ListenFlags.None), new(long.MaxValue, 0, "t", ListenFlags.None)];
        var slice = Given.Slice(listens);
        Assert.Equal(listens, Given.ListensOf(new SliceMerge([slice], 1, 0, long.MaxValue)));
        Assert.Equal(listens[1..], Given.ListensOf(new SliceMerge([slice], 1, 1)));
        Assert.Equal(listens[1..], Given.ListensOf(new SliceMerge([slice], 1, long.MaxValue, long.MaxValue)));
        Assert.Equal(listens[..1], Given.ListensOf(new SliceMerge([slice], 1, 0, 0)));
        Assert.Empty(Given.ListensOf(new SliceMerge([slice], 1, 1, long.MaxValue - 1)));
    }

    [Fact]
    public void NoSlicesMergeToNothing()
    {
        var merge = new SliceMerge([], 1);
        Assert.Equal(0, merge.Tracks.Count);
        Assert.Empty(Given.ListensOf(merge));
        Assert.Equal(0, merge.Read(new Listen[1]));
    }

    [Fact]
    public void ManySlicesMerge()
    {
        var slices = Enumerable
            .Range(0, 700)
            .Select(number =>
                Given.Slice(
                    new NamedListen((ulong)(number * 7 % 100), (uint)number, $"t{number % 13}", ListenFlags.None)
                )
            )
            .ToList();
        Assert.Equal(700, Given.ListensOf(new SliceMerge(slices, 1 << 20)).Count);
    }

    /// <summary>What slices merge to, as a slice.</summary>
    static byte[] Merged(IEnumerable<byte[]> slices)
    {
        var merge = new SliceMerge([.. slices.Select(Given.Slice)], 5000);
        var output = new MemoryStream();
        var writer = new SliceWriter(output, Given.Date, merge.Tracks);
        var room = new Listen[100];
        for (int count; (count = merge.Read(room)) > 0; )
        {
            foreach (ref readonly var listen in room.AsSpan(0, count))
            {
                writer.Add(listen);
            }
        }

        writer.Finish();
        return output.ToArray();
    }

    static List<List<NamedListen>> SomeSlices(Random random) =>
        [
            .. Enumerable
                .Range(0, random.Next(1, 8))
                .Select(_ =>
                    Given.SomeListens(
                        random,
                        random.Next(4) == 0 ? random.Next(4000) : random.Next(1, 50),
                        users: 1 + random.Next(40)
                    )
                ),
        ];
}
