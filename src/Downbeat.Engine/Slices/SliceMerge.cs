using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Downbeat.Engine.Listens;

namespace Downbeat.Engine.Slices;

/// <summary>
/// Slices of one date as one sorted stream of listens, each once: flags of the same listen are OR-ed. The order, the
/// grouping and the repetition of the slices change nothing.
/// </summary>
/// <remarks>
/// Works batch by batch. Of the slice that is decoded least far, the next block is decoded, until there are enough
/// listens; what lies up to there in all slices is then complete, and merged in memory, two runs at a time. So a
/// batch never depends on where users begin and end, and of every slice about a block waits for the next batch.
/// </remarks>
public sealed class SliceMerge
{
    /// <summary>So many listens, and as many to merge them to, lie in the second-level cache.</summary>
    const int BatchListens = 1 << 14;

    /// <summary>Of many slices a batch is larger: each of them costs something in every batch.</summary>
    const int BatchListensOfSlice = 16;

    readonly Cursor[] slices;
    readonly int batchListens;
    readonly List<Cursor> cursors = []; // Those that are not at their end, or of which listens are pending. The largest first.
    readonly PriorityQueue<Cursor, ListenPlace> undecoded = new(); // By the listen up to which they are decoded.
    readonly List<Run> runs = [];
    byte[] shared = []; // Where slices of one block are read.
    readonly int cursorBytes;
    Listen[] merged = [];
    Listen[] scratch = [];
    long waiting; // How many listens could have been taken with the last batch.
    Run batch; // What Read has not handed out yet.

    /// <summary>Starts merging.</summary>
    /// <param name="slices">The slices.</param>
    /// <param name="bufferBytes">How much to read of all slices together at a time.</param>
    /// <param name="firstUser">The first user to take.</param>
    /// <param name="lastUser">The last user to take.</param>
    public SliceMerge(
        IReadOnlyList<SliceReader> slices,
        long bufferBytes,
        ulong firstUser = 0,
        ulong lastUser = ulong.MaxValue
    )
        : this(slices, TrackUnion.Of(slices), bufferBytes)
    {
        Restart(firstUser, lastUser);
    }

    /// <summary>Prepares merging with the union of the dictionaries made before, for any number of ranges of users.</summary>
    public SliceMerge(IReadOnlyList<SliceReader> slices, TrackUnion union, long bufferBytes)
    {
        ArgumentNullException.ThrowIfNull(slices);
        ArgumentNullException.ThrowIfNull(union);
        Tracks = union.Tracks;
        this.slices = [.. slices.Zip(union.Numbers, (slice, numbers) => new Cursor(slice, numbers))];
        cursorBytes = (int)Math.Clamp(bufferBytes / Math.Max(1, slices.Count), 4096, 256 * 1024);
        batchListens = Math.Max(BatchListens, BatchListensOfSlice * slices.Count);
    }

    /// <summary>Starts merging the listens of a range of users, in the memory of the range before.</summary>
    public void Restart(ulong firstUser, ulong lastUser)
    {
        cursors.Clear();
        undecoded.Clear();
        (waiting, batch) = (0, default);
        foreach (var cursor in slices)
        {
            cursor.Restart(firstUser, lastUser);
            if (!cursor.IsDecoded && firstUser <= lastUser)
            {
                cursors.Add(cursor);
                undecoded.Enqueue(cursor, cursor.DecodedUpTo);
            }
        }

        // Large runs are merged last, and so seldom.
        cursors.Sort((left, right) => right.Listens.CompareTo(left.Listens));
    }

    /// <summary>All tracks of the slices; listens name them by their numbers here.</summary>
    public Texts Tracks { get; }

    /// <summary>Takes the next listens; fewer than fit only at the end, and then none.</summary>
    public int Read(Span<Listen> listens)
    {
        var count = 0;
        while (count < listens.Length && (batch.Count > 0 || MakeBatch()))
        {
            var taken = batch.Take(Math.Min(batch.Count, listens.Length - count));
            taken.CopyTo(listens[count..]);
            count += taken.Length;
        }

        return count;
    }

    /// <summary>The next listens, some thousands at a time; none at the end. They stand there until the next call.</summary>
    public ReadOnlySpan<Listen> Next() => batch.Count > 0 || MakeBatch() ? batch.Take(batch.Count) : default;

