namespace Downbeat.Pipeline.Runs;

/// <summary>
/// Where it is kept who may run: in the lake itself, or in a system that decides between two at once where a lake cannot. Failures are
/// <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/>.
/// </summary>
public interface ILeaseStore
{
    /// <summary>What is kept, or null.</summary>
    byte[]? Read();

    /// <summary>Keeps a lease unless there is one: false then.</summary>
    bool PutIfAbsent(byte[] lease);

    /// <summary>Replaces the lease that was read: false, and nothing has changed, when it is another by now.</summary>
    /// <remarks>A store that cannot tell replaces it all the same: whoever has to know reads it again.</remarks>
    bool Replace(byte[] read, byte[] lease);

    /// <summary>Deletes the lease that was read, if it still is that.</summary>
    void Delete(byte[] read);
}
