using System.Globalization;
using System.Numerics;

namespace Downbeat.Engine.Kpis;

/// <summary>Quotients of integers: rounded once, and written so that they read back as the same double.</summary>
public static class Quotients
{
    const long ExactlyDouble = 1L << 53;

    /// <summary>The double nearest to the exact quotient of a number and the product of two, ties to even.</summary>
    /// <param name="numerator">Not negative.</param>
    /// <param name="denominator">Positive.</param>
    /// <param name="times">Positive; what the denominator is multiplied with.</param>
    public static double Nearest(long numerator, long denominator, int times = 1) =>
        // Without an Int128, of which methods are never compiled beforehand.
        numerator is >= 0 and <= ExactlyDouble
        && denominator <= ExactlyDouble / times
            ? (double)numerator / (denominator * times)
            : NearestOfProduct(numerator, denominator, times);

    static double NearestOfProduct(long numerator, long denominator, int times) =>
        Nearest((Int128)numerator, (Int128)denominator * times);

    /// <summary>The double nearest to the exact quotient of two integers, ties to even.</summary>
    /// <param name="numerator">Not negative.</param>
    /// <param name="denominator">Positive.</param>
    public static double Nearest(Int128 numerator, Int128 denominator)
    {
        if (numerator == 0)
        {
            return 0;
        }

        // Both exact as doubles: IEEE division rounds the exact quotient once.
        if (numerator <= ExactlyDouble && denominator <= ExactlyDouble)
        {
            return (double)(long)numerator / (long)denominator;
        }

        // Scale so that the integer quotient has 64 bits or more; a last bit stands for any remainder. What then rounds
        // to 53 bits has seen the exact quotient.
        var (top, bottom) = ((BigInteger)numerator, (BigInteger)denominator);
        var shift = Math.Max(0, 66 - (int)(top.GetBitLength() - bottom.GetBitLength()));
        var quotient = BigInteger.DivRem(top << shift, bottom, out var remainder);
        var excess = (int)quotient.GetBitLength() - 54; // 53 bits, and one to round by.
        var kept = quotient >> excess;
        var isExact = remainder.IsZero && kept << excess == quotient;
        var halves = (long)kept;
        var mantissa = halves >> 1;
        if ((halves & 1) == 1 && (!isExact || (mantissa & 1) == 1))
        {
            mantissa++;
        }

        return Math.ScaleB(mantissa, excess + 1 - shift);
    }

    /// <summary>The shortest digits that read back as the same double, without an exponent: <c>2</c>, not <c>2.0</c> or <c>2E0</c>.</summary>
    public static string Text(double value)
    {
        var text = value.ToString("R", CultureInfo.InvariantCulture);
        var mark = text.IndexOf('E', StringComparison.Ordinal);
        if (mark < 0)
        {
            return text;
        }

        var exponent = int.Parse(text.AsSpan(mark + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        var sign = text[0] == '-' ? "-" : "";
        var digits = text[sign.Length..mark].Replace(".", "", StringComparison.Ordinal);
        return exponent < 0
            ? $"{sign}0.{new string('0', -exponent - 1)}{digits}"
            : sign + digits.PadRight(exponent + 1, '0');
    }
}
