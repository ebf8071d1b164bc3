using Downbeat.Connectors.Folder;
using Downbeat.Pipeline.Landing;
using Downbeat.Testing;
using Downbeat.Testing.Crash;

namespace Downbeat.Cli.Tests.Crash;

/// <summary>A lake in a folder of its own, on which processes die.</summary>
sealed class CrashLake : IDisposable
{
    CrashLake(string path)
    {
        Folder = path;
        Cli = new(path);
        Cli.Variables["DOWNBEAT_LAKE"] = path;
    }

    public string Folder { get; }

    public CliRunner Cli { get; }

    /// <summary>A lake that has run once, and on which everything of the scenario has landed since.</summary>
    public static CrashLake New(string? parent = null)
    {
        var lake = new CrashLake(NewFolder(parent));
        Assert.Equal(0, lake.Cli.Run("init", lake.Folder).ExitCode);
        File.WriteAllText(Path.Combine(lake.Folder, LakePaths.Settings), CrashScenario.Settings(isFolder: true));
        CrashScenario.Land(lake.Folder, CrashScenario.Before(), minute: 0);
        lake.Run(0);
        CrashScenario.Land(lake.Folder, CrashScenario.After(), minute: 1);
        return lake;
    }

    /// <summary>A copy, times and all.</summary>
    public CrashLake Copy(string? parent = null)
    {
        var copy = NewFolder(parent);
        foreach (var folder in Directory.EnumerateDirectories(Folder, "*", SearchOption.AllDirectories))
        {
            Directory.CreateDirectory(Path.Combine(copy, Path.GetRelativePath(Folder, folder)));
        }

        foreach (var file in Directory.EnumerateFiles(Folder, "*", SearchOption.AllDirectories))
        {
            File.Copy(file, Path.Combine(copy, Path.GetRelativePath(Folder, file)));
        }

        return new(copy);
    }

    /// <summary>Runs to the end, and expects that it ends so.</summary>
    public CliResult Run(params int[] exitCodes)
    {
        var result = Cli.Run("run");
        Assert.True(exitCodes.Contains(result.ExitCode), $"run ended with {result.ExitCode}: {result.Error}");
        return result;
    }

    public SortedDictionary<string, string> Outcome() => LakeOutcome.Read(new FolderLake(Folder), Folder);

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    static string NewFolder(string? parent) =>
        parent is null
            ? Directory.CreateTempSubdirectory("downbeat-crash-").FullName
            : Directory.CreateDirectory(Path.Combine(parent, Guid.NewGuid().ToString("N")[..8])).FullName;
}
