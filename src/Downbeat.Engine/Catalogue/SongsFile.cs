using System.Buffers.Binary;
using System.Security.Cryptography;
using Downbeat.Engine.Listens;
using Downbeat.Engine.Slices;

namespace Downbeat.Engine.Catalogue;

/// <summary>
/// The bytes in which a lake keeps songs as last read, little-endian: the magic "DBSONGS1"; the counts of tracks, genres and artists as i32; then
/// <code>
/// genres, artists    each text as LEB128 length and UTF-8, in the order of their bytes
/// tracks             in the order of their ids' bytes: id and name as texts; duration in ms, popularity, known since,
///                    count of genres, genre numbers, count of artists, artist numbers as LEB128
/// </code>
/// and the SHA-256 of all of that.
/// </summary>
public static class SongsFile
{
    static ReadOnlySpan<byte> Magic => "DBSONGS1"u8;

    /// <summary>Writes songs.</summary>
    public static byte[] Write(Songs songs)
    {
        ArgumentNullException.ThrowIfNull(songs);
        using var output = new MemoryStream();
        output.Write(Magic);
        Span<byte> counts = stackalloc byte[12];
        BinaryPrimitives.WriteInt32LittleEndian(counts, songs.Tracks.Count);
        BinaryPrimitives.WriteInt32LittleEndian(counts[4..], songs.Genres.Count);
        BinaryPrimitives.WriteInt32LittleEndian(counts[8..], songs.Artists.Count);
        output.Write(counts);
        PutAll(output, songs.Genres);
        PutAll(output, songs.Artists);
        for (var track = 0; track < songs.Tracks.Count; track++)
        {
            Put(output, songs.Tracks[track]);
            Put(output, songs.Names[track]);
            Put(output, songs.DurationMs[track]);
            Put(output, songs.Popularity[track]);
            Put(output, songs.KnownSince[track]);
            Put(output, songs.GenresOfTrack[track]);
            Put(output, songs.ArtistsOfTrack[track]);
        }

        output.Write(SHA256.HashData(output.GetBuffer().AsSpan(0, (int)output.Length)));
        return output.ToArray();
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <param name="bytes">The file.</param>
    /// <param name="name">What it is called, for the error.</param>
    /// <exception cref="DamagedObjectException">The bytes are not those that were written.</exception>
    public static Songs Read(ReadOnlySpan<byte> bytes, string name)
    {
        const int SumBytes = SHA256.HashSizeInBytes;
        if (
            bytes.Length < Magic.Length + 12 + SumBytes
            || !bytes.StartsWith(Magic)
            || !SHA256.HashData(bytes[..^SumBytes]).AsSpan().SequenceEqual(bytes[^SumBytes..])
        )
        {
            throw new DamagedObjectException(
                $"{name} is damaged: it does not fit its checksum. Delete it, and it is made again."
            );
        }

        var trackCount = BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]);
        var genreCount = BinaryPrimitives.ReadInt32LittleEndian(bytes[12..]);
        var artistCount = BinaryPrimitives.ReadInt32LittleEndian(bytes[16..]);
        var rest = bytes[20..];
        var genres = GetAll(ref rest, genreCount);
        var artists = GetAll(ref rest, artistCount);
        var tracks = new Texts.Builder();
        var names = new Texts.Builder();
        var durations = new int[trackCount];
        var popularities = new byte[trackCount];
        var knownSince = new int[trackCount];
        var genreLists = new NumberLists.Builder();
        var artistLists = new NumberLists.Builder();
        for (var track = 0; track < trackCount; track++)
        {
            tracks.Add(GetText(ref rest));
            names.Add(GetText(ref rest));
            durations[track] = Get(ref rest);
            popularities[track] = (byte)Get(ref rest);
            knownSince[track] = Get(ref rest);
            genreLists.Add(GetNumbers(ref rest));
            artistLists.Add(GetNumbers(ref rest));
        }

        return new()
        {
            Tracks = tracks.Build(),
            Names = names.Build(),
            DurationMs = durations,
            Popularity = popularities,
            KnownSince = knownSince,
            Genres = genres,
            GenresOfTrack = genreLists.Build(),
            Artists = artists,
            ArtistsOfTrack = artistLists.Build(),
        };
    }

    static void PutAll(MemoryStream output, Texts texts)
    {
        for (var text = 0; text < texts.Count; text++)
        {
            Put(output, texts[text]);
        }
    }

    static void Put(MemoryStream output, ReadOnlySpan<int> numbers)
    {
        Put(output, numbers.Length);
        foreach (var number in numbers)
        {
            Put(output, number);
        }
    }

    static void Put(MemoryStream output, ReadOnlySpan<byte> text)
    {
        Put(output, text.Length);
        output.Write(text);
    }

    static void Put(MemoryStream output, int value)
    {
        var rest = (uint)value;
        for (; rest >= 0x80; rest >>= 7)
        {
            output.WriteByte((byte)(rest | 0x80));
        }

        output.WriteByte((byte)rest);
    }

    static Texts GetAll(ref ReadOnlySpan<byte> rest, int count)
    {
        var texts = new Texts.Builder();
        for (var text = 0; text < count; text++)
        {
            texts.Add(GetText(ref rest));
        }

        return texts.Build();
    }

    static int[] GetNumbers(ref ReadOnlySpan<byte> rest)
    {
        var numbers = new int[Get(ref rest)];
        foreach (ref var number in numbers.AsSpan())
        {
            number = Get(ref rest);
        }

        return numbers;
    }

    static ReadOnlySpan<byte> GetText(ref ReadOnlySpan<byte> rest)
    {
        var length = Get(ref rest);
        var text = rest[..length];
        rest = rest[length..];
        return text;
    }

    static int Get(ref ReadOnlySpan<byte> rest)
    {
        var value = 0;
        for (int at = 0, shift = 0; ; at++, shift += 7)
        {
            value |= (rest[at] & 0x7F) << shift;
            if (rest[at] < 0x80)
            {
                rest = rest[(at + 1)..];
                return value;
            }
        }
    }
}
