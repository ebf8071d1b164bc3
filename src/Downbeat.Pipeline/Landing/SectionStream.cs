using Downbeat.Engine.Slices;

namespace Downbeat.Pipeline.Landing;

/// <summary>
/// The lines of a file that begin within a section of its bytes, while the bytes of the section are hashed. It takes
/// every LF for the end of a row, and ends early, saying so, where there is a quote: behind one an LF may be part of a field.
/// </summary>
sealed class SectionStream : ForwardStream
{
    const int PieceBytes = 64 * 1024;

    readonly HashingStream section;
    readonly RangeStream rest; // Behind the section, where its last line ends.
    readonly byte[] piece = new byte[PieceBytes];
    int from; // Of what is left in the piece.
    int to;
    bool isInLine; // Whether what was handed on last is no LF.
    bool isEnded;

    /// <param name="bytes">The file.</param>
    /// <param name="start">The section's first byte.</param>
    /// <param name="end">The byte behind its last.</param>
    /// <param name="onRead">Called with the number of bytes just read.</param>
    public SectionStream(IByteSource bytes, long start, long end, Action<long> onRead)
    {
        section = new(new RangeStream(bytes, start, end), [], onRead);
        rest = new(bytes, end, bytes.Length);
        FirstByte = start;
        if (start > 0)
        {
            Span<byte> before = stackalloc byte[1];
            bytes.Read(start - 1, before);
            SkipLine(before[0]);
        }
    }

    /// <summary>Where the first line begins in the file.</summary>
    public long FirstByte { get; private set; }

    /// <summary>Whether a quote was met: then the lines are none to rely on.</summary>
    public bool HasQuote { get; private set; }

    /// <summary>Reads what is left of the section, and says the hashes of its blocks.</summary>
    public UInt128[] Finish() => section.Finish();

    public override int Read(Span<byte> buffer)
    {
        if (from == to && buffer.Length >= PieceBytes && TryReadAll(buffer) is var read and > 0)
        {
            return read;
        }

        if (from == to && !TryRefill())
        {
            return 0;
        }

        var taken = Math.Min(buffer.Length, to - from);
        piece.AsSpan(from, taken).CopyTo(buffer);
        from += taken;
        return taken;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            section.Dispose();
            rest.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>Skips the end of a line that begins before the section.</summary>
    void SkipLine(byte before)
    {
        while (before != '\n' && !HasQuote)
        {
            to = section.Read(piece);
            if (to == 0)
            {
                (from, isEnded) = (0, true); // No line begins in the section.
                return;
            }

            var line = piece.AsSpan(0, to).IndexOf((byte)'\n') + 1;
            from = line > 0 ? line : to;
            FirstByte += from;
            before = piece[from - 1];
            isInLine = piece[to - 1] != '\n';
            LookForQuote();
        }
    }

    /// <summary>Reads into large room without the detour by a piece; 0 where the section has ended, or a quote is.</summary>
    int TryReadAll(Span<byte> buffer)
    {
        if (isEnded || HasQuote)
        {
            return 0;
        }

        var read = section.Read(buffer);
        HasQuote = buffer[..read].Contains((byte)'"');
        if (read == 0 || HasQuote)
        {
            return 0;
        }

        isInLine = buffer[read - 1] != '\n';
        return read;
    }

    bool TryRefill()
    {
        if (isEnded || HasQuote)
        {
            return false;
        }

        from = 0;
        to = section.Read(piece);
        if (to == 0)
        {
            // The last line belongs to the section in which it begins.
            isEnded = !isInLine || (to = rest.Read(piece)) == 0;
            var line = piece.AsSpan(0, to).IndexOf((byte)'\n') + 1;
            to = line > 0 ? line : to;
        }

        LookForQuote();
        isInLine = to > 0 && piece[to - 1] != '\n';
        return to > 0 && !HasQuote;
    }

    void LookForQuote()
    {
        HasQuote |= piece.AsSpan(0, to).Contains((byte)'"');
        to = HasQuote ? from : to;
    }
}
