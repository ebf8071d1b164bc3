using Downbeat.Pipeline.Landing;

namespace Downbeat.Pipeline.Runs;

/// <summary>Keeps a lease in the lake: that of runs, <c>lease.json</c>, unless another is named.</summary>
sealed class LakeLeaseStore(ILake lake, string path = LakePaths.Lease) : ILeaseStore
{
    /// <inheritdoc/>
    public byte[]? Read() => LakeBytes.TryRead(lake, path);

    /// <inheritdoc/>
    public bool PutIfAbsent(byte[] lease) => lake.PutIfAbsent(path, lease);

    /// <inheritdoc/>
    public bool Replace(byte[] read, byte[] lease)
    {
        // Found first: what comes between is seen in the bytes, what comes after by a lake that knows versions.
        var found = lake.Find(path);
        return found is not null && Read()?.AsSpan().SequenceEqual(read) == true && lake.Replace(found, lease);
    }

    /// <inheritdoc/>
    public void Delete(byte[] read) => lake.Delete(path);
}
