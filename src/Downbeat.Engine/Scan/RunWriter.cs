using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Downbeat.Engine.Listens;
using Downbeat.Engine.Slices;

namespace Downbeat.Engine.Scan;

/// <summary>Listens of one date, sorted by user, second and the numbers of tracks, which may order otherwise than their ids.</summary>
interface IRun
{
    int Count { get; }

    Listen this[int at] { get; }

    int TrackOf(int at);

    /// <summary>Whether a listen is the same as the next.</summary>
    bool IsRepeated(int at);
}

/// <summary>Writes sorted listens as a slice: each once, and with only those tracks in its dictionary that occur.</summary>
/// <param name="known">Sorted ids of the tracks with the lowest numbers.</param>
/// <param name="others">The tracks whose numbers come behind.</param>
sealed class RunWriter(Texts known, TextNumbers others)
{
    const int BatchListens = 4096;

    /// <summary>A listen moves before so many others at most; where more are in wrong order, all are sorted in the end.</summary>
    const int FewMoves = 32;

    bool[] occurs = [];
    readonly Texts.Builder dictionary = new(); // Of the slice that is written.
    int[] numbers = []; // In the dictionary of the slice, for every track that occurs.
    int[] tracks = new int[1024]; // Those that occur.
    Listen[] batch = new Listen[BatchListens];
    Listen[] scratch = [];
    bool isSorted = true; // The batch.
    Texts? sortedOthers;
    int[] ranks = []; // Of the others among themselves.
    int[] byRank = [];

    /// <summary>To be called when the other tracks have changed.</summary>
    public void Begin()
    {
        sortedOthers = null;
        var count = known.Count + others.Count;
        if (occurs.Length < count)
        {
            occurs = new bool[count];
            numbers = new int[count];
        }
    }

    /// <summary>Writes a slice.</summary>
    public SliceSummary Write<TRun>(Stream output, DateOnly date, TRun run)
        where TRun : IRun, allows ref struct
    {
        var found = FindTracks(run);
        var areSorted = found[^1] < known.Count;
        var slice = new SliceWriter(output, date, MakeDictionary(found));
        if (areSorted)
        {
            WriteSorted(slice, run);
        }
        else
        {
            WriteListens(slice, run);
        }

        return slice.Finish();
    }

