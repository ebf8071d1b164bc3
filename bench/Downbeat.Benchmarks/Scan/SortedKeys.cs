namespace Downbeat.Benchmarks.Scan;

/// <summary>Keys to sort. The same number is sorted in every benchmark: as many small arrays, or one large one.</summary>
static class SortedKeys
{
    /// <summary>All keys of a benchmark, which small arrays share: they come from memory, as those of a sort buffer do.</summary>
    public const int All = 6 << 20;

    public const int Few = 32 << 10;
    public const int Many = 1 << 20;

    /// <summary>A random user: all alike, or one with half of the listens.</summary>
    public static ulong User(Random random, KeySkew skew) =>
        skew == KeySkew.OneUser && random.Next(2) == 0 ? 123_456 : (ulong)random.Next(Samples.Users);
}

/// <summary>How listens are spread over users.</summary>
public enum KeySkew
{
    /// <summary>Every user has as many.</summary>
    Even,

    /// <summary>One user has half of them.</summary>
    OneUser,
}
