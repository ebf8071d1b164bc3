using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Downbeat.Engine.Listens;
using Downbeat.Engine.Scan;

namespace Downbeat.Engine.Catalogue;

/// <summary>
/// Reads songs from CSV files, given in the byte order of their names. A track's attributes are those of its first
/// accepted row; every row adds its genre.
/// </summary>
public sealed class SongsScan(RejectHandler onReject) : CatalogueScan(RequiredColumns, onReject)
{
    const int TrackColumn = 0;
    const int GenreColumn = 1;
    const int DurationColumn = 2;
    const int ArtistsColumn = 3;
    const int NameColumn = 4;
    const int PopularityColumn = 5;

    readonly TextNumbers tracks = new();
    readonly TextNumbers genres = new();
    readonly TextNumbers artists = new();
    readonly Texts.Builder names = new();
    readonly List<int> durations = [];
    readonly List<byte> popularities = [];
    readonly List<int> firstGenre = []; // Of each track, as a place in `genreLinks`.
    readonly List<(int Genre, int Next)> genreLinks = []; // Of the same track next is another place, or none: -1.
    readonly List<int> artistNumbers = [];
    readonly List<int> artistStarts = [0];

    /// <summary>The columns that a file of songs must have.</summary>
    public static IReadOnlyList<string> RequiredColumns { get; } =
    ["track_id", "track_genre", "duration_ms", "artists", "track_name", "popularity"];

    /// <summary>How many distinct tracks were accepted.</summary>
    public int Tracks => durations.Count;

    /// <summary>How many rows lack a value in a column that must be there, accepted or not.</summary>
    public long NullRows { get; private set; }

    /// <summary>How many other rows were rejected for a value.</summary>
    public long OutOfRangeRows { get; private set; }

