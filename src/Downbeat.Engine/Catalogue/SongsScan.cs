using System.Buffers.Text;
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
    readonly List<List<int>> genresOfTrack = [];
    readonly List<int[]> artistsOfTrack = [];

    /// <summary>The columns that a file of songs must have.</summary>
    public static IReadOnlyList<string> RequiredColumns { get; } =
    ["track_id", "track_genre", "duration_ms", "artists", "track_name", "popularity"];

    /// <summary>How many distinct tracks were accepted.</summary>
    public int Tracks => durations.Count;

    /// <summary>The songs of all files read.</summary>
    /// <param name="version">The version of these songs.</param>
    /// <param name="before">The songs of the version before: a track that it knew keeps the version that first did.</param>
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

        var found = before is null ? null : sortedTracks.FindIn(before.Tracks);
        var unsortedNames = names.Build();
        var sortedNames = new Texts.Builder();
        var genreLists = new NumberLists.Builder();
        var artistLists = new NumberLists.Builder();
        foreach (var track in order)
        {
            sortedNames.Add(unsortedNames[track]);
            genreLists.Add(genresOfTrack[track].Select(genre => genreRanks[genre]).Order());
            artistLists.Add(artistsOfTrack[track].Select(artist => artistRanks[artist]).Order());
        }

        return new()
        {
            Tracks = sortedTracks,
            Names = sortedNames.Build(),
            DurationMs = [.. order.Select(track => durations[track])],
            Popularity = [.. order.Select(track => popularities[track])],
            KnownSince =
            [
                .. order.Select(
                    (_, number) => found is [..] && found[number] >= 0 ? before!.KnownSince[found[number]] : version
                ),
            ],
            Genres = sortedGenres,
            GenresOfTrack = genreLists.Build(),
            Artists = sortedArtists,
            ArtistsOfTrack = artistLists.Build(),
        };
    }

    private protected override RejectReason? TakeRow(CsvReader row, CsvHeader header)
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
            if (!genresOfTrack[track].Contains(genre))
            {
                genresOfTrack[track].Add(genre);
            }

            return null;
        }

        durations.Add(duration);
        popularities.Add((byte)popularity);
        genresOfTrack.Add(new(1) { genre });
        artistsOfTrack.Add(SplitArtists(row.Field(header[ArtistsColumn])));
        names.Add(row.Field(header[NameColumn]));
        return null;
    }

    /// <summary>The artists between semicolons: trimmed of spaces, none empty, each once.</summary>
    int[] SplitArtists(ReadOnlySpan<byte> text)
    {
        var credited = new List<int>(1);
        foreach (var range in text.Split((byte)';'))
        {
            var name = text[range].Trim((byte)' ');
            if (!name.IsEmpty && artists.FindOrAdd(name) is var artist && !credited.Contains(artist))
            {
                credited.Add(artist);
            }
        }

        return [.. credited];
    }

    /// <summary>ASCII digits only, 0 to 2^31-1.</summary>
    static bool TryParseNumber(ReadOnlySpan<byte> utf8, out int number)
    {
        number = 0;
        return !utf8.IsEmpty
            && !utf8.ContainsAnyExceptInRange((byte)'0', (byte)'9')
            && Utf8Parser.TryParse(utf8, out number, out var read)
            && read == utf8.Length;
    }
}
