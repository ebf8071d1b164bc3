using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Downbeat.Engine.Listens;
using Downbeat.Engine.Slices;

namespace Downbeat.Engine.Catalogue;

/// <summary>
/// The bytes in which a lake keeps songs as last read: arrays as they are in memory, so that reading is copying.
/// Little-endian throughout:
/// <code>
/// header       48 bytes: magic "DBSONGS2"; counts as i32: tracks, genres, artists, numbers of genres, numbers of
///              artists, bytes of ids, of names, of genres, of artists; CRC-32C of the 44 bytes before u32
/// i32 arrays   where each id begins among the ids' bytes, and where the last one ends; the same of names, genres,
///              artists; where the list of each track's genres begins among the numbers of genres, and where the last
///              one ends; the numbers of genres; the same of artists; durations in ms; known since
/// byte arrays  popularities; the bytes of ids, names, genres, artists
/// sums         CRC-32C of each array u32
/// </code>
/// Tracks, genres and artists are in the order of the bytes of ids and names, the numbers of a track ascend.
/// </summary>
public static class SongsFile
{
    const int Arrays = 15;
    const int Counts = 9;
    const int HeaderBytes = 8 + (4 * Counts) + 4;

    static ReadOnlySpan<byte> Magic => "DBSONGS2"u8;

    /// <summary>Writes songs, front to back.</summary>
    public static void Write(Songs songs, Stream output)
    {
        ArgumentNullException.ThrowIfNull(songs);
        ArgumentNullException.ThrowIfNull(output);
        var writer = new Writer(output);
        writer.PutHeader(
            songs.Tracks.Count,
            songs.Genres.Count,
            songs.Artists.Count,
            songs.GenresOfTrack.Numbers.Length,
            songs.ArtistsOfTrack.Numbers.Length,
            songs.Tracks.ByteCount,
            songs.Names.ByteCount,
            songs.Genres.ByteCount,
            songs.Artists.ByteCount
        );
        writer.Put(songs.Tracks.Starts);
        writer.Put(songs.Names.Starts);
        writer.Put(songs.Genres.Starts);
        writer.Put(songs.Artists.Starts);
        writer.Put(songs.GenresOfTrack.Starts);
        writer.Put(songs.GenresOfTrack.Numbers);
        writer.Put(songs.ArtistsOfTrack.Starts);
        writer.Put(songs.ArtistsOfTrack.Numbers);
        writer.Put(songs.DurationMs);
        writer.Put(songs.KnownSince);
        writer.Put(songs.Popularity);
        writer.Put(songs.Tracks.Bytes);
        writer.Put(songs.Names.Bytes);
        writer.Put(songs.Genres.Bytes);
        writer.Put(songs.Artists.Bytes);
        writer.PutSums();
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <exception cref="DamagedObjectException">The bytes are not those that were written.</exception>
    public static Songs Read(IByteSource bytes)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        var reader = new Reader(bytes);
        var (tracks, genres, artists) = (reader.Counts[0], reader.Counts[1], reader.Counts[2]);
        var idStarts = reader.Starts(tracks, reader.Counts[5]);
        var nameStarts = reader.Starts(tracks, reader.Counts[6]);
        var genreStarts = reader.Starts(genres, reader.Counts[7]);
        var artistStarts = reader.Starts(artists, reader.Counts[8]);
        var starts = reader.Starts(tracks, reader.Counts[3]);
        var genresOfTrack = new NumberLists(reader.NumbersBelow(genres, reader.Counts[3]), starts);
        starts = reader.Starts(tracks, reader.Counts[4]);
        var artistsOfTrack = new NumberLists(reader.NumbersBelow(artists, reader.Counts[4]), starts);
        var songs = new Songs
        {
            DurationMs = reader.Numbers(tracks),
            KnownSince = reader.Numbers(tracks),
            Popularity = reader.Bytes(tracks),
            Tracks = Texts.Of(reader.Bytes(reader.Counts[5]), idStarts),
            Names = Texts.Of(reader.Bytes(reader.Counts[6]), nameStarts),
            Genres = Texts.Of(reader.Bytes(reader.Counts[7]), genreStarts),
            Artists = Texts.Of(reader.Bytes(reader.Counts[8]), artistStarts),
            GenresOfTrack = genresOfTrack,
            ArtistsOfTrack = artistsOfTrack,
        };
        return IsSorted(songs.Tracks) && IsSorted(songs.Genres) && IsSorted(songs.Artists)
            ? songs
            : throw reader.Damaged();
    }

