namespace Downbeat.Pipeline.Landing;

/// <summary>Passes a file's bytes on, and says how many were read while they are.</summary>
/// <param name="inner">The file; closed with this.</param>
/// <param name="onRead">Called with the number of bytes just read.</param>
sealed class CountedStream(Stream inner, Action<long> onRead) : ForwardStream
{
    public override int Read(Span<byte> buffer)
    {
        var read = inner.Read(buffer);
        onRead(read);
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
