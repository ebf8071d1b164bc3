using System.IO.Compression;
using System.Text;
using Downbeat.Pipeline.Landing;
using Downbeat.Testing;
using Downbeat.Testing.Fuzz;
using Downbeat.Testing.Oracle;

namespace Downbeat.Pipeline.Tests.Fuzz;

/// <summary>Whatever a <c>.csv.gz</c> file holds, it is decompressed to its end, or it is said what is wrong with it.</summary>
public sealed class GunzipFuzzTests
{
    static readonly byte[][] Tokens =
    [
        [0x1F, 0x8B, 8],
        [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0],
        [0x1F, 0x8B, 8, 31, 0, 0, 0, 0, 0, 0],
        [0x03, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        [0x1F],
        [0],
        new byte[512],
        "garbage"u8.ToArray(),
    ];

    [Fact]
    public void EveryFileIsDecompressedToItsEndOrRefused() => Fuzzer.Run("gzip", 1000, Members, Tokens, Check);

    [Fact]
    public void EveryFlippedBitIsNoticedOrChangesNothing()
    {
        var file = Member(new(1), "user_id,track_id,listen_time\n1,a,2024-06-25 00:00:00\n"u8.ToArray(), flags: 31, 10);
        var content = Decompress(new MemoryStream(file));
        for (var bit = 0; bit < file.Length * 8; bit++)
        {
            file[bit / 8] ^= (byte)(1 << (bit % 8));
            var expected = Gunzip.TryDecompress(file);
            var found = TryDecompress(new MemoryStream(file), out var why);
            Assert.True(expected is null ? found is null : content.AsSpan().SequenceEqual(found), $"bit {bit}: {why}");
            file[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        Assert.Equal(content, Decompress(new MemoryStream(file)));
        TestReport.Add("fuzz", ("gzip executions", file.Length * 8));
    }

    [Theory]
    [InlineData(10)]
    [InlineData(100_000)] // Larger than all that is read ahead.
    [InlineData(5_000_000)]
    public void AHeaderMayBeOfAnyLength(int length)
    {
        var content = "some rows\n"u8.ToArray();
        var file = Member(new(1), content, flags: 8 | 16, length);
        Assert.Equal([.. content, .. content], Decompress(new MemoryStream([.. file, .. file])));
    }

    [Theory]
    [InlineData("", "it is no gzip file")]
    [InlineData("behind", "behind its last gzip member, from byte 65 on, stands something else.")]
    [InlineData("\u001F\u008Bnothing", "its gzip member at byte 65 is compressed in a way that nobody knows.")]
    [InlineData("\0\0\0", "behind its last gzip member, from byte 65 on, stands something else.")]
    public void WhatStandsBehindTheLastMemberIsSaid(string tail, string expected)
    {
        var member = tail.Length == 0 ? "plain text"u8.ToArray() : Stored(42);
        Assert.Equal(tail.Length == 0 ? 10 : 65, member.Length);
        var told = Assert.Throws<InvalidDataException>(() =>
            Decompress(new MemoryStream([.. member, .. Encoding.Latin1.GetBytes(tail)]))
        );
        Assert.StartsWith(expected, told.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AFileThatIsCutOffIsToldFromADamagedOne()
    {
        var member = Stored(100_000);
        Assert.StartsWith(
            "it is cut off: its 5 bytes end within the header",
            Why(member[..5]),
            StringComparison.Ordinal
        );
        Assert.StartsWith("it is cut off: its 50000 bytes end", Why(member[..50_000]), StringComparison.Ordinal);
        Assert.EndsWith("or the file is cut off there.", Why(member[..^1]), StringComparison.Ordinal);
        var wrong = member.ToArray();
        wrong[60_000] ^= 1;
        Assert.StartsWith("the checksum of what came out", Why(wrong), StringComparison.Ordinal);
        wrong = TestLake.Gzip(string.Concat(Enumerable.Range(0, 5000).Select(number => $"{number},")));
        wrong[10] |= 7; // A kind of block that there is not.
        Assert.StartsWith("the compressed data of a gzip member is damaged", Why(wrong), StringComparison.Ordinal);

        static string Why(byte[] file)
        {
            TryDecompress(new MemoryStream(file), out var why);
            return why ?? "";
        }
    }

    /// <summary>One of a file without compression, whose length is known.</summary>
    static byte[] Stored(int length)
    {
        using var file = new MemoryStream();
        using (var gzip = new GZipStream(file, CompressionLevel.NoCompression, leaveOpen: true))
        {
            gzip.Write(Encoding.ASCII.GetBytes(new string('x', length)));
        }

        return file.ToArray();
    }

    static string Check(byte[] file, Random random)
    {
        var expected = Gunzip.TryDecompress(file);
        var most = 1 << random.Next(1, 18);
        using var stream = new PiecesStream(file, random, most);
        var content = TryDecompress(stream, out var why);
        if (expected is null && content is not null)
        {
            // Of bytes between data and checksum nobody hears, if they are few: see GunzipStream.
            expected = Gunzip.TryDecompress(file, mostSkipped: 1024);
        }

        if (expected is null != content is null || !(expected ?? []).AsSpan().SequenceEqual(content))
        {
            throw new InvalidOperationException(
                $"{expected?.Length ?? -1} bytes were expected, and {content?.Length ?? -1} came out ({why})."
            );
        }

        return why is null
            ? $"whole {Math.Min(3, file.Length >> 10)}"
            : new([.. why.Where(letter => !char.IsAsciiDigit(letter))]);
    }

    static byte[]? TryDecompress(Stream file, out string? why)
    {
        try
        {
            why = null;
            return Decompress(file);
        }
        catch (InvalidDataException error)
        {
            why = error.Message;
            return null;
        }
    }

    static byte[] Decompress(Stream file)
    {
        using var gunzip = new GunzipStream(file);
        using var content = new MemoryStream();
        gunzip.CopyTo(content);
        return content.ToArray();
    }

    static byte[] Members(Random random)
    {
        using var file = new MemoryStream();
        for (var members = random.Next(5); members > 0; members--)
        {
            var content = new byte[random.Next(3) == 0 ? random.Next(60_000) : random.Next(100)];
            if (random.Next(2) == 0)
            {
                random.NextBytes(content);
            }

            file.Write(Member(random, content, random.Next(2) == 0 ? 0 : random.Next(32), random.Next(200)));
        }

        return file.ToArray();
    }

    static byte[] Member(Random random, byte[] content, int flags, int textBytes)
    {
        using var member = new MemoryStream();
        member.Write([0x1F, 0x8B, 8, (byte)flags, 1, 2, 3, 4, 0, 3]);
        if ((flags & 4) != 0)
        {
            member.Write([3, 0, 0x1F, 0x8B, 8]);
        }

        foreach (var text in (int[])[8, 16])
        {
            if ((flags & text) != 0)
            {
                member.Write(Encoding.ASCII.GetBytes(new string('n', textBytes)));
                member.WriteByte(0);
            }
        }

        if ((flags & 2) != 0)
        {
            member.Write(BitConverter.GetBytes((ushort)Engine.Scan.Crc32.Add(0, member.ToArray())));
        }

        var level = (CompressionLevel)random.Next(4);
        using (var deflate = new DeflateStream(member, level, leaveOpen: true))
        {
            deflate.Write(content);
            deflate.Flush(); // Else no content makes no bytes.
        }

        member.Write(BitConverter.GetBytes(Engine.Scan.Crc32.Add(0, content)));
        member.Write(BitConverter.GetBytes(content.Length));
        return member.ToArray();
    }

    /// <summary>Hands out bytes in pieces of any size.</summary>
    sealed class PiecesStream(byte[] bytes, Random random, int most) : MemoryStream(bytes)
    {
        public override int Read(Span<byte> buffer) =>
            base.Read(buffer[..Math.Min(buffer.Length, random.Next(1, most + 1))]);
    }
}
