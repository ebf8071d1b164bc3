using System.Text;
using Downbeat.Engine.Scan;

namespace Downbeat.Pipeline.Runs;

/// <summary>
/// One of several disjoint shares of the landed files, so that as many machines may scan at once. The key alone decides whose a
/// file is: machines that list at different moments agree, and all versions of a file are one machine's.
/// </summary>
/// <param name="Number">Which one, from 1.</param>
/// <param name="Count">Of how many.</param>
public sealed record Shard(int Number, int Count)
{
    /// <summary>More would have leases and commits of their own without anything to do.</summary>
    public const int MaxCount = 1000;

    /// <summary>Whether a landed file belongs to it.</summary>
    public bool Has(string key) => XxHash3.Hash(Encoding.UTF8.GetBytes(key)) % (uint)Count == (uint)(Number - 1);

    /// <summary>As it is typed: <c>2/4</c>.</summary>
    public override string ToString() =>
        string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Number}/{Count}");

    /// <summary>Reads what was typed.</summary>
    public static bool TryParse(string text, out Shard? shard)
    {
        ArgumentNullException.ThrowIfNull(text);
        var parts = text.Split('/');
        shard =
            parts.Length == 2
            && parts.All(part => part.Length is > 0 and <= 4 && part.All(char.IsAsciiDigit))
            && Whole(parts[0]) is var number
            && Whole(parts[1]) is > 0 and <= MaxCount and var count
            && number >= 1
            && number <= count
                ? new(number, count)
                : null;
        return shard is not null;
    }

    static int Whole(string digits) => int.Parse(digits, System.Globalization.CultureInfo.InvariantCulture);
}
