using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Downbeat.Engine.Days;

/// <summary>A track's listens by hour.</summary>
[InlineArray(DayCounts.Hours)]
public struct HourCounts
{
    uint ofFirstHour;

    /// <summary>The listens of all hours.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly long Sum()
    {
        var sums = Vector128<ulong>.Zero;
        for (var hour = 0; hour < DayCounts.Hours; hour += Vector128<uint>.Count)
        {
            var (low, high) = Vector128.Widen(At(hour));
            sums += low + high;
        }

        return (long)Vector128.Sum(sums);
    }

    /// <summary>Adds these listens to others.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly void AddTo(Span<uint> sums)
    {
        Debug.Assert(sums.Length == DayCounts.Hours);
        ref var first = ref MemoryMarshal.GetReference(sums);
        for (var hour = 0; hour < DayCounts.Hours; hour += Vector128<uint>.Count)
        {
            (Vector128.LoadUnsafe(ref first, (nuint)hour) + At(hour)).StoreUnsafe(ref first, (nuint)hour);
        }
    }

    /// <summary>Adds these listens to others, and 1 for every hour with any to numbers of tracks.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly void AddTo(Span<long> listens, Span<long> tracks)
    {
        Debug.Assert(listens.Length == DayCounts.Hours && tracks.Length == DayCounts.Hours);
        for (var hour = 0; hour < DayCounts.Hours; hour += Vector128<uint>.Count)
        {
            var counts = At(hour);
            var (low, high) = Vector128.Widen(counts);
            Add(listens, hour, low, high);
            var (lowOnes, highOnes) = Vector128.Widen(Vector128.Min(counts, Vector128<uint>.One));
            Add(tracks, hour, lowOnes, highOnes);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Add(Span<long> sums, int at, Vector128<ulong> low, Vector128<ulong> high)
    {
        ref var first = ref Unsafe.As<long, ulong>(ref Unsafe.Add(ref MemoryMarshal.GetReference(sums), at));
        (Vector128.LoadUnsafe(ref first) + low).StoreUnsafe(ref first);
        (Vector128.LoadUnsafe(ref first, 2) + high).StoreUnsafe(ref first, 2);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    readonly Vector128<uint> At(int hour) => Vector128.LoadUnsafe(ref Unsafe.AsRef(in ofFirstHour), (nuint)hour);
}
