using System.Buffers.Text;

namespace Downbeat.Engine.Listens;

/// <summary>A listener's number, 0 to 2^63-1. Holding one means it was checked.</summary>
public readonly record struct UserId
{
    UserId(ulong value) => Value = value;

    /// <summary>The number.</summary>
    public ulong Value { get; }

    /// <summary>Reads ASCII digits and nothing else: no sign, no spaces; leading zeros are fine.</summary>
    public static bool TryParse(ReadOnlySpan<byte> utf8, out UserId id)
    {
        id = default;
        if (utf8.IsEmpty)
        {
            return false;
        }

        // 18 digits cannot overflow; longer ones are rare and take the checked way.
        if (utf8.Length > 18)
        {
            return TryParseLong(utf8, out id);
        }

        var value = 0UL;
        foreach (var letter in utf8)
        {
            var digit = (uint)letter - '0';
            if (digit > 9)
            {
                return false;
            }

            value = (value * 10) + digit;
        }

        id = new(value);
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
