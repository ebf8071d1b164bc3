using System.CommandLine;
using System.Runtime.CompilerServices;
using Downbeat.Cli.Output;
using Downbeat.Cli.Settings;
using Downbeat.Connectors.Folder;
using Downbeat.Connectors.S3;
using Downbeat.Engine.Listens;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Runs;
using Microsoft.Extensions.Logging;

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

    LakeArguments(IEnumerable<Setting> settings)
    {
        foreach (var setting in settings)
        {
            var allowed = setting.Name == KnownSettings.Lake ? "" : $" {Upper(setting.Allowed)}.";
            flags.Add(
                (
                    setting,
                    new(setting.Flag)
                    {
                        HelpName = setting.ValueName,
                        Description = $"{setting.Help}{allowed} [default: {setting.Default ?? setting.WhenNotGiven}]",
                    }
                )
            );
        }
    }

    /// <summary>Adds <c>--lake</c>, what says where that is, and <c>--config</c> to a command.</summary>
    public static LakeArguments AddTo(Command command) =>
        AddTo(command, KnownSettings.All.Where(setting => setting.IsOfLake));

    /// <summary>Adds the same but <c>--lake</c>: the command is told the lake otherwise.</summary>
    public static LakeArguments AddPlacesTo(Command command) =>
        AddTo(command, KnownSettings.All.Where(setting => setting.IsOfLake && setting.Name != KnownSettings.Lake));

    /// <summary>Adds <c>--lake</c>, <c>--config</c> and all settings of a run to a command.</summary>
    public static LakeArguments AddWithSettingsTo(Command command) =>
        AddTo(command, KnownSettings.All.Where(setting => setting.IsFlag));

    /// <summary>Reads the settings and finds the lake.</summary>
    /// <exception cref="UsageException">A setting is wrong, or there is no lake.</exception>
    public (ILake Lake, RunOptions Options) Open(ParseResult parsed)
    {
        var (lake, settings) = OpenWithSettings(parsed);
        return (lake, settings.Run);
    }

    /// <summary>Reads the settings, finds the lake, and names the systems that its tables go to and its catalogue comes from.</summary>
    /// <exception cref="UsageException">A setting is wrong, or there is no lake.</exception>
    public LakeInUse OpenWithDestinations(ParseResult parsed, ILogger? logger = null, bool isWatched = false)
    {
        logger ??= new ConsoleLogger();
        var (lake, settings) = OpenWithSettings(parsed, logger);
        return WithDestinations(lake, settings, logger, isWatched) with
        {
            Lineage = Lineage.Of(settings, lake, logger),
        };
    }

    /// <summary>The same for a lake whose <c>lake.json</c> may be damaged.</summary>
    /// <exception cref="UsageException">A setting is wrong, or there is no lake.</exception>
    public LakeInUse OpenToRepair(ParseResult parsed)
    {
        var settings = Merge(parsed, null);
        var lake = Lake(settings);
        if (lake.Find(LakePaths.Lake) is null && lake.Find(LakePaths.LakeCopy) is null)
        {
            Check(lake);
        }

        return WithDestinations(lake, WithLease(lake, settings), new ConsoleLogger());
    }

    static LakeInUse WithDestinations(ILake lake, LakeSettings settings, ILogger logger, bool isWatched = false)
    {
        var destinations = Destinations.Of(settings, lake, logger, isWatched);
        return new(
            lake,
            settings.Run,
            destinations,
            settings.Catalogue.Open(logger),
            settings.Alerts.Open(lake, destinations, logger),
            ReportAt: settings.ReportAt
        );
    }

    static LakeSettings WithLease(ILake lake, LakeSettings settings) =>
        settings with
        {
            Run = settings.Run with { LeaseStore = settings.KeyValue.LeaseOf(lake) },
        };

    /// <summary>A lake in S3 that may not be one yet.</summary>
    /// <exception cref="UsageException">A setting is wrong.</exception>
    public S3Lake OpenNew(ParseResult parsed, string place) => (S3Lake)Lake(Merge(parsed, place));

    /// <summary>The settings that were given as flags.</summary>
    public IEnumerable<GivenSetting> Given(ParseResult parsed) =>
        flags
            .Where(flag => parsed.GetResult(flag.Option) is { Implicit: false })
            .Select(flag => new GivenSetting(
                flag.Setting.Name,
                parsed.GetValue(flag.Option) ?? "",
                SettingForm.Plain,
                flag.Setting.Flag
            ));

    (ILake Lake, LakeSettings Settings) OpenWithSettings(ParseResult parsed, ILogger? logger = null)
    {
        var settings = Merge(parsed, null);
        var lake = Lake(settings, logger);
        Check(lake);
        return (lake, WithLease(lake, settings));
    }

    LakeSettings Merge(ParseResult parsed, string? lake) =>
        new SettingSources(
            parsed.GetValue(config),
            Directory.GetCurrentDirectory(),
            SettingSources.EnvironmentVariables,
            [
                .. Given(parsed),
                .. lake is null
                    ? (GivenSetting[])[]
                    : [new(KnownSettings.Lake, lake, SettingForm.Plain, CommandLine.Name)],
            ]
        )
        {
            ReadFromS3 = settings => ReadSettings((S3Lake)Lake(settings)),
        }.Merge();

    /// <summary>Only a lake in S3 costs the time to load what speaks to it.</summary>
    static ILake Lake(LakeSettings settings, ILogger? logger = null)
    {
        if (S3Place.IsMeant(settings.Lake))
        {
            return OpenS3(settings, logger ?? new ConsoleLogger());
        }

        return settings.S3.Elsewhere.Keys.FirstOrDefault() is { } folder
            ? throw new UsageException(
                $"{folder}/ is said to be at {settings.S3.Elsewhere[folder]}, and the lake is a folder: only folders of a lake in S3 lie elsewhere."
            )
            : new FolderLake(settings.Lake ?? Directory.GetCurrentDirectory());
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static S3Lake OpenS3(LakeSettings settings, ILogger logger)
    {
        if (!S3Place.TryParse(settings.Lake!, out var place))
        {
            throw new UsageException($"{settings.Lake} is no place in S3: name it like s3://bucket/prefix.");
        }

        try
        {
            return new(place, settings.S3, logger);
        }
        catch (LakeException error)
        {
            throw new UsageException(error.Message);
        }
    }

    static byte[]? ReadSettings(S3Lake lake)
    {
        using (lake)
        {
            try
            {
                using var stream = lake.Open(LakePaths.Settings);
                using var bytes = new MemoryStream();
                stream.CopyTo(bytes);
                return bytes.ToArray();
            }
            catch (FileNotFoundException)
            {
                return null;
            }
        }
    }

    static LakeArguments AddTo(Command command, IEnumerable<Setting> settings)
    {
        var arguments = new LakeArguments(settings);
        command.Add(arguments.flags[0].Option);
        command.Add(arguments.config);
        foreach (var (_, option) in arguments.flags.Skip(1))
        {
            command.Add(option);
        }

        return arguments;
    }

    static void Check(ILake lake)
    {
        if (lake.Find(LakePaths.Lake) is null && lake.Find(LakePaths.LakeCopy) is null)
        {
            throw new UsageException(
                lake is FolderLake
                    ? SayWhyNone(lake.Name)
                    : $"{lake.Name} is no lake: it has no {LakePaths.Lake}. Name a lake with --lake, or make one there with `{CommandLine.Name} init {SafeText.Quoted(lake.Name)}`."
            );
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
