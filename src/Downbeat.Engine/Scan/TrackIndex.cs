using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Downbeat.Engine.Listens;

namespace Downbeat.Engine.Scan;

/// <summary>
/// Finds the numbers of track ids in a sorted list, fast: a hash table whose slots hold the ids themselves, so that
/// finding one touches one line of memory. Ids of more than 24 bytes are not in it. Immutable, and shared by all workers.
/// </summary>
/// <remarks>The list only makes scanning faster: ids outside of it are found another way, and no result depends on it.</remarks>
public sealed class TrackIndex
{
    /// <summary>The longest id that can be found.</summary>
    public const int MaxBytes = 24;

    readonly Slot[] slots; // A power of two of them.
    readonly int mask;

    // Chosen anew every time, so that nobody can choose ids that fall into the same slots.
    readonly ulong seedA = RandomSeed();
    readonly ulong seedB = RandomSeed();
    readonly ulong seedC = RandomSeed();

    /// <summary>Indexes a list.</summary>
    /// <param name="tracks">Ids, sorted: the number of an id is its place.</param>
    public TrackIndex(Texts tracks)
    {
        ArgumentNullException.ThrowIfNull(tracks);
        Tracks = tracks;

        // At most three of four slots are taken: more free ones would cost more in cache than they save in looks.
        slots = LargeArray.Make<Slot>((int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(16, tracks.Count / 3 * 4)));
        Array.Clear(slots);
        mask = slots.Length - 1;
        for (var number = 0; number < tracks.Count; number++)
        {
            if (tracks[number].Length > MaxBytes)
            {
                continue;
            }

            var id = Id.Of(tracks[number]);
            var slot = SlotOf(id, tracks[number].Length);
            while (slots[slot].Place != 0)
            {
                slot = (slot + 1) & mask;
            }

            slots[slot] = new(id, number + 1, tracks[number].Length);
        }
    }

    /// <summary>An index without ids.</summary>
    public static TrackIndex Empty { get; } = new(new Texts.Builder().Build());

    /// <summary>The list.</summary>
    public Texts Tracks { get; }

    /// <summary>Bytes that mask an id of n bytes begin at 24 - n.</summary>
    static ReadOnlySpan<byte> Masks =>
        [
            0xFF,
            0xFF,
            0xFF,
            0xFF,
            0xFF,
            0xFF,
            0xFF,
            0xFF,
            0xFF,
            0xFF,
            0xFF,
            0xFF,
            0xFF,
            0xFF,
            0xFF,
            0xFF,
            0xFF,
            0xFF,
            0xFF,
            0xFF,
            0xFF,
            0xFF,
            0xFF,
            0xFF,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
        ];

    /// <summary>Finds the number of an id; -1 when it is not there.</summary>
    public int Find(ReadOnlySpan<byte> id) =>
        Id.Of(id) is var padded && id.Length <= MaxBytes
            ? Find(ref MemoryMarshal.GetArrayDataReference(slots), SlotOf(padded, id.Length), padded, id.Length)
            : -1;

    /// <summary>Finds the numbers of many ids; -1 for one that is not there.</summary>
    /// <param name="bytes">Where the ids lie; behind the begin of each are at least 24 bytes, its own or others.</param>
    /// <param name="starts">Where each id begins.</param>
    /// <param name="lengths">How long each is.</param>
    /// <param name="numbers">Room for the numbers.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Find(ReadOnlySpan<byte> bytes, ReadOnlySpan<int> starts, ReadOnlySpan<int> lengths, Span<int> numbers)
    {
        ref var table = ref MemoryMarshal.GetArrayDataReference(slots);
        lengths = lengths[..starts.Length];
        numbers = numbers[..starts.Length];
        var (a, b, c) = (seedA, seedB, seedC);

        // All slots are fetched before the first is looked at: a look that has to wait, and then turns out to be at the wrong
        // slot, costs a hundred times what it costs in the cache.
        for (var at = 0; at < starts.Length; at++)
        {
            var id = Id.At(bytes, starts[at], lengths[at]);
            var slot = (int)id.Hash(lengths[at], a, b, c) & mask;
            numbers[at] = slot;
            Cache.Prefetch(ref Unsafe.Add(ref table, slot));
        }

        for (var at = 0; at < starts.Length; at++)
        {
            numbers[at] = Find(ref table, numbers[at], Id.At(bytes, starts[at], lengths[at]), lengths[at]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    int Find(ref Slot table, int slot, in Id id, int length)
    {
        while (true)
        {
            ref var found = ref Unsafe.Add(ref table, slot);
            if (found.Id.IsSame(id) && found.Length == length)
            {
                return found.Place - 1;
            }

            if (found.Place == 0)
            {
                return -1;
            }

            slot = (slot + 1) & mask;
        }
    }

    int SlotOf(in Id id, int length) => (int)id.Hash(length, seedA, seedB, seedC) & mask;

    static ulong RandomSeed() => BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8)) | 1;

    /// <summary>An id of up to 24 bytes, behind it zeros.</summary>
    readonly struct Id(ulong a, ulong b, ulong c)
    {
        readonly ulong a = a;
        readonly ulong b = b;
        readonly ulong c = c;

        public static Id Of(ReadOnlySpan<byte> id)
        {
            Span<byte> padded = stackalloc byte[MaxBytes];
            padded.Clear();
            id[..Math.Min(id.Length, MaxBytes)].CopyTo(padded);
            return MemoryMarshal.Read<Id>(padded);
        }

        /// <summary>The first bytes of an id where it lies; of a longer one they match nothing, because of its length.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Id At(ReadOnlySpan<byte> bytes, int start, int length)
        {
            ref var text = ref Unsafe.Add(ref MemoryMarshal.GetReference(bytes), start);
            ref var kept = ref Unsafe.Add(ref MemoryMarshal.GetReference(Masks), MaxBytes - Math.Min(length, MaxBytes));
            return new(
                Word(ref text, 0) & Word(ref kept, 0),
                Word(ref text, 8) & Word(ref kept, 8),
                Word(ref text, 16) & Word(ref kept, 16)
            );
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public bool IsSame(in Id other) => ((a ^ other.a) | (b ^ other.b) | (c ^ other.c)) == 0;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public ulong Hash(int length, ulong seedA, ulong seedB, ulong seedC) =>
            Fold(Fold(a ^ seedA, b ^ seedB) ^ c, seedC + ((ulong)length << 1));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static ulong Word(ref byte first, int offset) => Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref first, offset));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static ulong Fold(ulong left, ulong right)
        {
            var high = Math.BigMul(left, right, out var low);
            return high ^ low;
        }
    }

    /// <summary>32 bytes, two to a line of the cache.</summary>
    readonly struct Slot(Id id, int place, int length)
    {
        public readonly Id Id = id;
        public readonly int Place = place; // The number plus 1; 0 when the slot is free.
        public readonly int Length = length;
    }
}
