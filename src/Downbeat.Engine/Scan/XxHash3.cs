using System.Buffers.Binary;
using System.Diagnostics;
using System.Numerics;

namespace Downbeat.Engine.Scan;

/// <summary>
/// XXH3 of 128 bits, with the default secret and the seed 0, after the published specification of xxHash. It tells
/// content apart as fast as memory gives it; it keeps no secret and withstands nobody who looks for two contents alike.
/// </summary>
public static class XxHash3
{
    /// <summary>The unit in which long content is eaten.</summary>
    internal const int StripeBytes = 64;

    /// <summary>After so many bytes the lanes are scrambled; the kernels work on whole rounds.</summary>
    internal const int RoundBytes = 1024;

    /// <summary>Where the 64 bytes of the secret begin that scramble.</summary>
    internal const int ScrambleOffset = 192 - StripeBytes;

    /// <summary>From a stripe to the next one, the secret moves on by so many bytes.</summary>
    internal const int SecretStep = 8;

    /// <summary>PRIME32_1.</summary>
    internal const uint ScramblePrime = Prime32One;

    /// <summary>How many values of 64 bits are carried from stripe to stripe.</summary>
    internal const int Lanes = 8;

    /// <summary>Content up to so many bytes is not hashed by stripes.</summary>
    internal const int MaxShortBytes = 240;

    const uint Prime32One = 0x9E3779B1;
    const uint Prime32Two = 0x85EBCA77;
    const uint Prime32Three = 0xC2B2AE3D;
    const ulong Prime64One = 0x9E3779B185EBCA87;
    const ulong Prime64Two = 0xC2B2AE3D27D4EB4F;
    const ulong Prime64Three = 0x165667B19E3779F9;
    const ulong Prime64Four = 0x85EBCA77C2B2AE63;
    const ulong Prime64Five = 0x27D4EB2F165667C5;
    const ulong PrimeMixOne = 0x165667919E3779F9;
    const ulong PrimeMixTwo = 0x9FB21C651E98DF25;

    /// <summary>The default secret.</summary>
    // csharpier-ignore
    internal static ReadOnlySpan<byte> Secret =>
    [
        0xB8, 0xFE, 0x6C, 0x39, 0x23, 0xA4, 0x4B, 0xBE, 0x7C, 0x01, 0x81, 0x2C, 0xF7, 0x21, 0xAD, 0x1C,
        0xDE, 0xD4, 0x6D, 0xE9, 0x83, 0x90, 0x97, 0xDB, 0x72, 0x40, 0xA4, 0xA4, 0xB7, 0xB3, 0x67, 0x1F,
        0xCB, 0x79, 0xE6, 0x4E, 0xCC, 0xC0, 0xE5, 0x78, 0x82, 0x5A, 0xD0, 0x7D, 0xCC, 0xFF, 0x72, 0x21,
        0xB8, 0x08, 0x46, 0x74, 0xF7, 0x43, 0x24, 0x8E, 0xE0, 0x35, 0x90, 0xE6, 0x81, 0x3A, 0x26, 0x4C,
        0x3C, 0x28, 0x52, 0xBB, 0x91, 0xC3, 0x00, 0xCB, 0x88, 0xD0, 0x65, 0x8B, 0x1B, 0x53, 0x2E, 0xA3,
        0x71, 0x64, 0x48, 0x97, 0xA2, 0x0D, 0xF9, 0x4E, 0x38, 0x19, 0xEF, 0x46, 0xA9, 0xDE, 0xAC, 0xD8,
        0xA8, 0xFA, 0x76, 0x3F, 0xE3, 0x9C, 0x34, 0x3F, 0xF9, 0xDC, 0xBB, 0xC7, 0xC7, 0x0B, 0x4F, 0x1D,
        0x8A, 0x51, 0xE0, 0x4B, 0xCD, 0xB4, 0x59, 0x31, 0xC8, 0x9F, 0x7E, 0xC9, 0xD9, 0x78, 0x73, 0x64,
        0xEA, 0xC5, 0xAC, 0x83, 0x34, 0xD3, 0xEB, 0xC3, 0xC5, 0x81, 0xA0, 0xFF, 0xFA, 0x13, 0x63, 0xEB,
        0x17, 0x0D, 0xDD, 0x51, 0xB7, 0xF0, 0xDA, 0x49, 0xD3, 0x16, 0x55, 0x26, 0x29, 0xD4, 0x68, 0x9E,
        0x2B, 0x16, 0xBE, 0x58, 0x7D, 0x47, 0xA1, 0xFC, 0x8F, 0xF8, 0xB8, 0xD1, 0x7A, 0xD0, 0x31, 0xCE,
        0x45, 0xCB, 0x3A, 0x8F, 0x95, 0x16, 0x04, 0x28, 0xAF, 0xD7, 0xFB, 0xCA, 0xBB, 0x4B, 0x40, 0x7E,
    ];

