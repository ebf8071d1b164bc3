using Downbeat.Engine.Listens;
using Downbeat.Engine.Scan;

namespace Downbeat.Engine.Tests.Scan;

public sealed class RadixSortTests
{
    [Fact]
    public void KeysComeOutSorted() =>
        RandomRounds.Run(
            300,
            random =>
            {
                var keys = RandomWords(random, RandomLength(random));
                var expected = keys.Order().ToArray();
                var scratch = new ulong[keys.Length];
                var swapped = RadixSort.Sort(keys, scratch);
                Assert.Equal(expected, swapped ? scratch : keys);
            }
        );

    [Fact]
    public void ListensComeOutSortedByUserThenTheRest() =>
        RandomRounds.Run(
            100,
            random =>
            {
                var length = RandomLength(random);
                var listens = RandomWords(random, length)
                    .Zip(RandomWords(random, length), (user, rest) => new Listen(user, rest))
                    .ToArray();
                var expected = listens.OrderBy(listen => listen.User).ThenBy(listen => listen.Rest).ToArray();
                var scratch = new Listen[length];
                var swapped = RadixSort.Sort(listens, scratch);
                Assert.Equal(expected, swapped ? scratch : listens);
            }
        );

    /// <summary>More keys than one piece holds, spread evenly, crowded at a few places, and most of them the same.</summary>
    [Theory]
    [InlineData(64, 0)]
    [InlineData(40, 0.5)]
    [InlineData(20, 0.97)]
    [InlineData(1, 0)]
    public void ManyKeysComeOutSorted(int bits, double shareOfOneUser) =>
        RandomRounds.Run(
            3,
            random =>
            {
                var listens = new Listen[200_000];
                for (var at = 0; at < listens.Length; at++)
                {
                    var user = random.NextDouble() < shareOfOneUser ? 77 : (ulong)random.NextInt64() >> (64 - bits);
                    listens[at] = new(user, (ulong)random.NextInt64() >> random.Next(64));
                }

                var keys = listens.Select(listen => (listen.User << 24) ^ listen.Rest).ToArray();
                var expected = listens.OrderBy(listen => listen.User).ThenBy(listen => listen.Rest).ToArray();
                var scratch = new Listen[listens.Length];
                Assert.Equal(expected, RadixSort.Sort(listens, scratch) ? scratch : listens);

                var expectedKeys = keys.Order().ToArray();
                var scratchKeys = new ulong[keys.Length];
                Assert.Equal(expectedKeys, RadixSort.Sort(keys, scratchKeys) ? scratchKeys : keys);
            }
        );

    static int RandomLength(Random random) => random.Next(4) == 0 ? random.Next(4) : random.Next(3000);

    /// <summary>Words in which only some bits vary: few values, high or low bits, one digit, all bits.</summary>
    static ulong[] RandomWords(Random random, int length)
    {
        var mask = (ulong)random.NextInt64(long.MinValue, long.MaxValue) >> random.Next(64) << random.Next(64);
        var constant = (ulong)random.NextInt64(long.MinValue, long.MaxValue);
        var words = new ulong[length];
        foreach (ref var word in words.AsSpan())
        {
            word = ((ulong)random.NextInt64(long.MinValue, long.MaxValue) & mask) | (constant & ~mask);
        }

        return words;
    }
}
