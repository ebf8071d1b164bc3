using System.Buffers.Binary;
using Downbeat.Engine.Catalogue;
using Downbeat.Engine.Scan;
using Downbeat.Engine.Slices;
using Downbeat.Engine.Tests.Slices;
using Downbeat.Testing.Fuzz;

namespace Downbeat.Engine.Tests.Fuzz;

/// <summary>
/// What a lake keeps in binary files is read or refused whatever its bytes are, also where someone made the checksums fit; and no count
/// in it asks for more memory than the file could need.
/// </summary>
public sealed class StoredFuzzTests
{
    [Fact]
    public void EverySliceIsReadOrRefused() =>
        Fuzzer.Run(
            "slice",
            6_000,
            random => Given.SliceBytes(Given.SomeListens(random, random.Next(random.Next(20) == 0 ? 3000 : 60))),
            ["DBSLICE2"u8.ToArray(), [0xFF, 0xFF, 0xFF, 0x7F], new byte[24], new byte[64]],
            (bytes, random) =>
            {
                var isSealed = bytes.Length >= 72 && random.Next(4) > 0;
                if (isSealed)
                {
                    bytes = [.. bytes];
                    SliceDamageTests.Seal(bytes);
                }

                return Outcome(bytes, 2 << 20, source => Given.ListensOf(new SliceMerge([new(source)], 4096)).Count);
            }
        );

    [Fact]
    public void EveryFileOfSongsIsReadOrRefused() =>
        Fuzzer.Run(
            "songs",
            2_000,
            Songs,
            ["DBSONGS2"u8.ToArray(), [0xFF, 0xFF, 0xFF, 0x7F], new byte[4], new byte[64]],
            (bytes, random) =>
            {
                if (bytes.Length >= 48 && random.Next(4) > 0)
                {
                    bytes = [.. bytes];
                    SealSongs(bytes);
                }

                return Outcome(
                    bytes,
                    1 << 20,
                    source =>
                    {
                        var songs = SongsFile.Read(source);
                        var index = new TrackIndex(songs.Tracks);
                        var numbers = 0;
                        for (var track = 0; track < songs.Tracks.Count; track++)
                        {
                            Assert.True(songs.Tracks[track].Length > 24 || index.Find(songs.Tracks[track]) == track);
                            numbers += songs.Names[track].Length;
                            foreach (var genre in songs.GenresOfTrack[track])
                            {
                                numbers += songs.Genres[genre].Length;
                            }

                            foreach (var artist in songs.ArtistsOfTrack[track])
                            {
                                numbers += songs.Artists[artist].Length;
                            }
                        }

                        return numbers;
                    }
                );
            }
        );

    /// <summary>Reads, and says how it ended; anything but a <see cref="DamagedObjectException"/> ends the test.</summary>
    static string Outcome(byte[] bytes, long someBytes, Func<IByteSource, int> read)
    {
        try
        {
            var source = new ByteArraySource(bytes);
            var count = Fuzzer.WithinBytes(someBytes + (200L * bytes.Length), () => read(source));
            return $"read {Math.Min(4, count)} {Math.Min(3, bytes.Length >> 10)}";
        }
        catch (DamagedObjectException error)
        {
            return new([.. error.Message.Where(letter => !char.IsAsciiDigit(letter))]);
        }
    }

    static byte[] Songs(Random random)
    {
        var songs = Given.Songs([
            .. Enumerable
                .Range(0, random.Next(30))
                .Select(track =>
                    $"t{random.Next(20):d2},genre{random.Next(5)},{random.Next(1, 9)},a{random.Next(4)};b{random.Next(4)},name{track},{random.Next(101)}"
                ),
        ]);
        var file = new MemoryStream();
        SongsFile.Write(songs, file);
        return file.ToArray();
    }

    /// <summary>Makes all checksums fit, as far as what they cover can be found.</summary>
    static void SealSongs(byte[] bytes)
    {
        Put(44, bytes.AsSpan(0, 44));
        var counts = new long[9];
        for (var count = 0; count < counts.Length; count++)
        {
            counts[count] = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(8 + (4 * count)));
        }

        var (tracks, starts) = (counts[0], 4 * (counts[0] + 1));
        long[] lengths =
        [
            starts,
            starts,
            4 * (counts[1] + 1),
            4 * (counts[2] + 1),
            starts,
            4 * counts[3],
            starts,
            4 * counts[4],
            4 * tracks,
            4 * tracks,
            tracks,
            .. counts[5..],
        ];
        var (at, sum) = (48L, bytes.LongLength - 60);
        for (var array = 0; array < lengths.Length && sum >= 48; array++, sum += 4)
        {
            if (lengths[array] < 0 || at + lengths[array] > bytes.Length)
            {
                return;
            }

            Put((int)sum, bytes.AsSpan((int)at, (int)lengths[array]));
            at += lengths[array];
        }

        void Put(int place, ReadOnlySpan<byte> covered) =>
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(place), SliceFormat.Crc32C(covered));
    }
}
