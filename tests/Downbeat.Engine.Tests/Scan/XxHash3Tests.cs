using System.Globalization;
using Downbeat.Engine.Scan;
using Downbeat.Testing;

namespace Downbeat.Engine.Tests.Scan;

/// <summary>Every kernel gives the hashes of the reference, whatever the length and wherever the bytes begin.</summary>
public sealed class XxHash3Tests
{
    public static TheoryData<ScanKernel> Kernels => [.. ScanKernels.Available];

    /// <summary>Bytes that anyone can make again: the highest bytes of a congruential sequence.</summary>
    internal static byte[] Pattern(int length)
    {
        var state = 1UL;
        var pattern = new byte[length];
        for (var index = 0; index < length; index++)
        {
            state = unchecked((state * 6364136223846793005) + 1442695040888963407);
            pattern[index] = (byte)(state >> 56);
        }

        return pattern;
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void EveryLengthHasTheHashOfTheReference(ScanKernel kernel)
    {
        var vectors = Vectors();
        Assert.Equal(Enumerable.Range(0, 301), vectors.Take(301).Select(vector => vector.Length));
        var pattern = Pattern(vectors.Max(vector => vector.Length));
        foreach (var (length, hash) in vectors)
        {
            Assert.Equal((length, hash), (length, Hex(XxHash3.Hash(pattern.AsSpan(0, length), kernel))));
        }
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void EveryKernelSaysWhatTheScalarOneSays(ScanKernel kernel) =>
        RandomRounds.Run(
            4,
            random =>
            {
                var bytes = new byte[8192];
                random.NextBytes(bytes);
                for (var length = 0; length < 4200; length++)
                {
                    var content = bytes.AsSpan(random.Next(128), length);
                    Assert.Equal(XxHash3.Hash(content, ScanKernel.Scalar), XxHash3.Hash(content, kernel));
                }

                for (var offset = 0; offset <= 128; offset++)
                {
                    var content = bytes.AsSpan(offset, 4096 + random.Next(3900));
                    Assert.Equal(XxHash3.Hash(content, ScanKernel.Scalar), XxHash3.Hash(content, kernel));
                }
            }
        );

    [Fact]
    public void BytesInPiecesHaveTheHashOfTheWhole() =>
        RandomRounds.Run(
            300,
            random =>
            {
                var bytes = new byte[random.Next(1, 12_000)];
                random.NextBytes(bytes);
                var stream = new XxHash3Stream();
                stream.Append(bytes); // What was there before does not matter.
                stream.Reset();
                var longest = 1 << random.Next(13);
                for (var at = 0; at < bytes.Length; )
                {
                    var piece = random.Next(Math.Min(longest, bytes.Length - at) + 1);
                    stream.Append(bytes.AsSpan(at, piece));
                    at += piece;
                    Assert.Equal(XxHash3.Hash(bytes.AsSpan(0, at)), stream.Hash());
                }

                Assert.Equal(stream.Hash(), stream.Copy().Hash());
            }
        );

    static List<(int Length, string Hash)> Vectors() =>
        [
            .. File.ReadLines(Path.Combine(Repository.Folder, "tests", "Downbeat.Engine.Tests", "Scan", "xxh3-128.txt"))
                .Where(line => !line.StartsWith('#'))
                .Select(line => line.Split(' '))
                .Select(line => (int.Parse(line[0], CultureInfo.InvariantCulture), line[1])),
        ];

    static string Hex(UInt128 hash) => hash.ToString("x32", CultureInfo.InvariantCulture);
}
