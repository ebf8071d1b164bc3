using System.Diagnostics;

namespace Downbeat.Engine.Scan;

/// <summary><see cref="XxHash3"/> of bytes that come in pieces of any size.</summary>
sealed class XxHash3Stream
{
    /// <summary>
    /// The last bytes that the lanes have taken, one stripe of them, and behind them those that they have not: at least
    /// one, once there are any, because the last round is another than those before.
    /// </summary>
    readonly byte[] held = new byte[XxHash3.StripeBytes + XxHash3.RoundBytes];

    readonly ulong[] lanes = new ulong[XxHash3.Lanes];
    int heldBytes;

    /// <summary>Begins with nothing.</summary>
    public XxHash3Stream() => Reset();

    /// <summary>How many bytes were appended.</summary>
    public long Length { get; private set; }

    Span<byte> Round => held.AsSpan(XxHash3.StripeBytes);

    /// <summary>Begins again with nothing.</summary>
    public void Reset()
    {
        XxHash3.Begin(lanes);
        (Length, heldBytes) = (0, 0);
    }

    /// <summary>Another one that has read the same.</summary>
    public XxHash3Stream Copy()
    {
        var copy = new XxHash3Stream { Length = Length, heldBytes = heldBytes };
        held.CopyTo(copy.held, 0);
        lanes.CopyTo(copy.lanes, 0);
        return copy;
    }

    /// <summary>Appends the next bytes.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        Length += bytes.Length;
        if (heldBytes > 0)
        {
            var fitting = Math.Min(bytes.Length, XxHash3.RoundBytes - heldBytes);
            bytes[..fitting].CopyTo(Round[heldBytes..]);
            heldBytes += fitting;
            bytes = bytes[fitting..];
            if (bytes.IsEmpty)
            {
                return;
            }

            Take(Round);
            heldBytes = 0;
        }

        if (bytes.Length > XxHash3.RoundBytes)
        {
            var whole = (bytes.Length - 1) / XxHash3.RoundBytes * XxHash3.RoundBytes;
            Take(bytes[..whole]);
            bytes = bytes[whole..];
        }

        bytes.CopyTo(Round);
        heldBytes = bytes.Length;
    }

    /// <summary>The hash of all bytes so far; more may follow.</summary>
    public UInt128 Hash()
    {
        if (Length <= XxHash3.MaxShortBytes)
        {
            return XxHash3.OfShort(Round[..heldBytes]);
        }

        Debug.Assert(heldBytes > 0, "The last round is held.");
        Span<ulong> last = stackalloc ulong[XxHash3.Lanes];
        lanes.CopyTo(last);
        return XxHash3.OfLast(last, Round[..heldBytes], held.AsSpan(heldBytes, XxHash3.StripeBytes), Length);
    }

    void Take(ReadOnlySpan<byte> rounds)
    {
        XxHash3.Rounds(lanes, rounds, ScanKernels.Chosen);
        rounds[^XxHash3.StripeBytes..].CopyTo(held);
    }
}
