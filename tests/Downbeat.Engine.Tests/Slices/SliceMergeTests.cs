using System.Buffers.Binary;
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
                var union = TrackUnion.Of(slices);
                var merge = new SliceMerge(slices, union, 10_000);
                var parts = new List<NamedListen>();
                var first = 0UL;
                while (first <= (ulong)users)
                {
                    var last = random.Next(5) == 0 ? ulong.MaxValue : first + (ulong)random.Next(users);
                    merge.Restart(first, last);
                    if (random.Next(3) == 0)
                    {
                        // A range that was left before its end leaves nothing to the next one.
                        merge.Read(new Listen[random.Next(100)]);
                        merge.Restart(first, last);
                    }

                    var part = Given.ListensOf(merge, random);
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

    [Theory]
    [InlineData("few users")]
    [InlineData("one user")]
    [InlineData("one user has half of it")]
    [InlineData("users of 63 bits")]
    [InlineData("each slice its users")]
    [InlineData("one slice large")]
    [InlineData("all slices of one block")]
    [InlineData("the same slice many times")]
    public void LargeSlicesMergeWhateverTheirUsers(string which) =>
        RandomRounds.Run(
            3,
            random =>
            {
                var count = which switch
                {
                    "all slices of one block" => random.Next(150, 300),
                    "one slice large" => 4,
                    _ => random.Next(2, 7),
                };
                var slices = Enumerable
                    .Range(0, count)
                    .Select(slice => SomeUsers(random, which, slice))
                    .Select(listens => Given.Distinct(listens.ConvertAll(Named)))
                    .ToList();
                if (which == "the same slice many times")
                {
                    slices = [.. Enumerable.Repeat(slices[0], 9)];
                }

                var readers = slices.ConvertAll(slice => Given.Slice(slice));
                var expected = Given.Distinct(slices.SelectMany(slice => slice));
                Assert.Equal(expected, Given.ListensOf(new SliceMerge(readers, random.Next(1, 1 << 22)), random));

                // And batch by batch, from a user to a user.
                var first = expected[random.Next(expected.Count)].User;
                var last = random.Next(2) == 0 ? ulong.MaxValue : expected[random.Next(expected.Count)].User;
                var merge = new SliceMerge(readers, 1 << 20, first, last);
                var batches = new List<NamedListen>();
                for (var batch = merge.Next(); !batch.IsEmpty; batch = merge.Next())
                {
                    foreach (var listen in batch)
                    {
                        batches.Add(Given.Named(listen, merge.Tracks));
                    }
                }

                Assert.Equal(expected.Where(listen => listen.User >= first && listen.User <= last), batches);
                Assert.True(merge.Next().IsEmpty);
            }
        );

    [Fact]
    public void BlocksThatAreNotInOrderAreNoticedThoughTheirChecksumsFit()
    {
        // Two blocks of the same user change places.
        var bytes = Given.SliceBytes(
            Enumerable.Range(0, 2048).Select(second => new NamedListen(5, (uint)second, "t", default))
        );
        var index = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(bytes.Length - 24));
        var block = bytes.AsSpan(8, (BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(bytes.Length - 32)) - 8) / 2);
        var first = block.ToArray();
        bytes.AsSpan(8 + block.Length, block.Length).CopyTo(block);
        first.CopyTo(bytes.AsSpan(8 + block.Length));
        var sum = bytes.AsSpan(index + 20, 4).ToArray();
        bytes.AsSpan(index + 44, 4).CopyTo(bytes.AsSpan(index + 20));
        sum.CopyTo(bytes.AsSpan(index + 44));
        SliceDamageTests.Seal(bytes);
        var merge = new SliceMerge([Given.Slice(bytes)], 1 << 20);
        Assert.Throws<DamagedObjectException>(() => merge.Next().Length);
    }

    static NamedListen Named(Listen listen) => new(listen.User, listen.Second, $"t{listen.Track}", listen.Flags);

    static List<Listen> SomeUsers(Random random, string which, int slice)
    {
        var count = which switch
        {
            "all slices of one block" => random.Next(200, 1024),
            "one slice large" => slice == 2 ? 60_000 : random.Next(1, 2000),
            _ => random.Next(5000, 40_000),
        };
        var listens = new List<Listen>(count);
        for (var number = 0; number < count; number++)
        {
            ulong user = which switch
            {
                "few users" => (ulong)random.Next(20),
                "one user" => 77UL,
                "one user has half of it" => random.Next(2) == 0 ? 4000UL : (ulong)random.Next(10_000),
                "users of 63 bits" => (ulong)random.NextInt64() | 1,
                "each slice its users" => (ulong)((slice * 1000) + random.Next(990)),
                _ => (ulong)random.Next(20_000),
            };
            listens.Add(new(user, (uint)random.Next(3000), random.Next(10), (ListenFlags)random.Next(4)));
        }

        return listens;
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
