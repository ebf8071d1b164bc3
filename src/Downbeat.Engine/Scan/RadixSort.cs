namespace Downbeat.Engine.Scan;

/// <summary>
/// Least-significant-digit radix sort of 64-bit and 128-bit keys, digits of 11 bits. Digits that are the same in all
/// keys cost nothing, so the price follows the bits that really vary. Stable, and its time does not depend on skew.
/// </summary>
public static class RadixSort
{
    const int DigitBits = 11;
    const int Buckets = 1 << DigitBits;
    const int Digits = (64 + DigitBits - 1) / DigitBits;

    /// <summary>Sorts keys.</summary>
    /// <param name="keys">The keys.</param>
    /// <param name="scratch">Room for as many.</param>
    /// <returns>True when the sorted keys lie in <paramref name="scratch"/>, false when in <paramref name="keys"/>.</returns>
    public static bool Sort(Span<ulong> keys, Span<ulong> scratch)
    {
        var counts = Count(keys);
        var swapped = false;
        for (var digit = 0; digit < Digits; digit++)
        {
            var places = counts.AsSpan(digit * Buckets, Buckets);
            if (keys.IsEmpty || !TurnIntoPlaces(places, keys[0], digit, keys.Length))
            {
                continue;
            }

            var from = swapped ? scratch : keys;
            var to = swapped ? keys : scratch;
            var shift = digit * DigitBits;
            foreach (var key in from)
            {
                to[places[(int)(key >> shift) & (Buckets - 1)]++] = key;
            }

            swapped = !swapped;
        }

        return swapped;
    }

    /// <summary>Sorts pairs by <paramref name="high"/>, then <paramref name="low"/>.</summary>
    /// <returns>True when the sorted pairs lie in the scratch spans, false when in the first two.</returns>
    public static bool Sort(Span<ulong> high, Span<ulong> low, Span<ulong> scratchHigh, Span<ulong> scratchLow)
    {
        var swapped = false;
        for (var word = 0; word < 2; word++)
        {
            var counts = Count(word == 0 ? (swapped ? scratchLow : low) : (swapped ? scratchHigh : high));
            for (var digit = 0; digit < Digits; digit++)
            {
                var fromHigh = swapped ? scratchHigh : high;
                var fromLow = swapped ? scratchLow : low;
                var keys = word == 0 ? fromLow : fromHigh;
                var places = counts.AsSpan(digit * Buckets, Buckets);
                if (keys.IsEmpty || !TurnIntoPlaces(places, keys[0], digit, keys.Length))
                {
                    continue;
                }

                var toHigh = swapped ? high : scratchHigh;
                var toLow = swapped ? low : scratchLow;
                var shift = digit * DigitBits;
                for (var at = 0; at < keys.Length; at++)
                {
                    var place = places[(int)(keys[at] >> shift) & (Buckets - 1)]++;
                    toHigh[place] = fromHigh[at];
                    toLow[place] = fromLow[at];
                }

                swapped = !swapped;
            }
        }

        return swapped;
    }

    static int[] Count(ReadOnlySpan<ulong> keys)
    {
        var counts = new int[Digits * Buckets];
        foreach (var key in keys)
        {
            var rest = key;
            for (var digit = 0; digit < Digits; digit++)
            {
                counts[(digit * Buckets) + ((int)rest & (Buckets - 1))]++;
                rest >>= DigitBits;
            }
        }

        return counts;
    }

    /// <summary>Turns how often each value of a digit occurs into where its keys go; false when all keys share one value.</summary>
    static bool TurnIntoPlaces(Span<int> counts, ulong anyKey, int digit, int length)
    {
        if (counts[(int)(anyKey >> (digit * DigitBits)) & (Buckets - 1)] == length)
        {
            return false;
        }

        var place = 0;
        foreach (ref var count in counts)
        {
            (count, place) = (place, place + count);
        }

        return true;
    }
}
