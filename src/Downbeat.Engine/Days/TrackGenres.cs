using System.Runtime.CompilerServices;
using Downbeat.Engine.Catalogue;

namespace Downbeat.Engine.Days;

/// <summary>
/// The genres of a day's tracks, in the form that counting is quickest with: one number for each track. Nearly all tracks have one
/// or two genres, and both are in the number; a track with more has the complement of where its list is.
/// </summary>
sealed class TrackGenres
{
    const int SecondShift = 16;

    readonly int[] packed;
    readonly int[] lists; // Each: how many, then the numbers.

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public TrackGenres(Songs songs, int[] songOfTrack)
    {
        // No genre is a genre too, to be counted and never looked at: asking whether there is one would cost more.
        var none = songs.Genres.Count;
        packed = new int[songOfTrack.Length];
        var several = new List<int>();
        for (var track = 0; track < packed.Length; track++)
        {
            var song = songOfTrack[track];
            var genres = song < 0 ? [] : songs.GenresOfTrack[song];
            if (genres.Length <= 2 && none <= short.MaxValue)
            {
                var first = genres.IsEmpty ? none : genres[0];
                packed[track] = first | ((genres.Length == 2 ? genres[1] : none) << SecondShift);
                continue;
            }

            packed[track] = ~several.Count;
            several.Add(genres.Length);
            several.AddRange(genres);
        }

        lists = [.. several];
    }

    /// <summary>A track's genres: not negative when <see cref="First"/> and <see cref="Second"/> have them, or else <see cref="Several"/>.</summary>
    public int this[int track] => packed[track];

    /// <summary>The first of two genres; the number behind the last genre for none.</summary>
    public static int First(int packed) => packed & ((1 << SecondShift) - 1);

    /// <summary>The second of two genres; the number behind the last genre for none.</summary>
    public static int Second(int packed) => packed >> SecondShift;

    /// <summary>Any number of genres.</summary>
    public ReadOnlySpan<int> Several(int packed) => lists.AsSpan(~packed + 1, lists[~packed]);
}
