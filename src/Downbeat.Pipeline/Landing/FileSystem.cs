using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Downbeat.Pipeline.Landing;

/// <summary>
/// Changes local files: each effect between two boundaries, and each refusal with what to do. Also what .NET does not offer:
/// renaming and nothing else, linking without replacing, and syncing folders and file systems.
/// </summary>
public static partial class FileSystem
{
    const int NotFound = 2; // ENOENT
    const int NotPermitted = 1; // EPERM, which file systems without hard links answer.
    const int NotSupported = 95; // EOPNOTSUPP
    const int FileExists = 17; // EEXIST
    const int CrossDevice = 18; // EXDEV

    /// <summary>O_RDONLY, and on Linux O_NONBLOCK and O_CLOEXEC: opening a pipe does not wait for whoever writes.</summary>
    static readonly int ReadOnly = OperatingSystem.IsLinux() ? 0x800 | 0x80000 : 0;

    /// <summary>What nobody but its user can look into.</summary>
    public const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Makes a folder, and those above it, unless there is one.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="isPrivate">Whether it is <see cref="Private"/> from its first moment on, where the system knows such a thing.</param>
    public static void MakeFolder(string path, bool isPrivate = false)
    {
        if (Directory.Exists(path))
        {
            return;
        }

        WriteBoundary.Cross();
        try
        {
            if (isPrivate && !OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(path, Private);
            }
            else
            {
                Directory.CreateDirectory(path);
            }
        }
        catch (Exception error) when (FileFaults.IsKnown(error))
        {
            throw FileFaults.Explain(error, path);
        }

        WriteBoundary.Cross();
    }

    /// <summary>Writes a new file.</summary>
    public static void Write(string path, ReadOnlySpan<byte> bytes)
    {
        WriteBoundary.Cross();
        try
        {
            using var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.None);
            WriteBoundary.Cross();
            RandomAccess.Write(file, bytes, 0);
        }
        catch (Exception error) when (FileFaults.IsKnown(error))
        {
            throw FileFaults.Explain(error, path);
        }

        WriteBoundary.Cross();
    }

    /// <summary>Gives a file another name, atomically, replacing the one that has it.</summary>
    /// <remarks>Never by a copy: who dies between the bytes of one would leave half a file under the name.</remarks>
    public static void Rename(string path, string name)
    {
        if (!TryRename(path, name))
        {
            throw new IOException($"{path} and {name} are on different file systems: a lake needs one.");
        }
    }

    /// <summary>
    /// As <see cref="Rename"/>, and from one file system to another by a copy that gets the name when it is whole: what
    /// lands may land on a disk of its own.
    /// </summary>
    public static void Move(string path, string name)
    {
        if (TryRename(path, name))
        {
            return;
        }

        // Always the same name for the same file: what a process that died has left is written over.
        var sum = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)))[..24];
        var copy = Path.Combine(Path.GetDirectoryName(name)!, $".{sum}.part");
        WriteBoundary.Cross();
        try
        {
            File.Copy(path, copy, overwrite: true); // Its time with it.
        }
        catch (Exception error) when (FileFaults.IsKnown(error))
        {
            File.Delete(copy);
            throw FileFaults.Explain(error, copy);
        }

        Sync(copy);
        Rename(copy, name);
        Sync(Path.GetDirectoryName(name)!);
        Delete(path);
    }

    /// <summary>Gives a file a second name, atomically; false when the name is taken.</summary>
    public static bool TryLink(string existing, string name)
    {
        WriteBoundary.Cross();
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

        if (Link(existing, name) != 0)
        {
            return Marshal.GetLastPInvokeError() == FileExists ? false : throw Refused(existing, name, "put as");
        }

        WriteBoundary.Cross();
        return true;
    }

    /// <summary>Deletes a file, if there is one.</summary>
    public static void Delete(string path)
    {
        if (!File.Exists(path))
        {
            return;
        }

        WriteBoundary.Cross();
        try
        {
            File.Delete(path);
        }
        catch (Exception error) when (FileFaults.IsKnown(error))
        {
            throw FileFaults.Explain(error, path);
        }

        WriteBoundary.Cross();
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
        WriteBoundary.Cross(nameof(Sync));
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
                throw Refused(path, path, "synced as");
            }
        }
        finally
        {
            _ = Close(descriptor);
        }

        WriteBoundary.Cross(nameof(Sync));
    }

    /// <summary>False when the two are on different file systems, and both could be changed.</summary>
    static bool TryRename(string path, string name)
    {
        WriteBoundary.Cross(nameof(Rename));
        if (OperatingSystem.IsWindows())
        {
            File.Move(path, name, overwrite: true);
        }
        else if (RenameFile(path, name) != 0)
        {
            var refused = Refused(path, name, "renamed to");
            return refused.HResult == CrossDevice ? false : throw refused;
        }

        WriteBoundary.Cross(nameof(Rename));
        return true;
    }

    static Exception Refused(string path, string name, string verb)
    {
        var number = Marshal.GetLastPInvokeError();
        var cause = new Win32Exception(number);
        return number switch
        {
            NotFound when !File.Exists(path) => new FileNotFoundException($"{path} is gone.", cause),
            NotSupported => new IOException($"{name} cannot be put: a lake needs a file system with hard links."),
            NotPermitted when verb == "put as" => new IOException(
                $"{name} cannot be put: its folder is immutable, or on a file system without hard links, which a lake needs.",
                cause
            ),
            _ when FileFaults.IsKnown(number) => FileFaults.Explain(number, cause, path, name),
            _ => new IOException($"{path} cannot be {verb} {name}: {cause.Message}.", cause),
        };
    }

    [LibraryImport("libc", EntryPoint = "rename", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RenameFile(string path, string name);

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
