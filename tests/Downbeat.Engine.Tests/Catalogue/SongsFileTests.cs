using Downbeat.Engine.Catalogue;
using Downbeat.Engine.Slices;

namespace Downbeat.Engine.Tests.Catalogue;

public sealed class SongsFileTests
{
    [Fact]
    public void SongsAreReadAsTheyWereWritten() =>
        RandomRounds.Run(
            30,
            random =>
            {
                var rows = Enumerable
                    .Range(0, random.Next(300))
                    .Select(_ =>
                        $"t{random.Next(200)},g{random.Next(200)},{1 + (random.Next() >> random.Next(31))},"
                        + $"{string.Join(';', Enumerable.Range(0, random.Next(5)).Select(_ => $"é{random.Next(300)}"))},"
                        + $"{new string('n', random.Next(300))},{random.Next(101)}"
                    );
                var songs = Given.Songs([.. rows]);
                songs = new()
                {
                    Tracks = songs.Tracks,
                    Names = songs.Names,
                    DurationMs = songs.DurationMs,
                    Popularity = songs.Popularity,
                    KnownSince = [.. songs.KnownSince.Select(_ => random.Next() >> random.Next(31))],
                    Genres = songs.Genres,
                    GenresOfTrack = songs.GenresOfTrack,
                    Artists = songs.Artists,
                    ArtistsOfTrack = songs.ArtistsOfTrack,
                };
                var bytes = Written(songs);
                var read = SongsFile.Read(new ByteArraySource(bytes));
                Assert.Equal(SongsText.Lines(songs), SongsText.Lines(read));
                Assert.Equal(bytes, Written(read));
                Assert.Equal(songs.Tracks.Count, read.GenresOfTrack.Count);
            }
        );

    [Fact]
    public void NoSongsAreReadToo() =>
        Assert.Equal(0, SongsFile.Read(new ByteArraySource(Written(Given.Songs()))).Tracks.Count);

    [Fact]
    public void EveryDamageIsNoticed()
    {
        var bytes = Written(Given.Songs("a,rock,200000,Queen;Abba,A,40", "b,pop,1,,B,100"));
        for (var bit = 0; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            AssertNoticed(bytes, $"bit {bit}");
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        for (var length = 0; length < bytes.Length; length++)
        {
            AssertNoticed(bytes[..length], $"the first {length} bytes");
        }

        AssertNoticed([.. bytes, 0], "one byte more");
        AssertNoticed(new byte[1000], "zeros");
        Assert.Equal(2, SongsFile.Read(new ByteArraySource(bytes)).Tracks.Count);
    }

    static byte[] Written(Songs songs)
    {
        var bytes = new MemoryStream();
        SongsFile.Write(songs, bytes);
        return bytes.ToArray();
    }

    static void AssertNoticed(byte[] bytes, string what)
    {
        var exception = Record.Exception(() => SongsFile.Read(new ByteArraySource(bytes, "catalogue/songs-1.bin")));
        Assert.True(
            exception is DamagedObjectException,
            $"{what}: {exception?.ToString() ?? "read without complaint"}"
        );
        Assert.Contains("catalogue/songs-1.bin", exception!.Message, StringComparison.Ordinal);
    }
}
