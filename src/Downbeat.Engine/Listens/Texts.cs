namespace Downbeat.Engine.Listens;

/// <summary>
/// A list of UTF-8 texts in one block of memory: track ids, names of tracks, genres, artists, countries. Where it is
/// sorted, it is so by bytes and without repetition, so that numbers order as texts do.
/// </summary>
public sealed class Texts
{
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
    public int[] FindIn(Texts other)
    {
        var found = new int[Count];
        var at = 0;
        for (var number = 0; number < found.Length; number++)
        {
            // Few texts in a large list are searched for, many are merged with it.
            if (Count < other.Count / 16)
            {
                found[number] = Math.Max(-1, other.Find(this[number]));
                continue;
            }

            var order = 1;
            while (at < other.Count && (order = other[at].SequenceCompareTo(this[number])) < 0)
            {
                at++;
            }

            found[number] = at < other.Count && order == 0 ? at : -1;
        }

        return found;
    }

    /// <summary>Those texts that are marked, and for every old number the new one (of an unmarked text: -1).</summary>
    public Texts Where(ReadOnlySpan<bool> marked, Span<int> renumbered)
    {
        var kept = new Builder();
        for (var number = 0; number < Count; number++)
        {
            renumbered[number] = -1;
            if (marked[number])
            {
                renumbered[number] = kept.Count;
                kept.Add(this[number]);
            }
        }

        return kept.Build();
    }

    /// <summary>All texts of sorted lists, sorted, and for every list the new number of each of its texts.</summary>
    public static Texts Union(IReadOnlyList<Texts> lists, out int[][] renumbered)
    {
        renumbered = [.. lists.Select(list => new int[list.Count])];
        if (lists.Count == 1)
        {
            for (var number = 0; number < lists[0].Count; number++)
            {
                renumbered[0][number] = number;
            }

            return lists[0];
        }

        // A heap of the lists by their next text: the numbers of equal texts come out side by side.
        var heads = new PriorityQueue<int, (int List, int Number)>(
            lists.Count,
            Comparer<(int List, int Number)>.Create(
                (left, right) => lists[left.List][left.Number].SequenceCompareTo(lists[right.List][right.Number])
            )
        );
        for (var list = 0; list < lists.Count; list++)
        {
            if (lists[list].Count > 0)
            {
                heads.Enqueue(list, (list, 0));
            }
        }

        var union = new Builder();
        while (heads.TryPeek(out var list, out var head))
        {
            var text = lists[list][head.Number];
            if (union.Count == 0 || !union.Last.SequenceEqual(text))
            {
                union.Add(text);
            }

            renumbered[list][head.Number] = union.Count - 1;
            if (head.Number + 1 < lists[list].Count)
            {
                heads.DequeueEnqueue(list, (list, head.Number + 1));
            }
            else
            {
                heads.Dequeue();
            }
        }

        return union.Build();
    }

    /// <summary>Takes texts one after the other.</summary>
    public sealed class Builder
    {
        readonly List<int> starts = [0];
        byte[] bytes = new byte[256];

        /// <summary>How many texts were taken.</summary>
        public int Count => starts.Count - 1;

        /// <summary>The text taken last.</summary>
        public ReadOnlySpan<byte> Last => bytes.AsSpan(starts[^2]..starts[^1]);

        /// <summary>Takes the next text.</summary>
        public void Add(ReadOnlySpan<byte> text)
        {
            var start = starts[^1];
            if (start + text.Length > bytes.Length)
            {
                Array.Resize(
                    ref bytes,
                    (int)Math.Min(Array.MaxLength, Math.Max(start + text.Length, bytes.Length * 2L))
                );
            }

            text.CopyTo(bytes.AsSpan(start));
            starts.Add(start + text.Length);
        }

        /// <summary>The texts taken.</summary>
        public Texts Build() => new(bytes, [.. starts]);
    }
}
