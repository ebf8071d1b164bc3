using Downbeat.Engine.Listens;

namespace Downbeat.Engine.Catalogue;

/// <summary>
/// What the songs tell of the tracks, in memory. Tracks, genres and artists are numbered in the order of their bytes,
/// so that sorting by name is comparing numbers. Immutable.
/// </summary>
public sealed class Songs
{
    /// <summary>Track ids, sorted: a track's number is its place.</summary>
    public required Texts Tracks { get; init; }

    /// <summary>A track's name; may be empty.</summary>
    public required Texts Names { get; init; }

    /// <summary>A track's length in milliseconds, at least 1.</summary>
    public required int[] DurationMs { get; init; }

    /// <summary>A track's popularity, 0 to 100.</summary>
    public required byte[] Popularity { get; init; }

    /// <summary>The version of the songs that first knew the track.</summary>
    public required int[] KnownSince { get; init; }

    /// <summary>Genre names, sorted.</summary>
    public required Texts Genres { get; init; }

    /// <summary>The numbers of a track's genres, ascending; at least one.</summary>
    public required NumberLists GenresOfTrack { get; init; }

    /// <summary>Artist names, sorted.</summary>
    public required Texts Artists { get; init; }

    /// <summary>The numbers of a track's artists, ascending; may be none.</summary>
    public required NumberLists ArtistsOfTrack { get; init; }
}

/// <summary>A list of numbers for each of many things, in one block of memory.</summary>
public sealed class NumberLists
{
    readonly int[] numbers;
    readonly int[] starts;

    /// <summary>The lists that lie one behind the other.</summary>
    /// <param name="numbers">Their numbers; they are not copied.</param>
    /// <param name="starts">Where each list begins, and at the end where the last one ends; not copied either.</param>
    internal NumberLists(int[] numbers, int[] starts)
    {
        this.numbers = numbers;
        this.starts = starts;
    }

    /// <summary>How many lists there are.</summary>
    public int Count => starts.Length - 1;

    /// <summary>A list.</summary>
    public ReadOnlySpan<int> this[int list] => numbers.AsSpan(starts[list], starts[list + 1] - starts[list]);

    /// <summary>The numbers of all lists, one behind the other.</summary>
    internal ReadOnlySpan<int> Numbers => numbers;

    /// <summary>Where each list begins among the numbers, and at the end where the last one ends.</summary>
    internal ReadOnlySpan<int> Starts => starts;
}
