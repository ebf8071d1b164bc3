using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Downbeat.Engine.Listens;

namespace Downbeat.Engine.Scan;

/// <summary>
/// Sorts keys of 64 bits and listens of 128. Many of them are first parted by their highest bits into pieces that fit
/// the cache; a piece is sorted by the 22 highest bits that vary in it, in two passes of 11, lowest first. What is still
/// equal then is rare and sorted by itself. Bits that all keys share cost nothing, and skew costs little: see
/// <c>docs/performance.md</c>.
/// </summary>
public static class RadixSort
{
    /// <summary>So many keys and the room to sort them lie in the second-level cache.</summary>
    const int PieceKeys = 1 << 15;

    /// <summary>Keys are counted by so many of their highest bits, and neighbouring counts joined to pieces of like size.</summary>
    const int FineBits = 14;

    const int DigitBits = 11;
    const int Buckets = 1 << DigitBits;

    /// <summary>Up to so many keys are sorted by inserting one after the other.</summary>
    const int FewKeys = 24;

    /// <summary>What a sort of <typeparamref name="T"/> compares, a word of 64 bits at a time.</summary>
    interface IOrder<T>
    {
        static abstract ulong Word(in T key);

        static abstract bool IsBefore(in T left, in T right);

        /// <summary>Sorts keys of which this word is the same.</summary>
        static abstract void SortByNext(Span<T> keys, Span<T> scratch);
    }

    /// <summary>Sorts keys.</summary>
    /// <param name="keys">The keys.</param>
    /// <param name="scratch">Room for as many.</param>
    /// <returns>True when the sorted keys lie in <paramref name="scratch"/>, false when in <paramref name="keys"/>.</returns>
    public static bool Sort(Span<ulong> keys, Span<ulong> scratch) => Sort<ulong, Plain>(keys, scratch);

    /// <summary>Sorts listens by user, second, track and flags.</summary>
    /// <param name="listens">The listens.</param>
    /// <param name="scratch">Room for as many.</param>
    /// <returns>True when the sorted listens lie in <paramref name="scratch"/>, false when in <paramref name="listens"/>.</returns>
    public static bool Sort(Span<Listen> listens, Span<Listen> scratch) => Sort<Listen, ByUser>(listens, scratch);

    static bool Sort<T, TOrder>(Span<T> keys, Span<T> scratch)
        where T : unmanaged
        where TOrder : IOrder<T>
    {
        if (keys.Length <= 2 * PieceKeys)
        {
            SortPiece<T, TOrder>(keys, scratch);
            return false;
        }

        scratch = scratch[..keys.Length];
        var varying = Varying<T, TOrder>(keys);
        if (varying == 0)
        {
            TOrder.SortByNext(keys, scratch);
            return false;
        }

        var shift = Math.Max(0, BitOperations.Log2(varying) + 1 - FineBits);
        var pieces = Part<T, TOrder>(keys, scratch, shift);
        var from = 0;
        foreach (var (to, top) in pieces)
        {
            // A piece of one fine count may be as large as it likes: its keys share their highest bits.
            SortPiece<T, TOrder>(scratch[from..to], keys[from..to], top);
            from = to;
        }

        return true;
    }

    /// <summary>Moves keys into pieces, ascending by the bits from <paramref name="shift"/> on.</summary>
    /// <returns>Where the pieces end, and below which bit the keys of each differ.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static List<(int End, int Top)> Part<T, TOrder>(ReadOnlySpan<T> keys, Span<T> parted, int shift)
        where T : unmanaged
        where TOrder : IOrder<T>
    {
        const int Mask = (1 << FineBits) - 1;
        var counts = new int[1 << FineBits];
        foreach (ref readonly var key in keys)
        {
            counts[(int)(TOrder.Word(key) >> shift) & Mask]++;
        }

        var pieces = new List<(int End, int Top)>();
        var starts = new List<int> { 0 };
        var pieceOf = new ushort[1 << FineBits];
        var (size, sum, first, last) = (0, 0, 0, 0);
        for (var fine = 0; fine < counts.Length; fine++)
        {
            if (counts[fine] == 0)
            {
                continue;
            }

            if (size > 0 && size + counts[fine] > PieceKeys)
            {
                pieces.Add((sum, Top()));
                starts.Add(sum);
                size = 0;
            }

            (first, last) = (size == 0 ? fine : first, fine);
            pieceOf[fine] = (ushort)pieces.Count;
            size += counts[fine];
            sum += counts[fine];
        }

        pieces.Add((sum, Top()));
        var places = CollectionsMarshal.AsSpan(starts);
        ref var target = ref MemoryMarshal.GetReference(parted);
        foreach (ref readonly var key in keys)
        {
            var piece = pieceOf[(int)(TOrder.Word(key) >> shift) & Mask];
            Unsafe.Add(ref target, places[piece]++) = key;
        }

        return pieces;

        int Top() => shift + (first == last ? 0 : BitOperations.Log2((uint)(first ^ last)) + 1);
    }

    /// <summary>Sorts keys in place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void SortPiece<T, TOrder>(Span<T> keys, Span<T> scratch)
        where T : unmanaged
        where TOrder : IOrder<T>
    {
        if (keys.Length <= FewKeys)
        {
            Insert<T, TOrder>(keys);
            return;
        }

        var varying = Varying<T, TOrder>(keys);
        if (varying == 0)
        {
            TOrder.SortByNext(keys, scratch);
            return;
        }

        SortPiece<T, TOrder>(keys, scratch, BitOperations.Log2(varying) + 1);
    }