    static bool IsSorted(Texts texts)
    {
        for (var text = 1; text < texts.Count; text++)
        {
            if (texts[text - 1].SequenceCompareTo(texts[text]) >= 0)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>How long a file of these counts is.</summary>
    static long Length(ReadOnlySpan<int> counts)
    {
        long tracks = counts[0];
        var numbers = (6 * tracks) + 4 + counts[1] + 1L + counts[2] + 1 + counts[3] + counts[4];
        return HeaderBytes
            + (4 * numbers)
            + tracks
            + counts[5]
            + counts[6]
            + counts[7]
            + counts[8]
            + (Arrays * sizeof(uint));
    }

    sealed class Writer(Stream output)
    {
        readonly byte[] sums = new byte[Arrays * sizeof(uint)];
        int arrays;

        public void PutHeader(params ReadOnlySpan<int> counts)
        {
            Span<byte> header = stackalloc byte[HeaderBytes];
            Magic.CopyTo(header);
            for (var count = 0; count < Counts; count++)
            {
                BinaryPrimitives.WriteInt32LittleEndian(header[(8 + (4 * count))..], counts[count]);
            }

            BinaryPrimitives.WriteUInt32LittleEndian(header[^4..], SliceFormat.Crc32C(header[..^4]));
            output.Write(header);
        }

        public void Put(ReadOnlySpan<int> numbers)
        {
            if (!BitConverter.IsLittleEndian)
            {
                var reversed = new int[numbers.Length];
                BinaryPrimitives.ReverseEndianness(numbers, reversed);
                numbers = reversed;
            }

            Put(MemoryMarshal.AsBytes(numbers));
        }

        public void Put(ReadOnlySpan<byte> bytes)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(sums.AsSpan(4 * arrays++), SliceFormat.Crc32C(bytes));
            output.Write(bytes);
        }

        public void PutSums() => output.Write(sums);
    }

    sealed class Reader
    {
        readonly IByteSource source;
        readonly byte[] sums = new byte[Arrays * sizeof(uint)];
        long position = HeaderBytes;
        int arrays;

        public Reader(IByteSource source)
        {
            this.source = source;
            if (source.Length < HeaderBytes + sums.Length)
            {
                throw Damaged();
            }

            Span<byte> header = stackalloc byte[HeaderBytes];
            source.Read(0, header);
            var sum = BinaryPrimitives.ReadUInt32LittleEndian(header[^4..]);
            if (!header.StartsWith(Magic) || sum != SliceFormat.Crc32C(header[..^4]))
            {
                throw Damaged();
            }

            for (var count = 0; count < Counts.Length; count++)
            {
                Counts[count] = BinaryPrimitives.ReadInt32LittleEndian(header[(8 + (4 * count))..]);
            }

            if (Array.Exists(Counts, count => count < 0) || source.Length != Length(Counts))
            {
                throw Damaged();
            }

            source.Read(source.Length - sums.Length, sums);
        }

        public int[] Counts { get; } = new int[SongsFile.Counts];

        /// <summary>Where texts or lists begin, and at the end where the last one ends.</summary>
        public int[] Starts(int count, int end)
        {
            var starts = Numbers(count + 1);
            var before = 0;
            foreach (var start in starts)
            {
                before = start >= before ? start : throw Damaged();
            }

            return starts[0] == 0 && before == end ? starts : throw Damaged();
        }

        public int[] NumbersBelow(int bound, int count)
        {
            var numbers = Numbers(count);
            return numbers.AsSpan().ContainsAnyExceptInRange(0, bound - 1) ? throw Damaged() : numbers;
        }

        public int[] Numbers(int count)
        {
            var numbers = GC.AllocateUninitializedArray<int>(count);
            Read(MemoryMarshal.AsBytes(numbers.AsSpan()));
            if (!BitConverter.IsLittleEndian)
            {
                BinaryPrimitives.ReverseEndianness(numbers, numbers);
            }

            return numbers;
        }

        public byte[] Bytes(int count)
        {
            var bytes = GC.AllocateUninitializedArray<byte>(count);
            Read(bytes);
            return bytes;
        }

        void Read(Span<byte> bytes)
        {
            source.Read(position, bytes);
            position += bytes.Length;
            var sum = BinaryPrimitives.ReadUInt32LittleEndian(sums.AsSpan(4 * arrays++));
            if (sum != SliceFormat.Crc32C(bytes))
            {
                throw Damaged();
            }
        }

        public DamagedObjectException Damaged() =>
            new($"{source.Name} is damaged: it is not as it was written. `downbeat repair` makes it again.");
    }
}
