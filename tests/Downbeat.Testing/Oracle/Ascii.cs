namespace Downbeat.Testing.Oracle;

/// <summary>The numbers of all inputs, and case. Neither asks a culture: only ASCII counts.</summary>
static class Ascii
{
    /// <summary>Reads a number of digits alone, leading zeros allowed, that lies in a range.</summary>
    public static bool TryParse(string text, long min, long max, out long value)
    {
        value = 0;
        if (text.Length == 0)
        {
            return false;
        }

        foreach (var character in text)
        {
            if (!char.IsAsciiDigit(character))
            {
                return false;
            }

            var digit = character - '0';
            if (value > (long.MaxValue - digit) / 10)
            {
                return false; // Beyond 2^63-1, and more digits do not make it smaller.
            }

            value = (value * 10) + digit;
        }

        return value >= min && value <= max;
    }

    /// <summary>Folds A to Z, and nothing beyond ASCII: the Kelvin sign is no K.</summary>
    public static string Fold(string text) =>
        string.Concat(text.Select(letter => char.IsAsciiLetterUpper(letter) ? (char)(letter + 32) : letter));
}
