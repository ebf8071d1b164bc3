using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Downbeat.Connectors.Folder;

/// <summary>What .NET does not offer of a file system: linking without replacing, and syncing folders and file systems.</summary>
static partial class FileSystem
{
    const int NotFound = 2; // ENOENT
    const int NotPermitted = 1; // EPERM, which file systems without hard links answer.
    const int CrossDevice = 18; // EXDEV
    const int NotSupported = 95; // EOPNOTSUPP
    const int FileExists = 17; // EEXIST
    const int ReadOnly = 0; // O_RDONLY

    /// <summary>Gives a file a second name, atomically; false when the name is taken.</summary>
    public static bool TryLink(string existing, string name)
    {
        if (OperatingSystem.IsWindows())
        {
            try
            {
                File.Move(existing, name, overwrite: false); // Atomic there.
                return true;
            }
            catch (IOException) when (File.Exists(name))
            {
                return false;
            }
        }

        if (Link(existing, name) == 0)
        {
            return true;
        }

        return Marshal.GetLastPInvokeError() is var error && error == FileExists
            ? false
            : throw new IOException(
                $"{name} cannot be put: {new Win32Exception(error).Message}."
                    + (
                        error is NotPermitted or CrossDevice or NotSupported
                            ? " A lake needs a file system with hard links."
                            : ""
                    )
            );
    }

    /// <summary>Makes a file or a folder durable.</summary>
    public static void Sync(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            if (File.Exists(path))
            {
                using var file = File.OpenHandle(
                    path,
                    FileMode.Open,
                    FileAccess.ReadWrite,
                    FileShare.ReadWrite | FileShare.Delete
                );
                RandomAccess.FlushToDisk(file);
            }

            return;
        }

        WithDescriptor(path, FSync);
    }

    /// <summary>Makes the whole file system of a path durable; false where that is not to be had.</summary>
    public static bool TrySyncAll(string path)
    {
        if (!OperatingSystem.IsLinux())
        {
            return false;
        }

        WithDescriptor(path, SyncFS);
        return true;
    }

    static void WithDescriptor(string path, Func<int, int> sync)
    {
        var descriptor = Open(path, ReadOnly);
        if (descriptor < 0)
        {
            // Deleted or moved again meanwhile: nothing is left to be made durable.
            var error = Marshal.GetLastPInvokeError();
            if (error == NotFound)
            {
                return;
            }

            throw new IOException($"{path} cannot be synced: {new Win32Exception(error).Message}.");
        }

        try
        {
            if (sync(descriptor) != 0)
            {
                throw new IOException(
                    $"{path} cannot be synced: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}."
                );
            }
        }
        finally
        {
            _ = Close(descriptor);
        }
    }

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string existing, string name);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FSync(int descriptor);

    [LibraryImport("libc", EntryPoint = "syncfs", SetLastError = true)]
    private static partial int SyncFS(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