    /// <summary>Merges the next listens; false when there are none.</summary>
    bool MakeBatch()
    {
        while (cursors.Count > 0)
        {
            if (waiting < batchListens)
            {
                Decode();
            }

            var end = undecoded.TryPeek(out _, out var least) ? least : ListenPlace.End;
            waiting = Find(end);
            waiting -= waiting > 4L * batchListens ? Find(FindShare(waiting, end)) : waiting;
            TakeRuns();
            if (runs.Count > 0)
            {
                batch = runs.Count == 1 ? runs[0] : MergeRuns();
                return true;
            }
        }

        return false;
    }

    /// <summary>Finds the listens before a place; says how many.</summary>
    long Find(ListenPlace end)
    {
        var found = 0L;
        foreach (var cursor in cursors)
        {
            found += cursor.Find(end);
        }

        return found;
    }

    /// <summary>
    /// A place before which there is about a batch. When many slices are all decoded at once, merging them at once would
    /// take more than twice as much memory again.
    /// </summary>
    ListenPlace FindShare(long complete, ListenPlace end)
    {
        const int Asked = 63;
        var places = new List<ListenPlace>();
        for (var number = 0L; number < Asked; number++)
        {
            var cursor = cursors[(int)(number * cursors.Count / Asked)];
            if (cursor.Found > 0)
            {
                places.Add(cursor.FoundPlace((int)((long)cursor.Found * batchListens / complete)));
            }
        }

        places.Sort();
        return places.Count > 0 ? places[places.Count / 2].Next : end;
    }

    /// <summary>Takes what was found, and leaves out slices that are at their end.</summary>
    void TakeRuns()
    {
        runs.Clear();
        var kept = 0;
        foreach (var cursor in CollectionsMarshal.AsSpan(cursors))
        {
            if (cursor.Found > 0)
            {
                runs.Add(cursor.Take());
            }

            if (!cursor.IsDone)
            {
                cursors[kept++] = cursor;
            }
        }

        cursors.RemoveRange(kept, cursors.Count - kept);
    }

    void Decode()
    {
        for (var decoded = 0; decoded < batchListens && undecoded.TryPeek(out var cursor, out _); )
        {
            decoded += cursor.Decode(cursorBytes, ref shared);
            undecoded.Dequeue();
            if (!cursor.IsDecoded)
            {
                undecoded.Enqueue(cursor, cursor.DecodedUpTo);
            }
        }
    }

    Run MergeRuns()
    {
        // Each run has room for its end behind it.
        var room = runs.Count;
        foreach (var run in runs)
        {
            room += run.Count;
        }

        if (merged.Length < room)
        {
            merged = GC.AllocateUninitializedArray<Listen>(room + (room / 4));
            scratch = GC.AllocateUninitializedArray<Listen>(merged.Length);
        }

        var all = Merge(CollectionsMarshal.AsSpan(runs), 0, merged, scratch);
        return new(merged, 0, ListenRuns.FoldSame(all.Listens.AsSpan(0, all.Count)));
    }

    /// <summary>Merges runs to one that stands in the target from a place on; both arrays are used only from there on.</summary>
    static Run Merge(ReadOnlySpan<Run> some, int from, Listen[] target, Listen[] other)
    {
        if (some.Length == 1)
        {
            return some[0];
        }

        // About half of the listens on each side: so a run takes part the less often, the larger it is.
        var all = 0;
        foreach (var run in some)
        {
            all += run.Count;
        }

        var split = 1;
        var leftCount = some[0].Count;
        while (split + 1 < some.Length && leftCount + (some[split].Count / 2) < all / 2)
        {
            leftCount += some[split++].Count;
        }

        var left = Merge(some[..split], from, other, target);
        var right = Merge(some[split..], from + leftCount + split, other, target);
        ListenRuns.Merge(left.WithEnd, right.WithEnd, target.AsSpan(from, all));
        target[from + all] = ListenRuns.End;
        return new(target, from, all);
    }

    /// <summary>Sorted listens that stand in an array, an end behind them.</summary>
    record struct Run(Listen[] Listens, int From, int Count)
    {
        public readonly ReadOnlySpan<Listen> WithEnd => Listens.AsSpan(From, Count + 1);

        public ReadOnlySpan<Listen> Take(int count)
        {
            var taken = Listens.AsSpan(From, count);
            From += count;
            Count -= count;
            return taken;
        }
    }

    /// <summary>The listens of one slice, tracks renumbered: those that are decoded, and wait to be taken.</summary>
    sealed class Cursor(SliceReader slice, TrackNumbers numbers)
    {
        ulong firstUser;
        ulong lastUser;
        byte[] buffer = [];
        Listen[] pending = [];
        int from;
        int to;
        ListenPlace lastPlace; // Of the last listen decoded, track not renumbered.
        int firstBlock;
        int endBlock; // Behind the last block in the buffer; -1 when there is none.
        int block; // The next to decode.

