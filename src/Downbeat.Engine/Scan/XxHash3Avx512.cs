using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Downbeat.Engine.Scan;

/// <summary>The rounds of <see cref="XxHash3"/>, all lanes in one vector.</summary>
static class XxHash3Avx512
{
    /// <summary>Exchanges the two lanes of each pair.</summary>
    const byte SwapLanes = 0b01_00_11_10;

    /// <summary>Takes whole rounds into the lanes.</summary>
    [MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.AggressiveOptimization)] // Packaged, too: see Packaged.cs.
    public static void Rounds(Span<ulong> lanes, ReadOnlySpan<byte> rounds)
    {
        ref var secret = ref MemoryMarshal.GetReference(XxHash3.Secret);
        ref var next = ref MemoryMarshal.GetReference(rounds);
        ref var end = ref Unsafe.Add(ref next, rounds.Length);
        var scramble = Vector512.LoadUnsafe(ref secret, XxHash3.ScrambleOffset).AsUInt64();
        var prime = Vector512.Create<ulong>(XxHash3.ScramblePrime).AsUInt32();
        var sums = Vector512.Create<ulong>(lanes);
        while (Unsafe.IsAddressLessThan(ref next, ref end))
        {
            for (nuint offset = 0; offset < XxHash3.RoundBytes; offset += XxHash3.StripeBytes)
            {
                var stripe = Vector512.LoadUnsafe(ref next, offset).AsUInt64();
                var keyed = stripe ^ Vector512.LoadUnsafe(ref secret, offset / XxHash3.SecretStep).AsUInt64();
                var product = Avx512F.Multiply(keyed.AsUInt32(), (keyed >>> 32).AsUInt32());

                // Added to each other first: from stripe to stripe there is one addition to wait for, not two.
                sums += product + Avx512F.Shuffle(stripe.AsUInt32(), SwapLanes).AsUInt64();
            }

            sums = sums ^ (sums >>> 47) ^ scramble;
            sums = Avx512F.Multiply(sums.AsUInt32(), prime) + (Avx512F.Multiply((sums >>> 32).AsUInt32(), prime) << 32);
            next = ref Unsafe.Add(ref next, XxHash3.RoundBytes);
        }

        sums.CopyTo(lanes);
    }
}