    /// <summary>The songs of all files read.</summary>
    /// <param name="version">The version of these songs.</param>
    /// <param name="before">The songs of the version before: a track that it knew keeps the version that first did.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public Songs Build(int version, Songs? before)
    {
        var sortedTracks = tracks.Sort(out var trackRanks);
        var sortedGenres = genres.Sort(out var genreRanks);
        var sortedArtists = artists.Sort(out var artistRanks);
        var order = new int[trackRanks.Length];
        for (var track = 0; track < order.Length; track++)
        {
            order[trackRanks[track]] = track;
        }

        var found = before is null ? [] : sortedTracks.FindIn(before.Tracks);
        var durationMs = new int[order.Length];
        var popularity = new byte[order.Length];
        var knownSince = new int[order.Length];
        for (var number = 0; number < order.Length; number++)
        {
            durationMs[number] = durations[order[number]];
            popularity[number] = popularities[order[number]];
            knownSince[number] = before is not null && found[number] >= 0 ? before.KnownSince[found[number]] : version;
        }

        return new()
        {
            Tracks = sortedTracks,
            Names = NamesIn(order),
            DurationMs = durationMs,
            Popularity = popularity,
            KnownSince = knownSince,
            Genres = sortedGenres,
            GenresOfTrack = GenresIn(order, genreRanks),
            Artists = sortedArtists,
            ArtistsOfTrack = ArtistsIn(order, artistRanks),
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    Texts NamesIn(int[] order)
    {
        var unsorted = names.Build();
        var bytes = new byte[unsorted.ByteCount];
        var starts = new int[order.Length + 1];
        for (var number = 0; number < order.Length; number++)
        {
            var name = unsorted[order[number]];
            name.CopyTo(bytes.AsSpan(starts[number]));
            starts[number + 1] = starts[number] + name.Length;
        }

        return Texts.Of(bytes, starts);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    NumberLists GenresIn(int[] order, int[] ranks)
    {
        var numbers = new int[genreLinks.Count];
        var starts = new int[order.Length + 1];
        for (var number = 0; number < order.Length; number++)
        {
            var end = starts[number];
            for (var link = firstGenre[order[number]]; link >= 0; link = genreLinks[link].Next)
            {
                numbers[end++] = ranks[genreLinks[link].Genre];
            }

            numbers.AsSpan(starts[number]..end).Sort();
            starts[number + 1] = end;
        }

        return new(numbers, starts);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    NumberLists ArtistsIn(int[] order, int[] ranks)
    {
        var numbers = new int[artistNumbers.Count];
        var starts = new int[order.Length + 1];
        for (var number = 0; number < order.Length; number++)
        {
            var end = starts[number];
            for (var at = artistStarts[order[number]]; at < artistStarts[order[number] + 1]; at++)
            {
                numbers[end++] = ranks[artistNumbers[at]];
            }

            numbers.AsSpan(starts[number]..end).Sort();
            starts[number + 1] = end;
        }

        return new(numbers, starts);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private protected override RejectReason? TakeRow(CsvReader row, CsvHeader header)
    {
        var reason = Take(row, header);
        for (var column = 0; column < RequiredColumns.Count; column++)
        {
            if (row.Field(header[column]).IsEmpty)
            {
                NullRows++;
                return reason;
            }
        }

        OutOfRangeRows += reason is null ? 0 : 1;
        return reason;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    RejectReason? Take(CsvReader row, CsvHeader header)
    {
        if (row.Field(header[TrackColumn]).Length is 0 or > Listen.MaxTrackBytes)
        {
            return RejectReason.BadTrackId;
        }

        if (row.Field(header[GenreColumn]).IsEmpty)
        {
            return RejectReason.BadTrackGenre;
        }

        if (!TryParseNumber(row.Field(header[DurationColumn]), out var duration) || duration == 0)
        {
            return RejectReason.BadDurationMs;
        }

        var popularityText = row.Field(header[PopularityColumn]);
        var popularity = 0;
        if (!popularityText.IsEmpty && (!TryParseNumber(popularityText, out popularity) || popularity > 100))
        {
            return RejectReason.BadPopularity;
        }

        var genre = genres.FindOrAdd(row.Field(header[GenreColumn]));
        var track = tracks.FindOrAdd(row.Field(header[TrackColumn]));
        if (track < durations.Count)
        {
            AddGenre(track, genre);
            return null;
        }

        durations.Add(duration);
        popularities.Add((byte)popularity);
        firstGenre.Add(genreLinks.Count);
        genreLinks.Add((genre, -1));
        AddArtists(row.Field(header[ArtistsColumn]));
        names.Add(row.Field(header[NameColumn]));
        return null;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void AddGenre(int track, int genre)
    {
        var link = firstGenre[track];
        while (genreLinks[link].Genre != genre)
        {
            var (known, next) = genreLinks[link];
            if (next < 0)
            {
                genreLinks[link] = (known, genreLinks.Count);
                genreLinks.Add((genre, -1));
                return;
            }

            link = next;
        }
    }

    /// <summary>Adds the artists between semicolons to the next track: trimmed of spaces, none empty, each once.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void AddArtists(ReadOnlySpan<byte> text)
    {
        var start = artistStarts[^1];
        for (var rest = text; !rest.IsEmpty; )
        {
            var end = rest.IndexOf((byte)';');
            var name = (end < 0 ? rest : rest[..end]).Trim((byte)' ');
            rest = end < 0 ? [] : rest[(end + 1)..];
            if (
                !name.IsEmpty
                && artists.FindOrAdd(name) is var artist
                && !CollectionsMarshal.AsSpan(artistNumbers)[start..].Contains(artist)
            )
            {
                artistNumbers.Add(artist);
            }
        }

        artistStarts.Add(artistNumbers.Count);
    }

    /// <summary>ASCII digits only, 0 to 2^31-1.</summary>
    static bool TryParseNumber(ReadOnlySpan<byte> utf8, out int number)
    {
        // The same digits as a user's, and fewer of them.
        var valid = UserId.TryParse(utf8, out var parsed) && parsed.Value <= int.MaxValue;
        number = valid ? (int)parsed.Value : 0;
        return valid;
    }
}
