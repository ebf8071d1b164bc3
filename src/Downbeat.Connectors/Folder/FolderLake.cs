using System.IO.Enumeration;
using Downbeat.Engine.Scan;
using Downbeat.Engine.Slices;
using Downbeat.Pipeline.Landing;

namespace Downbeat.Connectors.Folder;

/// <summary>
/// A lake in a folder of a local file system. An object appears by renaming a finished file of the same file system
/// into place; unfinished files lie in <c>.tmp/</c>, one folder a process.
/// </summary>
public sealed class FolderLake : ILake
{
    const string Unfinished = ".tmp";

    /// <summary>From so many files on, syncing the whole file system once is cheaper than syncing each.</summary>
    const int FilesPerFileSystemSync = 16;

    /// <summary>
    /// A file that was written so shortly before it was read could be written again without its time showing it: then
    /// its content is compared.
    /// </summary>
    static readonly TimeSpan TimeGranularity = TimeSpan.FromSeconds(2);

    readonly string root;
    readonly FolderPaths paths;
    readonly ScratchFolder scratch;
    readonly HashSet<string> unsynced = new(StringComparer.Ordinal);
    readonly Lock syncing = new();

    /// <summary>Names a folder; it is touched only when something is read or put.</summary>
    public FolderLake(string path)
    {
        Name = path;
        root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        paths = new(root, path);
        scratch = new(Path.Combine(root, Unfinished), "");
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public string Scratch => scratch.Path;

    /// <inheritdoc/>
    public IReadOnlyList<LakeObject> List(string folder, CancellationToken cancellationToken = default)
    {
        var found = new List<LakeObject>();
        try
        {
            foreach (var one in Enumerate(folder, ObjectOf))
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (one is not null)
                {
                    found.Add(one);
                }
            }
        }
        catch (UnauthorizedAccessException error) when (error is not LakeAccessException)
        {
            throw FileFaults.ExplainRead(error, paths.FullOfFolder(folder));
        }

        found.Sort((left, right) => Utf8Order.Compare(left.Path, right.Path));
        return found;
    }

    /// <inheritdoc/>
    public IReadOnlyList<PassedOver> ListPassedOver(string folder)
    {
        var found = new List<PassedOver>();
        foreach (var one in Enumerate(folder, (ref found) => found.ToFileSystemInfo()))
        {
            var why =
                one.Exists || one.LinkTarget is not null ? FolderPaths.WhyNone(one)
                : one.Name.Contains('\uFFFD', StringComparison.Ordinal) ? "its name is not UTF-8: rename it"
                : null; // Gone meanwhile.
            if (why is not null)
            {
                found.Add(new(PathOf(one.FullName), why));
            }
        }

        found.Sort((left, right) => Utf8Order.Compare(left.Path, right.Path));
        return found;
    }

    /// <inheritdoc/>
    public IDisposable? TryWatch(string folder, Action onChange)
    {
        FileSystemWatcher? watcher = null;
        try
        {
            watcher = new(paths.Full(folder)) { IncludeSubdirectories = true };
            watcher.Created += (_, _) => onChange();
            watcher.Changed += (_, _) => onChange();
            watcher.Renamed += (_, _) => onChange();
            watcher.Error += (_, _) => onChange(); // Too many at once: what they were is not known.
            watcher.EnableRaisingEvents = true;
            return watcher;
        }
        catch (Exception error) when (error is ArgumentException or IOException or UnauthorizedAccessException)
        {
            watcher?.Dispose();
            return null; // There is no such folder, or the system watches as much as it may already.
        }
    }

    /// <inheritdoc/>
    public LakeObject? Find(string path)
    {
        var file = new FileInfo(paths.Full(path));
        return paths.IsObject(path, file) ? new(path, file.Length, new DateTimeOffset(file.LastWriteTimeUtc)) : null;
    }

    /// <inheritdoc/>
    public Stream Open(string path) => new FileStream(paths.Open(path), FileAccess.Read, bufferSize: 0); // Who reads does so in large blocks.

    /// <inheritdoc/>
    public IByteSource OpenBytes(string path) => new FileBytes(path, paths.Full(path), () => paths.Open(path));

    /// <inheritdoc/>
    public void Put(IReadOnlyList<(string Path, byte[] Bytes)> objects) => PutSeen(objects);

    /// <inheritdoc/>
    public IReadOnlyList<LakeObject> PutSeen(IReadOnlyList<(string Path, byte[] Bytes)> objects)
    {
        ArgumentNullException.ThrowIfNull(objects);
        var unfinished = Array.ConvertAll(new string[objects.Count], _ => scratch.NewFile());
        var seen = new LakeObject[unfinished.Length];
        try
        {
            for (var at = 0; at < unfinished.Length; at++)
            {
                FileSystem.Write(unfinished[at], objects[at].Bytes);
            }

            Sync(unfinished);
            for (var at = 0; at < unfinished.Length; at++)
            {
                var (path, bytes) = objects[at];
                seen[at] = new(path, bytes.Length, new DateTimeOffset(File.GetLastWriteTimeUtc(unfinished[at]))); // Kept by renaming.
                FileSystem.Rename(unfinished[at], MakeFolder(path));
            }
        }
        catch
        {
            Array.ForEach(unfinished, FileSystem.Delete); // Where the disk is full they keep it so.
            throw;
        }

        Sync([.. objects.Select(put => Path.GetDirectoryName(paths.Full(put.Path))!).Distinct(StringComparer.Ordinal)]);
        return seen;
    }

