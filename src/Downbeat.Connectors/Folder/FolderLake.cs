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

    /// <summary>Unfinished work that nobody has touched for so long belongs to a process that is gone.</summary>
    static readonly TimeSpan ScratchLifetime = TimeSpan.FromMinutes(10);

    readonly string root;
    readonly string process = Guid.NewGuid().ToString("N")[..12];
    readonly HashSet<string> unsynced = new(StringComparer.Ordinal);
    readonly Lock syncing = new();

    /// <summary>Names a folder; it is touched only when something is read or put.</summary>
    public FolderLake(string path)
    {
        Name = path;
        root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public string Scratch
    {
        get
        {
            var scratch = Path.Combine(root, Unfinished, process);
            Directory.CreateDirectory(scratch);
            return scratch;
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<LakeObject> List(string folder, CancellationToken cancellationToken = default)
    {
        var start = new DirectoryInfo(Full(folder));
        if (!start.Exists)
        {
            return [];
        }

        var found = new List<LakeObject>();
        var options = new EnumerationOptions
        {
            RecurseSubdirectories = true,
            AttributesToSkip = FileAttributes.ReparsePoint, // A link's bytes are not the lake's: moving it would not move them.
            IgnoreInaccessible = false,
        };
        foreach (var file in start.EnumerateFiles("*", options))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!file.Exists)
            {
                continue; // Gone meanwhile, or of a name that is not UTF-8 and that nobody could open.
            }

            var path = Path.GetRelativePath(root, file.FullName).Replace(Path.DirectorySeparatorChar, '/');
            found.Add(new(path, file.Length, new DateTimeOffset(file.LastWriteTimeUtc)));
        }

        found.Sort((left, right) => Utf8Order.Compare(left.Path, right.Path));
        return found;
    }

    /// <inheritdoc/>
    public LakeObject? Find(string path)
    {
        var file = new FileInfo(Full(path));
        return file.Exists ? new(path, file.Length, new DateTimeOffset(file.LastWriteTimeUtc)) : null;
    }

    /// <inheritdoc/>
    public Stream Open(string path) => OpenFile(Full(path));

    /// <inheritdoc/>
    public IByteSource OpenBytes(string path) => new FileBytes(path, Full(path));

    /// <inheritdoc/>
    public void Put(IReadOnlyList<(string Path, byte[] Bytes)> objects) => PutSeen(objects);

    /// <inheritdoc/>
    public IReadOnlyList<LakeObject> PutSeen(IReadOnlyList<(string Path, byte[] Bytes)> objects)
    {
        ArgumentNullException.ThrowIfNull(objects);
        var unfinished = new string[objects.Count];
        for (var at = 0; at < unfinished.Length; at++)
        {
            unfinished[at] = NewScratchFile();
            File.WriteAllBytes(unfinished[at], objects[at].Bytes);
        }

        Sync(unfinished);
        var seen = new LakeObject[unfinished.Length];
        for (var at = 0; at < unfinished.Length; at++)
        {
            // A file keeps its time when it is renamed.
            seen[at] = new(
                objects[at].Path,
                objects[at].Bytes.Length,
                new DateTimeOffset(File.GetLastWriteTimeUtc(unfinished[at]))
            );
            var target = Full(objects[at].Path);
            MakeFolder(target);
            File.Move(unfinished[at], target, overwrite: true);
        }

        Sync([.. objects.Select(put => Path.GetDirectoryName(Full(put.Path))!).Distinct(StringComparer.Ordinal)]);
        return seen;
    }

    /// <inheritdoc/>
    public void PutScratch(string path, string scratchFile)
    {
        var target = Full(path);
        MakeFolder(target);
        if (File.Exists(target))
        {
            // A commit may name it: two runs that scan the same file make the same slices.
            Sync([scratchFile]);
        }

        File.Move(scratchFile, target, overwrite: true);
        lock (syncing)
        {
            unsynced.Add(target);
            unsynced.Add(Path.GetDirectoryName(target)!);
        }
    }

    /// <inheritdoc/>
    public bool PutIfAbsent(string path, byte[] bytes)
    {
        var target = Full(path);
        MakeFolder(target);
        var unfinished = NewScratchFile();
        try
        {
            File.WriteAllBytes(unfinished, bytes);
            Sync([unfinished]);
            return FileSystem.TryLink(unfinished, target);
        }
        finally
        {
            File.Delete(unfinished);
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
        catch (IOException)
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

        var source = Full(read.Path);
        var destination = Full(target);
        MakeFolder(destination);
        if (File.Exists(destination))
        {
            throw new IOException($"{target} exists already, so {read.Path} cannot move there.");
        }

        // The file may be replaced between looking and renaming: what has arrived is looked at again.
        // Renamed, never linked first: where the landing folder may not be written to, nothing has happened then.
        File.Move(source, destination, overwrite: true);
        var moved = Find(target);
        var isRead =
            IsSame(moved, read with { Path = target })
            && (hash is null || DateTimeOffset.UtcNow - read.Modified > TimeGranularity || Hash(destination) == hash);
        if (!isRead)
        {
            File.Move(destination, FreeName(source));
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
        var file = Full(path);
        if (!File.Exists(file))
        {
            return;
        }

        File.Delete(file);
        lock (syncing)
        {
            unsynced.Add(Path.GetDirectoryName(file)!);
        }
    }

    /// <inheritdoc/>
    public void DeleteScratch()
    {
        var all = new DirectoryInfo(Path.Combine(root, Unfinished));
        if (!all.Exists)
        {
            return;
        }

        var longAgo = DateTime.UtcNow - ScratchLifetime;
        foreach (
            var left in all.EnumerateFileSystemInfos()
                .Where(left => left.Name == process || left.LastWriteTimeUtc < longAgo)
        )
        {
            if (left is DirectoryInfo folder)
            {
                folder.Delete(recursive: true);
            }
            else
            {
                left.Delete();
            }
        }
    }

    static bool IsSame(LakeObject? found, LakeObject expected) =>
        found is not null && found.Size == expected.Size && found.Modified == expected.Modified;

    /// <summary>A pipe or a device has no size, and opening it could wait for ever: what has no bytes is not opened.</summary>
    static Stream OpenFile(string file) =>
        new FileInfo(file).Length == 0
            ? new MemoryStream([], writable: false)
            : new FileStream(
                file,
                new FileStreamOptions
                {
                    Share = FileShare.ReadWrite | FileShare.Delete,
                    BufferSize = 0, // Whoever reads does so in large blocks.
                    Options = FileOptions.SequentialScan,
                }
            );

    static string Hash(string file)
    {
        using var stream = OpenFile(file);
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

    string Full(string path)
    {
        var full = Path.GetFullPath(Path.Combine(root, path));
        return full.StartsWith(root + Path.DirectorySeparatorChar, StringComparison.Ordinal) || full == root
            ? full
            : throw new UnauthorizedAccessException($"{path} leads out of the lake {Name}.");
    }

    string NewScratchFile()
    {
        var folder = Path.Combine(root, Unfinished);
        Directory.CreateDirectory(folder);
        return Path.Combine(folder, Guid.NewGuid().ToString("N"));
    }

    static void MakeFolder(string target) => Directory.CreateDirectory(Path.GetDirectoryName(target)!);
}
