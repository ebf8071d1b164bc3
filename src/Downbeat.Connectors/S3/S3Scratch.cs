namespace Downbeat.Connectors.S3;

/// <summary>A local folder for the unfinished work of this process, below that for temporary files (<c>TMPDIR</c>).</summary>
sealed class S3Scratch
{
    readonly ScratchFolder scratch = new(Path.GetTempPath(), "downbeat-s3-");
    long? freeAtFirst;

    /// <summary>The folder, which is there.</summary>
    public string Folder
    {
        get
        {
            var folder = scratch.Path;
            freeAtFirst ??= Free(folder);
            return folder;
        }
    }

    /// <summary>Whether more than half of what was free on the disk is free still.</summary>
    public bool HasRoom => Free(Folder) > freeAtFirst / 2;

    /// <summary>A name for a new file.</summary>
    public string NewFile() => Path.Combine(Folder, Guid.NewGuid().ToString("N"));

    /// <summary>Deletes the folder, and those of processes that are gone.</summary>
    public void Delete() => scratch.Delete();

    static long Free(string folder) => new DriveInfo(folder).AvailableFreeSpace;
}
