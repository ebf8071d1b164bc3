using System.Text.RegularExpressions;
using Downbeat.Cli.Output;
using Downbeat.Connectors.Folder;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Runs;

namespace Downbeat.Cli.Demo;

/// <summary>The folder of a demo: empty at first, or with nothing in it but what an earlier demo made.</summary>
static partial class DemoFolder
{
    /// <summary>Says that a demo made the folder, and may make it again.</summary>
    const string Mark = ".downbeat-demo";

    /// <summary>All that Downbeat puts into a lake's folder.</summary>
    static readonly string[] OwnEntries =
    [
        Mark,
        ".tmp",
        "archive",
        "catalogue",
        "kpis",
        "landing",
        "ledger",
        "quarantine",
        "runs",
        "slices",
        LakePaths.Lake,
        LakePaths.Lease,
        LakePaths.Settings,
        LateFile,
    ];

    /// <summary>Where the late file waits until it is late.</summary>
    public const string LateFile = ".late.csv";

    /// <summary>Makes the folder, empty but for the mark.</summary>
    /// <exception cref="UsageException">Something else is in it.</exception>
    public static void Prepare(string directory)
    {
        if (directory.Length == 0 || File.Exists(directory))
        {
            throw new UsageException(
                directory.Length == 0
                    ? "--dir is empty: name a folder."
                    : $"{directory} is a file: name another folder with --dir."
            );
        }

        if (Directory.Exists(directory))
        {
            Empty(directory);
        }

        Directory.CreateDirectory(directory);
        File.WriteAllText(
            Path.Combine(directory, Mark),
            "`downbeat demo` made this lake, and makes it afresh when it is run again.\n"
        );
    }

    static void Empty(string directory)
    {
        var entries = new DirectoryInfo(directory).EnumerateFileSystemInfos().ToList();
        if (entries.Count == 0)
        {
            return;
        }

        var elsewhere =
            $"name another folder, as in `{CommandLine.Name} demo --dir {SafeText.Quoted(Path.TrimEndingDirectorySeparator(directory) + "-2")}`.";
        if (!entries.Exists(entry => entry.Name == Mark))
        {
            throw new UsageException($"{directory} is not empty, and no demo made it: {elsewhere}");
        }

        if (entries.Find(entry => !OwnEntries.Contains(entry.Name, StringComparer.Ordinal)) is { } foreign)
        {
            throw new UsageException(
                $"{directory} holds {foreign.Name}, which no demo made: move it away, or {elsewhere}"
            );
        }

        // Someone may have dropped files of their own, as the demo invites to: raw files are never deleted.
        var lake = new FolderLake(directory);
        var raw = lake.List("landing").Concat(lake.List("archive"));
        if (raw.FirstOrDefault(file => !MadeByDemo().IsMatch(file.Path)) is { } own)
        {
            throw new UsageException(
                $"{directory} holds {SafeText.Of(own.Path)}, which no demo made: move it away, or {elsewhere}"
            );
        }

        if (
            lake.Find(LakePaths.Lake) is not null
            && LakeStatus.Read(lake, TimeProvider.System, []).Running is { } running
        )
        {
            throw new LakeException(
                $"{directory} is in use by process {running.ProcessId} on {running.Host}: wait until it has ended."
            );
        }

        // The mark goes last: who is interrupted may begin again.
        foreach (var entry in entries.OrderBy(entry => entry.Name == Mark))
        {
            if (entry is DirectoryInfo folder)
            {
                folder.Delete(recursive: true);
            }
            else
            {
                entry.Delete();
            }
        }
    }

    [GeneratedRegex(
        @"/([0-9a-f]{24}-)?(songs|users|streams-\d{4}|streams-from-new-app)\.csv$",
        RegexOptions.ExplicitCapture,
        1000
    )]
    private static partial Regex MadeByDemo();
}
