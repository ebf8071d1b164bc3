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
    public void PairsComeOutSortedByBothWords() =>
        RandomRounds.Run(
            100,
            random =>
            {
                var length = RandomLength(random);
                var (high, low) = (RandomWords(random, length), RandomWords(random, length));
                var expected = high.Zip(low).Order().ToArray();
                var (scratchHigh, scratchLow) = (new ulong[length], new ulong[length]);
                var swapped = RadixSort.Sort(high, low, scratchHigh, scratchLow);
                Assert.Equal(expected, swapped ? scratchHigh.Zip(scratchLow) : high.Zip(low));
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
