using Downbeat.Pipeline.Landing;

namespace Downbeat.Connectors;

/// <summary>
/// A local folder for the unfinished work of this process, below one that others have theirs in, too. A lock that ends with
/// its process tells whose process is gone: what a process that was killed has left is deleted by the next one, at once,
/// because it may be what fills the disk.
/// </summary>
/// <param name="parent">The folder of all of them.</param>
/// <param name="prefix">How the names of all begin; none in a folder of our own. Where others have theirs, too, nobody else reads ours.</param>
sealed class ScratchFolder(string parent, string prefix)
{
    const string LockName = ".lock";
    const int IdLength = 12;

    /// <summary>What nobody has touched for so long is no process's, where no lock tells.</summary>
    static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    readonly string folder = System.IO.Path.Combine(parent, prefix + Guid.NewGuid().ToString("N")[..IdLength]);
    readonly Lock making = new();
    FileStream? alive; // Held as long as the process lives.
    bool isEndSeenTo;

    /// <summary>The folder, which is there.</summary>
    public string Path
    {
        get
        {
            lock (making)
            {
                if (alive is null)
                {
                    Make();
                }
            }

            return folder;
        }
    }

    /// <summary>A name for a new file.</summary>
    public string NewFile() => ScratchStream.NewName(Path);

    /// <summary>Deletes the folder, and those of processes that are gone. What cannot be deleted now is left to the next.</summary>
    public void Delete()
    {
        lock (making)
        {
            alive?.Dispose();
            alive = null;
        }

        if (!Directory.Exists(parent) || (IsOwn && new DirectoryInfo(parent).LinkTarget is not null))
        {
            return; // What lies behind a link is not ours to delete.
        }

        try
        {
            foreach (var left in new DirectoryInfo(parent).EnumerateFileSystemInfos(prefix + "*").Where(IsOurs))
            {
                DeleteIfAbandoned(left);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Whoever writes next says so.
        }
    }

    void Make()
    {
        while (alive is null)
        {
            if (IsOwn && new DirectoryInfo(parent).LinkTarget is not null)
            {
                throw new UnauthorizedAccessException(
                    $"{parent} is a link, and nothing is reached through links. Put a folder there."
                );
            }

            FileSystem.MakeFolder(folder, isPrivate: !IsOwn); // Listens lie there.

            try
            {
                alive = Lock(folder, FileMode.OpenOrCreate);
            }
            catch (Exception error) when (FileFaults.IsKnown(error))
            {
                throw FileFaults.Explain(error, System.IO.Path.Combine(folder, LockName));
            }
            catch (IOException) when (!Directory.Exists(folder) || IsLocked(folder))
            {
                // Another process has taken it for one of a process that is gone.
            }

            if (!File.Exists(System.IO.Path.Combine(folder, LockName)))
            {
                alive?.Dispose();
                alive = null;
            }
        }

        if (!isEndSeenTo)
        {
            isEndSeenTo = true;
            AppDomain.CurrentDomain.ProcessExit += (_, _) => Delete();
        }
    }

    bool IsOwn => prefix.Length == 0;

    /// <summary>
    /// In a folder that is everybody's, only what has a name as we give it, and rights; in our own, anything. Nothing is done
    /// behind a link, which anybody may have made.
    /// </summary>
    bool IsOurs(FileSystemInfo left) =>
        left.LinkTarget is null
        && new FileInfo(System.IO.Path.Combine(left.FullName, LockName)).LinkTarget is null
        && (
            IsOwn
            || (
                left.Name.Length == prefix.Length + IdLength
                && left.Name[prefix.Length..].All(char.IsAsciiHexDigitLower)
                && (OperatingSystem.IsWindows() || left.UnixFileMode == FileSystem.Private)
            )
        );

    void DeleteIfAbandoned(FileSystemInfo left)
    {
        try
        {
            if (!File.Exists(System.IO.Path.Combine(left.FullName, LockName)))
            {
                if (left is DirectoryInfo directory && !directory.EnumerateFileSystemInfos().Any())
                {
                    directory.Delete(); // Its process died before it could lock it, or makes it anew.
                    return;
                }

                DeleteIfOld(left); // Of an earlier version of Downbeat.
                return;
            }

            // Deleted while it is locked, so that nobody moves in meanwhile.
            using (Lock(left.FullName, FileMode.Open))
            {
                if (left.FullName == folder || IsLocked(left.FullName))
                {
                    Directory.Delete(left.FullName, recursive: true);
                }
                else
                {
                    DeleteIfOld(left); // Locks tell nothing here.
                }
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Its process lives, or it is someone else's.
        }
    }

    static void DeleteIfOld(FileSystemInfo left)
    {
        left.Refresh();
        if (left.LastWriteTimeUtc > DateTime.UtcNow - Lifetime)
        {
            return;
        }

        if (left is DirectoryInfo directory)
        {
            directory.Delete(recursive: true);
        }
        else
        {
            left.Delete();
        }
    }

    static bool IsLocked(string folder)
    {
        try
        {
            Lock(folder, FileMode.Open).Dispose();
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }

    static FileStream Lock(string folder, FileMode mode) =>
        new(System.IO.Path.Combine(folder, LockName), mode, FileAccess.ReadWrite, FileShare.None);
}
