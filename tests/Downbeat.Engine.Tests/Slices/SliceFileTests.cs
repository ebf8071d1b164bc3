using Downbeat.Engine.Listens;
using Downbeat.Engine.Slices;

namespace Downbeat.Engine.Tests.Slices;

/// <summary>Slices are read as they were written.</summary>
public sealed class SliceFileTests
{
    [Theory]
    [InlineData("", 0x0000_0000u)]
    [InlineData("123456789", 0xE306_9283u)]
    [InlineData("The quick brown fox jumps over the lazy dog", 0x2262_0404u)]
    public void TheChecksumIsCrc32C(string text, uint sum) => Assert.Equal(sum, SliceFormat.Crc32C(Given.Bytes(text)));

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 1)]
    [InlineData(1023, 1)]
    [InlineData(1024, 1)]
    [InlineData(1025, 2)]
    [InlineData(2048, 2)]
    [InlineData(2049, 3)]
    public void AnyNumberOfListensIsReadBack(int count, int blocks)
    {
        foreach (var flagged in (int[])[-1, 0, count - 1])
        {
            // No flags at all, or only on the first or the last listen.
            List<NamedListen> listens =
            [
                .. Enumerable
                    .Range(0, count)
                    .Select(number => new NamedListen(
                        (ulong)number / 5,
                        (uint)(number % 5 * 40_000),
                        $"t{number % 7}",
                        number == flagged ? ListenFlags.Shared : ListenFlags.None
                    )),
            ];
            var slice = Given.Slice(listens);
            Assert.Equal(blocks, slice.BlockCount);
            Assert.Equal(count, Enumerable.Range(0, blocks).Sum(slice.BlockListens));
            Assert.Equal(listens, Given.ListensOf(slice));
        }
    }

    [Fact]
    public void ASliceWithoutListensIsOneToo()
    {
        var bytes = Given.SliceBytes([]);
        var slice = Given.Slice(bytes);
        Assert.Equal(0, slice.BlockCount);
        Assert.Equal(new(Given.Date, 0, 0, 0, 0, bytes.Length), slice.Summary);
        Assert.Empty(Given.ListensOf(new SliceMerge([slice], 4096)));
    }

    [Fact]
    public void TheLargestOfEverythingIsReadBack()
    {
        var longest = new string('\u00FF', Listen.MaxTrackBytes);
        List<NamedListen> listens =
        [
            new(0, 0, "\0", ListenFlags.None),
            new(0, 187_199, longest, ListenFlags.Liked | ListenFlags.Shared),
            new(long.MaxValue - 1, 187_199, "\0", ListenFlags.Liked),
            new(long.MaxValue, 0, "t", ListenFlags.None),
            new(long.MaxValue, 187_199, "t", ListenFlags.None),
            new(long.MaxValue, 187_199, longest, ListenFlags.Shared),
        ];
        var slice = Given.Slice(listens);
        Assert.Equal(listens, Given.ListensOf(slice));
        Assert.Equal(["\0", "t", longest], Given.ListOf(slice.Tracks));
        Assert.Equal((0UL, (ulong)long.MaxValue), (slice.Summary.FirstUser, slice.Summary.LastUser));
    }

    [Fact]
    public void TheWriterAndTheReaderSayTheSameOfASlice()
    {
        foreach (var date in (DateOnly[])[new(1969, 12, 31), Given.Date, new(9999, 12, 31)])
        {
            var output = new MemoryStream();
            var writer = new SliceWriter(output, date, Given.Texts("a", "b", "not listened to"));
            writer.Add(new Listen(3, 1, 1, ListenFlags.None));
            writer.Add(new Listen(8, 1, 0, ListenFlags.Liked));
            var summary = writer.Finish();
            Assert.Equal(new(date, 2, 3, 8, 3, output.Length), summary);
            Assert.Equal(summary, Given.Slice(output.ToArray()).Summary);
        }
    }

    [Fact]
    public void RandomSlicesAreReadBack() =>
        RandomRounds.Run(
            60,
            random =>
            {
                var users = 1L << random.Next(63);
                List<NamedListen> listens =
                [
                    .. Enumerable
                        .Range(0, random.Next(4000))
                        .Select(_ => new NamedListen(
                            (ulong)random.NextInt64(users),
                            (uint)random.Next(187_200),
                            new string((char)random.Next(256), 1 + random.Next(Listen.MaxTrackBytes)),
                            (ListenFlags)random.Next(4)
                        )),
                ];
                Assert.Equal(Given.Distinct(listens), Given.ListensOf(Given.Slice(listens)));
            }
        );

    [Theory]
    [InlineData(5, 5, 1, "the same listen")]
    [InlineData(4, 9, 2, "an earlier user")]
    [InlineData(5, 4, 2, "an earlier second")]
    [InlineData(5, 5, 0, "an earlier track")]
    public void TheWriterRefusesAListenThatDoesNotComeAfterTheOneBefore(
        ulong user,
        uint second,
        int track,
        string which
    )
    {
        foreach (var before in (int[])[1, 1023, 1024, 1025])
        {
            // The listen before may be the last of its block.
            var writer = new SliceWriter(new MemoryStream(), Given.Date, Given.Texts("a", "b", "c"));
            for (var number = 1; number < before; number++)
            {
                writer.Add(new Listen(3, (uint)number, 0, ListenFlags.None));
            }

            writer.Add(new Listen(5, 5, 1, ListenFlags.None));
            var refused = Record.Exception(() => writer.Add(new Listen(user, second, track, ListenFlags.Liked)));
            Assert.True(refused is ArgumentException, $"{which} after {before} listens");
            writer.Add(new Listen(5, 5, 2, ListenFlags.None));
        }
    }

    [Fact]
    public void HowListensAreHandedOverChangesNothing() =>
        RandomRounds.Run(
            60,
            random =>
            {
                var listens = Enumerable
                    .Range(0, random.Next(6000))
                    .Select(number => new Listen(
                        (ulong)number / 3,
                        (uint)number,
                        number % 3,
                        (ListenFlags)(number % 4)
                    ))
                    .ToArray();
                var (one, some) = (new MemoryStream(), new MemoryStream());
                var writer = new SliceWriter(one, Given.Date, Given.Texts("a", "b", "c"));
                foreach (ref readonly var listen in listens.AsSpan())
                {
                    writer.Add(listen);
                }

                writer.Finish();
                writer = new(some, Given.Date, Given.Texts("a", "b", "c"));
                for (var from = 0; from < listens.Length; )
                {
                    var count = Math.Min(listens.Length - from, random.Next(random.Next(2) == 0 ? 3000 : 4));
                    writer.Add(listens.AsSpan(from, count));
                    from += count;
                }

                writer.Finish();
                Assert.Equal(one.ToArray(), some.ToArray());
            }
        );

    [Fact]
    public void TheWriterRefusesWhatIsNotInOrderAmongMany() =>
        RandomRounds.Run(
            100,
            random =>
            {
                var listens = Enumerable
                    .Range(0, random.Next(2, 3000))
                    .Select(number => new Listen((ulong)number / 3, (uint)number, number % 3, ListenFlags.None))
                    .ToArray();
                var at = random.Next(listens.Length - 1);
                (listens[at], listens[at + 1]) = (listens[at + 1], listens[at]);
                var writer = new SliceWriter(new MemoryStream(), Given.Date, Given.Texts("a", "b", "c"));
                Assert.Throws<ArgumentException>(() => writer.Add(listens));
            }
        );

    [Fact]
    public void TheWriterRefusesTracksOutsideTheDictionaryAndUsersThatAreTooLarge()
    {
        foreach (var before in (int[])[0, 1, 1023, 1024])
        {
            var listens = Enumerable.Range(0, before).Select(user => new Listen((ulong)user, 0, 0, default));
            var writer = new SliceWriter(new MemoryStream(), Given.Date, Given.Texts("a"));
            Assert.Throws<ArgumentException>(() => writer.Add([.. listens, new Listen(5000, 0, 1, default)]));
            writer = new(new MemoryStream(), Given.Date, Given.Texts("a"));
            Assert.Throws<ArgumentException>(() => writer.Add([.. listens, new Listen(1UL << 63, 0, 0, default)]));
        }
    }

    [Fact]
    public void IdsOfAnyLengthAreReadBack()
    {
        string[] ids = ["", "a", new('b', 127), new('c', 128), new('d', 16_384), new('e', 300_000), "f"];
        var output = new MemoryStream();
        var writer = new SliceWriter(output, Given.Date, Given.Texts(ids));
        writer.Add(new Listen(1, 1, 6, default));
        writer.Finish();
        Assert.Equal(ids, Given.ListOf(Given.Slice(output.ToArray()).Tracks));
    }

    [Fact]
    public void ABlockIsFoundByTheUserWhoseListensBeginInIt()
    {
        // Users 0, 10, 20 ...: three listens each, so that blocks begin within users.
        var listens = Enumerable
            .Range(0, 5000)
            .Select(number => new NamedListen((ulong)(number / 3 * 10), (uint)(number % 3), "t", ListenFlags.None))
            .ToList();
        var slice = Given.Slice(listens);
        for (var user = 0UL; user < 17_000; user++)
        {
            var block = slice.FindBlock(user);
            Assert.InRange(block, 0, slice.BlockCount - 1);
            var first = (int)user / 10 * 3;
            if (user % 10 == 0 && first < listens.Count)
            {
                // Its first listen lies in the block found, or begins the next.
                Assert.InRange(first, block * 1024, (block + 1) * 1024);
            }
        }
    }

    [Fact]
    public void AsManyBlocksAreReadAsFitAndAtLeastOne()
    {
        var slice = Given.Slice(
            Enumerable
                .Range(0, 10_000)
                .Select(number => new NamedListen((ulong)number * 1000, 0, "t", ListenFlags.None))
        );
        Assert.Equal(10, slice.BlockCount);
        var block = new Listen[1024];
        // A block takes 1,024 bits for new users, 1,023 deltas of 10 bits, and its trailer.
        foreach (var (bytes, blocks) in ((int, int)[])[(0, 1), (1, 1), (2829, 1), (2830, 2), (4245, 3), (1 << 20, 10)])
        {
            var buffer = new byte[bytes];
            Assert.Equal(blocks, slice.ReadBlocks(0, ref buffer));
            for (var number = 0; number < blocks; number++)
            {
                Assert.Equal(slice.BlockListens(number), slice.Decode(number, buffer, 0, block));
                Assert.Equal(slice.FirstUser(number), block[0].User);
            }

            Assert.Equal(10, slice.ReadBlocks(9, ref buffer));
            Assert.Equal(10_000 % 1024, slice.Decode(9, buffer, 9, block));
        }
    }
}
