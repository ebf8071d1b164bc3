namespace Downbeat.Connectors.S3;

/// <summary>A local folder for the unfinished work of this process, below that for temporary files (<c>TMPDIR</c>).</summary>
sealed class S3Scratch
{
    const string Prefix = "downbeat-s3-";
    const string LockName = ".lock";

    const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    readonly string folder = Path.Combine(Path.GetTempPath(), Prefix + Guid.NewGuid().ToString("N")[..12]);
    readonly Lock making = new();
    FileStream? alive; // Held as long as the process lives, so that others can tell.
    long freeAtFirst;

    /// <summary>The folder, which is there.</summary>
    public string Folder
    {
        get
        {
            lock (making)
            {
                if (alive is null)
                {
                    Make(folder);
                    alive = TryLock(folder);
                    freeAtFirst = Free();
                    AppDomain.CurrentDomain.ProcessExit += (_, _) => Delete();
                }
            }

            return folder;
        }
    }

    /// <summary>Whether more than half of what was free on the disk is free still.</summary>
    public bool HasRoom => Folder.Length > 0 && Free() > freeAtFirst / 2;

    /// <summary>A name for a new file.</summary>
    public string NewFile() => Path.Combine(Folder, Guid.NewGuid().ToString("N"));

    /// <summary>Deletes the folder, and those of processes that are gone.</summary>
    public void Delete()
    {
        lock (making)
        {
            alive?.Dispose();
            alive = null;
        }

        var justNow = DateTime.UtcNow - TimeSpan.FromMinutes(1); // Before it is locked.
        foreach (var left in Directory.EnumerateDirectories(Path.GetTempPath(), Prefix + "*"))
        {
            if (left != folder && (Directory.GetCreationTimeUtc(left) > justNow || !IsOurs(left)))
            {
                continue;
            }

            try
            {
                using (TryLock(left))
                {
                    Directory.Delete(left, recursive: true);
                }
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // Its process lives, or it is someone else's.
            }
        }
    }

    /// <summary>Listens lie there: nobody else reads them.</summary>
    static void Make(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
            return;
        }

        Directory.CreateDirectory(folder, Private);
    }

    /// <summary>Anybody may make a folder of such a name there, or a link: nothing is done behind one.</summary>
    static bool IsOurs(string folder) =>
        new DirectoryInfo(folder).LinkTarget is null
        && new FileInfo(Path.Combine(folder, LockName)).LinkTarget is null
        && (OperatingSystem.IsWindows() || File.GetUnixFileMode(folder) == Private);

    static FileStream TryLock(string folder) =>
        new(Path.Combine(folder, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);

    long Free() => new DriveInfo(folder).AvailableFreeSpace;
}
