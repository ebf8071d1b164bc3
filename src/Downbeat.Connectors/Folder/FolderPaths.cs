using System.Collections.Concurrent;
using Downbeat.Pipeline.Landing;
using Microsoft.Win32.SafeHandles;

namespace Downbeat.Connectors.Folder;

/// <summary>
/// Where the paths of a lake lead in a file system: never out of the lake. Whoever owns the lake may make its own folders
/// (<c>landing/streams</c>, <c>archive/streams</c>, <c>kpis</c>) links to others; below them nothing is reached through a link, because
/// those who deliver files could make one. What is opened is looked at once more when it is open: it may have been swapped meanwhile.
/// </summary>
sealed class FolderPaths(string root, string name)
{
    static readonly string[] OwnFolders =
    [
        LakePaths.Streams,
        LakePaths.Songs,
        LakePaths.Users,
        LakePaths.Archive,
        LakePaths.Quarantine,
        LakePaths.Slices,
        LakePaths.Ledger,
        LakePaths.Catalogue,
        LakePaths.Kpis,
        LakePaths.Runs,
    ];

    readonly ConcurrentDictionary<string, string> realFolders = new(StringComparer.Ordinal);

    /// <summary>The full path of a path of the lake, which may lead anywhere within but not out of it; of none, that of the lake.</summary>
    /// <exception cref="UnauthorizedAccessException">It leads out, or may.</exception>
    public string Full(string path) =>
        path.Length == 0 ? root
        : LakePaths.IsInside(path)
        && !path.Split('/').Contains("", StringComparer.Ordinal)
        && (!OperatingSystem.IsWindows() || path.AsSpan().IndexOfAny('\\', ':') < 0)
            ? Path.Combine(root, path)
            : throw LakePaths.LeadsOut(path, name);

    /// <summary>The same, of something that is going to be written, moved or deleted there.</summary>
    /// <exception cref="UnauthorizedAccessException">It leads out, or is reached through a link.</exception>
    public string FullWithoutLinks(string path)
    {
        var full = Full(path);
        return FindLink(path) is { } link
            ? throw new UnauthorizedAccessException(
                $"{path} was not touched: {link} is a link, and nothing is reached through links. Put a folder there."
            )
            : full;
    }

    /// <summary>Whether something is an object: a file, and neither a link nor reached through one, nor a pipe, a socket or a device.</summary>
    public bool IsObject(string path, FileInfo file) => file.Exists && WhyNone(file) is null && FindLink(path) is null;

    /// <summary>Why what lies in a folder of the lake is no object; null when it is one.</summary>
    public static string? WhyNone(FileSystemInfo found) =>
        found.Attributes.HasFlag(FileAttributes.ReparsePoint) ? "it is a link: only files that lie there are taken"
        : found is FileInfo { Length: 0 } && !RegularFiles.IsRegular(found.FullName)
            ? "it is a pipe, a socket or a device: only files are taken"
        : null;

    /// <summary>Opens an object to be read front to back, or anywhere.</summary>
    public SafeFileHandle Open(string path)
    {
        var full = FullWithoutLinks(path);
        if (!OperatingSystem.IsLinux())
        {
            return File.OpenHandle(full, share: FileShare.ReadWrite | FileShare.Delete);
        }

        var file = RegularFiles.Open(full);
        var (ownFolder, rest) = Split(path);
        var real = realFolders.GetOrAdd(ownFolder, folder => RegularFiles.RealPath(Path.Combine(root, folder)));
        var expected = Path.Combine(real, rest);
        if (RegularFiles.PathOf(file) is { } opened && opened != expected && opened != $"{expected} (deleted)")
        {
            file.Dispose();
            throw new ObjectChangedException($"{path} was moved or became a link while it was opened.");
        }

        return file;
    }

    /// <summary>The folder on the way to a path that is a link, if one is.</summary>
    string? FindLink(string path)
    {
        var (ownFolder, rest) = Split(path);
        for (var slash = rest.IndexOf('/', StringComparison.Ordinal); slash > 0; slash = rest.IndexOf('/', slash + 1))
        {
            var folder = Path.Combine(ownFolder, rest[..slash]);
            if (new DirectoryInfo(Path.Combine(root, folder)).LinkTarget is not null)
            {
                return folder;
            }
        }

        return null;
    }

    /// <summary>The own folder that a path is in, and the rest of it.</summary>
    static (string OwnFolder, string Within) Split(string path) =>
        Array.Find(
            OwnFolders,
            folder =>
                path.Length > folder.Length
                && path[folder.Length] == '/'
                && path.StartsWith(folder, StringComparison.Ordinal)
        )
            is { } own
            ? (own, path[(own.Length + 1)..])
            : ("", path);
}
