using Downbeat.Engine.Scan;

namespace Downbeat.Engine.Tests.Scan;

/// <summary>The checksum of gzip, bit by bit, by tables, and folded.</summary>
public sealed class Crc32Tests
{
    public static TheoryData<ScanKernel> Kernels => [.. ScanKernels.Available];

    [Theory]
    [MemberData(nameof(Kernels))]
    public void TheCheckOfTheStandardIsMet(ScanKernel kernel) =>
        Assert.Equal(0xCBF43926, Crc32.Add(0, "123456789"u8, kernel));

    [Theory]
    [MemberData(nameof(Kernels))]
    public void EveryLengthHasTheChecksumThatItHasBitByBit(ScanKernel kernel) =>
        RandomRounds.Run(
            2,
            random =>
            {
                var bytes = new byte[1200];
                random.NextBytes(bytes);
                for (var length = 0; length < 1100; length++)
                {
                    var some = bytes.AsSpan(random.Next(64), length);
                    Assert.Equal(BitByBit(some), Crc32.Add(0, some, kernel));
                }
            }
        );

    [Theory]
    [MemberData(nameof(Kernels))]
    public void BytesMayComeInPieces(ScanKernel kernel) =>
        RandomRounds.Run(
            50,
            random =>
            {
                var bytes = new byte[random.Next(5000)];
                random.NextBytes(bytes);
                var sum = 0U;
                for (int from = 0, to; from < bytes.Length; from = to)
                {
                    to = Math.Min(bytes.Length, from + random.Next(1, 1000));
                    sum = Crc32.Add(sum, bytes.AsSpan(from..to), kernel);
                }

                Assert.Equal(BitByBit(bytes), sum);
            }
        );

    static uint BitByBit(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var next in bytes)
        {
            crc ^= next;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ ((crc & 1) * 0xEDB88320);
            }
        }

        return ~crc;
    }
}
