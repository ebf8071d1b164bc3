using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Downbeat.Engine.Scan;

/// <summary>The rounds of <see cref="XxHash3"/>, four lanes in a vector.</summary>
static class XxHash3Avx2
{
    /// <summary>Exchanges the two lanes of each pair.</summary>
    const byte SwapLanes = 0b01_00_11_10;

    const nuint VectorBytes = 32;

    /// <summary>Takes whole rounds into the lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rounds(Span<ulong> lanes, ReadOnlySpan<byte> rounds)
    {
        ref var secret = ref MemoryMarshal.GetReference(XxHash3.Secret);
        ref var next = ref MemoryMarshal.GetReference(rounds);
        ref var end = ref Unsafe.Add(ref next, rounds.Length);
        var low = Vector256.Create<ulong>(lanes);
        var high = Vector256.Create<ulong>(lanes[4..]);
        while (Unsafe.IsAddressLessThan(ref next, ref end))
        {
            for (nuint offset = 0; offset < XxHash3.RoundBytes; offset += XxHash3.StripeBytes)
            {
                var at = offset / XxHash3.SecretStep;
                low += Accumulate(ref Unsafe.Add(ref next, offset), ref Unsafe.Add(ref secret, at));
                high += Accumulate(
                    ref Unsafe.Add(ref next, offset + VectorBytes),
                    ref Unsafe.Add(ref secret, at + VectorBytes)
                );
            }

            low = Scramble(low, ref Unsafe.Add(ref secret, XxHash3.ScrambleOffset));
            high = Scramble(high, ref Unsafe.Add(ref secret, XxHash3.ScrambleOffset + VectorBytes));
            next = ref Unsafe.Add(ref next, XxHash3.RoundBytes);
        }

        low.CopyTo(lanes);
        high.CopyTo(lanes[4..]);
    }

    /// <summary>What half a stripe adds to its lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<ulong> Accumulate(ref byte half, ref byte secret)
    {
        var stripe = Vector256.LoadUnsafe(ref half).AsUInt64();
        var keyed = stripe ^ Vector256.LoadUnsafe(ref secret).AsUInt64();
        return Avx2.Multiply(keyed.AsUInt32(), (keyed >>> 32).AsUInt32())
            + Avx2.Shuffle(stripe.AsUInt32(), SwapLanes).AsUInt64();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<ulong> Scramble(Vector256<ulong> sums, ref byte secret)
    {
        var prime = Vector256.Create<ulong>(XxHash3.ScramblePrime).AsUInt32();
        sums = sums ^ (sums >>> 47) ^ Vector256.LoadUnsafe(ref secret).AsUInt64();
        return Avx2.Multiply(sums.AsUInt32(), prime) + (Avx2.Multiply((sums >>> 32).AsUInt32(), prime) << 32);
    }
}
