using System.Globalization;
using System.Numerics;

namespace Downbeat.Testing.Oracle;

/// <summary>
/// Divides two integers and rounds a single time, so that every program gets the same digits (docs/kpis.md, How values
/// are written).
/// </summary>
static class Quotient
{
    public static string Text(BigInteger numerator, BigInteger denominator) =>
        PlainText(Nearest(numerator, denominator));

    /// <summary>Rounds the exact quotient to a double, a tie to the even one. The denominator is positive.</summary>
    static double Nearest(BigInteger numerator, BigInteger denominator)
    {
        if (numerator.Sign <= 0)
        {
            return numerator.IsZero ? 0 : -Nearest(-numerator, denominator);
        }

        // A double holds 53 bits: scale by the power of two that leaves the whole part of the quotient exactly 53,
        // then round to the nearest whole number.
        var shift = 54 - (int)(numerator.GetBitLength() - denominator.GetBitLength());
        BigInteger whole,
            rest,
            divisor;
        do
        {
            shift--;
            divisor = shift < 0 ? denominator << -shift : denominator;
            whole = BigInteger.DivRem(shift < 0 ? numerator : numerator << shift, divisor, out rest);
        } while (whole.GetBitLength() > 53);

        var isMoreThanHalf = rest * 2 > divisor || (rest * 2 == divisor && !whole.IsEven);
        return Math.ScaleB((double)(long)(isMoreThanHalf ? whole + 1 : whole), -shift);
    }

    static string PlainText(double value)
    {
        // The shortest digits that round-trip, but below 1E-5 and from 1E+15 on with an exponent.
        var text = value.ToString("R", CultureInfo.InvariantCulture);
        var parts = text.Split('E');
        if (parts.Length == 1)
        {
            return text;
        }

        var sign = value < 0 ? "-" : "";
        var mantissa = parts[0].TrimStart('-');
        var digits = mantissa.Replace(".", "", StringComparison.Ordinal);

        // One digit stands before the point of a mantissa; the exponent says how far the point moves.
        var wholeDigits = 1 + int.Parse(parts[1], CultureInfo.InvariantCulture);
        return sign
            + (
                wholeDigits <= 0 ? "0." + new string('0', -wholeDigits) + digits
                : wholeDigits >= digits.Length ? digits.PadRight(wholeDigits, '0')
                : digits.Insert(wholeDigits, ".")
            );
    }
}
