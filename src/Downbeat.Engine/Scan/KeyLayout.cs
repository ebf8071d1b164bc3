using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Downbeat.Engine.Listens;

namespace Downbeat.Engine.Scan;

/// <summary>
/// How listens of several dates are packed into sort keys of 64 bits: place of the date, user, second, track and flags, from the
/// highest bit. The user gets what the others leave.
/// </summary>
readonly struct KeyLayout
{
    const int PlaceBits = 4;
    const int PlaceShift = 64 - PlaceBits;
    const int MinTrackBits = 17; // Of the catalogues there are, few have more than 131,072 tracks.

    readonly int flagBits;
    readonly int secondShift;
    readonly int userShift;

    /// <summary>The layout with most room for user ids.</summary>
    /// <param name="tracks">How many tracks there may be; more than 2^30 are none.</param>
    /// <param name="hasFlags">Whether any listen may be liked or shared.</param>
    public KeyLayout(int tracks, bool hasFlags)
    {
        flagBits = hasFlags ? Listen.FlagBits : 0;
        secondShift = flagBits + Math.Max(MinTrackBits, BitOperations.Log2((uint)Math.Max(1, tracks - 1)) + 1);
        userShift = secondShift + ListenDate.SecondBits;
    }

    /// <summary>Places of dates lie below.</summary>
    public static int Places => 1 << PlaceBits;

    /// <summary>Whether listens can be packed, whatever their seconds.</summary>
    /// <param name="users">All user ids OR-ed.</param>
    /// <param name="flags">All flags OR-ed.</param>
    /// <param name="tracks">Track numbers lie below.</param>
    public bool Fits(ulong users, ListenFlags flags, int tracks) =>
        users >> (PlaceShift - userShift) == 0
        && (flags == ListenFlags.None || flagBits > 0)
        && tracks <= 1 << (secondShift - flagBits);

    /// <summary>Packs a listen.</summary>
    /// <param name="place">The place of its date.</param>
    /// <param name="listen">The listen, which fits.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong Pack(int place, in Listen listen) =>
        ((ulong)place << PlaceShift)
        | (listen.User << userShift)
        | ((ulong)listen.Second << secondShift)
        | ((ulong)listen.Track << flagBits)
        | (ulong)listen.Flags;

    /// <summary>Packs many listens, four at a time.</summary>
    /// <param name="users">Their users.</param>
    /// <param name="moments">Places of their dates, seconds and flags, as a <see cref="SortBuffer"/> keeps them.</param>
    /// <param name="tracks">The numbers of their tracks.</param>
    /// <param name="keys">Room for their keys.</param>
    /// <returns>How many were packed: the last one to three are left.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int Pack(ReadOnlySpan<ulong> users, ReadOnlySpan<ulong> moments, ReadOnlySpan<int> tracks, Span<ulong> keys)
    {
        var seconds = Vector256.Create(((1UL << ListenDate.SecondBits) - 1) << Listen.SecondShift);
        var flags = Vector256.Create((1UL << flagBits) - 1);
        var down = Math.Max(0, Listen.SecondShift - secondShift); // One of both is 0.
        var up = Math.Max(0, secondShift - Listen.SecondShift);
        var all = keys.Length & -Vector256<ulong>.Count;
        users = users[..all];
        moments = moments[..all];
        tracks = tracks[..all];
        for (var at = 0; at < all; at += Vector256<ulong>.Count)
        {
            var moment = Vector256.LoadUnsafe(in MemoryMarshal.GetReference(moments), (nuint)at);
            var track = Vector128.LoadUnsafe(in MemoryMarshal.GetReference(tracks), (nuint)at).AsUInt32();
            var (low, high) = Vector128.Widen(track);
            var key =
                (moment >>> SortBuffer.PlaceShift << PlaceShift)
                | (Vector256.LoadUnsafe(in MemoryMarshal.GetReference(users), (nuint)at) << userShift)
                | ((moment & seconds) >>> down << up)
                | (Vector256.Create(low, high) << flagBits)
                | (moment & flags);
            key.StoreUnsafe(ref MemoryMarshal.GetReference(keys), (nuint)at);
        }

        return all;
    }

    /// <summary>The listen that a key stands for.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Listen Unpack(ulong key)
    {
        var user = (key << PlaceBits) >> (PlaceBits + userShift);
        var second = (key >> secondShift) & ((1UL << ListenDate.SecondBits) - 1);
        var flags = key & ((1UL << flagBits) - 1);
        return new(user, (second << Listen.SecondShift) | ((ulong)TrackOf(key) << Listen.TrackShift) | flags);
    }

    /// <summary>The track of the listen that a key stands for.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int TrackOf(ulong key) => (int)(key >> flagBits) & ((1 << (secondShift - flagBits)) - 1);

    /// <summary>Whether two keys stand for the same listen, whatever its flags.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool AreSame(ulong one, ulong other) => (one ^ other) >> flagBits == 0;

    /// <summary>The place of the date of the listen that a key stands for.</summary>
    public static int PlaceOf(ulong key) => (int)(key >> PlaceShift);

    /// <summary>How many of the sorted keys have the place of the first.</summary>
    public static int CountOfPlace(ReadOnlySpan<ulong> sorted)
    {
        var place = PlaceOf(sorted[0]);
        var (low, high) = (1, sorted.Length);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (PlaceOf(sorted[middle]) == place)
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
}
