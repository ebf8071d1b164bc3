using Downbeat.Pipeline.Landing;

namespace Downbeat.Connectors.S3;

/// <summary>A range of an object's bytes, front to back; the next chunks are read at the same time, and ahead.</summary>
sealed class S3Stream : ForwardStream
{
    /// <summary>One connection to S3 carries less than a worker scans.</summary>
    const int ChunksAhead = 4;

    readonly S3Reader reader;
    readonly S3Key key;
    readonly string? version;
    readonly long end;
    readonly Queue<Task<S3Chunk>> ahead = new();
    readonly CancellationTokenSource disposed = new();
    long next; // The first byte that nobody reads yet.
    S3Chunk? chunk;
    int taken; // Of the chunk.

    S3Stream(S3Reader reader, S3Key key, long from, long to, string? version)
    {
        this.reader = reader;
        this.key = key;
        this.version = version;
        (next, end) = (from, to);
    }

    /// <summary>Opens a range of a version of an object.</summary>
    public static S3Stream Open(S3Reader reader, S3Key key, long from, long to, string? version)
    {
        var stream = new S3Stream(reader, key, from, to, version);
        stream.ReadAhead();
        return stream;
    }

    /// <summary>Opens an object whose first chunk was read.</summary>
    public static S3Stream Open(S3Reader reader, S3Key key, S3Chunk first)
    {
        var stream = new S3Stream(reader, key, first.Length, first.ObjectSize, first.Version) { chunk = first };
        stream.ReadAhead();
        return stream;
    }

    public override int Read(Span<byte> buffer)
    {
        while (chunk is null || taken == chunk.Value.Length)
        {
            chunk?.Return();
            chunk = null;
            if (!ahead.TryDequeue(out var reading))
            {
                return 0;
            }

            chunk = reading.GetAwaiter().GetResult();
            taken = 0;
            ReadAhead();
        }

        var bytes = chunk.Value.Bytes[taken..];
        bytes = bytes[..Math.Min(bytes.Length, buffer.Length)];
        bytes.CopyTo(buffer);
        taken += bytes.Length;
        return bytes.Length;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            disposed.Cancel(); // Not disposed of: requests that are still under way look at it.
        }

        base.Dispose(disposing);
    }

    void ReadAhead()
    {
        while (next < end && ahead.Count < ChunksAhead)
        {
            var (from, to) = (next, Math.Min(next + S3Reader.ChunkBytes, end));
            ahead.Enqueue(
                Task.Run(async () =>
                {
                    var read = await reader.ReadAsync(key, from, to, version, disposed.Token).ConfigureAwait(false);
                    return read.Length == to - from
                        ? read
                        : throw new EndOfStreamException($"{key} ended at byte {from + read.Length}.");
                })
            );
            next = to;
        }
    }
}
