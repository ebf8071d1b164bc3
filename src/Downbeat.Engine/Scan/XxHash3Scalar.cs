using System.Buffers.Binary;

namespace Downbeat.Engine.Scan;

/// <summary>The rounds of <see cref="XxHash3"/>, one lane after the other: what the other kernels must say too.</summary>
static class XxHash3Scalar
{
    /// <summary>Takes whole rounds into the lanes.</summary>
    public static void Rounds(Span<ulong> lanes, ReadOnlySpan<byte> rounds)
    {
        for (; rounds.Length > 0; rounds = rounds[XxHash3.RoundBytes..])
        {
            for (var index = 0; index < XxHash3.RoundBytes / XxHash3.StripeBytes; index++)
            {
                Accumulate(
                    lanes,
                    rounds[(index * XxHash3.StripeBytes)..],
                    XxHash3.Secret[(index * XxHash3.SecretStep)..]
                );
            }

            Scramble(lanes);
        }
    }

    /// <summary>Takes one stripe into the lanes.</summary>
    public static void Accumulate(Span<ulong> lanes, ReadOnlySpan<byte> stripe, ReadOnlySpan<byte> secret)
    {
        for (var lane = 0; lane < XxHash3.Lanes; lane++)
        {
            var value = BinaryPrimitives.ReadUInt64LittleEndian(stripe[(lane * 8)..]);
            var keyed = value ^ BinaryPrimitives.ReadUInt64LittleEndian(secret[(lane * 8)..]);
            lanes[lane ^ 1] += value;
            lanes[lane] += (ulong)(uint)keyed * (keyed >> 32);
        }
    }

    static void Scramble(Span<ulong> lanes)
    {
        var secret = XxHash3.Secret[XxHash3.ScrambleOffset..];
        for (var lane = 0; lane < XxHash3.Lanes; lane++)
        {
            var value = lanes[lane] ^ (lanes[lane] >> 47);
            value ^= BinaryPrimitives.ReadUInt64LittleEndian(secret[(lane * 8)..]);
            lanes[lane] = value * XxHash3.ScramblePrime;
        }
    }
}
