using Downbeat.Engine.Listens;

namespace Downbeat.Engine.Slices;

/// <summary>
/// Slices of one date as one sorted stream of listens, each once: flags of the same listen are OR-ed. The order, the
/// grouping and the repetition of the slices change nothing.
/// </summary>
public sealed class SliceMerge
{
    readonly Cursor[] heap; // The cursor with the lowest listen first; a binary heap.
    int alive;

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
        : this(
            slices,
            Texts.Union([.. slices.Select(slice => slice.Tracks)], out var tracks),
            tracks,
            bufferBytes,
            firstUser,
            lastUser
        ) { }

    /// <summary>Starts merging with the union of the dictionaries made before, for several ranges of users.</summary>
    public SliceMerge(
        IReadOnlyList<SliceReader> slices,
        Texts tracks,
        int[][] renumbered,
        long bufferBytes,
        ulong firstUser,
        ulong lastUser
    )
    {
        Tracks = tracks;
        var cursorBytes = (int)Math.Clamp(bufferBytes / Math.Max(1, slices.Count), 4096, 256 * 1024);
        heap = new Cursor[slices.Count];
        for (var slice = 0; slice < slices.Count; slice++)
        {
            if (slices[slice].Summary.FirstUser > lastUser || slices[slice].Summary.LastUser < firstUser)
            {
                continue;
            }

            var cursor = new Cursor(slices[slice], renumbered[slice], cursorBytes, firstUser, lastUser);
            if (cursor.MoveNext())
            {
                heap[alive++] = cursor;
            }
        }

        for (var at = (alive / 2) - 1; at >= 0; at--)
        {
            SiftDown(at);
        }
    }

    /// <summary>All tracks of the slices; listens name them by their numbers here.</summary>
    public Texts Tracks { get; }

    /// <summary>Takes the next listens; fewer than fit only at the end, and then none.</summary>
    public int Read(Span<Listen> listens)
    {
        var count = 0;
        while (count < listens.Length && alive > 0)
        {
            var listen = heap[0].Current;
            Advance();
            while (alive > 0 && heap[0].Current.IsSame(listen))
            {
                listen = listen.WithFlags(listen.Flags | heap[0].Current.Flags);
                Advance();
            }

            listens[count++] = listen;
        }

        return count;
    }

    void Advance()
    {
        if (!heap[0].MoveNext())
        {
            heap[0] = heap[--alive];
        }

        SiftDown(0);
    }

    void SiftDown(int at)
    {
        if (at >= alive)
        {
            return;
        }

        var cursor = heap[at];
        while (true)
        {
            var child = (2 * at) + 1;
            if (child >= alive)
            {
                break;
            }

            if (child + 1 < alive && heap[child + 1].IsBefore(heap[child]))
            {
                child++;
            }

            if (!heap[child].IsBefore(cursor))
            {
                break;
            }

            heap[at] = heap[child];
            at = child;
        }

        heap[at] = cursor;
    }

    /// <summary>The listens of one slice, one after the other, tracks renumbered.</summary>
    sealed class Cursor(SliceReader slice, int[] renumbered, int bufferBytes, ulong firstUser, ulong lastUser)
    {
        // A small slice is read whole, and a block never needs more than this.
        byte[] buffer = new byte[Math.Min(bufferBytes, slice.Summary.Bytes)];
        Listen[] listens = new Listen[Math.Min(SliceFormat.BlockListens, slice.Summary.Listens)];
        int firstBlock;
        int endBlock = -1;
        int block = slice.FindBlock(firstUser);
        int at;
        int count;

        public Listen Current { get; private set; }

        public bool IsBefore(Cursor other)
        {
            var (left, right) = (Current.User, other.Current.User);
            return left < right || (left == right && Current.Moment < other.Current.Moment);
        }

        public bool MoveNext()
        {
            do
            {
                if (at == count && !NextBlock())
                {
                    return false;
                }

                Current = listens[at++];
            } while (Current.User < firstUser);

            Current = Current.WithTrack(renumbered[Current.Track]);
            return Current.User <= lastUser;
        }

        bool NextBlock()
        {
            if (block >= slice.BlockCount)
            {
                return false;
            }

            if (endBlock < 0 || block == endBlock)
            {
                firstBlock = block;
                endBlock = slice.ReadBlocks(block, ref buffer);
            }

            count = slice.Decode(block++, buffer, firstBlock, listens);
            at = 0;
            return true;
        }
    }
}
