using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Downbeat.Engine.Listens;

namespace Downbeat.Engine.Days;

/// <summary>
/// Counters of a day's tracks: half a line of the cache for each track, so that counting a listen waits for one and no
/// other, and as many tracks as can be are near. Hours are counted in 8 bits, and what overflows is counted aside: that is
/// seldom. So are likes and shares, which most listens have none of.
/// </summary>
sealed unsafe class TrackCounts
{
    const uint Carry = 1 << 8;

    readonly TrackLine[] lines;
    readonly nint offset; // To the first line that begins where one of the cache does; the array is pinned.
    readonly Dictionary<int, uint[]> carried = []; // By track, by hour.
    bool hasFlags; // Else the likes and shares in memory are anything.

    /// <summary>Makes counters in memory that may hold anything.</summary>
    public TrackCounts(TrackLine[] lines, int tracks)
    {
        Debug.Assert(sizeof(TrackLine) == TrackLine.Bytes && lines.Length >= LinesOf(tracks));
        this.lines = lines;
        Count = tracks;
        offset = -(nint)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(lines)) & (TrackLine.Bytes - 1);
    }

    /// <summary>How many lines counters of so many tracks take: likes and shares stand behind, and one is lost to begin where half a line of the cache does.</summary>
    public static int LinesOf(int tracks) =>
        checked((int)(tracks + (((long)tracks * sizeof(ulong)) + TrackLine.Bytes - 1) / TrackLine.Bytes) + 1);

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
        ref var counters = ref Unsafe.As<TrackLine, byte>(ref this[track]);
        ref var sums = ref Unsafe.As<HourCounts, uint>(ref hours);
        for (var hour = 0; hour < DayCounts.Hours; hour += Vector128<ushort>.Count)
        {
            var eight = Vector128
                .CreateScalar(Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref counters, hour)))
                .AsByte();
            var (low, high) = Vector128.Widen(Vector128.WidenLower(eight));
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

    /// <summary>How many of a track's listens were liked in the low half, shared in the high half.</summary>
    public ulong LikesAndShares(int track) => hasFlags ? Flags[track] : 0;

    /// <summary>Counts flags of a track's listen, if there are any.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddFlags(int track, ListenFlags flags)
    {
        if (flags != ListenFlags.None)
        {
            AddFlags(track, ((ulong)flags & 1) | ((ulong)flags >> 1 << 32));
        }
    }

    void AddFlags(int track, ulong likesAndShares)
    {
        if (!hasFlags)
        {
            Flags.Clear();
            hasFlags = true;
        }

        Flags[track] += likesAndShares;
    }

    Span<ulong> Flags =>
        MemoryMarshal.CreateSpan(ref Unsafe.As<TrackLine, ulong>(ref Unsafe.Add(ref First, Count)), Count);

    /// <summary>Adds counters of the same tracks.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Add(TrackCounts other)
    {
        Debug.Assert(Count == other.Count);
        var hours = default(TrackLine); // What is added of a line: no length, no genres.
        ((Span<byte>)hours.ListensByHour).Fill(byte.MaxValue);
        var counters = Vector256.LoadUnsafe(ref Unsafe.As<TrackLine, byte>(ref hours));
        for (var track = 0; track < Count; track++)
        {
            ref var line = ref Unsafe.Add(ref First, track);
            ref var added = ref Unsafe.Add(ref other.First, track);
            ref var sums = ref Unsafe.As<TrackLine, byte>(ref line);
            var before = Vector256.LoadUnsafe(ref sums);
            var sum = before + (Vector256.LoadUnsafe(ref Unsafe.As<TrackLine, byte>(ref added)) & counters);
            sum.StoreUnsafe(ref sums);
            var overflown = Vector256.LessThan(sum, before).ExtractMostSignificantBits();
            for (; overflown != 0; overflown &= overflown - 1)
            {
                AddCarry(track, BitOperations.TrailingZeroCount(overflown));
            }

            if (other.hasFlags && other.Flags[track] is var likesAndShares and not 0)
            {
                AddFlags(track, likesAndShares);
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

/// <summary>What is counted of a track, and what counting its listens needs to know of it: 32 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
struct TrackLine
{
    public const int Bytes = 32;

    /// <summary>First, where vectors find it.</summary>
    public HourBytes ListensByHour;

    /// <summary>The track's length; 0 when the songs do not know it.</summary>
    public int DurationMs;

    /// <summary>The track's genres, as <see cref="TrackGenres"/> packs them.</summary>
    public int Genres;

    [InlineArray(DayCounts.Hours)]
    public struct HourBytes
    {
        byte first;
    }
}
