using System.ComponentModel;
using System.Globalization;
using System.Runtime.InteropServices;
using Downbeat.Pipeline.Landing;
using Microsoft.Win32.SafeHandles;

namespace Downbeat.Connectors.Folder;

/// <summary>Opens files, and only files, which .NET does not offer: nobody is kept waiting by a pipe, and what was opened is known by its path.</summary>
public static partial class RegularFiles
{
    const int NotFound = 2; // ENOENT
    const int NotPermitted = 1; // EPERM
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

    /// <summary>Opens a file on Linux; what is no file is not opened.</summary>
    public static SafeFileHandle Open(string path)
    {
        var file = new SafeFileHandle(IsRegular(path) ? OpenFile(path, ReadOnly) : -1, ownsHandle: true);
        if (file.IsInvalid)
        {
            var error = Marshal.GetLastPInvokeError();
            throw error switch
            {
                0 => new UnauthorizedAccessException($"{path} is no file."),
                NotFound or NoFolder => new FileNotFoundException($"There is no file {path}."),
                NoAccess or NotPermitted => FileFaults.ExplainRead(new("Access is denied."), path),
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

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenFile(string path, int flags);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int GetStatus(int folder, string path, int flags, uint mask, out Status status);

    [LibraryImport("libc", EntryPoint = "realpath", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint RealPath(string path, nint buffer);

    [LibraryImport("libc", EntryPoint = "free")]
    private static partial void Free(nint text);

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    private static partial int Advise(SafeFileHandle file, long offset, long length, int advice);

    /// <summary>What <c>statx</c> says, laid out the same on every processor.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    struct Status
    {
        [FieldOffset(28)]
        public ushort Mode;
    }
}