        /// <summary>Goes to the first listen of a range of users.</summary>
        public void Restart(ulong first, ulong last)
        {
            (firstUser, lastUser) = (first, last);
            (from, to, Found, lastPlace, endBlock) = (0, 0, 0, default, -1);
            block = slice.FindBlock(firstUser);
            EndIfBehind();
            DecodedUpTo = IsDecoded ? ListenPlace.End : new(slice.FirstUser(block), 0);
        }

        /// <summary>How many listens the slice holds.</summary>
        public long Listens => slice.Summary.Listens;

        /// <summary>Whether nothing more is to be decoded.</summary>
        public bool IsDecoded => block == slice.BlockCount;

        /// <summary>Whether nothing is pending either.</summary>
        public bool IsDone => IsDecoded && from == to;

        /// <summary>What comes before has been decoded.</summary>
        public ListenPlace DecodedUpTo { get; private set; }

        /// <summary>Decodes the next block; says how many listens there were.</summary>
        public int Decode(int bufferBytes, ref byte[] shared)
        {
            var count = slice.BlockListens(block);
            MakeRoom(count);
            var listens = pending.AsSpan(to, count);
            if (slice.BlockCount == 1)
            {
                slice.ReadBlocks(block, ref shared);
                slice.Decode(block, shared, block, listens);
            }
            else
            {
                Decode(bufferBytes, listens);
            }

            if (ListenPlace.Of(listens[0]) <= lastPlace)
            {
                throw slice.Damaged($"its block {block} does not come after the one before");
            }

            lastPlace = ListenPlace.Of(listens[^1]);
            numbers.Renumber(listens);
            block++;
            to += count;
            Keep(listens);
            EndIfBehind();
            DecodedUpTo = IsDecoded
                ? ListenPlace.End
                : ListenPlace.Max(ListenPlace.Of(listens[^1]).Next, new(slice.FirstUser(block), 0));
            pending[to] = ListenRuns.End;
            return count;
        }

        /// <summary>How many listens were found last.</summary>
        public int Found { get; private set; }

        /// <summary>Finds the listens that wait and come before a place; says how many.</summary>
        public int Find(ListenPlace end)
        {
            var waiting = pending.AsSpan(from, to - from);
            Found = waiting.IsEmpty || ListenPlace.Of(waiting[^1]) < end ? waiting.Length : CountBefore(waiting, end);
            return Found;
        }

        /// <summary>The place of one that was found.</summary>
        public ListenPlace FoundPlace(int number) => ListenPlace.Of(pending[from + number]);

        /// <summary>Takes those that were found.</summary>
        public Run Take()
        {
            var run = new Run(pending, from, Found);
            from += Found;
            Found = 0;
            return run;
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        static int CountBefore(ReadOnlySpan<Listen> listens, ListenPlace end)
        {
            var (low, high) = (0, listens.Length);
            while (low < high)
            {
                var middle = (low + high) >>> 1;
                if (ListenPlace.Of(listens[middle]) < end)
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

        void Decode(int bufferBytes, Span<Listen> listens)
        {
            if (endBlock < 0 || block == endBlock)
            {
                if (buffer.Length == 0)
                {
                    buffer = new byte[Math.Min(bufferBytes, slice.BytesOfUsers(firstUser, lastUser))];
                }

                firstBlock = block;
                endBlock = slice.ReadBlocks(block, ref buffer);
            }

            slice.Decode(block, buffer, firstBlock, listens);
        }

        /// <summary>Leaves out what was decoded last of users who are not asked for.</summary>
        void Keep(ReadOnlySpan<Listen> listens)
        {
            if (listens[0].User < firstUser)
            {
                from += CountBefore(listens, new(firstUser, 0));
            }

            if (listens[^1].User > lastUser)
            {
                block = slice.BlockCount;
                to -= listens.Length - CountBefore(listens, new(lastUser + 1, 0));
            }
        }

        /// <summary>Blocks that begin with a later user than is asked for are as good as not there.</summary>
        void EndIfBehind()
        {
            if (block < slice.BlockCount && slice.FirstUser(block) > lastUser)
            {
                block = slice.BlockCount;
            }
        }

        void MakeRoom(int count)
        {
            if (from > 0)
            {
                pending.AsSpan(from, to - from).CopyTo(pending);
                to -= from;
                from = 0;
            }

            if (pending.Length < to + count + 1)
            {
                Array.Resize(ref pending, Math.Max(to + count, Math.Min(2 * to, (int)Math.Min(Listens, 1 << 30))) + 1);
            }
        }
    }
}
