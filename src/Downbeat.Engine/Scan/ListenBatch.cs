using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Downbeat.Engine.Listens;

namespace Downbeat.Engine.Scan;

/// <summary>
/// Listens whose tracks are still text: few enough to stay in the first-level cache, enough to look up their tracks
/// side by side.
/// </summary>
sealed class ListenBatch
{
    /// <summary>How many listens fit.</summary>
    public const int Capacity = 128;

    readonly ulong[] users = new ulong[Capacity];
    readonly ulong[] moments = new ulong[Capacity];
    readonly int[] trackStarts = new int[Capacity];
    readonly int[] trackLengths = new int[Capacity];
    ulong flagsSeen;

    /// <summary>How many listens there are.</summary>
    public int Count { get; private set; }

    /// <summary>Whether no more fit.</summary>
    public bool IsFull => Count == Capacity;

    /// <summary>All user ids OR-ed: their highest bit is that of the largest.</summary>
    public ulong UsersSeen { get; private set; }

    /// <summary>All flags OR-ed.</summary>
    public ListenFlags FlagsSeen => (ListenFlags)flagsSeen;

    /// <summary>The user ids.</summary>
    public ReadOnlySpan<ulong> Users => users.AsSpan(0, Count);

    /// <summary>Place of the date, second and flags, as a <see cref="SortBuffer"/> keeps them.</summary>
    public ReadOnlySpan<ulong> Moments => moments.AsSpan(0, Count);

    /// <summary>Where the track ids begin in the bytes at hand.</summary>
    public ReadOnlySpan<int> TrackStarts => trackStarts.AsSpan(0, Count);

    /// <summary>How long the track ids are, 1 to 64 bytes.</summary>
    public ReadOnlySpan<int> TrackLengths => trackLengths.AsSpan(0, Count);

    /// <summary>Takes a listen; the batch is not full.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(ulong user, ulong moment, int trackStart, int trackLength)
    {
        var at = Count++;
        Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(users), at) = user;
        Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(moments), at) = moment;
        Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(trackStarts), at) = trackStart;
        Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(trackLengths), at) = trackLength;
        UsersSeen |= user;
        flagsSeen |= moment & ((1 << Listen.FlagBits) - 1);
    }

    /// <summary>Forgets all listens.</summary>
    public void Clear()
    {
        Count = 0;
        UsersSeen = flagsSeen = 0;
    }
}
