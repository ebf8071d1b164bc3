using System.Buffers.Binary;
using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Downbeat.Engine.Listens;

/// <summary>
/// A list of UTF-8 texts in one block of memory: track ids, names of tracks, genres, artists, countries. Where it is
/// sorted, it is so by bytes and without repetition, so that numbers order as texts do.
/// </summary>
public sealed class Texts
{
    /// <summary>So many lists are united at most at once.</summary>
    internal const int MaxUnited = 16;

    readonly byte[] bytes;
    readonly int[] starts;

    Texts(byte[] bytes, int[] starts)
    {
        this.bytes = bytes;
        this.starts = starts;
    }

    /// <summary>The texts whose bytes lie one behind the other.</summary>
    /// <param name="bytes">The bytes; they are not copied.</param>
    /// <param name="starts">Where each text begins, and at the end where the last one ends; not copied either.</param>
    internal static Texts Of(byte[] bytes, int[] starts) => new(bytes, starts);

    /// <summary>The bytes of all texts, one behind the other.</summary>
    internal ReadOnlySpan<byte> Bytes => bytes.AsSpan(0, ByteCount);

    /// <summary>Where each text begins among the bytes, and at the end where the last one ends.</summary>
    internal ReadOnlySpan<int> Starts => starts;

    /// <summary>How many texts there are.</summary>
    public int Count => starts.Length - 1;

    /// <summary>How many bytes they have together.</summary>
    public int ByteCount => starts[^1];

    /// <summary>A text.</summary>
    public ReadOnlySpan<byte> this[int number] => bytes.AsSpan(starts[number], starts[number + 1] - starts[number]);

    /// <summary>A text that outlives the caller.</summary>
    public ReadOnlyMemory<byte> Memory(int number) =>
        bytes.AsMemory(starts[number], starts[number + 1] - starts[number]);

    /// <summary>The number of a text in a sorted list; the complement of where it would stand when it is not there.</summary>
    public int Find(ReadOnlySpan<byte> text)
    {
        var low = 0;
        var high = Count - 1;
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            var order = this[middle].SequenceCompareTo(text);
            if (order == 0)
            {
                return middle;
            }

            if (order < 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle - 1;
            }
        }

