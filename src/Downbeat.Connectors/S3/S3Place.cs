using System.Diagnostics.CodeAnalysis;

namespace Downbeat.Connectors.S3;

/// <summary>A place in S3: a bucket, and what keys begin with there. Holding one means it was checked.</summary>
public sealed record S3Place
{
    const string Scheme = "s3://";

    S3Place(string bucket, string prefix) => (Bucket, Prefix) = (bucket, prefix);

    /// <summary>The bucket, or the alias of an access point.</summary>
    public string Bucket { get; }

    /// <summary>What keys begin with: empty, or ending in <c>/</c>.</summary>
    public string Prefix { get; }

    /// <summary>Whether a text means a place in S3, right or wrong, and not a folder.</summary>
    public static bool IsMeant([NotNullWhen(true)] string? text) =>
        text?.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) == true;

    /// <summary>Reads <c>s3://bucket</c> or <c>s3://bucket/prefix</c>.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out S3Place? place)
    {
        place = null;
        if (!IsMeant(text))
        {
            return false;
        }

        var parts = text[Scheme.Length..].TrimEnd('/').Split('/');
        var isBucket =
            parts[0].Length is >= 3 and <= 255
            && parts[0].All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '-' or '_');
        if (!isBucket || parts.Any(part => part is "" or "." or "..") || parts.Any(part => part.Any(char.IsControl)))
        {
            return false;
        }

        place = new(parts[0], string.Concat(parts.Skip(1).Select(part => part + "/")));
        return true;
    }

    /// <summary>The key of a path below it.</summary>
    public string Key(string path) => Prefix + path;

    /// <summary>As its user would write it.</summary>
    public override string ToString() => $"{Scheme}{Bucket}/{Prefix}".TrimEnd('/');
}