    /// <summary>Sorts keys in place that differ only below a bit.</summary>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void SortPiece<T, TOrder>(Span<T> keys, Span<T> scratch, int top)
        where T : unmanaged
        where TOrder : IOrder<T>
    {
        var high = Math.Max(0, top - DigitBits);
        var low = Math.Max(0, high - DigitBits);
        Span<int> counts = stackalloc int[2 * Buckets];
        counts.Clear();
        var lows = counts[..Buckets];
        var highs = counts[Buckets..];
        foreach (ref readonly var key in keys)
        {
            var word = TOrder.Word(key);
            lows[(int)(word >> low) & (Buckets - 1)]++;
            highs[(int)(word >> high) & (Buckets - 1)]++;
        }

        Move<T, TOrder>(keys, scratch, lows, low);
        Move<T, TOrder>(scratch[..keys.Length], keys, highs, high);
        if (!TryInsert<T, TOrder>(keys))
        {
            SortEqual<T, TOrder>(keys, scratch, low);
        }
    }

    /// <summary>Sorts what is the same in all bits from <paramref name="shift"/> on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void SortEqual<T, TOrder>(Span<T> keys, Span<T> scratch, int shift)
        where T : unmanaged
        where TOrder : IOrder<T>
    {
        var before = TOrder.Word(keys[0]) >> shift;
        for (var at = 1; at < keys.Length; at++)
        {
            var word = TOrder.Word(keys[at]) >> shift;
            if (word != before)
            {
                before = word;
                continue;
            }

            var from = at - 1;
            do
            {
                at++;
            } while (at < keys.Length && TOrder.Word(keys[at]) >> shift == before);

            SortPiece<T, TOrder>(keys[from..at], scratch);
            at--;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Move<T, TOrder>(ReadOnlySpan<T> keys, Span<T> target, Span<int> counts, int shift)
        where T : unmanaged
        where TOrder : IOrder<T>
    {
        var place = 0;
        foreach (ref var count in counts)
        {
            (count, place) = (place, place + count);
        }

        ref var first = ref MemoryMarshal.GetReference(target);
        foreach (ref readonly var key in keys)
        {
            Unsafe.Add(ref first, counts[(int)(TOrder.Word(key) >> shift) & (Buckets - 1)]++) = key;
        }
    }

    /// <summary>Sorts keys that are nearly sorted; false, and some are sorted, where they turn out not to be.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static bool TryInsert<T, TOrder>(Span<T> keys)
        where T : unmanaged
        where TOrder : IOrder<T>
    {
        var moves = 4 * keys.Length;
        ref var first = ref MemoryMarshal.GetReference(keys);
        for (var at = 1; at < keys.Length; at++)
        {
            ref var place = ref Unsafe.Add(ref first, at);
            if (!TOrder.IsBefore(place, Unsafe.Subtract(ref place, 1)))
            {
                continue;
            }

            var key = place;
            do
            {
                place = Unsafe.Subtract(ref place, 1);
                place = ref Unsafe.Subtract(ref place, 1);
                moves--;
            } while (!Unsafe.AreSame(ref place, ref first) && TOrder.IsBefore(key, Unsafe.Subtract(ref place, 1)));

            place = key;
            if (moves < 0)
            {
                return false;
            }
        }

        return true;
    }

    static void Insert<T, TOrder>(Span<T> keys)
        where T : unmanaged
        where TOrder : IOrder<T>
    {
        for (var at = 1; at < keys.Length; at++)
        {
            var key = keys[at];
            var to = at;
            for (; to > 0 && TOrder.IsBefore(key, keys[to - 1]); to--)
            {
                keys[to] = keys[to - 1];
            }

            keys[to] = key;
        }
    }

    /// <summary>The bits in which keys differ.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static ulong Varying<T, TOrder>(ReadOnlySpan<T> keys)
        where T : unmanaged
        where TOrder : IOrder<T>
    {
        var first = TOrder.Word(keys[0]);
        var varying = 0UL;
        foreach (ref readonly var key in keys)
        {
            varying |= TOrder.Word(key) ^ first;
        }

        return varying;
    }

    readonly struct Plain : IOrder<ulong>
    {
        public static ulong Word(in ulong key) => key;

        public static bool IsBefore(in ulong left, in ulong right) => left < right;

        public static void SortByNext(Span<ulong> keys, Span<ulong> scratch) { }
    }

    readonly struct ByUser : IOrder<Listen>
    {
        public static ulong Word(in Listen key) => key.User;

        public static bool IsBefore(in Listen left, in Listen right) =>
            left.User < right.User || (left.User == right.User && left.Rest < right.Rest);

        public static void SortByNext(Span<Listen> keys, Span<Listen> scratch)
        {
            if (Sort<Listen, ByRest>(keys, scratch))
            {
                scratch[..keys.Length].CopyTo(keys);
            }
        }
    }

    /// <summary>The order of listens of one user.</summary>
    readonly struct ByRest : IOrder<Listen>
    {
        public static ulong Word(in Listen key) => key.Rest;

        public static bool IsBefore(in Listen left, in Listen right) => left.Rest < right.Rest;

        public static void SortByNext(Span<Listen> keys, Span<Listen> scratch) { }
    }
}
