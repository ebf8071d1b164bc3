using Downbeat.Engine.Scan;

namespace Downbeat.Engine.Tests.Scan;

public sealed class DelimitersTests
{
    const int MaxBytes = 400;

    /// <summary>Those that count, their neighbours, and those that differ from them in the top bit only.</summary>
    static readonly byte[] Telling = [.. ",\n\"\r+-\t\v!#\f\u000e\0\u007f"u8, 0x80, 0xFF, 0xAC, 0x8A, 0xA2, 0x8D];

    public static TheoryData<ScanKernel> Kernels => [.. ScanKernels.Available];

    [Fact]
    public void TheTwinMarksEachByteByItself()
    {
        var bytes = new byte[130];
        bytes.AsSpan().Fill((byte)'a');
        (bytes[0], bytes[63], bytes[64], bytes[129]) = ((byte)',', (byte)'\n', (byte)',', (byte)',');
        var (commas, lineFeeds) = (new ulong[3], new ulong[3]);
        Assert.Equal(DelimiterKinds.None, Delimiters.Find(bytes, commas, lineFeeds, ScanKernel.Scalar));
        Assert.Equal([1UL, 1UL, 2UL], commas);
        Assert.Equal([1UL << 63, 0UL, 0UL], lineFeeds);
        var positions = new int[bytes.Length];
        Assert.Equal(4, Delimiters.Locate(bytes, positions, out var kinds, ScanKernel.Scalar));
        Assert.Equal([0, 63, 64, 129], positions[..4]);
        Assert.Equal(DelimiterKinds.None, kinds);
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void EachByteIsItsOwnKindWhereverItStands(ScanKernel kernel)
    {
        var bytes = new byte[130];
        for (var at = 0; at < bytes.Length; at++)
        {
            for (var value = 0; value < 256; value++)
            {
                bytes.AsSpan().Fill((byte)'a');
                bytes[at] = (byte)value;
                AssertAgrees(bytes, kernel);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void EveryKernelAgreesWithTheTwinAtEveryLengthAndOffset(ScanKernel kernel) =>
        RandomRounds.Run(
            20,
            random =>
            {
                var bytes = GivenBytes(random);
                for (var length = 0; length <= MaxBytes - 64; length++)
                {
                    AssertAgrees(bytes.AsSpan(random.Next(64), length), kernel);
                }

                for (var offset = 0; offset < 64; offset++)
                {
                    AssertAgrees(bytes.AsSpan(offset, random.Next(MaxBytes - 64)), kernel);
                }
            }
        );

    [Fact]
    public void TheChosenKernelIsUsed()
    {
        var positions = new int[8];
        Assert.Equal(3, Delimiters.Locate("a,b,\"c\n"u8, positions, out var kinds));
        Assert.Equal([1, 3, 6], positions[..3]);
        Assert.Equal(DelimiterKinds.Quotes, kinds);
        var (commas, lineFeeds) = (new ulong[1], new ulong[1]);
        Assert.Equal(DelimiterKinds.CarriageReturns, Delimiters.Find("a,b,\rc\n"u8, commas, lineFeeds));
        Assert.Equal((10UL, 64UL), (commas[0], lineFeeds[0]));
    }

    [Fact]
    public void ThereMustBeRoom()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Delimiters.Locate(new byte[65], new int[64], out _));
        Assert.Throws<ArgumentOutOfRangeException>(() => Delimiters.Find(new byte[65], new ulong[1], new ulong[2]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Delimiters.Find(new byte[65], new ulong[2], new ulong[1]));
    }

    /// <summary>From ordinary text to nothing but telling bytes.</summary>
    static byte[] GivenBytes(Random random)
    {
        var bytes = new byte[MaxBytes];
        var share = random.Next(4) switch
        {
            0 => 1.0,
            1 => 0.01,
            _ => random.NextDouble(),
        };
        var telling = random.Next(2) == 0 ? [(byte)',', (byte)'\n'] : Telling;
        foreach (ref var value in bytes.AsSpan())
        {
            value = random.NextDouble() < share ? telling[random.Next(telling.Length)] : (byte)('a' + random.Next(26));
        }

        return bytes;
    }

    static void AssertAgrees(ReadOnlySpan<byte> bytes, ScanKernel kernel)
    {
        const ulong Untouched = 0xDEAD_BEEF_DEAD_BEEF;
        var words = Delimiters.WordCount(bytes.Length);
        var expectedCommas = new ulong[words];
        var expectedLineFeeds = new ulong[words];
        var expectedKinds = Delimiters.Find(bytes, expectedCommas, expectedLineFeeds, ScanKernel.Scalar);

        // One more than there must be: nothing may be written there.
        ulong[] commas = [.. Enumerable.Repeat(Untouched, words + 1)];
        ulong[] lineFeeds = [.. Enumerable.Repeat(Untouched, words + 1)];
        Assert.Equal(expectedKinds, Delimiters.Find(bytes, commas, lineFeeds, kernel));
        Assert.Equal([.. expectedCommas, Untouched], commas);
        Assert.Equal([.. expectedLineFeeds, Untouched], lineFeeds);

        var expectedPositions = new int[bytes.Length];
        var count = Delimiters.Locate(bytes, expectedPositions, out var locatedKinds, ScanKernel.Scalar);
        Assert.Equal(expectedKinds, locatedKinds);
        int[] positions = [.. Enumerable.Repeat(-1, bytes.Length + 1)];
        Assert.Equal(count, Delimiters.Locate(bytes, positions, out locatedKinds, kernel));
        Assert.Equal(expectedKinds, locatedKinds);
        Assert.Equal(expectedPositions[..count], positions[..count]);
        Assert.Equal(-1, positions[^1]);
    }
}