    static ReadOnlySpan<ulong> FirstLanes =>
        [Prime32Three, Prime64One, Prime64Two, Prime64Three, Prime64Four, Prime32Two, Prime64Five, Prime32One];

    /// <summary>The hash of some bytes.</summary>
    public static UInt128 Hash(ReadOnlySpan<byte> content) => Hash(content, ScanKernels.Chosen);

    /// <summary>The hash of some bytes, by a kernel that this machine has.</summary>
    internal static UInt128 Hash(ReadOnlySpan<byte> content, ScanKernel kernel)
    {
        if (content.Length <= MaxShortBytes)
        {
            return OfShort(content);
        }

        Span<ulong> lanes = stackalloc ulong[Lanes];
        Begin(lanes);
        var whole = (content.Length - 1) / RoundBytes * RoundBytes; // The last round is never scrambled, not even a whole one.
        Rounds(lanes, content[..whole], kernel);
        return OfLast(lanes, content[whole..], content[^StripeBytes..], content.Length);
    }

    /// <summary>The lanes as they are before the first round.</summary>
    internal static void Begin(Span<ulong> lanes) => FirstLanes.CopyTo(lanes);

    /// <summary>Takes whole rounds into the lanes.</summary>
    internal static void Rounds(Span<ulong> lanes, ReadOnlySpan<byte> rounds, ScanKernel kernel)
    {
        Debug.Assert(lanes.Length == Lanes && rounds.Length % RoundBytes == 0, "Kernels take whole rounds.");
        switch (kernel)
        {
            case ScanKernel.Avx512:
                XxHash3Avx512.Rounds(lanes, rounds);
                break;
            case ScanKernel.Avx2:
                XxHash3Avx2.Rounds(lanes, rounds);
                break;
            case ScanKernel.Vector128:
                XxHash3Vector128.Rounds(lanes, rounds);
                break;
            default:
                XxHash3Scalar.Rounds(lanes, rounds);
                break;
        }
    }

    /// <summary>The hash of content of more than <see cref="MaxShortBytes"/> bytes.</summary>
    /// <param name="lanes">The lanes after all rounds before the last one; not usable afterwards.</param>
    /// <param name="round">The last round, 1 to <see cref="RoundBytes"/> bytes.</param>
    /// <param name="stripe">The last <see cref="StripeBytes"/> bytes of the content, which may begin before that round.</param>
    /// <param name="length">The length of the whole content.</param>
    internal static UInt128 OfLast(Span<ulong> lanes, ReadOnlySpan<byte> round, ReadOnlySpan<byte> stripe, long length)
    {
        var secret = Secret;
        for (var index = 0; index < (round.Length - 1) / StripeBytes; index++)
        {
            XxHash3Scalar.Accumulate(lanes, round[(index * StripeBytes)..], secret[(index * SecretStep)..]);
        }

        XxHash3Scalar.Accumulate(lanes, stripe, secret[(ScrambleOffset - 7)..]);
        return new(
            Merge(lanes, secret[(ScrambleOffset - 11)..], ~((ulong)length * Prime64Two)),
            Merge(lanes, secret[11..], (ulong)length * Prime64One)
        );
    }

    /// <summary>The hash of up to <see cref="MaxShortBytes"/> bytes.</summary>
    internal static UInt128 OfShort(ReadOnlySpan<byte> content) =>
        content.Length switch
        {
            0 => new(
                Avalanche64(Word(Secret, 80) ^ Word(Secret, 88)),
                Avalanche64(Word(Secret, 64) ^ Word(Secret, 72))
            ),
            <= 3 => OfUpTo3(content),
            <= 8 => OfUpTo8(content),
            <= 16 => OfUpTo16(content),
            <= 128 => OfUpTo128(content),
            _ => OfUpTo240(content),
        };

    static UInt128 OfUpTo3(ReadOnlySpan<byte> content)
    {
        var combined =
            content[^1]
            | ((uint)content.Length << 8)
            | ((uint)content[0] << 16)
            | ((uint)content[content.Length >> 1] << 24);
        var swapped = BitOperations.RotateLeft(BinaryPrimitives.ReverseEndianness(combined), 13);
        return new(
            Avalanche64((HalfWord(Secret, 8) ^ HalfWord(Secret, 12)) ^ swapped),
            Avalanche64((HalfWord(Secret, 0) ^ HalfWord(Secret, 4)) ^ combined)
        );
    }

