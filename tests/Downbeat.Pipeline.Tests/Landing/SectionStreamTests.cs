using System.Text;
using Downbeat.Engine.Scan;
using Downbeat.Pipeline.Landing;
using Downbeat.Testing;

namespace Downbeat.Pipeline.Tests.Landing;

public sealed class SectionStreamTests
{
    [Theory]
    [InlineData("")]
    [InlineData("a")]
    [InlineData("\n")]
    [InlineData("\n\n\n")]
    [InlineData("\r\n\r\n")]
    [InlineData("abc,def\nghi\n")]
    [InlineData("abc,def\nghi")]
    [InlineData("a\r\n\r\nlong line without end of its own\r")]
    [InlineData("one line that fills all sections")]
    public void EveryLineBelongsToTheSectionInWhichItBegins(string text)
    {
        var file = Encoding.UTF8.GetBytes(text);
        for (var one = 0; one <= file.Length; one++)
        {
            for (var other = one; other <= file.Length; other++)
            {
                AssertParts(file, [0, one, other, file.Length]);
            }
        }
    }

    [Fact]
    public void SectionsHoldTheLinesOfAnyFile() =>
        RandomRounds.Run(
            400,
            random =>
            {
                // Longer than what is read at a time now and then, with few line ends or nothing else.
                var file = new byte[random.Next(20) == 0 ? random.Next(300_000) : random.Next(400)];
                var ends = Math.Pow(random.NextDouble(), random.Next(1, 30));
                foreach (ref var letter in file.AsSpan())
                {
                    letter = (byte)(
                        random.NextDouble() < ends ? '\n'
                        : random.Next(10) == 0 ? '\r'
                        : 'x'
                    );
                }

                var cuts = Enumerable.Range(0, random.Next(9)).Select(_ => random.Next(file.Length + 1));
                AssertParts(file, [0, .. cuts.Order(), file.Length]);
            }
        );

    /// <summary>Behind a quote line feeds may be part of a field: whoever reads all sections learns of it.</summary>
    [Fact]
    public void AQuoteAnywhereIsNoticed() =>
        RandomRounds.Run(
            400,
            random =>
            {
                var file = Encoding.UTF8.GetBytes(
                    string.Concat(
                        Enumerable.Range(0, random.Next(1, 30)).Select(_ => new string('x', random.Next(20)) + "\n")
                    )
                );
                file[random.Next(file.Length)] = (byte)'"';
                int[] starts = [0, .. Enumerable.Range(0, 4).Select(_ => random.Next(file.Length)).Order()];
                var noticed = 0;
                for (var section = 0; section < starts.Length; section++)
                {
                    var end = section + 1 < starts.Length ? starts[section + 1] : file.Length;
                    using var stream = new SectionStream(new MemoryBytes(file), starts[section], end, _ => { });
                    var read = ReadAll(stream, random.Next(1, 9));
                    Assert.DoesNotContain((byte)'"', read);
                    noticed += stream.HasQuote ? 1 : 0;
                }

                Assert.InRange(noticed, 1, 2); // Its own section, and the one before when it ends a line of that.
            }
        );

    [Fact]
    public void AFileWithoutQuotesHasNone()
    {
        using var stream = new SectionStream(new MemoryBytes([.. "a\nb\nc\n"u8]), 1, 5, _ => { });
        Assert.Equal("b\nc\n"u8, ReadAll(stream, 100));
        Assert.Equal(2, stream.FirstByte);
        Assert.False(stream.HasQuote);
    }

    [Theory]
    [InlineData(3 << 20)]
    [InlineData((3 << 20) + 1)]
    [InlineData((3 << 20) - 1)]
    [InlineData((5 << 20) / 2)]
    public void TheHashesOfAllSectionsAreThoseOfTheFile(int length)
    {
        var random = new Random(length);
        var file = new byte[length];
        random.NextBytes(file);
        var blocks = new List<UInt128>();
        var read = 0L;
        foreach (var (start, end) in ((int, int)[])[(0, 1 << 20), (1 << 20, 2 << 20), (2 << 20, length)])
        {
            using var stream = new SectionStream(new MemoryBytes(file), start, end, bytes => read += bytes);
            if (start > 0)
            {
                ReadAll(stream, 70_000); // What nobody reads is hashed too.
            }

            blocks.AddRange(stream.Finish());
        }

        Assert.Equal(file.Length, read); // Each byte is said to be read once.
        using var whole = new MemoryStream(file);
        Assert.Equal(ContentHash.Of(whole), ContentHash.Combine([.. blocks], file.Length));
    }

    [Fact]
    public void AFileThatBecameShorterIsSaidToHaveEnded()
    {
        using var stream = new SectionStream(new MemoryBytes([.. "a\nb\n"u8]), 2, 9, _ => { });
        Assert.Throws<EndOfStreamException>(() => ReadAll(stream, 100));
        Assert.Throws<EndOfStreamException>(() => new SectionStream(new MemoryBytes([.. "a\n"u8]), 4, 9, _ => { }));
    }

    static void AssertParts(byte[] file, long[] cuts)
    {
        var lines = new List<byte>();
        for (var section = 0; section + 1 < cuts.Length; section++)
        {
            var (start, end) = (cuts[section], cuts[section + 1]);
            using var stream = new SectionStream(new MemoryBytes(file), start, end, _ => { });
            var first = stream.FirstByte;
            var read = ReadAll(stream, 1 + (int)(end % 70_000));
            Assert.False(stream.HasQuote);
            if (read.Length == 0)
            {
                continue;
            }

            Assert.InRange(first, start, end - 1);
            Assert.True(first == 0 || file[first - 1] == '\n');
            Assert.Equal(lines.Count, first);
            lines.AddRange(read);
        }

        Assert.True(file.AsSpan().SequenceEqual(lines.ToArray()));
    }

    static byte[] ReadAll(Stream stream, int pieceBytes)
    {
        var all = new MemoryStream();
        var piece = new byte[pieceBytes];
        for (int read; (read = stream.Read(piece)) > 0; )
        {
            all.Write(piece, 0, read);
        }

        Assert.Equal(0, stream.Read(piece)); // The end stays the end.
        return all.ToArray();
    }
}