        return ~low;
    }

    /// <summary>For every text of a sorted list its number in another sorted list, or -1 where that has no such text.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int[] FindIn(Texts other)
    {
        ArgumentNullException.ThrowIfNull(other);
        var found = new int[Count];

        // Few texts in a large list are searched for, many are merged with it.
        if (Count < other.Count / 16)
        {
            for (var number = 0; number < found.Length; number++)
            {
                found[number] = Math.Max(-1, other.Find(this[number]));
            }

            return found;
        }

        var at = 0;
        for (var number = 0; number < found.Length; number++)
        {
            var text = this[number];
            var order = 1;
            while (at < other.Count && (order = other[at].SequenceCompareTo(text)) < 0)
            {
                at++;
            }

            found[number] = at < other.Count && order == 0 ? at : -1;
        }

        return found;
    }

    /// <summary>All texts of up to 16 sorted lists, sorted, and for every list the new number of each of its texts.</summary>
    public static Texts Union(IReadOnlyList<Texts> lists, out int[][] renumbered)
    {
        ArgumentNullException.ThrowIfNull(lists);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(lists.Count, MaxUnited, nameof(lists));
        renumbered = new int[lists.Count][];
        for (var list = 0; list < lists.Count; list++)
        {
            renumbered[list] = new int[lists[list].Count];
        }

        if (lists.Count == 1)
        {
            for (var number = 0; number < lists[0].Count; number++)
            {
                renumbered[0][number] = number;
            }

            return lists[0];
        }

        return UnionOfSeveral(lists, renumbered);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static Texts UnionOfSeveral(IReadOnlyList<Texts> lists, int[][] renumbered)
    {
        var heads = new Head[lists.Count];
        var alive = 0;
        var (texts, bytes) = (0, 0);
        for (var list = 0; list < lists.Count; list++)
        {
            (texts, bytes) = (Math.Max(texts, lists[list].Count), Math.Max(bytes, lists[list].ByteCount));
            if (lists[list].Count > 0)
            {
                heads[alive++] = new(lists[list], renumbered[list]);
            }
        }

        // Dictionaries of one date hold nearly the same tracks.
        var union = new Builder(texts + (texts / 8), bytes + (bytes / 8));
        while (alive > 0)
        {
            var lowest = 0;
            var same = 1U; // A bit for each head with that text.
            for (var head = 1; head < alive; head++)
            {
                var order = heads[head].OrderTo(heads[lowest]);
                if (order < 0)
                {
                    lowest = head;
                    same = 0;
                }

                same |= order <= 0 ? 1U << head : 0;
            }

            var number = union.Count;
            union.Add(heads[lowest].Text);

            // From the last one down, so that what takes the place of a list at its end has moved on already.
            for (; same != 0; same &= ~(1U << BitOperations.Log2(same)))
            {
                ref var head = ref heads[BitOperations.Log2(same)];
                if (!head.MoveNext(number))
                {
                    head = heads[--alive];
                }
            }
        }

        return union.Build();
    }

    /// <summary>The next text of a list that is united with others.</summary>
    struct Head
    {
        readonly byte[] bytes;
        readonly int[] starts;
        readonly int[] renumbered;
        int at;
        int start;
        int length;
        ulong firstBytes; // As a number that orders as they do, zeros behind the end: it decides nearly always which text is lower.

        public Head(Texts list, int[] renumbered)
        {
            bytes = list.bytes;
            starts = list.starts;
            this.renumbered = renumbered;
            Read();
        }

        public readonly ReadOnlySpan<byte> Text => bytes.AsSpan(start, length);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly int OrderTo(in Head other) =>
            firstBytes != other.firstBytes ? (firstBytes < other.firstBytes ? -1 : 1)
            : IsSame(other) ? 0
            : Text.SequenceCompareTo(other.Text);

        /// <summary>Gives the text its number, and goes on to the next one.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public bool MoveNext(int number)
        {
            renumbered[at++] = number;
            if (at == renumbered.Length)
            {
                return false;
            }

            Read();
            return true;
        }

        /// <summary>Whether texts of equal first bytes are the same. Of up to 24 bytes two overlapping words are left, which is what ids have.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        readonly bool IsSame(in Head other) =>
            length == other.length
            && (
                length is >= sizeof(ulong) and <= 3 * sizeof(ulong)
                    ? Word(length - sizeof(ulong)) == other.Word(length - sizeof(ulong))
                        && Word(Math.Min(sizeof(ulong), length - sizeof(ulong)))
                            == other.Word(Math.Min(sizeof(ulong), length - sizeof(ulong)))
                    : Text.SequenceEqual(other.Text)
            );

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        readonly ulong Word(int offset)
        {
            Debug.Assert(start + offset + sizeof(ulong) <= bytes.Length);
            return Unsafe.ReadUnaligned<ulong>(
                ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(bytes), start + offset)
            );
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        void Read()
        {
            start = starts[at];
            length = starts[at + 1] - start;
            firstBytes =
                length >= sizeof(ulong) ? BinaryPrimitives.ReadUInt64BigEndian(bytes.AsSpan(start)) : FewBytes(Text);
        }

        static ulong FewBytes(ReadOnlySpan<byte> text)
        {
            Span<byte> padded = stackalloc byte[sizeof(ulong)];
            padded.Clear();
            text.CopyTo(padded);
            return BinaryPrimitives.ReadUInt64BigEndian(padded);
        }
    }

    /// <summary>Takes texts one after the other.</summary>
    /// <param name="texts">About how many there will be; more are taken too.</param>
    /// <param name="bytesOfAll">About how many bytes they will have together.</param>
    public sealed class Builder(int texts = 0, int bytesOfAll = 0)
    {
        int[] starts = new int[Math.Max(texts, 16) + 1];
        byte[] bytes = new byte[Math.Max(bytesOfAll, 256)];

        /// <summary>How many texts were taken.</summary>
        public int Count { get; private set; }

        /// <summary>The text taken last.</summary>
        public ReadOnlySpan<byte> Last => bytes.AsSpan(starts[Count - 1]..starts[Count]);

        /// <summary>Starts anew; keeps the memory, so texts that were built before are lost.</summary>
        internal void Clear() => Count = 0;

        /// <summary>Takes the next text.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Add(ReadOnlySpan<byte> text)
        {
            var start = starts[Count];
            if (start + text.Length > bytes.Length)
            {
                Array.Resize(
                    ref bytes,
                    (int)Math.Min(Array.MaxLength, Math.Max(start + text.Length, bytes.Length * 2L))
                );
            }

            if (Count + 1 == starts.Length)
            {
                Array.Resize(ref starts, (int)Math.Min(Array.MaxLength, starts.Length * 2L));
            }

            text.CopyTo(bytes.AsSpan(start));
            starts[++Count] = start + text.Length;
        }

        /// <summary>The texts taken.</summary>
        public Texts Build() => new(bytes, Count + 1 == starts.Length ? starts : starts[..(Count + 1)]);
    }
}
