using System.CommandLine;
using Downbeat.Cli.Output;
using Downbeat.Cli.Settings;
using Downbeat.Connectors.Folder;
using Downbeat.Engine.Listens;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Runs;

namespace Downbeat.Cli.Commands;

/// <summary>What every command on a lake can be told: the lake, a file of settings, and settings as flags.</summary>
sealed class LakeArguments
{
    readonly Option<string?> config = new("--config")
    {
        HelpName = "FILE",
        Description =
            "A file of settings (JSON; comments are welcome). downbeat.json, of the current folder or else of the lake, "
            + "goes over it, DOWNBEAT_* variables over that, flags over all.",
    };

    readonly List<(Setting Setting, Option<string?> Option)> flags = [];

    LakeArguments(bool hasAllSettings)
    {
        foreach (
            var setting in KnownSettings.All.Where(setting =>
                setting.IsFlag && (hasAllSettings || setting.Name == KnownSettings.Lake)
            )
        )
        {
            var isLake = setting.Name == KnownSettings.Lake;
            flags.Add(
                (
                    setting,
                    new(setting.Flag)
                    {
                        HelpName =
                            isLake ? "DIR"
                            : setting.Allowed.StartsWith("a share", StringComparison.Ordinal) ? "SHARE"
                            : "N",
                        Description = isLake
                            ? "The lake's folder. [default: the setting lake, else the current folder]"
                            : $"{setting.Help} {Upper(setting.Allowed)}. [default: {setting.Default ?? "as many as there are processors"}]",
                    }
                )
            );
        }
    }

    /// <summary>Adds <c>--lake</c> and <c>--config</c> to a command.</summary>
    public static LakeArguments AddTo(Command command) => AddTo(command, hasAllSettings: false);

    /// <summary>Adds <c>--lake</c>, <c>--config</c> and all settings of a run to a command.</summary>
    public static LakeArguments AddWithSettingsTo(Command command) => AddTo(command, hasAllSettings: true);

    /// <summary>Reads the settings and finds the lake.</summary>
    /// <exception cref="UsageException">A setting is wrong, or there is no lake.</exception>
    public (ILake Lake, RunOptions Options) Open(ParseResult parsed)
    {
        var (lake, settings) = OpenWithSettings(parsed);
        return (lake, settings.Run);
    }

    /// <summary>Reads the settings, finds the lake, and names the systems that its tables are published to.</summary>
    /// <exception cref="UsageException">A setting is wrong, or there is no lake.</exception>
    public LakeInUse OpenWithDestinations(ParseResult parsed)
    {
        var (lake, settings) = OpenWithSettings(parsed);
        return new(
            lake,
            settings.Run,
            Destinations.Of(settings, lake, new ConsoleLogger()),
            settings.Catalogue.Open(new ConsoleLogger())
        );
    }

    (ILake Lake, LakeSettings Settings) OpenWithSettings(ParseResult parsed)
    {
        var given = flags
            .Where(flag => parsed.GetResult(flag.Option) is { Implicit: false })
            .Select(flag => new GivenSetting(
                flag.Setting.Name,
                parsed.GetValue(flag.Option) ?? "",
                SettingForm.Plain,
                flag.Setting.Flag
            ))
            .ToList();
        var settings = new SettingSources(
            parsed.GetValue(config),
            Directory.GetCurrentDirectory(),
            SettingSources.EnvironmentVariables,
            given
        ).Merge();
        var lake = new FolderLake(settings.Lake ?? Directory.GetCurrentDirectory());
        Check(lake);
        return (lake, settings with { Run = settings.Run with { LeaseStore = settings.KeyValue.LeaseOf(lake) } });
    }

    static LakeArguments AddTo(Command command, bool hasAllSettings)
    {
        var arguments = new LakeArguments(hasAllSettings);
        command.Add(arguments.flags[0].Option);
        command.Add(arguments.config);
        foreach (var (_, option) in arguments.flags.Skip(1))
        {
            command.Add(option);
        }

        return arguments;
    }

    static void Check(FolderLake lake)
    {
        if (lake.Find(LakePaths.Lake) is null)
        {
            throw new UsageException(SayWhyNone(lake.Name));
        }

        var zone = LakeFile.Read(lake).TimeZone;
        try
        {
            LakeZone.Find(zone);
        }
        catch (ArgumentException error)
        {
            throw new LakeException(
                $"{lake.Name} was made for the time zone {zone}, which this machine does not know: install its time zone data (on Linux the package tzdata).",
                error
            );
        }
    }

    static string SayWhyNone(string path)
    {
        var folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (File.Exists(folder))
        {
            return $"{path} is a file, and a lake is a folder: name its folder with --lake.";
        }

        if (!Directory.Exists(folder))
        {
            var near = Spelling.FindNearest(Path.GetFileName(folder), LakesIn(Path.GetDirectoryName(folder)));
            var meant = near is null ? "" : $" Did you mean {Path.Combine(Path.GetDirectoryName(path) ?? "", near)}?";
            return $"there is no folder {path}.{meant} `{CommandLine.Name} init {SafeText.Quoted(path)}` makes a lake there.";
        }

        for (var above = Path.GetDirectoryName(folder); above is not null; above = Path.GetDirectoryName(above))
        {
            if (File.Exists(Path.Combine(above, LakePaths.Lake)))
            {
                return $"{path} lies inside the lake {above}: name that with --lake {SafeText.Quoted(above)}.";
            }
        }

        var below = LakesIn(folder).ToList();
        return below.Count > 0
            ? $"{path} is no lake: it has no {LakePaths.Lake}. There is one in it: --lake {SafeText.Quoted(Path.Join(path, below[0]))}."
            : $"{path} is no lake: it has no {LakePaths.Lake}. Name a lake with --lake, or make one here with `{CommandLine.Name} init {SafeText.Quoted(path)}`.";
    }

    static IEnumerable<string> LakesIn(string? folder)
    {
        try
        {
            return Directory.Exists(folder)
                ?
                [
                    .. Directory
                        .EnumerateDirectories(folder)
                        .Where(child => File.Exists(Path.Combine(child, LakePaths.Lake)))
                        .Select(child => Path.GetFileName(child))
                        .Order(StringComparer.Ordinal),
                ]
                : [];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return []; // Only a hint is lost.
        }
    }

    static string Upper(string text) => char.ToUpperInvariant(text[0]) + text[1..];
}
