using Downbeat.Engine.Slices;

namespace Downbeat.Pipeline.Landing;

/// <summary>
/// The bytes of a landed file that is read in sections by several workers, each of them front to back. A section looks at
/// its neighbours' first and last bytes to find where lines begin: what lies about the cuts is kept, and so is the begin
/// of the file, so that every byte is fetched from the lake once.
/// </summary>
/// <remarks>Only what a line holds more than <see cref="EdgeBytes"/> behind a cut is fetched twice.</remarks>
sealed class SectionBytes(ILake lake, LakeObject landed) : IByteSource
{
    /// <summary>As much as a section reads at a time.</summary>
    const int EdgeBytes = 64 * 1024;

    readonly List<Edge> edges = []; // In order, and apart.
    readonly Dictionary<long, Stream> reading = []; // By where they stand.

    public string Name => landed.Path;

    public long Length => landed.Size;

    /// <summary>Reads the begin of the file, and keeps it.</summary>
    public byte[] KeepFirst(int bytes)
    {
        edges.Insert(0, new(0, Math.Min(bytes, Length)));
        return Bytes(edges[0]);
    }

    /// <summary>All bytes, front to back.</summary>
    public Stream OpenWhole() => edges.Count == 0 ? lake.Open(landed) : new RangeStream(this, 0, Length);

    /// <summary>Says where sections begin, before any is read.</summary>
    public void CutAt(IEnumerable<long> starts)
    {
        foreach (var start in starts)
        {
            var from = Math.Max(start - 1, edges.Count == 0 ? 0 : edges[^1].To);
            var to = Math.Min(start + EdgeBytes, Length);
            if (from < to)
            {
                edges.Add(new(from, to));
            }
        }
    }

    /// <inheritdoc/>
    public void Read(long offset, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            var next = edges.FindIndex(edge => edge.To > offset);
            var edge = next < 0 ? null : edges[next];
            int read;
            if (edge is not null && edge.From <= offset)
            {
                read = (int)Math.Min(destination.Length, edge.To - offset);
                Bytes(edge).AsSpan((int)(offset - edge.From), read).CopyTo(destination);
            }
            else
            {
                var to = edge?.From ?? Length;
                read = (int)Math.Min(destination.Length, to - offset);
                ReadBetween(offset, to, destination[..read]);
            }

            destination = destination[read..];
            offset += read;
        }
    }

    /// <summary>Ends what is still being read.</summary>
    public void Close()
    {
        lock (reading)
        {
            foreach (var stream in reading.Values)
            {
                stream.Dispose();
            }

            reading.Clear();
        }
    }

    /// <summary>Goes on with the stream that stands there, or begins one that ends at the next edge.</summary>
    void ReadBetween(long offset, long to, Span<byte> destination)
    {
        if (destination.IsEmpty)
        {
            throw new EndOfStreamException($"{Name} ended at byte {offset}.");
        }

        Stream? stream;
        lock (reading)
        {
            reading.Remove(offset, out stream);
        }

        stream ??= lake.OpenRange(landed, offset, to);
        try
        {
            stream.ReadExactly(destination);
        }
        catch
        {
            stream.Dispose();
            throw;
        }

        offset += destination.Length;
        lock (reading)
        {
            if (offset == to || !reading.TryAdd(offset, stream))
            {
                stream.Dispose();
            }
        }
    }

    byte[] Bytes(Edge edge)
    {
        lock (edge)
        {
            if (edge.Bytes is null)
            {
                var bytes = new byte[edge.To - edge.From];
                using var stream = lake.OpenRange(landed, edge.From, edge.To);
                stream.ReadExactly(bytes);
                edge.Bytes = bytes;
            }

            return edge.Bytes;
        }
    }

    sealed class Edge(long from, long to)
    {
        public long From => from;

        public long To => to;

        public byte[]? Bytes { get; set; }
    }
}
