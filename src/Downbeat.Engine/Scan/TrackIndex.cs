using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Downbeat.Engine.Listens;

namespace Downbeat.Engine.Scan;

/// <summary>
/// Finds the numbers of track ids in a sorted list, fast, by perfect hashing: every id has a slot of its own that holds the id
/// itself, so finding one is one look and one comparison, and no branch that could be guessed wrong. Ids of more than 24
/// bytes are not in it. Immutable, and shared by all workers.
/// </summary>
/// <remarks>
/// The list only makes scanning faster: ids outside of it are found another way, and no result depends on it. The hash is "hash,
/// displace" of Belazzougui, Botelho and Dietzfelbinger (ESA 2009): ids are hashed into groups, and each group, the largest first, gets the first
/// displacement that puts all of its ids into free slots.
/// </remarks>
public sealed class TrackIndex
{
    /// <summary>The longest id that can be found.</summary>
    public const int MaxBytes = 24;

    const int IdsOfGroup = 3; // About, on average.

    Slot[] slots = [];
    ushort[] displacements = [];
    ulong seedA;
    ulong seedB;
    ulong seedC;

    /// <summary>Indexes a list.</summary>
    /// <param name="tracks">Ids, sorted: the number of an id is its place.</param>
    public TrackIndex(Texts tracks)
    {
        ArgumentNullException.ThrowIfNull(tracks);
        Tracks = tracks;

        // One of five slots stays free: more would cost more in cache, and fewer more time here.
        var slotCount = (int)Math.Max(16, tracks.Count * 5L / 4);
        while (!TryBuild(slotCount))
        {
            slotCount = (int)(slotCount * 9L / 8);
        }
    }

    /// <summary>An index without ids.</summary>
    public static TrackIndex Empty { get; } = new(new Texts.Builder().Build());

    /// <summary>The list.</summary>
    public Texts Tracks { get; }

    /// <summary>Bytes that mask an id of n bytes begin at 24 - n: ones, and behind them zeros.</summary>
    // csharpier-ignore
    static ReadOnlySpan<byte> Masks =>
    [
        255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ];

    /// <summary>Finds the number of an id; -1 when it is not there.</summary>
    public int Find(ReadOnlySpan<byte> id)
    {
        if (id.Length > MaxBytes)
        {
            return -1;
        }

        var padded = Id.Of(id);
        var hash = padded.Hash(id.Length, seedA, seedB, seedC);
        ref readonly var slot = ref slots[
            SlotOf(hash, displacements[GroupOf(hash, displacements.Length)], slots.Length)
        ];
        return slot.NumberOf(padded, id.Length);
    }

    /// <summary>Finds the numbers of many ids; -1 for one that is not there.</summary>
    /// <param name="bytes">Where the ids lie; behind the begin of each are at least 24 bytes, its own or others.</param>
    /// <param name="starts">Where each id begins.</param>
    /// <param name="lengths">How long each is.</param>
    /// <param name="numbers">Room for the numbers.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Find(ReadOnlySpan<byte> bytes, ReadOnlySpan<int> starts, ReadOnlySpan<int> lengths, Span<int> numbers)
    {
        ref var table = ref MemoryMarshal.GetArrayDataReference(slots);
        ref var groups = ref MemoryMarshal.GetArrayDataReference(displacements);
        var (slotCount, groupCount) = (slots.Length, displacements.Length);
        lengths = lengths[..starts.Length];
        numbers = numbers[..starts.Length];
        var (a, b, c) = (seedA, seedB, seedC);

        // All slots are on their way before the first is looked at.
        for (var at = 0; at < starts.Length; at++)
        {
            var hash = Id.At(bytes, starts[at], lengths[at]).Hash(lengths[at], a, b, c);
            var slot = SlotOf(hash, Unsafe.Add(ref groups, GroupOf(hash, groupCount)), slotCount);
            numbers[at] = slot;
            Cache.Prefetch(ref Unsafe.Add(ref table, slot));
        }

        for (var at = 0; at < starts.Length; at++)
        {
            numbers[at] = Unsafe
                .Add(ref table, numbers[at])
                .NumberOf(Id.At(bytes, starts[at], lengths[at]), lengths[at]);
        }
    }

