using System.Diagnostics;
using System.Globalization;

namespace Downbeat.Cli.Tests.Crash;

/// <summary>A small file system in memory, mounted for a test: it can be full, or read-only.</summary>
sealed class Disk : IDisposable
{
    const string Filler = "filler";
    const int PageBytes = 4096;

    readonly List<string> mounted = [];

    Disk(string folder) => Folder = folder;

    public string Folder { get; }

    public long FreeBytes => new DriveInfo(Folder).AvailableFreeSpace;

    /// <summary>Mounts one; null where that is not allowed.</summary>
    public static Disk? TryMount(int megabytes)
    {
        var disk = new Disk(Directory.CreateTempSubdirectory("downbeat-disk-").FullName);
        var size = string.Create(CultureInfo.InvariantCulture, $"size={megabytes}m");
        if (Tool.TryRun("mount", "-t", "tmpfs", "-o", size, "downbeat-test", disk.Folder))
        {
            disk.mounted.Add(disk.Folder);
            return disk;
        }

        Directory.Delete(disk.Folder);
        return null;
    }

    /// <summary>Makes a folder of it a mount of its own: another file system, as far as renaming goes.</summary>
    public void MountOnItself(string folder, bool readOnly)
    {
        Tool.Run("mount", "--bind", folder, folder);
        mounted.Add(folder);
        if (readOnly)
        {
            Tool.Run("mount", "-o", "remount,bind,ro", folder);
        }
    }

    public void MakeReadOnly(bool readOnly) => Tool.Run("mount", "-o", readOnly ? "remount,ro" : "remount,rw", Folder);

    public void Unmount(string folder)
    {
        Tool.Run("umount", folder);
        mounted.Remove(folder);
    }

    /// <summary>Leaves so much free, and no more.</summary>
    public void Fill(long freeBytes)
    {
        using var file = File.Create(Path.Combine(Folder, Filler));
        var page = new byte[PageBytes];
        while (FreeBytes >= freeBytes + PageBytes)
        {
            file.Write(page);
            file.Flush();
        }
    }

    public void Empty() => File.Delete(Path.Combine(Folder, Filler));

    public void Dispose()
    {
        foreach (var folder in mounted.AsEnumerable().Reverse())
        {
            Tool.Run("umount", "-l", folder);
        }

        Directory.Delete(Folder);
    }
}

/// <summary>Programs that every Linux has.</summary>
static class Tool
{
    public static void Run(string name, params string[] arguments) =>
        Assert.True(TryRun(name, arguments), $"{name} {string.Join(' ', arguments)} failed.");

    public static bool TryRun(string name, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(
                new ProcessStartInfo(name, arguments) { UseShellExecute = false, RedirectStandardError = true }
            )!;
            process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false; // There is no such program.
        }
    }
}
