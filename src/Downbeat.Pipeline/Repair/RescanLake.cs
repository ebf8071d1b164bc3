using Downbeat.Engine.Slices;
using Downbeat.Pipeline.Landing;

namespace Downbeat.Pipeline.Repair;

/// <summary>
/// A lake in which a raw file lies where it landed once, and that keeps what is put to itself: so a file can be scanned where it
/// lies now, and gives the slices that it gave then.
/// </summary>
/// <param name="lake">The lake.</param>
/// <param name="landed">The file as it was listed when it was scanned.</param>
/// <param name="raw">Where it lies now.</param>
sealed class RescanLake(ILake lake, LakeObject landed, LakeObject raw) : ILake, IDisposable
{
    readonly Lock adding = new();

    /// <summary>The scratch files of what was put.</summary>
    public Dictionary<string, string> Made { get; } = new(StringComparer.Ordinal);

    public string Name => lake.Name;

    public string Scratch => lake.Scratch;

    public LakeObject? Find(string path) => path == landed.Path ? landed : lake.Find(path);

    public Stream Open(string path) => path == landed.Path ? lake.Open(raw) : lake.Open(path);

    public IByteSource OpenBytes(string path) => lake.OpenBytes(path == landed.Path ? raw.Path : path);

    public void PutScratch(string path, string scratchFile)
    {
        // As from any lake, it is gone from where it was: whoever made it deletes what is left.
        var taken = ScratchStream.NewName(lake.Scratch);
        File.Move(scratchFile, taken);
        lock (adding)
        {
            Made[path] = taken;
        }
    }

    public void Dispose()
    {
        foreach (var file in Made.Values)
        {
            File.Delete(file);
        }
    }

    public IReadOnlyList<LakeObject> List(string folder, CancellationToken cancellationToken = default) =>
        lake.List(folder, cancellationToken);

    public void Put(IReadOnlyList<(string Path, byte[] Bytes)> objects) => throw Unexpected();

    public IReadOnlyList<LakeObject> PutSeen(IReadOnlyList<(string Path, byte[] Bytes)> objects) => throw Unexpected();

    public bool PutIfAbsent(string path, byte[] bytes) => throw Unexpected();

    public void Flush() => throw Unexpected();

    public bool Move(LakeObject read, string? hash, string target) => throw Unexpected();

    public void Delete(string path) => throw Unexpected();

    public void DeleteScratch() => throw Unexpected();

    static NotSupportedException Unexpected() => new("Scanning puts scratch files, and nothing else.");
}
