using System.Text;

namespace Downbeat.Testing.Oracle;

/// <summary>
/// Orders text by its UTF-8 bytes. Ordinal comparison would not do: it compares UTF-16 units, where a character
/// beyond U+FFFF (first unit D800 to DBFF) comes before U+E000 to U+FFFF.
/// </summary>
sealed class Utf8Order : IComparer<string>
{
    public static readonly Utf8Order Instance = new();

    public int Compare(string? x, string? y) =>
        Encoding.UTF8.GetBytes(x!).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(y!));
}
