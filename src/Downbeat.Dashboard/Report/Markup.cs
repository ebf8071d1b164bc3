using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace Downbeat.Dashboard.Report;

/// <summary>
/// HTML that is also well-formed XML. What stands in the program is written as it is; whatever is put into it is escaped, because there is no
/// other way to put it in.
/// </summary>
sealed class Markup
{
    const int LongestName = 80;

    readonly StringBuilder text = new(64 << 10);

    /// <summary>Adds markup with values in it, which <see cref="Hole"/> writes.</summary>
#pragma warning disable CA1822 // It is this that the handler writes to.
    public void Add([InterpolatedStringHandlerArgument("")] Hole markup) => _ = markup;
#pragma warning restore CA1822

    /// <summary>Adds what another has.</summary>
    public void Add(Markup other) => text.Append(other.text);

    /// <summary>Adds a style sheet, which is ours.</summary>
    public void AddStyle(string css) => text.Append(css);

    /// <inheritdoc/>
    public override string ToString() => text.ToString();

    /// <summary>A text from outside in one line, without letters that are obeyed and not seen: XML knows none, and others turn the text around them.</summary>
    public static string Safe(string from)
    {
        var safe = new StringBuilder(from.Length);
        foreach (var rune in from.EnumerateRunes())
        {
            safe.Append(
                rune.Value switch
                {
                    '\n' or '\r' or '\t' => " ",
                    0x200E or 0x200F or 0x061C or (>= 0x202A and <= 0x202E) or (>= 0x2066 and <= 0x2069) => "\uFFFD",
                    >= 0xFFFE when (rune.Value & 0xFFFE) == 0xFFFE => "\uFFFD",
                    _ when Rune.IsControl(rune)
                            || Rune.GetUnicodeCategory(rune)
                                is UnicodeCategory.LineSeparator
                                    or UnicodeCategory.ParagraphSeparator => "\uFFFD",
                    _ => rune.ToString(),
                }
            );
        }

        return safe.ToString();
    }

    /// <summary>The beginning of a name that is too long to print; whole letters, with all their marks.</summary>
    public static string Shortened(string name)
    {
        var letters = new StringInfo(name);
        return letters.LengthInTextElements <= LongestName
            ? name
            : letters.SubstringByTextElements(0, LongestName - 1) + "…";
    }

    void Escape(string value)
    {
        foreach (var letter in Safe(value))
        {
            _ = letter switch
            {
                '<' => text.Append("&lt;"),
                '>' => text.Append("&gt;"),
                '&' => text.Append("&amp;"),
                '"' => text.Append("&quot;"),
                '\'' => text.Append("&#39;"),
                _ => text.Append(letter),
            };
        }
    }

    void Write(Name name)
    {
        if (string.IsNullOrWhiteSpace(name.Text))
        {
            text.Append("<i>no name</i>");
            return;
        }

        // Set apart, so that a name written from right to left does not turn the numbers beside it around.
        var shown = Shortened(name.Text);
        text.Append("<bdi dir=\"auto\"");
        if (shown != name.Text)
        {
            text.Append(" title=\"");
            Escape(name.Text);
            text.Append('"');
        }

        text.Append('>');
        Escape(shown);
        text.Append("</bdi>");
    }

    /// <summary>The values in markup.</summary>
    [InterpolatedStringHandler]
    public readonly struct Hole(int literalLength, int formattedCount, Markup markup)
    {
        readonly Markup markup = Grown(markup, literalLength + (formattedCount * 8));

        /// <summary>What stands in the program.</summary>
        public void AppendLiteral(string literal) => markup.text.Append(literal);

        /// <summary>A text.</summary>
        public void AppendFormatted(string? value) => markup.Escape(value ?? "");

        /// <summary>A whole number.</summary>
        public void AppendFormatted(long value) => markup.text.Append(value.ToString(CultureInfo.InvariantCulture));

        /// <summary>A place or length in a drawing.</summary>
        public void AppendFormatted(double value) =>
            markup.text.Append(value.ToString("0.##", CultureInfo.InvariantCulture));

        /// <summary>What something is called.</summary>
        public void AppendFormatted(Name name) => markup.Write(name);

        /// <summary>More markup.</summary>
        public void AppendFormatted(Markup more) => markup.text.Append(more.text);

        static Markup Grown(Markup markup, int by)
        {
            markup.text.EnsureCapacity(markup.text.Length + by);
            return markup;
        }
    }
}

/// <summary>What a genre, a track, an artist, a country or a lake is called by others.</summary>
readonly record struct Name(string Text);
