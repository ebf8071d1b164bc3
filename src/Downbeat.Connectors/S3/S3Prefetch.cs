using Downbeat.Pipeline.Landing;

namespace Downbeat.Connectors.S3;

/// <summary>
/// Small objects that are going to be opened soon, read ahead of time: with many of them the time is spent on waiting for
/// answers and not on bytes.
/// </summary>
sealed class S3Prefetch(S3Reader reader, IEnumerable<(LakeObject Listed, S3Key Key)> expected)
{
    const int ObjectsAhead = 32;

    /// <summary>What is read and not taken yet.</summary>
    const long BytesAhead = 32 << 20;

    readonly Queue<(LakeObject Listed, S3Key Key)> waiting = new(
        expected.Where(one => one.Listed is { Size: > 0 and <= S3Reader.ChunkBytes, Version: not null })
    );
    readonly HashSet<string> taken = new(StringComparer.Ordinal); // Before their turn came.
    readonly Dictionary<string, (LakeObject Listed, Task<S3Chunk> Reading)> ahead = new(StringComparer.Ordinal);
    readonly Lock taking = new();
    long bytes;

    /// <summary>Takes an object out, if it is read or being read; begins to read those behind it.</summary>
    public S3Chunk? Take(LakeObject listed)
    {
        Task<S3Chunk>? reading = null;
        lock (taking)
        {
            if (ahead.Remove(listed.Path, out var found))
            {
                bytes -= found.Listed.Size;
                reading = found.Listed == listed ? found.Reading : null;
            }
            else if (waiting.Count > 0)
            {
                taken.Add(listed.Path);
            }

            ReadAhead();
        }

        return reading?.GetAwaiter().GetResult();
    }

    void ReadAhead()
    {
        while (ahead.Count < ObjectsAhead && bytes < BytesAhead && waiting.TryDequeue(out var next))
        {
            var (listed, key) = next;
            if (!taken.Remove(listed.Path))
            {
                bytes += listed.Size;
                var reading = Task.Run(() =>
                    reader.ReadAsync(key, 0, listed.Size, listed.Version, CancellationToken.None)
                );
                ahead.Add(listed.Path, (listed, reading));
            }
        }
    }
}
