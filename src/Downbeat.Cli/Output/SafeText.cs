using System.Globalization;
using System.Text;

namespace Downbeat.Cli.Output;

/// <summary>
/// Text from outside on its way to a terminal: file names, rows and track names may hold control characters, which could
/// move the cursor, change colours, or pass one text off as another. They are shown instead of obeyed.
/// </summary>
static class SafeText
{
    /// <summary>The text with everything that a terminal would obey, or not show, written out, as in <c>\x1b</c>.</summary>
    public static string Of(string text) => WrittenOut(text, '\0');

    /// <summary>
    /// JSON with what a terminal would not show written out; it means the same. What is left of that is within strings: the encoder
    /// has written out the rest.
    /// </summary>
    public static string OfJson(string json) => WrittenOut(json, '\u007f');

    /// <summary>The same for a text of several lines.</summary>
    public static string OfLines(string text) => string.Join('\n', text.Split('\n').Select(line => Of(line)));

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

    static string WrittenOut(string text, char from)
    {
        if (!text.AsSpan().ContainsAnyExceptInRange(' ', '~'))
        {
            return text;
        }

        var safe = new StringBuilder(text.Length + 16);
        for (var at = 0; at < text.Length; at++)
        {
            var letter = text[at];
            var isPair = char.IsHighSurrogate(letter) && at + 1 < text.Length && char.IsLowSurrogate(text[at + 1]);
            var isSafe = letter < from || !IsObeyed(CharUnicodeInfo.GetUnicodeCategory(text, at)) || Joins(text, at);
            for (var end = at + (isPair ? 1 : 0); at <= end; at++)
            {
                safe.Append(isSafe ? text[at].ToString() : Written(text[at], from != '\0'));
            }

            at--;
        }

        return safe.ToString();
    }

    /// <summary>Controls, line ends, what turns the direction of text around or takes no place, and halves of characters.</summary>
    static bool IsObeyed(UnicodeCategory category) =>
        category
            is UnicodeCategory.Control
                or UnicodeCategory.Format
                or UnicodeCategory.LineSeparator
                or UnicodeCategory.ParagraphSeparator
                or UnicodeCategory.Surrogate;

    /// <summary>Persian, Hindi and emoji have joiners between their letters; nowhere else is one of use.</summary>
    static bool Joins(string text, int at) =>
        text[at] is '\u200C' or '\u200D'
        && at > 0
        && at + 1 < text.Length
        && IsJoined(text, char.IsLowSurrogate(text[at - 1]) ? at - 2 : at - 1)
        && IsJoined(text, at + 1);

    static bool IsJoined(string text, int at) =>
        at >= 0 && text[at] > '\u007f' && !IsObeyed(CharUnicodeInfo.GetUnicodeCategory(text, at));

    static string Written(char letter, bool isJson) =>
        letter switch
        {
            '\n' => @"\n",
            '\r' => @"\r",
            '\t' => @"\t",
            < '\u0100' when !isJson => string.Create(CultureInfo.InvariantCulture, $"\\x{(int)letter:x2}"),
            _ => string.Create(CultureInfo.InvariantCulture, $"\\u{(int)letter:x4}"),
        };
}