    /// <summary>The tracks that occur, in the order of their numbers.</summary>
    Span<int> FindTracks<TRun>(TRun run)
        where TRun : IRun, allows ref struct
    {
        return run.Count < occurs.Length ? FindFewTracks(run) : FindManyTracks(run);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    Span<int> FindManyTracks<TRun>(TRun run)
        where TRun : IRun, allows ref struct
    {
        ref var first = ref MemoryMarshal.GetArrayDataReference(occurs);
        for (var at = 0; at < run.Count; at++)
        {
            Unsafe.Add(ref first, run.TrackOf(at)) = true;
        }

        if (tracks.Length < occurs.Length)
        {
            tracks = new int[occurs.Length];
        }

        var found = 0;
        for (var track = 0; track < occurs.Length; track++)
        {
            tracks[found] = track;
            found += occurs[track] ? 1 : 0;
        }

        Array.Clear(occurs);
        return tracks.AsSpan(0, found);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    Span<int> FindFewTracks<TRun>(TRun run)
        where TRun : IRun, allows ref struct
    {
        var found = 0;
        for (var at = 0; at < run.Count; at++)
        {
            var track = run.TrackOf(at);
            if (!occurs[track])
            {
                occurs[track] = true;
                if (found == tracks.Length)
                {
                    Array.Resize(ref tracks, 2 * found);
                }

                tracks[found++] = track;
            }
        }

        var sorted = tracks.AsSpan(0, found);
        if (found < occurs.Length / 16)
        {
            sorted.Sort();
        }
        else
        {
            // Many: looking through all tracks costs less than sorting.
            for (int at = 0, track = -1; at < found; at++)
            {
                track += 1 + occurs.AsSpan(track + 1).IndexOf(true);
                sorted[at] = track;
            }
        }

        foreach (var track in sorted)
        {
            occurs[track] = false;
        }

        return sorted;
    }

    /// <summary>Numbers tracks in the order of their ids.</summary>
    Texts MakeDictionary(Span<int> found)
    {
        var split = found.BinarySearch(known.Count);
        split = split < 0 ? ~split : split;
        var ofKnown = found[..split];
        var ofOthers = found[split..];
        if (ofOthers.Length > 0)
        {
            SortOthers();
            foreach (ref var track in ofOthers)
            {
                track = ranks[track - known.Count];
            }

            ofOthers.Sort();
        }

        dictionary.Clear();
        while (ofKnown.Length + ofOthers.Length > 0)
        {
            if (
                ofOthers.IsEmpty
                || (!ofKnown.IsEmpty && known[ofKnown[0]].SequenceCompareTo(sortedOthers![ofOthers[0]]) < 0)
            )
            {
                numbers[ofKnown[0]] = dictionary.Count;
                dictionary.Add(known[ofKnown[0]]);
                ofKnown = ofKnown[1..];
            }
            else
            {
                numbers[known.Count + byRank[ofOthers[0]]] = dictionary.Count;
                dictionary.Add(sortedOthers![ofOthers[0]]);
                ofOthers = ofOthers[1..];
            }
        }

        return dictionary.Build();
    }

    void SortOthers()
    {
        if (sortedOthers is not null)
        {
            return;
        }

        sortedOthers = others.Sort(out ranks);
        byRank = new int[ranks.Length];
        for (var number = 0; number < ranks.Length; number++)
        {
            byRank[ranks[number]] = number;
        }
    }

    /// <summary>Writes listens whose tracks have numbers in the order of their ids.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void WriteSorted<TRun>(SliceWriter slice, TRun run)
        where TRun : IRun, allows ref struct
    {
        ref var first = ref MemoryMarshal.GetArrayDataReference(batch);
        ref var number = ref MemoryMarshal.GetArrayDataReference(numbers);
        var count = 0;
        var before = ListenFlags.None; // Of the same listen.
        for (var at = 0; at < run.Count; )
        {
            var stop = Math.Min(run.Count - 1, at + batch.Length - count);
            for (; at < stop; at++)
            {
                // A listen that is repeated is written over by the next: no branch to be guessed wrong.
                var listen = run[at];
                var flags = listen.Flags | before;
                Unsafe.Add(ref first, count) = listen.WithTrack(Unsafe.Add(ref number, listen.Track)).WithFlags(flags);
                var isRepeated = run.IsRepeated(at);
                count += isRepeated ? 0 : 1;
                before = isRepeated ? flags : ListenFlags.None;
            }

            if (at == run.Count - 1 && count < batch.Length)
            {
                var last = run[at++];
                batch[count++] = last.WithTrack(numbers[last.Track]).WithFlags(last.Flags | before);
            }

            if (count == batch.Length)
            {
                slice.Add(batch);
                count = 0;
            }
        }

        slice.Add(batch.AsSpan(0, count));
    }

    /// <summary>Writes listens whose tracks may have numbers in any order.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void WriteListens<TRun>(SliceWriter slice, TRun run)
        where TRun : IRun, allows ref struct
    {
        var count = 0;
        for (var at = 0; at < run.Count; )
        {
            var next = run[at];
            while (at < run.Count - 1 && run.IsRepeated(at))
            {
                next = next.WithFlags(next.Flags | run[++at].Flags);
            }

            at++;
            next = next.WithTrack(numbers[next.Track]);
            if (count == batch.Length)
            {
                count = Flush(slice, count);
            }

            // Listens of one user and second are sorted by numbers that need not order as the ids do.
            var to = count++;
            var last = Math.Max(0, to - FewMoves);
            for (; to > last && IsBefore(next, batch[to - 1]); to--)
            {
                batch[to] = batch[to - 1];
            }

            isSorted &= to > last || to == 0 || !IsBefore(next, batch[to - 1]);
            batch[to] = next;
        }

        SortBatch(count);
        slice.Add(batch.AsSpan(0, count));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool IsBefore(in Listen listen, in Listen other) => listen.User == other.User && listen.Rest < other.Rest;

    void SortBatch(int count)
    {
        if (isSorted)
        {
            return;
        }

        if (scratch.Length < batch.Length)
        {
            scratch = new Listen[batch.Length];
        }

        if (RadixSort.Sort(batch.AsSpan(0, count), scratch.AsSpan(0, count)))
        {
            (batch, scratch) = (scratch, batch);
        }

        isSorted = true;
    }

    /// <summary>Hands on all listens but those of the last one's user and second, among which the next may belong.</summary>
    int Flush(SliceWriter slice, int count)
    {
        var last = batch[count - 1];
        var from = count - 1;
        while (from > 0 && batch[from - 1].User == last.User && batch[from - 1].Second == last.Second)
        {
            from--;
        }

        from &= -SliceFormat.BlockListens; // What is no whole block would be copied once more.
        if (from == 0)
        {
            Array.Resize(ref batch, 2 * batch.Length);
            return count;
        }

        SortBatch(count);
        slice.Add(batch.AsSpan(0, from));
        batch.AsSpan(from, count - from).CopyTo(batch);
        return count - from;
    }
}
