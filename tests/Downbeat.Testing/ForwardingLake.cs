using Downbeat.Engine.Slices;
using Downbeat.Pipeline.Landing;

namespace Downbeat.Testing;

/// <summary>Another lake under another behaviour: a test overrides what is to be different.</summary>
public abstract class ForwardingLake(ILake inner) : ILake
{
    /// <inheritdoc/>
    public string Name => inner.Name;

    /// <inheritdoc/>
    public string Scratch => inner.Scratch;

    /// <inheritdoc/>
    public virtual IReadOnlyList<LakeObject> List(string folder, CancellationToken cancellationToken = default) =>
        inner.List(folder, cancellationToken);

    /// <inheritdoc/>
    public virtual LakeObject? Find(string path) => inner.Find(path);

    /// <inheritdoc/>
    public virtual Stream Open(string path) => inner.Open(path);

    /// <inheritdoc/>
    public virtual IByteSource OpenBytes(string path) => inner.OpenBytes(path);

    /// <inheritdoc/>
    public void Put(IReadOnlyList<(string Path, byte[] Bytes)> objects) => PutSeen(objects);

    /// <inheritdoc/>
    public virtual IReadOnlyList<LakeObject> PutSeen(IReadOnlyList<(string Path, byte[] Bytes)> objects) =>
        inner.PutSeen(objects);

    /// <inheritdoc/>
    public virtual void PutScratch(string path, string scratchFile) => inner.PutScratch(path, scratchFile);

    /// <inheritdoc/>
    public virtual bool PutIfAbsent(string path, byte[] bytes) => inner.PutIfAbsent(path, bytes);

    /// <inheritdoc/>
    public virtual void Flush() => inner.Flush();

    /// <inheritdoc/>
    public virtual bool Move(LakeObject read, string? hash, string target) => inner.Move(read, hash, target);

    /// <inheritdoc/>
    public virtual void Delete(string path) => inner.Delete(path);

    /// <inheritdoc/>
    public virtual void DeleteScratch() => inner.DeleteScratch();
}
