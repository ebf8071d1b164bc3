using Downbeat.Engine.Scan;

namespace Downbeat.Pipeline.Landing;

/// <summary>
/// Passes a file's bytes on while they are read, and hashes them: all of them, and the first so many where an older
/// version of the file had that size.
/// </summary>
sealed class HashingStream : ForwardStream
{
    readonly Stream inner;
    readonly Action<long>? onRead;
    readonly ContentHash.Sequential hash;

    /// <param name="inner">The file; closed with this.</param>
    /// <param name="prefixSizes">Sizes at which the hash so far is wanted too.</param>
    /// <param name="onRead">Called with the number of bytes just read.</param>
    public HashingStream(Stream inner, IEnumerable<long> prefixSizes, Action<long>? onRead)
    {
        this.inner = inner;
        this.onRead = onRead;
        hash = new(prefixSizes);
    }

    /// <summary>How many bytes were read.</summary>
    public override long Position
    {
        get => hash.Length;
        set => throw new NotSupportedException();
    }

    /// <summary>The content hash of the first so many bytes, in hex, if they were read and asked for.</summary>
    public string? Prefix(long size) => hash.Prefix(size);

    /// <summary>Reads what is left, and says the hashes of all blocks.</summary>
    public UInt128[] Finish()
    {
        Span<byte> rest = stackalloc byte[16 * 1024];
        while (Read(rest) > 0)
        {
            // A reader may stop before the end, at a fault.
        }

        return hash.Blocks;
    }

    public override int Read(Span<byte> buffer)
    {
        var read = inner.Read(buffer);
        hash.Append(buffer[..read]);
        onRead?.Invoke(read);
        return read;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }
}
