namespace Downbeat.Engine.Scan;

/// <content>The twin: byte by byte.</content>
public static partial class Delimiters
{
    static DelimiterKinds FindScalar(ReadOnlySpan<byte> bytes, Span<ulong> commas, Span<ulong> lineFeeds)
    {
        commas.Clear();
        lineFeeds.Clear();
        var kinds = DelimiterKinds.None;
        for (var at = 0; at < bytes.Length; at++)
        {
            var bit = 1UL << (at % WordBytes);
            commas[at / WordBytes] |= bytes[at] == ',' ? bit : 0;
            lineFeeds[at / WordBytes] |= bytes[at] == '\n' ? bit : 0;
            kinds |= KindOf(bytes[at]);
        }

        return kinds;
    }

    static int LocateScalar(ReadOnlySpan<byte> bytes, Span<int> positions, int from, out DelimiterKinds kinds)
    {
        var count = 0;
        kinds = DelimiterKinds.None;
        for (var at = 0; at < bytes.Length; at++)
        {
            if (bytes[at] is (byte)',' or (byte)'\n')
            {
                positions[count++] = from + at;
            }

            kinds |= KindOf(bytes[at]);
        }

        return count;
    }

    static DelimiterKinds KindOf(byte value) =>
        value switch
        {
            (byte)'"' => DelimiterKinds.Quotes,
            (byte)'\r' => DelimiterKinds.CarriageReturns,
            >= 0x80 => DelimiterKinds.NonAscii,
            _ => DelimiterKinds.None,
        };
}
