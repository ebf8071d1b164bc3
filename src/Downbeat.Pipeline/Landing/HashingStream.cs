using System.Security.Cryptography;

namespace Downbeat.Pipeline.Landing;

/// <summary>
/// Passes a file's bytes on while they are read, and hashes them: all of them, and the first so many where an older
/// version of the file had that size.
/// </summary>
sealed class HashingStream : ForwardStream
{
    readonly Stream inner;
    readonly Action<long>? onRead;
    readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    readonly SortedSet<long> marks;
    readonly Dictionary<long, string> prefixes = [];
    long position;

    /// <param name="inner">The file; closed with this.</param>
    /// <param name="prefixSizes">Sizes at which the hash so far is wanted too.</param>
    /// <param name="onRead">Called with the number of bytes just read.</param>
    public HashingStream(Stream inner, IEnumerable<long> prefixSizes, Action<long>? onRead)
    {
        this.inner = inner;
        this.onRead = onRead;
        marks = [.. prefixSizes];
        Mark();
    }

    /// <summary>How many bytes were read.</summary>
    public override long Position
    {
        get => position;
        set => throw new NotSupportedException();
    }

    /// <summary>The SHA-256 of the first so many bytes, in hex, if they were read and asked for.</summary>
    public string? Prefix(long size) => prefixes.GetValueOrDefault(size);

    /// <summary>Reads what is left, and says the SHA-256 of all bytes, in hex.</summary>
    public string Finish()
    {
        Span<byte> rest = stackalloc byte[16 * 1024];
        while (Read(rest) > 0)
        {
            // A reader may stop before the end, at a fault.
        }

        return Convert.ToHexStringLower(hash.GetCurrentHash());
    }

    public override int Read(Span<byte> buffer)
    {
        if (marks.Count > 0)
        {
            buffer = buffer[..(int)Math.Min(buffer.Length, marks.Min - position)];
        }

        var read = inner.Read(buffer);
        hash.AppendData(buffer[..read]);
        position += read;
        Mark();
        onRead?.Invoke(read);
        return read;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
            hash.Dispose();
        }

        base.Dispose(disposing);
    }

    void Mark()
    {
        while (marks.Count > 0 && marks.Min == position)
        {
            prefixes[position] = Convert.ToHexStringLower(hash.GetCurrentHash());
            marks.Remove(position);
        }
    }
}
