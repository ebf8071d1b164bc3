using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Downbeat.Engine.Scan;

/// <summary>
/// Reads digits eight at a time within one 64-bit word: numbers of up to 16 digits, whose twin is
/// <see cref="Listens.UserId.TryParse"/>, and clock times, whose twin is <see cref="Listens.ListenTime.TryParse"/>. Many of them are
/// read several words at a time. Vectors are those of machines whose lowest byte comes first; others have no kernel that comes here.
/// </summary>
static class Digits
{
    /// <summary>The most digits of a number; so many bytes before its end are read.</summary>
    public const int MaxDigits = 16;

    const ulong Zeros = 0x3030_3030_3030_3030; // 00000000
    const ulong Clock = 0x3030_3A30_303A_3030; // 00:00:00, the first letter in the lowest byte.
    const ulong Colons = 0x0000_FF00_00FF_0000;

    /// <summary>Bytes that keep the last n of 16 begin at n.</summary>
    // csharpier-ignore
    static ReadOnlySpan<byte> Masks =>
    [
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    ];

    /// <summary>Reads a number; false when it is empty, too long, or holds something else than digits.</summary>
    /// <param name="end">The byte behind the number.</param>
    /// <param name="length">How many digits it should have.</param>
    /// <param name="value">The number.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryParse(ref byte end, int length, out ulong value)
    {
        var last = Word(ref Unsafe.Subtract(ref end, 8)) ^ Zeros;
        if ((uint)(length - 1) < 8)
        {
            last = Without(last, 8 - length);
            value = Value(last);
            return AreDigits(last);
        }

        if ((uint)(length - 9) < 8)
        {
            var first = Without(Word(ref Unsafe.Subtract(ref end, 16)) ^ Zeros, MaxDigits - length);
            value = (Value(first) * 100_000_000) + Value(last);
            return AreDigits(first) & AreDigits(last);
        }

        value = 0;
        return false;
    }

    /// <summary>Reads <c>HH:mm:ss</c> as the second of the day; false when it is none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryParseClock(ulong text, out uint second)
    {
        var digits = text ^ Clock;
        var pairs = (digits * 10) + (digits >> 8); // In the bytes 0, 3 and 6; digits of 9 at most carry nowhere.
        var (hours, minutes, seconds) = ((uint)(byte)pairs, (uint)(byte)(pairs >> 24), (uint)(byte)(pairs >> 48));
        second = (hours * 3600) + (minutes * 60) + seconds;
        return AreDigits(digits) & (digits & Colons) == 0 & hours < 24 & minutes < 60 & seconds < 60;
    }

    /// <summary>The digits of a number as 16 bytes, the last digit last and zeros before them; other bytes become no digits.</summary>
    /// <param name="end">The byte behind the number, before which 16 are read.</param>
    /// <param name="length">How many bytes it has, 1 to 16.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ulong> Last16(ref byte end, int length)
    {
        ref var kept = ref Unsafe.Add(ref MemoryMarshal.GetReference(Masks), length);
        var digits = Vector128.LoadUnsafe(ref Unsafe.Subtract(ref end, MaxDigits)) ^ Vector128.Create((byte)'0');
        return (digits & Vector128.LoadUnsafe(ref kept)).AsUInt64();
    }

    /// <summary>Reads numbers up to the first that is none.</summary>
    /// <param name="digits">The words of <see cref="Last16"/>, two a number; they are written over.</param>
    /// <param name="numbers">Room for the numbers.</param>
    /// <param name="seen">All numbers OR-ed.</param>
    /// <returns>How many were read.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int ParseMany(Span<ulong> digits, Span<ulong> numbers, out ulong seen)
    {
        ref var word = ref MemoryMarshal.GetReference(digits);
        var at = 0;
        for (; at + Vector256<ulong>.Count <= digits.Length; at += Vector256<ulong>.Count)
        {
            var some = Vector256.LoadUnsafe(ref word, (nuint)at);
            if (!Vector256.EqualsAll(Vector256.Min(some.AsByte(), Vector256.Create((byte)9)), some.AsByte()))
            {
                break;
            }

            // The first digit is the lowest byte: pairs, then fours, then eights, each the first one times its power and the second.
            var ones = some.AsUInt16();
            var pairs = (((ones << 8) >>> 8) * 10) + (ones >>> 8);
            var twos = pairs.AsUInt32();
            var fours = (((twos << 16) >>> 16) * 100) + (twos >>> 16);
            var parts = (fours * Vector256.Create(10_000U, 1, 10_000, 1, 10_000, 1, 10_000, 1)).AsUInt64();
            (((parts << 32) >>> 32) + (parts >>> 32)).StoreUnsafe(ref word, (nuint)at);
        }

        var count = numbers.Length < digits.Length / 2 ? numbers.Length : digits.Length / 2;
        ref var number = ref MemoryMarshal.GetReference(numbers);
        seen = 0;
        for (var next = 0; next < count; next++)
        {
            var (first, last) = (Unsafe.Add(ref word, 2 * next), Unsafe.Add(ref word, (2 * next) + 1));
            if (2 * next >= at)
            {
                if (!AreDigits(first) || !AreDigits(last))
                {
                    return next;
                }

                (first, last) = (Value(first), Value(last));
            }

            var value = (first * 100_000_000) + last;
            Unsafe.Add(ref number, next) = value;
            seen |= value;
        }

        return count;
    }