    /// <inheritdoc/>
    public void PutScratch(string path, string scratchFile)
    {
        var target = MakeFolder(path);
        if (File.Exists(target))
        {
            // A commit may name it: two runs that scan the same file make the same slices.
            Sync([scratchFile]);
        }

        FileSystem.Rename(scratchFile, target);
        lock (syncing)
        {
            unsynced.Add(target);
            unsynced.Add(Path.GetDirectoryName(target)!);
        }
    }

    /// <inheritdoc/>
    public bool PutIfAbsent(string path, byte[] bytes)
    {
        var target = MakeFolder(path);
        var unfinished = scratch.NewFile();
        try
        {
            FileSystem.Write(unfinished, bytes);
            Sync([unfinished]);
            return FileSystem.TryLink(unfinished, target);
        }
        finally
        {
            FileSystem.Delete(unfinished);
            Sync([Path.GetDirectoryName(target)!]);
        }
    }

    /// <inheritdoc/>
    public void Flush()
    {
        string[] pending;
        lock (syncing)
        {
            pending = [.. unsynced];
            unsynced.Clear();
        }

        try
        {
            Sync(pending);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            lock (syncing)
            {
                unsynced.UnionWith(pending); // Nothing may be committed on top of what did not become durable.
            }

            throw;
        }
    }

    /// <inheritdoc/>
    public bool Move(LakeObject read, string? hash, string target)
    {
        ArgumentNullException.ThrowIfNull(read);
        if (!IsSame(Find(read.Path), read))
        {
            return false;
        }

        var source = paths.FullWithoutLinks(read.Path);
        var destination = MakeFolder(target);
        if (File.Exists(destination))
        {
            throw new IOException($"{target} exists already, so {read.Path} cannot move there.");
        }

        // The file may be replaced between looking and renaming: what has arrived is looked at again.
        // Renamed, never linked first: where the landing folder may not be written to, nothing has happened then.
        FileSystem.Move(source, destination);
        var moved = Find(target);
        var isRead =
            IsSame(moved, read with { Path = target })
            && (hash is null || DateTimeOffset.UtcNow - read.Modified > TimeGranularity || Hash(target) == hash);
        if (!isRead)
        {
            FileSystem.Move(destination, FreeName(source));
        }

        lock (syncing)
        {
            unsynced.Add(Path.GetDirectoryName(source)!);
            unsynced.Add(Path.GetDirectoryName(destination)!);
        }

        return isRead;
    }

    /// <inheritdoc/>
    public void Delete(string path)
    {
        var file = paths.FullWithoutLinks(path);
        if (!File.Exists(file))
        {
            return;
        }

        FileSystem.Delete(file);
        lock (syncing)
        {
            unsynced.Add(Path.GetDirectoryName(file)!);
        }
    }

    /// <inheritdoc/>
    public void DeleteScratch() => scratch.Delete();

    static bool IsSame(LakeObject? found, LakeObject expected) =>
        found is not null && found.Size == expected.Size && found.Modified == expected.Modified;

    /// <summary>The object that something is, by one look at it; null when it is none, or gone meanwhile: then it has no length.</summary>
    LakeObject? ObjectOf(ref FileSystemEntry found) =>
        found.IsDirectory || IsLink(ref found) || (found.Length == 0 && !RegularFiles.IsRegular(found.ToFullPath()))
            ? null
            : new(PathOf(found.ToFullPath()), found.Length, found.LastWriteTimeUtc);

    /// <summary>Files, and what else lies there but folders.</summary>
    IEnumerable<T> Enumerate<T>(string folder, FileSystemEnumerable<T>.FindTransform transform)
    {
        var start = paths.FullOfFolder(folder);
        if (!Directory.Exists(start))
        {
            yield break;
        }

        var all = new FileSystemEnumerable<T>(
            start,
            transform,
            new()
            {
                RecurseSubdirectories = true,
                AttributesToSkip = FileAttributes.None,
                IgnoreInaccessible = false,
            }
        )
        {
            ShouldRecursePredicate = (ref found) => !IsLink(ref found), // A link's bytes are not the lake's: moving it would not move them.
            ShouldIncludePredicate = (ref found) =>
                !found.IsDirectory || IsLink(ref found) || found.FileName.Contains('\uFFFD'),
        };
        foreach (var found in all)
        {
            yield return found;
        }
    }

    static bool IsLink(ref FileSystemEntry found) => found.Attributes.HasFlag(FileAttributes.ReparsePoint);

    /// <summary>The path of what lies below the root, which ends in a separator only where it is that of the file system.</summary>
    string PathOf(string full) =>
        full[root.Length..].TrimStart(Path.DirectorySeparatorChar).Replace(Path.DirectorySeparatorChar, '/');

    string Hash(string path)
    {
        using var stream = Open(path);
        return ContentHash.Of(stream);
    }

    /// <summary>The name, or where a producer has put another file there meanwhile, one beside it.</summary>
    static string FreeName(string file)
    {
        var free = file;
        for (var number = 2; File.Exists(free); number++)
        {
            free = Path.Combine(
                Path.GetDirectoryName(file)!,
                string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{number}-{Path.GetFileName(file)}")
            );
        }

        return free;
    }

    void Sync(string[] paths)
    {
        if (paths.Length >= FilesPerFileSystemSync && FileSystem.TrySyncAll(root))
        {
            return;
        }

        foreach (var path in paths)
        {
            FileSystem.Sync(path);
        }
    }

    /// <summary>Makes the folder that a path is in, and says the full path.</summary>
    string MakeFolder(string path)
    {
        var full = paths.FullWithoutLinks(path);
        FileSystem.MakeFolder(Path.GetDirectoryName(full)!);
        return full;
    }
}