    static UInt128 OfUpTo8(ReadOnlySpan<byte> content)
    {
        var combined = HalfWord(content, 0) | ((ulong)HalfWord(content, content.Length - 4) << 32);
        var value = Word(Secret, 16) ^ Word(Secret, 24) ^ combined;
        var high = Math.BigMul(value, Prime64One + ((ulong)content.Length << 2), out var low);
        high += low << 1;
        low ^= high >> 3;
        low ^= low >> 35;
        low *= PrimeMixTwo;
        low ^= low >> 28;
        return new(Avalanche(high), low);
    }

    static UInt128 OfUpTo16(ReadOnlySpan<byte> content)
    {
        var (first, last) = (Word(content, 0), Word(content, content.Length - 8));
        var one = Word(Secret, 32) ^ Word(Secret, 40) ^ first ^ last;
        var two = Word(Secret, 48) ^ Word(Secret, 56) ^ last;
        var high = Math.BigMul(one, Prime64One, out var low);
        low += (ulong)(content.Length - 1) << 54;
        high += two + ((ulong)(uint)two * (Prime32Two - 1));
        low ^= BinaryPrimitives.ReverseEndianness(high);
        var carried = Math.BigMul(low, Prime64Two, out low);
        return new(Avalanche(carried + (high * Prime64Two)), Avalanche(low));
    }

    static UInt128 OfUpTo128(ReadOnlySpan<byte> content)
    {
        var (one, two) = ((ulong)content.Length * Prime64One, 0UL);
        for (var index = (content.Length - 1) / 32; index >= 0; index--)
        {
            Mix(
                ref one,
                ref two,
                content[(index * 16)..],
                content[(content.Length - (index * 16) - 16)..],
                Secret[(index * 32)..]
            );
        }

        return OfMixed(one, two, content.Length);
    }

    static UInt128 OfUpTo240(ReadOnlySpan<byte> content)
    {
        var (one, two) = ((ulong)content.Length * Prime64One, 0UL);
        for (var index = 0; index < 4; index++)
        {
            Mix(ref one, ref two, content[(index * 32)..], content[((index * 32) + 16)..], Secret[(index * 32)..]);
        }

        (one, two) = (Avalanche(one), Avalanche(two));
        for (var index = 4; index < content.Length / 32; index++)
        {
            var secret = Secret[(((index - 4) * 32) + 3)..];
            Mix(ref one, ref two, content[(index * 32)..], content[((index * 32) + 16)..], secret);
        }

        Mix(ref one, ref two, content[^16..], content[^32..], Secret[103..]);
        return OfMixed(one, two, content.Length);
    }

    static UInt128 OfMixed(ulong one, ulong two, int length) =>
        new(
            0 - Avalanche((one * Prime64One) + (two * Prime64Four) + ((ulong)length * Prime64Two)),
            Avalanche(one + two)
        );

    /// <summary>Mixes twice 16 bytes of the content with 32 of the secret.</summary>
    static void Mix(
        ref ulong one,
        ref ulong two,
        ReadOnlySpan<byte> first,
        ReadOnlySpan<byte> second,
        ReadOnlySpan<byte> secret
    )
    {
        one += Fold(Word(first, 0) ^ Word(secret, 0), Word(first, 8) ^ Word(secret, 8));
        two += Fold(Word(second, 0) ^ Word(secret, 16), Word(second, 8) ^ Word(secret, 24));
        one ^= Word(second, 0) + Word(second, 8);
        two ^= Word(first, 0) + Word(first, 8);
    }

    static ulong Merge(ReadOnlySpan<ulong> lanes, ReadOnlySpan<byte> secret, ulong start)
    {
        var merged = start;
        for (var lane = 0; lane < Lanes; lane += 2)
        {
            merged += Fold(lanes[lane] ^ Word(secret, lane * 8), lanes[lane + 1] ^ Word(secret, (lane * 8) + 8));
        }

        return Avalanche(merged);
    }

    /// <summary>Both halves of the product, xored.</summary>
    static ulong Fold(ulong left, ulong right) => Math.BigMul(left, right, out var low) ^ low;

    static ulong Avalanche(ulong value)
    {
        value ^= value >> 37;
        value *= PrimeMixOne;
        return value ^ (value >> 32);
    }

    /// <summary>The one of XXH64.</summary>
    static ulong Avalanche64(ulong value)
    {
        value ^= value >> 33;
        value *= Prime64Two;
        value ^= value >> 29;
        value *= Prime64Three;
        return value ^ (value >> 32);
    }

    static uint HalfWord(ReadOnlySpan<byte> bytes, int offset) =>
        BinaryPrimitives.ReadUInt32LittleEndian(bytes[offset..]);

    static ulong Word(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[offset..]);
}
