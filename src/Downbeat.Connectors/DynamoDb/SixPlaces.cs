using System.Globalization;
using System.Numerics;
using Downbeat.Engine.Kpis;

namespace Downbeat.Connectors.DynamoDb;

/// <summary>Decimal numbers as text, rounded once, half away from zero, to six places.</summary>
static class SixPlaces
{
    const int Places = 6;
    const long Scale = 1_000_000;

    /// <summary>The exact quotient of two integers, rounded.</summary>
    /// <param name="numerator">Not negative.</param>
    /// <param name="denominator">Positive.</param>
    public static string Of(Int128 numerator, Int128 denominator)
    {
        // Twice the quotient plus one, halved and cut off, is the quotient rounded half up.
        var (top, bottom) = ((BigInteger)numerator, (BigInteger)denominator);
        return Text(((2 * Scale * top) + bottom) / (2 * bottom));
    }

    /// <summary>
    /// A quotient that is known only as the double nearest to it. Its shortest digits are what is rounded: those of a quotient with
    /// few places are the quotient itself, so that its ties are still ties.
    /// </summary>
    public static string Of(double quotient)
    {
        var text = Quotients.Text(quotient);
        var point = text.IndexOf('.', StringComparison.Ordinal);
        if (point < 0 || text.Length - point - 1 <= Places)
        {
            return text;
        }

        var digits = BigInteger.Parse(
            text.AsSpan(0, point).ToString() + text[(point + 1)..(point + 1 + Places)],
            NumberStyles.None,
            CultureInfo.InvariantCulture
        );
        return Text(text[point + 1 + Places] >= '5' ? digits + 1 : digits);
    }

    static string Text(BigInteger millionths)
    {
        var whole = BigInteger.DivRem(millionths, Scale, out var places);
        var text = whole.ToString(CultureInfo.InvariantCulture);
        return places.IsZero
            ? text
            : $"{text}.{((long)places).ToString("D6", CultureInfo.InvariantCulture).TrimEnd('0')}";
    }
}
