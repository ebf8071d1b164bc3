using System.ComponentModel;
using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Downbeat.Connectors.Folder;

/// <summary>
/// What .NET does not offer of a file system: linking without replacing, syncing folders and file systems, and opening without being
/// kept waiting by a pipe.
/// </summary>
static partial class FileSystem
{
    const int NotFound = 2; // ENOENT
    const int NotPermitted = 1; // EPERM, which file systems without hard links answer.
    const int CrossDevice = 18; // EXDEV
    const int NotSupported = 95; // EOPNOTSUPP
    const int FileExists = 17; // EEXIST
    const int NotKnown = 38; // ENOSYS
    const int NoFolder = 20; // ENOTDIR
    const int NoAccess = 13; // EACCES
    const int FileType = 0xF000; // S_IFMT
    const int RegularFile = 0x8000; // S_IFREG
    const int WorkingFolder = -100; // AT_FDCWD
    const int LinkItself = 0x100; // AT_SYMLINK_NOFOLLOW
    const int DescriptorItself = 0x1000; // AT_EMPTY_PATH
    const int OnlyTheMode = 3; // STATX_TYPE | STATX_MODE
    const int FrontToBack = 2; // POSIX_FADV_SEQUENTIAL

    /// <summary>O_RDONLY, and on Linux O_NONBLOCK and O_CLOEXEC: opening a pipe does not wait for whoever writes.</summary>
    static readonly int ReadOnly = OperatingSystem.IsLinux() ? 0x800 | 0x80000 : 0;

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

    /// <summary>Opens a file on Linux; what is no file is not opened.</summary>
    public static SafeFileHandle OpenFile(string path)
    {
        var file = new SafeFileHandle(IsRegular(path) ? Open(path, ReadOnly) : -1, ownsHandle: true);
        if (file.IsInvalid)
        {
            var error = Marshal.GetLastPInvokeError();
            throw error switch
            {
                0 => new UnauthorizedAccessException($"{path} is no file."),
                NotFound or NoFolder => new FileNotFoundException($"There is no file {path}."),
                NoAccess or NotPermitted => new UnauthorizedAccessException($"Access to {path} is denied."),
                _ => new IOException($"{path} cannot be opened: {new Win32Exception(error).Message}."),
            };
        }

        if (!IsRegular(file))
        {
            file.Dispose();
            throw new UnauthorizedAccessException($"{path} is no file.");
        }

        _ = Advise(file, 0, 0, FrontToBack);
        return file;
    }

    /// <summary>Whether something is a file, and no link, pipe, socket, device or folder; true where that cannot be found out.</summary>
    public static bool IsRegular(string path) => IsRegular(WorkingFolder, path, LinkItself);

    /// <summary>The path of an open file, as it is now and without links; null where that cannot be found out.</summary>
    public static string? PathOf(SafeFileHandle file) =>
        new FileInfo(
            string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{file.DangerousGetHandle()}")
        ).LinkTarget;

    /// <summary>A path with all links resolved; the path itself where there is nothing.</summary>
    public static string RealPath(string path)
    {
        var resolved = RealPath(path, 0);
        if (resolved == 0)
        {
            return path;
        }

        try
        {
            return Marshal.PtrToStringUTF8(resolved)!;
        }
        finally
        {
            Free(resolved);
        }
    }

    static bool IsRegular(SafeFileHandle file) => IsRegular((int)file.DangerousGetHandle(), "", DescriptorItself);

    static bool IsRegular(int descriptor, string path, int flags)
    {
        if (!OperatingSystem.IsLinux())
        {
            return true;
        }

        try
        {
            return GetStatus(descriptor, path, flags, OnlyTheMode, out var status) == 0
                ? (status.Mode & FileType) == RegularFile
                : Marshal.GetLastPInvokeError() == NotKnown;
        }
        catch (EntryPointNotFoundException)
        {
            return true; // A library for C from before 2018.
        }
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

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int GetStatus(int folder, string path, int flags, uint mask, out Status status);

    [LibraryImport("libc", EntryPoint = "realpath", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint RealPath(string path, nint buffer);

    [LibraryImport("libc", EntryPoint = "free")]
    private static partial void Free(nint text);

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    private static partial int Advise(SafeFileHandle file, long offset, long length, int advice);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FSync(int descriptor);

    [LibraryImport("libc", EntryPoint = "syncfs", SetLastError = true)]
    private static partial int SyncFS(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);

    /// <summary>What <c>statx</c> says, laid out the same on every processor.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    struct Status
    {
        [FieldOffset(28)]
        public ushort Mode;
    }
}