    /// <summary>Adds the seconds of clock times to moments, up to the first clock time that is none.</summary>
    /// <param name="clocks">Texts <c>HH:mm:ss</c>, as <see cref="Word"/> reads them.</param>
    /// <param name="moments">As many moments at least, in which seconds begin at bit 32.</param>
    /// <returns>How many were added.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int AddClocks(ReadOnlySpan<ulong> clocks, Span<ulong> moments)
    {
        moments = moments[..clocks.Length];
        ref var clock = ref MemoryMarshal.GetReference(clocks);
        ref var moment = ref MemoryMarshal.GetReference(moments);
        var at = 0;
        for (; at + Vector256<ulong>.Count <= clocks.Length; at += Vector256<ulong>.Count)
        {
            // Bytes of 2, 9, 0 and so on are the highest that each letter of a clock time allows; 24 to 29 hours are left.
            var digits = Vector256.LoadUnsafe(ref clock, (nuint)at) ^ Vector256.Create(Clock);
            var highest = Vector256.Create(0x0905_0009_0500_0902UL).AsByte();
            var low = Vector256.Create(0xFFUL);
            var pairs = (digits.AsUInt16() * 10).AsUInt64() + (digits >>> 8); // As in TryParseClock.
            var hours = pairs & low;
            var isTime =
                Vector256.EqualsAll(Vector256.Min(digits.AsByte(), highest), digits.AsByte())
                && Vector256.LessThanAll(hours.AsInt32(), Vector256.Create(24));
            if (!isTime)
            {
                break;
            }

            var minutes = (hours.AsUInt32() * 60).AsUInt64() + ((pairs >>> 24) & low);
            var seconds = (minutes.AsUInt32() * 60).AsUInt64() + ((pairs >>> 48) & low);
            (Vector256.LoadUnsafe(ref moment, (nuint)at) + (seconds << Listens.Listen.SecondShift)).StoreUnsafe(
                ref moment,
                (nuint)at
            );
        }

        for (; at < clocks.Length; at++)
        {
            if (!TryParseClock(clocks[at], out var second))
            {
                break;
            }

            moments[at] += (ulong)second << Listens.Listen.SecondShift;
        }

        return at;
    }

    /// <summary>Eight bytes, the first in the lowest.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Word(ref byte first)
    {
        var word = Unsafe.ReadUnaligned<ulong>(ref first);
        return BitConverter.IsLittleEndian ? word : BinaryPrimitives.ReverseEndianness(word);
    }

    /// <summary>Sets the first few of eight digits, which do not belong to the number, to 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static ulong Without(ulong digits, int foreign) => digits >> (foreign * 8) << (foreign * 8);

    /// <summary>Whether every byte is 0 to 9.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool AreDigits(ulong digits) => ((digits | (digits + 0x7676_7676_7676_7676)) & 0x8080_8080_8080_8080) == 0;

    /// <summary>Eight digits as a number: pairs, then fours, then all, in three multiplications.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static ulong Value(ulong digits)
    {
        const ulong Byte = 0x0000_00FF_0000_00FF;
        var pairs = (digits * 10) + (digits >> 8);
        return (((pairs & Byte) * (100 + (1_000_000UL << 32))) + ((pairs >> 16 & Byte) * (1 + (10_000UL << 32)))) >> 32;
    }
}
