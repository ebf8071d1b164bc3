using System.Globalization;
using System.Runtime.InteropServices;

namespace Downbeat.Pipeline.Landing;

/// <summary>What the refusals of a local file system mean to whoever has to mend them.</summary>
public static partial class FileFaults
{
    const int NotPermitted = 1; // EPERM: immutable, or of someone else in a folder like /tmp.
    const int AccessDenied = 13; // EACCES
    const int CrossDevice = 18; // EXDEV
    const int TooLarge = 27; // EFBIG
    const int Full = 28; // ENOSPC
    const int ReadOnly = 30; // EROFS
    const int OverQuota = 122; // EDQUOT
    const int FullOnWindows = unchecked((int)0x8007_0070); // ERROR_DISK_FULL
    const int MayWrite = 2 | 1; // W_OK | X_OK

    /// <summary>Whether more can be said of what a write threw than it says itself.</summary>
    public static bool IsKnown(Exception error) => error is not LakeAccessException && IsKnown(Number(error));

    /// <summary>Likewise, of the number that the system gave an error.</summary>
    public static bool IsKnown(int number) =>
        number
            is Full
                or FullOnWindows
                or OverQuota
                or TooLarge
                or AccessDenied
                or NotPermitted
                or ReadOnly
                or CrossDevice;

    /// <summary>What to throw instead of what a write threw: what cannot be written to, why, and what to do.</summary>
    /// <param name="error">What was thrown; it is known.</param>
    /// <param name="paths">What was to be written, made, moved or deleted: one of their folders is to blame.</param>
    public static Exception Explain(Exception error, params ReadOnlySpan<string> paths) =>
        Explain(Number(error), error, paths);

    /// <summary>Likewise, of the number that the system gave an error.</summary>
    public static Exception Explain(int number, Exception error, params ReadOnlySpan<string> paths)
    {
        switch (number)
        {
            case Full or FullOnWindows:
                return new IOException($"no room is left {OnDisk(paths[^1])}: make some, and try again.", error);
            case OverQuota:
                return new IOException(
                    $"the quota of the user {Environment.UserName} is used up {OnDisk(paths[^1])}: make room, or have it raised, and try again.",
                    error
                );
            case TooLarge:
                return new IOException(
                    $"{paths[^1]} becomes larger than a file may be here: raise the limit of this process (`ulimit -f`) or of the file system, and try again.",
                    error
                );
            default:
                foreach (var path in paths)
                {
                    var folder = NearestFolder(path);
                    switch (WhyNotWritable(folder))
                    {
                        case 0:
                            continue;
                        case ReadOnly:
                            return new LakeAccessException(
                                $"{folder} is on a file system that is read-only: mount it for writing, and try again.",
                                error
                            );
                        default:
                            return new LakeAccessException(
                                $"{folder} cannot be written to by the user {Environment.UserName}: let that user write there, and try again.",
                                error
                            );
                    }
                }

                return number == CrossDevice
                    ? new IOException($"{paths[0]} and {paths[^1]} are on different file systems.", CrossDevice)
                    : new LakeAccessException(
                        $"{paths[^1]} cannot be changed by the user {Environment.UserName}: see who owns it, and whether it is immutable (`ls -l`, `lsattr`).",
                        error
                    );
        }
    }

    /// <summary>What to throw instead of what a reader was refused with.</summary>
    public static LakeAccessException ExplainRead(UnauthorizedAccessException error, string path) =>
        new($"{path} cannot be read by the user {Environment.UserName}: let that user read it, and try again.", error);

    /// <summary>The number that the system gave an error; 0 where it gave none.</summary>
    static int Number(Exception error) =>
        error switch
        {
            ArgumentOutOfRangeException => TooLarge, // So .NET says that, of all things.
            UnauthorizedAccessException { InnerException: IOException cause } => cause.HResult,
            UnauthorizedAccessException => AccessDenied,
            IOException => error.HResult,
            _ => 0,
        };

    /// <summary>The folder that something lies in, or would: the first that is there.</summary>
    static string NearestFolder(string path)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path));
        while (folder is not null && !Directory.Exists(folder))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return folder ?? path;
    }

    static string OnDisk(string path)
    {
        var folder = NearestFolder(path);
        try
        {
            var disk = DriveInfo
                .GetDrives()
                .Where(drive => (folder + "/").StartsWith(drive.Name.TrimEnd('/') + "/", StringComparison.Ordinal))
                .MaxBy(drive => drive.Name.Length);
            var free = new DriveInfo(folder).AvailableFreeSpace / 1e6;
            return string.Create(
                CultureInfo.InvariantCulture,
                $"on the disk of {disk?.Name ?? folder} ({free:0.0} MB free)"
            );
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return $"on the disk of {folder}";
        }
    }

    static int WhyNotWritable(string folder) =>
        OperatingSystem.IsWindows() || Access(folder, MayWrite) == 0 ? 0 : Marshal.GetLastPInvokeError();

    [LibraryImport("libc", EntryPoint = "access", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Access(string path, int mode);
}
