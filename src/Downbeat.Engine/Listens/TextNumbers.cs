using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Downbeat.Engine.Listens;

/// <summary>
/// Gives every text the next free number when it is first seen, from 0, and finds it again: track ids of a file,
/// genres and artists of the songs.
/// </summary>
public sealed class TextNumbers
{
    const int FirstSlots = 1024;

    Slot[] slots = new Slot[FirstSlots]; // A power of two of them, at most half of them taken.
    int[] starts = new int[(FirstSlots / 2) + 1];
    byte[] bytes = new byte[FirstSlots * 16];

    /// <summary>How many texts are known: their numbers are below.</summary>
    public int Count { get; private set; }

    /// <summary>How much memory the texts at hand take at most, in bytes: arrays grow by doubling.</summary>
    public long MemoryBytes => Count == 0 ? 0 : 2 * (starts[Count] + (36L * Count));

    /// <summary>A text.</summary>
    public ReadOnlySpan<byte> this[int number] => bytes.AsSpan(starts[number], starts[number + 1] - starts[number]);

    /// <summary>Forgets all texts; keeps the memory.</summary>
    public void Clear()
    {
        Array.Clear(slots);
        Count = 0;
    }

    /// <summary>The text's number; a new text gets the next one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int FindOrAdd(ReadOnlySpan<byte> text)
    {
        var hash = Hash(text);
        var mask = slots.Length - 1;
        var slot = (int)hash & mask;
        while (true)
        {
            ref readonly var found = ref slots[slot];
            if (found.IsFree)
            {
                return Add(text, hash, slot);
            }

            if (
                found.Hash == hash
                && found.Length == text.Length
                && bytes.AsSpan(found.Start, found.Length).SequenceEqual(text)
            )
            {
                return found.Number;
            }

            slot = (slot + 1) & mask;
        }
    }

    /// <summary>The texts sorted by their bytes, and for every number the rank of its text among them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public Texts Sort(out int[] ranks)
    {
        var order = new int[Count];
        for (var number = 0; number < order.Length; number++)
        {
            order[number] = number;
        }

        // The first eight bytes decide nearly always.
        var keys = new ulong[Count];
        for (var number = 0; number < keys.Length; number++)
        {
            keys[number] = FirstBytes(this[number]);
        }

        Array.Sort(keys, order);
        for (var from = 0; from < keys.Length; )
        {
            var to = from + 1;
            while (to < keys.Length && keys[to] == keys[from])
            {
                to++;
            }

            if (to - from > 1)
            {
                Array.Sort(
                    order,
                    from,
                    to - from,
                    Comparer<int>.Create((left, right) => this[left].SequenceCompareTo(this[right]))
                );
            }

            from = to;
        }

        ranks = new int[Count];
        var sorted = new Texts.Builder(Count, Count == 0 ? 0 : starts[Count]);
        for (var rank = 0; rank < order.Length; rank++)
        {
            ranks[order[rank]] = rank;
            sorted.Add(this[order[rank]]);
        }

        return sorted.Build();
    }

    /// <summary>The first eight bytes of a text, as a number that orders as they do.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static ulong FirstBytes(ReadOnlySpan<byte> text)
    {
        var first = 0UL;
        for (var at = 0; at < 8; at++)
        {
            first = (first << 8) | (at < text.Length ? text[at] : 0u);
        }

        return first;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static uint Hash(ReadOnlySpan<byte> text)
    {
        // Word by word, the last one overlapping, so that texts which differ in any one byte differ in their hash.
        ref var first = ref MemoryMarshal.GetReference(text);
        ulong mixed;
        if (text.Length >= 8)
        {
            mixed = (ulong)text.Length;
            var at = 0;
            for (; at + 8 < text.Length; at += 8)
            {
                mixed = Mix(mixed ^ Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref first, at)));
            }

            mixed = Mix(mixed ^ Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref first, text.Length - 8)));
        }
        else
        {
            mixed = Mix(FirstBytes(text) ^ (ulong)text.Length);
        }

        return (uint)(mixed >> 32);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static ulong Mix(ulong value)
    {
        var product = Math.BigMul(value ^ 0x9E37_79B9_7F4A_7C15, 0xD6E8_FEB8_6659_FD93, out var low);
        return product ^ low;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    int Add(ReadOnlySpan<byte> text, uint hash, int slot)
    {
        if (Count == slots.Length / 2)
        {
            Grow();
            slot = FindFree(hash);
        }

        var start = Count == 0 ? 0 : starts[Count];
        if (start + text.Length > bytes.Length)
        {
            Array.Resize(ref bytes, (int)Math.Min(Array.MaxLength, Math.Max(start + text.Length, bytes.Length * 2L)));
        }

        text.CopyTo(bytes.AsSpan(start));
        starts[Count] = start;
        starts[Count + 1] = start + text.Length;
        slots[slot] = new(hash, ++Count, start, text.Length);
        return Count - 1;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    int FindFree(uint hash)
    {
        var slot = (int)hash & (slots.Length - 1);
        while (!slots[slot].IsFree)
        {
            slot = (slot + 1) & (slots.Length - 1);
        }

        return slot;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void Grow()
    {
        var old = slots;
        slots = new Slot[old.Length * 2];
        Array.Resize(ref starts, (slots.Length / 2) + 1);
        foreach (var taken in old)
        {
            if (!taken.IsFree)
            {
                slots[FindFree(taken.Hash)] = taken;
            }
        }
    }

    /// <summary>All that finding a text needs, side by side: memory is slower than comparing.</summary>
    readonly record struct Slot(uint Hash, int Place, int Start, int Length)
    {
        public bool IsFree => Place == 0;

        public int Number => Place - 1;
    }
}
