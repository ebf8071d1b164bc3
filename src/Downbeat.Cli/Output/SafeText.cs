using System.Globalization;
using System.Text;

namespace Downbeat.Cli.Output;

/// <summary>
/// Text from outside on its way to a terminal: file names, rows and track names may hold control characters, which could
/// move the cursor, change colours, or pass one text off as another. They are shown instead of obeyed.
/// </summary>
static class SafeText
{
    /// <summary>The text with everything that a terminal would obey written out, as in <c>\x1b</c>.</summary>
    public static string Of(string text)
    {
        if (!text.AsSpan().ContainsAnyExceptInRange(' ', '~'))
        {
            return text;
        }

        var safe = new StringBuilder(text.Length + 16);
        for (var at = 0; at < text.Length; at++)
        {
            var letter = text[at];
            if (char.IsHighSurrogate(letter) && at + 1 < text.Length && char.IsLowSurrogate(text[at + 1]))
            {
                safe.Append(letter).Append(text[++at]);
            }
            else if (IsObeyed(letter))
            {
                safe.Append(Written(letter));
            }
            else
            {
                safe.Append(letter);
            }
        }

        return safe.ToString();
    }

    /// <summary>The same, shortened to so many letters.</summary>
    public static string Of(string text, int maxLength)
    {
        var safe = Of(text);
        if (safe.Length <= maxLength)
        {
            return safe;
        }

        var cut = maxLength - 1;
        return safe[..(char.IsHighSurrogate(safe[cut - 1]) ? cut - 1 : cut)] + "…";
    }

    /// <summary>A path as an argument that can be pasted into a shell.</summary>
    public static string Quoted(string path) =>
        path.Length > 0
        && path.All(letter =>
            char.IsAsciiLetterOrDigit(letter) || "/._-+:@%,\\".Contains(letter, StringComparison.Ordinal)
        )
            ? path
            : $"'{Of(path).Replace("'", "'\\''", StringComparison.Ordinal)}'";

    /// <summary>Controls, line ends, marks that turn the direction of text around, and halves of characters.</summary>
    static bool IsObeyed(char letter) =>
        char.GetUnicodeCategory(letter)
            is UnicodeCategory.Control
                or UnicodeCategory.LineSeparator
                or UnicodeCategory.ParagraphSeparator
                or UnicodeCategory.Surrogate
        || letter
            is >= '\u202A'
                and <= '\u202E'
                or >= '\u2066'
                and <= '\u2069'
                or '\u200E'
                or '\u200F'
                or '\u061C'
                or '\uFEFF';

    static string Written(char letter) =>
        letter switch
        {
            '\n' => @"\n",
            '\r' => @"\r",
            '\t' => @"\t",
            < '\u0100' => string.Create(CultureInfo.InvariantCulture, $"\\x{(int)letter:x2}"),
            _ => string.Create(CultureInfo.InvariantCulture, $"\\u{(int)letter:x4}"),
        };
}
