using Downbeat.Engine.Slices;
using Downbeat.Pipeline.Landing;

namespace Downbeat.Connectors.S3;

/// <summary>
/// An object's bytes in any order, by way of a local file: its end, where slices keep what is wanted first, is fetched at
/// once, of a small object all of it; the rest when it is asked for. Readers ask for blocks too small for S3, of a date's
/// many slices at once. The file goes away with this.
/// </summary>
sealed class S3Bytes : IByteSource
{
    readonly S3Reader? reader;
    readonly S3Key key;
    readonly string version = "";
    readonly string file;
    readonly Lock fetching = new();
    readonly FileBytes local;
    long fetchedFrom; // What lies behind is in the file.

    /// <summary>Takes a local file that holds an object that was put.</summary>
    public S3Bytes(string name, string file)
    {
        this.file = file;
        local = new(name, file);
    }

    /// <summary>Fetches the end of an object into a new local file.</summary>
    public S3Bytes(S3Reader reader, S3Key key, string name, string file)
    {
        this.reader = reader;
        this.key = key;
        this.file = file;
        var end = reader.ReadEnd(key);
        version = end.Version;
        fetchedFrom = end.ObjectSize - end.Length;
        try
        {
            using var handle = File.OpenHandle(file, FileMode.CreateNew, FileAccess.Write);
            RandomAccess.Write(handle, end.Bytes, fetchedFrom);
        }
        catch (Exception error) when (FileFaults.IsKnown(error))
        {
            throw FileFaults.Explain(error, file);
        }

        end.Return();
        local = new(name, file);
    }

#pragma warning disable MA0055 // Whoever reads slices has no end to say; a file that stays a little longer does no harm.
    ~S3Bytes()
    {
        try
        {
            File.Delete(file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It goes away with the scratch folder.
        }
    }
#pragma warning restore MA0055

    /// <inheritdoc/>
    public string Name => local.Name;

    /// <inheritdoc/>
    public long Length => local.Length;

    /// <inheritdoc/>
    public void Read(long offset, Span<byte> destination)
    {
        if (offset < Volatile.Read(ref fetchedFrom))
        {
            lock (fetching)
            {
                if (fetchedFrom > 0)
                {
                    Fetch();
                    Volatile.Write(ref fetchedFrom, 0);
                }
            }
        }

        local.Read(offset, destination);
        GC.KeepAlive(this);
    }

    void Fetch()
    {
        using var stream = S3Stream.Open(reader!, key, 0, fetchedFrom, version);
        try
        {
            using var output = new FileStream(file, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, 0);
            stream.CopyTo(output, 1 << 20);
        }
        catch (Exception error) when (FileFaults.IsKnown(error))
        {
            throw FileFaults.Explain(error, file);
        }
    }
}
