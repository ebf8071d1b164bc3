using Downbeat.Engine.Slices;

namespace Downbeat.Pipeline.Landing;

/// <summary>
/// Where a lake's objects lie: a folder, or a bucket. Paths are relative to the lake, with <c>/</c> between their parts.
/// Every implementation promises: an object is seen whole or not at all; what was put before <see cref="Flush"/>
/// returned survives a crash of the machine; of several who put the same path if absent exactly one wins. Safe to use
/// from many threads. Failures are <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/>.
/// </summary>
public interface ILake
{
    /// <summary>The lake as its user wrote it, for messages.</summary>
    string Name { get; }

    /// <summary>A local folder for unfinished work of this process. What lies there does not belong to the lake.</summary>
    string Scratch { get; }

    /// <summary>All objects below a folder, in the byte order of their paths; none where there is no such folder.</summary>
    IReadOnlyList<LakeObject> List(string folder, CancellationToken cancellationToken = default);

    /// <summary>What lies below a folder and is no object, although whoever put it there may think so: a link, a pipe.</summary>
    IReadOnlyList<PassedOver> ListPassedOver(string folder) => [];

    /// <summary>An object, or null where there is none.</summary>
    LakeObject? Find(string path);

    /// <summary>
    /// How many objects are best worked on at once where little more is to be done than to wait for the lake: more than
    /// one for a lake that is far away.
    /// </summary>
    int Concurrency => 1;

    /// <summary>
    /// Calls back soon after something may have come into a folder or changed there, until disposed of; null where the lake cannot
    /// tell. Changes may be missed: whoever must know of all lists from time to time.
    /// </summary>
    IDisposable? TryWatch(string folder, Action onChange) => null;

    /// <summary>The objects of a folder whose paths come behind one, in byte order; all of them where it is null.</summary>
    IReadOnlyList<LakeObject> ListBehind(string folder, string? path) =>
        [.. List(folder).Where(found => path is null || Utf8Order.Compare(found.Path, path) > 0)];

    /// <summary>An object's bytes, front to back.</summary>
    Stream Open(string path);

    /// <summary>The bytes of an object as it was listed, front to back.</summary>
    /// <exception cref="ObjectChangedException">It is another by now; not every lake notices.</exception>
    Stream Open(LakeObject listed) => Open(listed.Path);

    /// <summary>A range of the bytes of an object as it was listed, front to back.</summary>
    /// <exception cref="ObjectChangedException">It is another by now; not every lake notices.</exception>
    Stream OpenRange(LakeObject listed, long from, long until) => new RangeStream(OpenBytes(listed.Path), from, until);

    /// <summary>Says which objects are going to be opened whole, about in this order: a lake far away begins to fetch them.</summary>
    void Expect(IReadOnlyList<LakeObject> listed) { }

    /// <summary>An object's bytes, in any order.</summary>
    IByteSource OpenBytes(string path);

    /// <summary>Puts objects, replacing those there were. Each appears whole; all are durable when this returns.</summary>
    void Put(IReadOnlyList<(string Path, byte[] Bytes)> objects);

    /// <summary>
    /// Puts objects likewise, and says what a listing shows of them as long as nobody else puts others: it is known from putting
    /// them, and not from looking afterwards, when they may be another's.
    /// </summary>
    IReadOnlyList<LakeObject> PutSeen(IReadOnlyList<(string Path, byte[] Bytes)> objects);

    /// <summary>
    /// Makes a finished scratch file an object, replacing the one there was. Durable after <see cref="Flush"/>; what was there
    /// may be named by a commit, so until then a crash of the machine leaves the one or the other, whole.
    /// </summary>
    void PutScratch(string path, string scratchFile);

    /// <summary>Puts an object, durably, unless there is one: false then.</summary>
    bool PutIfAbsent(string path, byte[] bytes);

    /// <summary>Replaces an object, durably: false, and nothing has changed, when it is another than the one that was found.</summary>
    /// <remarks>A lake that cannot tell replaces it all the same: whoever has to know reads it again.</remarks>
    bool Replace(LakeObject found, byte[] bytes)
    {
        Put([(found.Path, bytes)]);
        return true;
    }

    /// <summary>Makes durable what was put.</summary>
    void Flush();

    /// <summary>
    /// Moves exactly the bytes that were read before: false, and nothing has moved, when the object is another by now.
    /// </summary>
    /// <param name="read">The object as it was when it was read.</param>
    /// <param name="hash">The content hash of the bytes that were read, in hex; null to move whatever is there.</param>
    /// <param name="target">Where to; nothing may be there.</param>
    bool Move(LakeObject read, string? hash, string target);

    /// <summary>Deletes an object, if there is one.</summary>
    void Delete(string path);

    /// <summary>Deletes objects, those that there are.</summary>
    void Delete(IReadOnlyList<string> paths)
    {
        foreach (var path in paths)
        {
            Delete(path);
        }
    }

    /// <summary>Deletes the unfinished work of this process and of those that are gone.</summary>
    void DeleteScratch();
}

/// <summary>An object of a lake, as listed.</summary>
/// <param name="Path">Its path in the lake.</param>
/// <param name="Size">Its size in bytes.</param>
/// <param name="Modified">When it was last written.</param>
/// <param name="Version">What differs when its bytes differ, where the lake knows such a thing: an ETag.</param>
public sealed record LakeObject(string Path, long Size, DateTimeOffset Modified, string? Version = null)
{
    /// <summary>When it was last written, in whole seconds since 1970-01-01T00:00:00Z, rounded down.</summary>
    public long ModifiedSecond => Modified.ToUnixTimeSeconds();
}

/// <summary>Something that is no object.</summary>
/// <param name="Path">Its path in the lake; what of it is no text is U+FFFD.</param>
/// <param name="Why">Why it is none.</param>
public sealed record PassedOver(string Path, string Why);

/// <summary>A lake does not let us; the message says what is missing.</summary>
public sealed class LakeAccessException(string message, Exception cause) : UnauthorizedAccessException(message, cause);

/// <summary>An object is another by now than the one that was listed.</summary>
public sealed class ObjectChangedException(string message) : IOException(message);
