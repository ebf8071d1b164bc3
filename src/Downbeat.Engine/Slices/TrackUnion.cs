using System.Buffers;
using Downbeat.Engine.Listens;

namespace Downbeat.Engine.Slices;

/// <summary>
/// The tracks of some slices, and what number each track of a slice has among them. The dictionaries of the slices are
/// read for this, few at a time, and not kept: of many slices they would take more than all that is done with them.
/// </summary>
public sealed class TrackUnion
{
    TrackUnion(Texts tracks, TrackNumbers[] numbers)
    {
        Tracks = tracks;
        Numbers = numbers;
    }

    /// <summary>All tracks, sorted.</summary>
    public Texts Tracks { get; }

    /// <summary>The numbers of each slice's tracks.</summary>
    internal IReadOnlyList<TrackNumbers> Numbers { get; }

    /// <summary>About how much memory it takes.</summary>
    internal long MemoryBytes =>
        Tracks.ByteCount + (sizeof(int) * (long)Tracks.Count) + Numbers.Sum(numbers => numbers.MemoryBytes);

    /// <summary>Unites the dictionaries of slices.</summary>
    /// <param name="slices">The slices; any order.</param>
    /// <param name="workers">How many threads to read them with at most.</param>
    public static TrackUnion Of(IReadOnlyList<SliceReader> slices, int workers = 1)
    {
        ArgumentNullException.ThrowIfNull(slices);
        var tracks = Unite(slices, workers, out var renumbered);
        return new(tracks, [.. renumbered.Select(numbers => new TrackNumbers(numbers))]);
    }

    static Texts Unite(IReadOnlyList<SliceReader> slices, int workers, out int[][] renumbered)
    {
        // More than can be united at once are united in groups.
        if (slices.Count <= Texts.MaxUnited)
        {
            return UniteFew(slices, workers, out renumbered);
        }

        var groups = slices.Chunk((slices.Count + Texts.MaxUnited - 1) / Texts.MaxUnited).ToList();
        var numbers = new int[groups.Count][][];
        var unions = groups.Select((group, place) => Unite(group, workers, out numbers[place])).ToList();
        var union = Texts.Union(unions, out var ofGroups);
        for (var group = 0; group < groups.Count; group++)
        {
            foreach (var ofSlice in numbers[group])
            {
                foreach (ref var number in ofSlice.AsSpan())
                {
                    number = ofGroups[group][number];
                }
            }
        }

        renumbered = [.. numbers.SelectMany(group => group)];
        return union;
    }

    static Texts UniteFew(IReadOnlyList<SliceReader> slices, int workers, out int[][] renumbered)
    {
        if (slices.Count == 1)
        {
            return Texts.Union(
                [slices[0].ReadTracks(GC.AllocateUninitializedArray<byte>(slices[0].DictionaryBytes))],
                out renumbered
            );
        }

        // The union copies what it takes, so that the next ones may be read to where these were.
        var lists = new Texts[slices.Count];
        var buffers = new byte[slices.Count][];
        Workers.Run(
            slices.Count,
            workers,
            slice =>
            {
                buffers[slice] = ArrayPool<byte>.Shared.Rent(slices[slice].DictionaryBytes);
                lists[slice] = slices[slice].ReadTracks(buffers[slice]);
            }
        );
        var union = Texts.Union(lists, out renumbered);
        foreach (var buffer in buffers)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return union;
    }
}
