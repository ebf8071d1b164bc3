using System.Text;

namespace Downbeat.Pipeline.Landing;

/// <summary>The order of texts by their UTF-8 bytes, which is not that of .NET's strings for letters beyond 16 bits.</summary>
public static class Utf8Order
{
    /// <summary>Compares two texts by their bytes.</summary>
    public static int Compare(string left, string right)
    {
        var order = string.CompareOrdinal(left, right);
        return order == 0 || !(HasSurrogates(left) || HasSurrogates(right))
            ? order
            : Encoding.UTF8.GetBytes(left).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(right));
    }

    static bool HasSurrogates(string text) => text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF');
}
