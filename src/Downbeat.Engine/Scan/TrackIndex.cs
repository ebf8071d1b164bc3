using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
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

    /// <summary>So many bytes are read of an id, however short it is.</summary>
    public const int ReadBytes = 32;

    const int IdsOfGroup = 3; // About, on average.
    const int LineBytes = 64;

    Slot[] memory = []; // Pinned, with the slots in it from the begin of a line of the cache on.
    nint slotsAt;
    int slotCount;
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
        slotCount = (int)Math.Max(16, tracks.Count * 5L / 4);
        while (!TryBuild())
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
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
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
        ref readonly var slot = ref SlotAt(SlotOf(hash, displacements[GroupOf(hash, displacements.Length)], slotCount));
        return slot.NumberOf(padded, id.Length);
    }

    /// <summary>Finds the numbers of many ids; -1 for one that is not there.</summary>
    /// <param name="bytes">Where the ids lie; from the begin of each on there are <see cref="ReadBytes"/>, its own or others.</param>
    /// <param name="starts">Where each id begins.</param>
    /// <param name="lengths">How long each is.</param>
    /// <param name="numbers">Room for the numbers.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Find(ReadOnlySpan<byte> bytes, ReadOnlySpan<int> starts, ReadOnlySpan<int> lengths, Span<int> numbers)
    {
        for (var at = 0; at < starts.Length; at++)
        {
            numbers[at] = Expect(ref MemoryMarshal.GetReference(bytes[starts[at]..]), lengths[at]);
        }

        FindExpected(bytes, starts, lengths, numbers);
    }

    /// <summary>The slot in which an id is if it is anywhere; it is on its way then, and best looked into a while later.</summary>
    /// <param name="id">The first byte of the id, from which <see cref="ReadBytes"/> may be read.</param>
    /// <param name="length">How long it is.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal int Expect(ref byte id, int length)
    {
        var hash = Id.At(ref id, length).Hash(length, seedA, seedB, seedC);
        var group = GroupOf(hash, displacements.Length);
        var displacement = Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(displacements), group);
        var slot = SlotOf(hash, displacement, slotCount);
        Cache.Prefetch(ref SlotAt(slot));
        return slot;
    }

    /// <summary>As <see cref="Find(ReadOnlySpan{byte}, ReadOnlySpan{int}, ReadOnlySpan{int}, Span{int})"/>, with the slots in which the ids are expected.</summary>
    /// <param name="bytes">Where the ids lie.</param>
    /// <param name="starts">Where each id begins.</param>
    /// <param name="lengths">How long each is.</param>
    /// <param name="numbers">What <see cref="Expect"/> said of each; its number comes in its place.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal void FindExpected(
        ReadOnlySpan<byte> bytes,
        ReadOnlySpan<int> starts,
        ReadOnlySpan<int> lengths,
        Span<int> numbers
    )
    {
        ref var table = ref SlotAt(0);
        ref var first = ref MemoryMarshal.GetReference(bytes);
        lengths = lengths[..starts.Length];
        numbers = numbers[..starts.Length];
        for (var at = 0; at < starts.Length; at++)
        {
            numbers[at] = Unsafe
                .Add(ref table, numbers[at])
                .NumberAt(ref Unsafe.Add(ref first, starts[at]), lengths[at]);
        }
    }

    /// <summary>Builds the table, unless some group finds no place, which is unlikely.</summary>
    bool TryBuild()
    {
        // Chosen anew every time, so that nobody can choose ids that fall into the same group.
        (seedA, seedB, seedC) = (RandomSeed(), RandomSeed(), RandomSeed());
        memory = LargeArray.Make<Slot>(slotCount + (LineBytes / Unsafe.SizeOf<Slot>()));
        Array.Clear(memory);
        slotsAt = Cache.BytesToLine(ref MemoryMarshal.GetArrayDataReference(memory), LineBytes);
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
                ref var slot = ref SlotAt(SlotOf(hashes[number], (ushort)displacement, slotCount));
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
                SlotAt(SlotOf(hashes[number], (ushort)displacement, slotCount)) = default;
            }
        }

        return false;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    ref Slot SlotAt(int slot) =>
        ref Unsafe.Add(ref Unsafe.AddByteOffset(ref MemoryMarshal.GetArrayDataReference(memory), slotsAt), (nuint)slot);

    /// <summary>The low half of the hash chooses the group.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int GroupOf(ulong hash, int groups) => (int)(((ulong)(uint)hash * (uint)groups) >> 32);

    /// <summary>The high half chooses the slot, another one for every displacement.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int SlotOf(ulong hash, ushort displacement, int slots) =>
        (int)(((ulong)((uint)(hash >> 32) ^ (displacement * 0x9E37_79B9u)) * (uint)slots) >> 32);

    /// <summary>24 bytes of which as many are ones as the id has, and behind them zeros.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static ref byte Mask(int length) =>
        ref Unsafe.Add(ref MemoryMarshal.GetReference(Masks), MaxBytes - Math.Min(length, MaxBytes));

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
        public static Id At(ref byte text, int length)
        {
            ref var kept = ref Mask(length);
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
            // What BigMul says, which passes the low half through memory there.
            return Bmi2.X64.IsSupported
                ? Bmi2.X64.MultiplyNoFlags(left, right) ^ (left * right)
                : Math.BigMul(left, right, out var low) ^ low;
        }
    }

    /// <summary>32 bytes, two to a line of the cache.</summary>
    [StructLayout(LayoutKind.Sequential)]
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

        /// <summary>The same for an id where it lies, compared at once.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public int NumberAt(ref byte wanted, int wantedLength)
        {
            ref var own = ref Unsafe.As<Slot, byte>(ref Unsafe.AsRef(in this));
            var text = Vector256.LoadUnsafe(ref wanted) & Vector256.LoadUnsafe(ref Mask(wantedLength));
            var same = Vector256.Equals(text, Vector256.LoadUnsafe(ref own)).ExtractMostSignificantBits();
            const uint NoId = ~0U << MaxBytes; // What stands behind the id in a slot.
            return (same | NoId) == uint.MaxValue & length == wantedLength ? place - 1 : -1;
        }
    }
}
