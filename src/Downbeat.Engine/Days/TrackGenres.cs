using Downbeat.Engine.Catalogue;

namespace Downbeat.Engine.Days;

/// <summary>
/// The genres of a day's tracks, in the form that counting is quickest with. Nearly all tracks have one genre, and are
/// given its number; others are given the complement of where their list is.
/// </summary>
sealed class TrackGenres
{
    readonly int[] genres;
    readonly int[] lists; // Each: how many, then the numbers. The first is that of tracks which the songs do not know.

    public TrackGenres(Songs songs, int[] songOfTrack)
    {
        genres = new int[songOfTrack.Length];
        var several = new List<int> { 0 };
        for (var track = 0; track < genres.Length; track++)
        {
            var song = songOfTrack[track];
            var ofSong = song < 0 ? [] : songs.GenresOfTrack[song];
            genres[track] = ofSong.Length == 1 ? ofSong[0] : ~(ofSong.IsEmpty ? 0 : several.Count);
            if (ofSong.Length > 1)
            {
                several.Add(ofSong.Length);
                several.AddRange(ofSong);
            }
        }

        lists = [.. several];
    }

    /// <summary>A track's only genre, or what <see cref="Several"/> understands.</summary>
    public int this[int track] => genres[track];

    /// <summary>The genres of a track that has not exactly one.</summary>
    public ReadOnlySpan<int> Several(int complement) => lists.AsSpan(~complement + 1, lists[~complement]);
}
