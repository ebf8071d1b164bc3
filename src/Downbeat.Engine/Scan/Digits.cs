using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Downbeat.Engine.Scan;

/// <summary>
/// Reads digits eight at a time within one 64-bit word: numbers of up to 16 digits, whose twin is
/// <see cref="Listens.UserId.TryParse"/>, and clock times, whose twin is <see cref="Listens.ListenTime.TryParse"/>.
/// </summary>
static class Digits
{
    /// <summary>The most digits of a number; so many bytes before its end are read.</summary>
    public const int MaxDigits = 16;

    const ulong Zeros = 0x3030_3030_3030_3030; // 00000000
    const ulong Clock = 0x3030_3A30_303A_3030; // 00:00:00, the first letter in the lowest byte.
    const ulong Colons = 0x0000_FF00_00FF_0000;

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
