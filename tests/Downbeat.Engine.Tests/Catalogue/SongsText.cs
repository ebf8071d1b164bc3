using System.Text;
using Downbeat.Engine.Catalogue;

namespace Downbeat.Engine.Tests.Catalogue;

/// <summary>Songs as lines, to be compared.</summary>
static class SongsText
{
    /// <summary>A line a track: id, name, duration, popularity, the version that knew it, genres, artists.</summary>
    public static IEnumerable<string> Lines(Songs songs) =>
        Enumerable
            .Range(0, songs.Tracks.Count)
            .Select(track =>
            {
                var genres = songs
                    .GenresOfTrack[track]
                    .ToArray()
                    .Select(genre => Encoding.UTF8.GetString(songs.Genres[genre]));
                var artists = songs
                    .ArtistsOfTrack[track]
                    .ToArray()
                    .Select(artist => Encoding.UTF8.GetString(songs.Artists[artist]));
                return $"{Encoding.UTF8.GetString(songs.Tracks[track])}: {Encoding.UTF8.GetString(songs.Names[track])}, "
                    + $"{songs.DurationMs[track]} ms, {songs.Popularity[track]} %, v{songs.KnownSince[track]}, "
                    + $"[{string.Join('|', genres)}] by [{string.Join('|', artists)}]";
            });
}
