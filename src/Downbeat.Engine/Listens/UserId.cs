using System.Buffers.Binary;
using System.Buffers.Text;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Downbeat.Engine.Listens;

/// <summary>A listener's number, 0 to 2^63-1. Holding one means it was checked.</summary>
public readonly record struct UserId
{
    /// <summary>Eight times the digit 0.</summary>
    const ulong AllZeros = 0x3030_3030_3030_3030;

    UserId(ulong value) => Value = value;

    /// <summary>The number.</summary>
    public ulong Value { get; }

    /// <summary>Reads ASCII digits and nothing else: no sign, no spaces; leading zeros are fine.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryParse(ReadOnlySpan<byte> utf8, out UserId id)
    {
        // Numbers of 4 to 8 digits are most of all: one word holds them, whatever their length.
        if (utf8.Length is < 4 or > 8)
        {
            return TryParseAny(utf8, out id);
        }

        ref var first = ref MemoryMarshal.GetReference(utf8);
        var low = Unsafe.ReadUnaligned<uint>(ref first);
        var high = Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref first, utf8.Length - 4));
        var valid = TryParseWord(
            ((ulong)low << ((8 - utf8.Length) * 8)) | ((ulong)high << 32) | (AllZeros >> (utf8.Length * 8 - 1) >> 1),
            out var value
        );
        id = new(value);
        return valid;
    }

    static bool TryParseAny(ReadOnlySpan<byte> utf8, out UserId id)
    {
        id = default;
        if (utf8.IsEmpty || utf8.Length > 16)
        {
            return !utf8.IsEmpty && TryParseLong(utf8, out id);
        }

        Span<byte> padded = stackalloc byte[16];
        padded.Fill((byte)'0');
        utf8.CopyTo(padded[(16 - utf8.Length)..]);
        if (
            !TryParseWord(BinaryPrimitives.ReadUInt64LittleEndian(padded), out var high)
            || !TryParseWord(BinaryPrimitives.ReadUInt64LittleEndian(padded[8..]), out var low)
        )
        {
            return false;
        }

        id = new((high * 100_000_000) + low);
        return true;
    }

    /// <summary>Reads eight digits at once, the first in the lowest byte.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool TryParseWord(ulong digits, out ulong value)
    {
        // Below '0' the subtraction borrows into the top bit of a byte, above '9' the addition carries into it.
        var wrong = (digits - AllZeros) | (digits + 0x4646_4646_4646_4646) | digits;
        if ((wrong & 0x8080_8080_8080_8080) != 0)
        {
            value = 0;
            return false;
        }

        // Digits to pairs, pairs to fours, fours to eight; the higher place is in the lower byte.
        var pairs = (digits - AllZeros) * ((10 << 8) + 1) >> 8;
        var fours = (pairs & 0x00FF_00FF_00FF_00FF) * ((100 << 16) + 1) >> 16;
        value = (fours & 0x0000_FFFF_0000_FFFF) * ((10_000UL << 32) + 1) >> 32;
        return true;
    }

    static bool TryParseLong(ReadOnlySpan<byte> utf8, out UserId id)
    {
        var digits = utf8.TrimStart((byte)'0');
        var value = 0L;
        var valid =
            !utf8.ContainsAnyExceptInRange((byte)'0', (byte)'9')
            && (digits.IsEmpty || (Utf8Parser.TryParse(digits, out value, out var read) && read == digits.Length));
        id = valid ? new((ulong)value) : default;
        return valid;
    }
}
