using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Downbeat.Engine.Kpis;

namespace Downbeat.Connectors.Sql;

/// <summary>
/// Texts as a system can hold them, and what had to be changed for that: cut at the boundary of a character, or with U+FFFD where
/// they held U+0000. What is part of a key then ends in a sum of the whole text, so that two that differed still do.
/// </summary>
/// <param name="maxBytes">How many bytes a text may have.</param>
/// <param name="maxKeyBytes">How many bytes a text may have that is part of a key.</param>
/// <param name="takesNul">Whether U+0000 may be in it.</param>
sealed class FittedTexts(int maxBytes = int.MaxValue, int maxKeyBytes = int.MaxValue, bool takesNul = false)
{
    const int SumLetters = 12;

    /// <summary>Such a name is a key somewhere, and is the same wherever else it stands.</summary>
    static readonly HashSet<string> KeyNames =
    [
        .. KpiTables
            .Schemas.SelectMany(schema => schema.Columns.Take(schema.KeyColumns))
            .Where(column => column.Type == KpiType.Text)
            .Select(column => column.Name),
    ];

    static readonly byte[] Replacement = "\uFFFD"u8.ToArray();

    readonly SortedSet<string> warnings = new(StringComparer.Ordinal);

    /// <summary>What was changed, once for every column.</summary>
    public IReadOnlyList<string> Warnings => [.. warnings];

    /// <summary>Forgets what was changed so far.</summary>
    public void Forget() => warnings.Clear();

    /// <summary>A text of a column as the system can hold it.</summary>
    public ReadOnlyMemory<byte> Fit(KpiSchema table, KpiColumn column, ReadOnlyMemory<byte> text)
    {
        var isKey = KeyNames.Contains(column.Name);
        var most = isKey ? maxKeyBytes : maxBytes;
        var hasNul = !takesNul && text.Span.Contains((byte)0);
        if (text.Length <= most && !hasNul)
        {
            return text;
        }

        var fitted = hasNul ? WithoutNul(text.Span) : text;
        if (hasNul)
        {
            warnings.Add($"a text of {table.Name}.{column.Name} holds U+0000, which became U+FFFD");
        }

        var sum = isKey ? $"~{Convert.ToHexStringLower(SHA256.HashData(text.Span))[..SumLetters]}" : "";
        if (fitted.Length > most - sum.Length)
        {
            fitted = Cut(fitted, most - sum.Length);
            warnings.Add(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"a text of {table.Name}.{column.Name} has {text.Length:N0} bytes and was cut to {most:N0}"
                )
            );
        }

        return sum.Length == 0 ? fitted : (byte[])[.. fitted.Span, .. Encoding.ASCII.GetBytes(sum)];
    }

    static ReadOnlyMemory<byte> WithoutNul(ReadOnlySpan<byte> text)
    {
        var replaced = new List<byte>(text.Length + 8);
        foreach (var letter in text)
        {
            if (letter == 0)
            {
                replaced.AddRange(Replacement);
            }
            else
            {
                replaced.Add(letter);
            }
        }

        return replaced.ToArray();
    }

    /// <summary>A byte that begins with 10 continues a character.</summary>
    static ReadOnlyMemory<byte> Cut(ReadOnlyMemory<byte> text, int length)
    {
        while (length > 0 && (text.Span[length] & 0xC0) == 0x80)
        {
            length--;
        }

        return text[..length];
    }
}
