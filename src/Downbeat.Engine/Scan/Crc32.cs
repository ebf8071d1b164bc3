using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Downbeat.Engine.Scan;

/// <summary>
/// The checksum of gzip and zlib (CRC-32 of ISO 3309). Where the machine multiplies without carries, 64 bytes at a time are folded
/// into the next 64, as in Gopal et al., "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ Instruction" (Intel, 2009).
/// </summary>
public static class Crc32
{
    const int Lanes = 4;
    const int LaneBytes = 16;

    /// <summary>The checksum of bytes.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="before">The checksum of what stands before them.</param>
    public static uint Add(uint before, ReadOnlySpan<byte> bytes) => Add(before, bytes, ScanKernels.Chosen);

    /// <summary>As above, by the kernel named.</summary>
    internal static uint Add(uint before, ReadOnlySpan<byte> bytes, ScanKernel kernel)
    {
        var state = ~before;
        if (kernel != ScanKernel.Scalar && Pclmulqdq.IsSupported && bytes.Length >= 2 * Lanes * LaneBytes)
        {
            // What is folded stands for all bytes before: it has the checksum that they have.
            Span<byte> folded = stackalloc byte[LaneBytes];
            var length = bytes.Length & -LaneBytes;
            Fold(state, bytes[..length]).CopyTo(folded);
            state = Crc32Scalar.Add(0, folded);
            bytes = bytes[length..];
        }

        return ~Crc32Scalar.Add(state, bytes);
    }

    /// <summary>Folds whole lanes, at least eight of them, into one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static Vector128<byte> Fold(uint state, ReadOnlySpan<byte> bytes)
    {
        // Powers of x modulo the polynomial, bits reversed: 544 and 480 fold over four lanes, 160 and 96 over one.
        var overFour = Vector128.Create(0x1_5444_2BD4, 0x1_C6E4_1596UL);
        var overOne = Vector128.Create(0x1_7519_97D0, 0x0_CCAA_009EUL);
        ref var first = ref MemoryMarshal.GetReference(bytes);
        var a = Load(ref first, 0) ^ Vector128.CreateScalar((ulong)state);
        var b = Load(ref first, 1);
        var c = Load(ref first, 2);
        var d = Load(ref first, 3);
        var lanes = bytes.Length / LaneBytes;
        var lane = Lanes;
        for (; lane + Lanes <= lanes; lane += Lanes)
        {
            a = Move(a, overFour) ^ Load(ref first, lane);
            b = Move(b, overFour) ^ Load(ref first, lane + 1);
            c = Move(c, overFour) ^ Load(ref first, lane + 2);
            d = Move(d, overFour) ^ Load(ref first, lane + 3);
        }

        a = Move(a, overOne) ^ b;
        a = Move(a, overOne) ^ c;
        a = Move(a, overOne) ^ d;
        for (; lane < lanes; lane++)
        {
            a = Move(a, overOne) ^ Load(ref first, lane);
        }

        return a.AsByte();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector128<ulong> Move(Vector128<ulong> lane, Vector128<ulong> powers) =>
        Pclmulqdq.CarrylessMultiply(lane, powers, 0x00) ^ Pclmulqdq.CarrylessMultiply(lane, powers, 0x11);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector128<ulong> Load(ref byte first, int lane) =>
        Vector128.LoadUnsafe(ref first, (nuint)(lane * LaneBytes)).AsUInt64();
}
