using System.Numerics;
using System.Runtime.CompilerServices;
using Downbeat.Engine.Listens;

namespace Downbeat.Engine.Scan;

/// <summary>
/// How listens of several dates are packed into sort keys: place of the date, user, second, track and flags, from the
/// highest bit, with no more bits each than the listens at hand need.
/// </summary>
readonly struct KeyLayout
{
    readonly uint firstSecond;
    readonly int flagBits;
    readonly int trackBits;
    readonly int secondShift;
    readonly int userShift;

    KeyLayout(int dates, int tracks, in Bounds bounds)
    {
        firstSecond = bounds.FirstSecond;
        flagBits = bounds.Flags == ListenFlags.None ? 0 : Listen.FlagBits;
        trackBits = BitsFor((uint)Math.Max(1, tracks - 1));
        secondShift = flagBits + trackBits;
        userShift = secondShift + BitsFor(bounds.LastSecond - bounds.FirstSecond);
        PlaceShift = userShift + BitsFor(bounds.Users);
        IsNarrow = PlaceShift + Math.Max(1, BitsFor((uint)dates - 1)) <= 64; // A shift by all 64 bits would be none.
    }

    /// <summary>Whether a key fits in 64 bits; otherwise there is no packing.</summary>
    public bool IsNarrow { get; }

    /// <summary>Above this bit stands the place of the date.</summary>
    public int PlaceShift { get; }

    /// <summary>The narrowest layout for listens.</summary>
    public static KeyLayout Of(int dates, int tracks, in Bounds bounds) => new(dates, tracks, bounds);

    /// <summary>Packs entries. The keys may lie over the entries, beginning where they do.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Pack(ReadOnlySpan<Listen> entries, Span<ulong> keys, int entryPlaceShift)
    {
        var layout = this;
        keys = keys[..entries.Length];
        const ulong Flags = (1UL << Listen.FlagBits) - 1;
        for (var at = 0; at < entries.Length; at++)
        {
            var (user, rest) = (entries[at].User, entries[at].Rest);
            var second =
                ((uint)(rest >> Listen.SecondShift) & ((1u << ListenDate.SecondBits) - 1)) - layout.firstSecond;
            keys[at] =
                (rest >> entryPlaceShift << layout.PlaceShift)
                | (user << layout.userShift)
                | ((ulong)second << layout.secondShift)
                | ((rest >> Listen.TrackShift) & (Listen.MaxTracks - 1)) << layout.flagBits
                | (rest & Flags);
        }
    }

    /// <summary>The listen that a key stands for.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Listen Unpack(ulong key)
    {
        var second = ((key >> secondShift) & ((1UL << (userShift - secondShift)) - 1)) + firstSecond;
        var user = (key >> userShift) & ((1UL << (PlaceShift - userShift)) - 1);
        var flags = key & ((1UL << flagBits) - 1);
        return new(user, (second << Listen.SecondShift) | ((ulong)TrackOf(key) << Listen.TrackShift) | flags);
    }

    /// <summary>The track of the listen that a key stands for.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int TrackOf(ulong key) => (int)(key >> flagBits) & ((1 << trackBits) - 1);

    /// <summary>How many of the sorted keys have the place of the first.</summary>
    public int CountOfPlace(ReadOnlySpan<ulong> sorted)
    {
        var place = sorted[0] >> PlaceShift;
        var (low, high) = (1, sorted.Length);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (sorted[middle] >> PlaceShift == place)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    static int BitsFor(ulong highest) => highest == 0 ? 0 : BitOperations.Log2(highest) + 1;
}
