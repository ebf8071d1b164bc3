using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Downbeat.Engine.Listens;

namespace Downbeat.Engine.Scan;

/// <summary>
/// Listens whose tracks are still text: few enough to stay in the first-level cache, enough to parse their users and times, and
/// to look up their tracks, side by side.
/// </summary>
sealed class ListenBatch
{
    /// <summary>How many listens fit.</summary>
    public const int Capacity = 128;

    // One block, so that the one loop that writes all of it has one place to remember.
    const int ClocksAt = 2 * Capacity;
    const int MomentsAt = 3 * Capacity;
    const int UsersAt = 4 * Capacity;
    const int TrackStartsAt = 2 * 5 * Capacity; // In words of 32 bits.
    const int TrackLengthsAt = TrackStartsAt + Capacity;
    const int TracksAt = TrackLengthsAt + Capacity;

    readonly ulong[] words = new ulong[7 * Capacity]; // From 0 on digits of users, 16 each.

    /// <summary>How many listens there are.</summary>
    public int Count { get; private set; }

    /// <summary>All user ids OR-ed: their highest bit is that of the largest.</summary>
    public ulong UsersSeen { get; private set; }

    /// <summary>All flags OR-ed.</summary>
    public ListenFlags FlagsSeen { get; private set; }

    /// <summary>The user ids.</summary>
    public ReadOnlySpan<ulong> Users => words.AsSpan(UsersAt, Count);

    /// <summary>Place of the date, second and flags, as a <see cref="SortBuffer"/> keeps them.</summary>
    public ReadOnlySpan<ulong> Moments => words.AsSpan(MomentsAt, Count);

    /// <summary>Where the track ids begin in the bytes at hand.</summary>
    public ReadOnlySpan<int> TrackStarts => Ints.Slice(TrackStartsAt, Count);

    /// <summary>The slots of the index in which the tracks are expected; theirs to write over.</summary>
    public Span<int> Tracks => Ints.Slice(TracksAt, Count);

    /// <summary>How long the track ids are, 1 to 64 bytes.</summary>
    public ReadOnlySpan<int> TrackLengths => Ints.Slice(TrackLengthsAt, Count);

    Span<int> Ints => MemoryMarshal.Cast<ulong, int>(words.AsSpan());

    /// <summary>Where the first row is put.</summary>
    public ref ulong FirstRow => ref words[0];

    /// <summary>Puts the texts of a row somewhere; they are listens once they are parsed.</summary>
    /// <param name="row">Where it is put: <see cref="FirstRow"/>, plus its index below <see cref="Capacity"/>.</param>
    /// <param name="index">Its index.</param>
    /// <param name="userEnd">The byte behind the user, before which 16 may be read.</param>
    /// <param name="userLength">1 to 16.</param>
    /// <param name="date">Place and first second of the date.</param>
    /// <param name="clock">The text <c>HH:mm:ss</c>, perhaps.</param>
    /// <param name="trackStart">Where the track begins.</param>
    /// <param name="trackLength">How long it is.</param>
    /// <param name="track">The slot of the index in which it is expected.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Put(
        ref ulong row,
        int index,
        ref byte userEnd,
        int userLength,
        ulong date,
        ulong clock,
        int trackStart,
        int trackLength,
        int track
    )
    {
        Digits.Last16(ref userEnd, userLength).StoreUnsafe(ref row, (nuint)(uint)index);
        Unsafe.Add(ref row, MomentsAt) = date;
        Unsafe.Add(ref row, ClocksAt) = clock;
        ref var ints = ref Unsafe.Subtract(ref Unsafe.As<ulong, int>(ref row), (nuint)(uint)index);
        Unsafe.Add(ref ints, TrackStartsAt) = trackStart;
        Unsafe.Add(ref ints, TrackLengthsAt) = trackLength;
        Unsafe.Add(ref ints, TracksAt) = track;
    }

    /// <summary>Puts the flags of a row, behind its texts.</summary>
    public void PutFlags(int row, ListenFlags flags)
    {
        words[MomentsAt + row] |= (ulong)flags;
        FlagsSeen |= flags; // Of a row that turns out to be none, perhaps, which does no harm.
    }

    /// <summary>Turns rows into listens, up to the first whose user or time is none.</summary>
    /// <param name="rows">How many were put.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Parse(int rows)
    {
        var valid = Digits.ParseMany(words.AsSpan(0, 2 * rows), words.AsSpan(UsersAt, rows), out var seen);
        Count = Digits.AddClocks(words.AsSpan(ClocksAt, valid), words.AsSpan(MomentsAt, valid));
        UsersSeen = seen;
    }

    /// <summary>Forgets all listens.</summary>
    public void Clear()
    {
        Count = 0;
        UsersSeen = 0;
        FlagsSeen = ListenFlags.None;
    }
}