    /// <summary>Builds the table, unless some group finds no place, which is unlikely.</summary>
    bool TryBuild(int slotCount)
    {
        // Chosen anew every time, so that nobody can choose ids that fall into the same group.
        (seedA, seedB, seedC) = (RandomSeed(), RandomSeed(), RandomSeed());
        slots = LargeArray.Make<Slot>(slotCount);
        Array.Clear(slots);
        displacements = new ushort[Math.Max(1, Tracks.Count / IdsOfGroup)];
        var hashes = new ulong[Tracks.Count];
        var (members, ends) = Group(hashes);
        foreach (var group in LargestFirst(ends))
        {
            if (!TryPlace(group, members.AsSpan((group == 0 ? 0 : ends[group - 1])..ends[group]), hashes))
            {
                return false;
            }
        }

        return true;
    }

    static int[] LargestFirst(ReadOnlySpan<int> ends)
    {
        var places = new int[2]; // By size; sizes are small.
        for (var (group, start) = (0, 0); group < ends.Length; start = ends[group++])
        {
            var size = ends[group] - start;
            if (size + 1 >= places.Length)
            {
                Array.Resize(ref places, size + 2);
            }

            places[size]++;
        }

        for (var size = places.Length - 2; size >= 0; size--)
        {
            places[size] += places[size + 1];
        }

        var order = new int[ends.Length];
        for (var (group, start) = (0, 0); group < ends.Length; start = ends[group++])
        {
            order[places[ends[group] - start + 1]++] = group;
        }

        return order;
    }

    /// <summary>Hashes all ids that are short enough, and lists them group by group.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    (int[] Members, int[] Ends) Group(ulong[] hashes)
    {
        var ends = new int[displacements.Length];
        for (var number = 0; number < hashes.Length; number++)
        {
            if (Tracks[number].Length <= MaxBytes)
            {
                hashes[number] = Id.Of(Tracks[number]).Hash(Tracks[number].Length, seedA, seedB, seedC);
                ends[GroupOf(hashes[number], ends.Length)]++;
            }
        }

        var sum = 0;
        foreach (ref var end in ends.AsSpan())
        {
            (end, sum) = (sum, sum + end);
        }

        var members = new int[sum];
        for (var number = 0; number < hashes.Length; number++)
        {
            if (Tracks[number].Length <= MaxBytes)
            {
                members[ends[GroupOf(hashes[number], ends.Length)]++] = number;
            }
        }

        return (members, ends);
    }

    bool TryPlace(int group, ReadOnlySpan<int> members, ulong[] hashes)
    {
        for (var displacement = 0; displacement <= ushort.MaxValue; displacement++)
        {
            var placed = 0;
            for (; placed < members.Length; placed++)
            {
                var number = members[placed];
                ref var slot = ref slots[SlotOf(hashes[number], (ushort)displacement, slots.Length)];
                if (!slot.IsFree)
                {
                    break;
                }

                slot = new(Id.Of(Tracks[number]), number, Tracks[number].Length);
            }

            if (placed == members.Length)
            {
                displacements[group] = (ushort)displacement;
                return true;
            }

            foreach (var number in members[..placed])
            {
                slots[SlotOf(hashes[number], (ushort)displacement, slots.Length)] = default;
            }
        }

        return false;
    }

    /// <summary>The low half of the hash chooses the group.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int GroupOf(ulong hash, int groups) => (int)(((ulong)(uint)hash * (uint)groups) >> 32);

    /// <summary>The high half chooses the slot, another one for every displacement.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int SlotOf(ulong hash, ushort displacement, int slots) =>
        (int)(((ulong)((uint)(hash >> 32) ^ (displacement * 0x9E37_79B9u)) * (uint)slots) >> 32);

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
            id.CopyTo(padded);
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
    readonly struct Slot(Id id, int number, int length)
    {
        readonly Id id = id;
        readonly int place = number + 1; // 0 when the slot is free.
        readonly int length = length;

        public bool IsFree => place == 0;

        /// <summary>The number if the slot holds this id, else -1; an id has at least one byte.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public int NumberOf(in Id wanted, int wantedLength) =>
            id.IsSame(wanted) & length == wantedLength ? place - 1 : -1;
    }
}
