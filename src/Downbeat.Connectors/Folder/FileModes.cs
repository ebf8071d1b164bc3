using System.Runtime.InteropServices;

namespace Downbeat.Connectors.Folder;

/// <summary>Who may do what with the files that this process makes.</summary>
public static partial class FileModes
{
    const uint WritableByOthers = 2; // S_IWOTH

    /// <summary>Nobody but their owner and his group writes to files from now on; who may read them the umask says.</summary>
    public static void KeepOthersFromWriting()
    {
        if (!OperatingSystem.IsWindows())
        {
            _ = SetUMask(SetUMask(WritableByOthers) | WritableByOthers);
        }
    }

    [LibraryImport("libc", EntryPoint = "umask")]
    private static partial uint SetUMask(uint mask);
}
