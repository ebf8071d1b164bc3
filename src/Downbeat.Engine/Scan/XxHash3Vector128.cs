using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Downbeat.Engine.Scan;

/// <summary>The rounds of <see cref="XxHash3"/>, two lanes in a vector, on any processor that has vectors.</summary>
static class XxHash3Vector128
{
    const nuint VectorBytes = 16;

    /// <summary>Takes whole rounds into the lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rounds(Span<ulong> lanes, ReadOnlySpan<byte> rounds)
    {
        ref var secret = ref MemoryMarshal.GetReference(XxHash3.Secret);
        ref var next = ref MemoryMarshal.GetReference(rounds);
        ref var end = ref Unsafe.Add(ref next, rounds.Length);
        var one = Vector128.Create<ulong>(lanes);
        var two = Vector128.Create<ulong>(lanes[2..]);
        var three = Vector128.Create<ulong>(lanes[4..]);
        var four = Vector128.Create<ulong>(lanes[6..]);
        while (Unsafe.IsAddressLessThan(ref next, ref end))
        {
            for (nuint offset = 0; offset < XxHash3.RoundBytes; offset += XxHash3.StripeBytes)
            {
                ref var stripe = ref Unsafe.Add(ref next, offset);
                ref var key = ref Unsafe.Add(ref secret, offset / XxHash3.SecretStep);
                one += Accumulate(ref stripe, ref key, 0 * VectorBytes);
                two += Accumulate(ref stripe, ref key, 1 * VectorBytes);
                three += Accumulate(ref stripe, ref key, 2 * VectorBytes);
                four += Accumulate(ref stripe, ref key, 3 * VectorBytes);
            }

            ref var scramble = ref Unsafe.Add(ref secret, XxHash3.ScrambleOffset);
            one = Scramble(one, ref scramble, 0 * VectorBytes);
            two = Scramble(two, ref scramble, 1 * VectorBytes);
            three = Scramble(three, ref scramble, 2 * VectorBytes);
            four = Scramble(four, ref scramble, 3 * VectorBytes);
            next = ref Unsafe.Add(ref next, XxHash3.RoundBytes);
        }

        one.CopyTo(lanes);
        two.CopyTo(lanes[2..]);
        three.CopyTo(lanes[4..]);
        four.CopyTo(lanes[6..]);
    }

    /// <summary>What a quarter of a stripe adds to its lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector128<ulong> Accumulate(ref byte stripe, ref byte secret, nuint offset)
    {
        var values = Vector128.LoadUnsafe(ref stripe, offset).AsUInt64();
        var keyed = values ^ Vector128.LoadUnsafe(ref secret, offset).AsUInt64();
        return MultiplyHalves(keyed, keyed >>> 32) + Vector128.Shuffle(values, Vector128.Create(1UL, 0UL));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector128<ulong> Scramble(Vector128<ulong> sums, ref byte secret, nuint offset)
    {
        var prime = Vector128.Create<ulong>(XxHash3.ScramblePrime);
        sums = sums ^ (sums >>> 47) ^ Vector128.LoadUnsafe(ref secret, offset).AsUInt64();
        return MultiplyHalves(sums, prime) + (MultiplyHalves(sums >>> 32, prime) << 32);
    }

    /// <summary>The products of the lower halves of the lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector128<ulong> MultiplyHalves(Vector128<ulong> left, Vector128<ulong> right)
    {
        if (Sse2.IsSupported)
        {
            return Sse2.Multiply(left.AsUInt32(), right.AsUInt32());
        }

        if (AdvSimd.IsSupported)
        {
            return AdvSimd.MultiplyWideningLower(
                AdvSimd.ExtractNarrowingLower(left),
                AdvSimd.ExtractNarrowingLower(right)
            );
        }

        var half = Vector128.Create<ulong>(uint.MaxValue);
        return (left & half) * (right & half);
    }
}
