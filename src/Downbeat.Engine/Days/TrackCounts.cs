using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Downbeat.Engine.Listens;

namespace Downbeat.Engine.Days;

/// <summary>
/// Counters of a day's tracks: a line of the cache for each track, so that counting a listen waits for one and no other.
/// Hours are counted in 16 bits, and what overflows is counted aside: that is seldom, and memory near is worth it.
/// </summary>
sealed unsafe class TrackCounts
{
    const uint Carry = 1 << 16;

    readonly TrackLine[] lines;
    readonly nint offset; // To the first line that begins where one of the cache does; the array is pinned.
    readonly Dictionary<int, uint[]> carried = []; // By track, by hour.

    /// <summary>Makes counters in memory that may hold anything.</summary>
    public TrackCounts(TrackLine[] lines, int tracks)
    {
        Debug.Assert(sizeof(TrackLine) == TrackLine.Bytes && lines.Length > tracks);
        this.lines = lines;
        Count = tracks;
        offset = -(nint)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(lines)) & (TrackLine.Bytes - 1);
    }

    /// <summary>How many tracks there are.</summary>
    public int Count { get; }

    /// <summary>The memory, which whoever has done with the counters may use again.</summary>
    public TrackLine[] Memory => lines;

    /// <summary>The line of the first track; those of the others follow.</summary>
    public ref TrackLine First
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ref Unsafe.AddByteOffset(ref MemoryMarshal.GetArrayDataReference(lines), offset);
    }

    /// <summary>A track's counters.</summary>
    public ref TrackLine this[int track] => ref MemoryMarshal.CreateSpan(ref First, Count)[track];

    /// <summary>A track's listens by hour.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public HourCounts ListensByHour(int track)
    {
        var hours = default(HourCounts);
        ref var words = ref Unsafe.As<TrackLine, ushort>(ref this[track]);
        ref var sums = ref Unsafe.As<HourCounts, uint>(ref hours);
        for (var hour = 0; hour < DayCounts.Hours; hour += Vector128<ushort>.Count)
        {
            var (low, high) = Vector128.Widen(Vector128.LoadUnsafe(ref words, (nuint)hour));
            low.StoreUnsafe(ref sums, (nuint)hour);
            high.StoreUnsafe(ref sums, (nuint)(hour + Vector128<uint>.Count));
        }

        if (carried.Count > 0 && carried.TryGetValue(track, out var more))
        {
            for (var hour = 0; hour < DayCounts.Hours; hour++)
            {
                hours[hour] += more[hour];
            }
        }

        return hours;
    }

    /// <summary>Notes that the counter of an hour has begun again from 0.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public void AddCarry(int track, int hour)
    {
        ref var more = ref CollectionsMarshal.GetValueRefOrAddDefault(carried, track, out _);
        (more ??= new uint[DayCounts.Hours])[hour] += Carry;
    }

    /// <summary>Adds counters of the same tracks.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Add(TrackCounts other)
    {
        Debug.Assert(Count == other.Count);
        for (var track = 0; track < Count; track++)
        {
            ref var line = ref Unsafe.Add(ref First, track);
            ref var added = ref Unsafe.Add(ref other.First, track);
            line.LikesAndShares += added.LikesAndShares;
            ref var sums = ref Unsafe.As<TrackLine, ushort>(ref line);
            for (var hour = 0; hour < DayCounts.Hours; hour += Vector128<ushort>.Count)
            {
                var before = Vector128.LoadUnsafe(ref sums, (nuint)hour);
                var sum = before + Vector128.LoadUnsafe(ref Unsafe.As<TrackLine, ushort>(ref added), (nuint)hour);
                sum.StoreUnsafe(ref sums, (nuint)hour);
                var overflown = Vector128.LessThan(sum, before).ExtractMostSignificantBits();
                for (; overflown != 0; overflown &= overflown - 1)
                {
                    AddCarry(track, hour + System.Numerics.BitOperations.TrailingZeroCount(overflown));
                }
            }
        }

        foreach (var (track, more) in other.carried)
        {
            ref var sums = ref CollectionsMarshal.GetValueRefOrAddDefault(carried, track, out _);
            sums ??= new uint[DayCounts.Hours];
            for (var hour = 0; hour < sums.Length; hour++)
            {
                sums[hour] += more[hour];
            }
        }
    }
}

/// <summary>What is counted of a track, and what counting its listens needs to know of it: 64 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
struct TrackLine
{
    public const int Bytes = 64;

    /// <summary>First, where vectors find it.</summary>
    public HourWords ListensByHour;

    /// <summary>How many listens were liked in the low half, shared in the high half.</summary>
    public ulong LikesAndShares;

    /// <summary>The track's length; 0 when the songs do not know it.</summary>
    public int DurationMs;

    /// <summary>The track's genres, as <see cref="TrackGenres"/> packs them.</summary>
    public int Genres;

    public readonly uint Likes => (uint)LikesAndShares;

    public readonly uint Shares => (uint)(LikesAndShares >> 32);

    /// <summary>What a listen's flags add to <see cref="LikesAndShares"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Of(ListenFlags flags) => ((ulong)flags & 1) | ((ulong)flags >> 1 << 32);

    [InlineArray(DayCounts.Hours)]
    public struct HourWords
    {
        ushort first;
    }
}
