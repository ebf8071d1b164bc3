using System.Security.Cryptography;
using Downbeat.Pipeline.Landing;

namespace Downbeat.Testing.Simulation;

/// <summary>An object's bytes. A producer that writes in place changes them under those who read.</summary>
sealed class SimObject(byte[] bytes, DateTimeOffset modified)
{
    string? tag;

    public byte[] Bytes { get; private set; } = bytes;

    public DateTimeOffset Modified { get; private set; } = modified;

    /// <summary>Whose run wrote it.</summary>
    public SimProcess? Writer { get; init; }

    /// <summary>Whether its bytes are not on the disk yet: a power failure may tear them.</summary>
    public bool IsVolatile { get; set; }

    public string Tag => tag ??= $"\"{Convert.ToHexStringLower(SHA256.HashData(Bytes))}\"";

    public void Write(byte[] bytes, DateTimeOffset modified)
    {
        (Bytes, Modified, tag) = (bytes, modified, null);
    }
}

/// <summary>
/// The objects of a lake, and what of them is durable. As a folder: names that were not flushed may come or go when the
/// machine crashes, in any order that the paths allow, and bytes that were not flushed may be torn. As S3: all that was put is
/// durable, an upload that was not waited for may be lost with its process, and moving is copying and deleting.
/// </summary>
sealed class SimStore(bool isS3)
{
    readonly SortedDictionary<string, SimObject> objects = new(StringComparer.Ordinal);
    readonly List<Change> unflushed = [];
    readonly List<(SimProcess? Owner, string Path)> owed = []; // What a flush of a process makes durable.

    public bool IsS3 => isS3;

    public IEnumerable<KeyValuePair<string, SimObject>> Objects => objects;

    public SimObject? Find(string path) => objects.GetValueOrDefault(path);

    public LakeObject? Listed(string path) =>
        Find(path) is not { } found ? null
        : isS3
            ? new(
                path,
                found.Bytes.Length,
                DateTimeOffset.FromUnixTimeSeconds(found.Modified.ToUnixTimeSeconds()),
                found.Tag
            )
        : new(path, found.Bytes.Length, found.Modified);

    public List<LakeObject> List(string folder)
    {
        var prefix = folder.Length == 0 ? "" : folder + "/";
        return
        [
            .. objects
                .Where(one => one.Key.StartsWith(prefix, StringComparison.Ordinal))
                .Select(one => Listed(one.Key)!),
        ];
    }

    /// <summary>Changes names, durably or not.</summary>
    public void Apply(SimProcess? owner, bool isDurable, params (string Path, SimObject? After)[] edits)
    {
        var before = edits.Select(edit => (edit.Path, Find(edit.Path))).ToArray();
        foreach (var (path, after) in edits)
        {
            Set(path, after);
        }

        if (!isDurable)
        {
            unflushed.Add(new(owner, before));
            owed.AddRange(edits.Select(edit => (owner, edit.Path)));
            return;
        }

        Sync(edits.Select(edit => edit.Path));
    }

    /// <summary>Syncs folders: what others changed in them is on the disk, too.</summary>
    void Sync(IEnumerable<string> paths)
    {
        var folders = paths.Select(Folder).ToHashSet(StringComparer.Ordinal);
        unflushed.RemoveAll(change => change.Before.Any(edit => folders.Contains(Folder(edit.Path))));
    }

    /// <summary>Makes durable what lies where a process changed something.</summary>
    public void Flush(SimProcess owner)
    {
        var paths = owed.Where(one => one.Owner == owner).Select(one => one.Path).ToList();
        owed.RemoveAll(one => one.Owner == owner);
        foreach (var path in paths)
        {
            if (Find(path) is { } there)
            {
                there.IsVolatile = false;
            }
        }

        Sync(paths);
    }

    /// <summary>As the system does by itself after a while.</summary>
    public void FlushAll()
    {
        unflushed.Clear();
        foreach (var (_, one) in objects)
        {
            one.IsVolatile = false;
        }
    }

    /// <summary>Uploads that nobody waits for any more may not have come through.</summary>
    public int LoseUploads(SimProcess owner, Random random)
    {
        if (!isS3)
        {
            return 0;
        }

        // Each by itself: what another process has put since stays.
        var lost = unflushed.Where(change => change.Owner == owner && random.Next(2) == 0).Reverse().ToList();
        foreach (var (path, before) in lost.SelectMany(change => change.Before))
        {
            if (Find(path)?.Writer == owner)
            {
                Set(path, before);
            }
        }

        unflushed.RemoveAll(change => change.Owner == owner);
        return lost.Count;
    }

    /// <summary>The machine crashes: says how many changes were undone, and how many objects were torn.</summary>
    public (int Undone, int Torn) Crash(Random random)
    {
        if (isS3)
        {
            return (0, 0);
        }

        var undone = Undo(_ => random.Next(2) == 0);
        unflushed.Clear();
        var torn = 0;
        foreach (var (_, one) in objects.Where(one => one.Value.IsVolatile))
        {
            one.IsVolatile = false;
            if (random.Next(2) == 0)
            {
                torn++;
                var bytes = (byte[])one.Bytes.Clone();
                var from = random.Next(bytes.Length + 1);
                if (random.Next(2) == 0)
                {
                    bytes = bytes[..from];
                }
                else
                {
                    bytes.AsSpan(from).Clear();
                }

                one.Write(bytes, one.Modified);
            }
        }

        return (undone, torn);
    }

    /// <summary>Undoes changes, and with each those behind it that build upon it.</summary>
    int Undo(Func<Change, bool> isUndone)
    {
        var paths = new HashSet<string>(StringComparer.Ordinal);
        var undone = new Stack<Change>();
        foreach (var change in unflushed)
        {
            if (Array.Exists(change.Before, edit => paths.Contains(edit.Path)) || isUndone(change))
            {
                undone.Push(change);
                paths.UnionWith(change.Before.Select(edit => edit.Path));
            }
        }

        foreach (var (path, before) in undone.SelectMany(change => change.Before))
        {
            Set(path, before);
        }

        return undone.Count;
    }

    void Set(string path, SimObject? one)
    {
        if (one is null)
        {
            objects.Remove(path);
        }
        else
        {
            objects[path] = one;
        }
    }

    static string Folder(string path) => path[..(path.LastIndexOf('/') + 1)];

    sealed record Change(SimProcess? Owner, (string Path, SimObject? Before)[] Before);
}
