using System.Collections;
using Downbeat.Connectors.PagerDuty;
using Downbeat.Connectors.S3;
using Downbeat.Connectors.Slack;
using Downbeat.Connectors.Webhook;
using Downbeat.Pipeline.Landing;

namespace Downbeat.Cli.Settings;

/// <summary>
/// Where settings come from, and which wins: <c>--config</c>, <c>downbeat.json</c>, <c>DOWNBEAT_*</c> variables, flags, each
/// over those before it. Every mistake in any of them is told, not only the first.
/// </summary>
/// <param name="Config">The file given with <c>--config</c>, if any.</param>
/// <param name="CurrentFolder">Where Downbeat was started.</param>
/// <param name="Variables">The variables of the environment that begin with <c>DOWNBEAT_</c>.</param>
/// <param name="Flags">The settings that were given as flags.</param>
sealed record SettingSources(
    string? Config,
    string CurrentFolder,
    IReadOnlyDictionary<string, string> Variables,
    IReadOnlyList<GivenSetting> Flags
)
{
    /// <summary>Variables that are no settings: of the scripts that start Downbeat, and of those who look for a fault.</summary>
    static readonly string[] Reserved =
    [
        ScanVariable.Name,
        "DOWNBEAT_DEBUG",
        "DOWNBEAT_COMMAND",
        Output.LogFormat.Variable,
        Reports.ReportForms.ChromiumVariable,
        SlackChannel.Variable,
        PagerDutyChannel.Variable,
        WebhookChannel.Variable,
    ];

    static readonly string[] ReservedPrefixes = ["DOWNBEAT_BUILD", "DOWNBEAT_TEST"];

    /// <summary>Of passwords, which are read where they are needed and shown nowhere: <c>DOWNBEAT_POSTGRES_PASSWORD</c>.</summary>
    const string ReservedEnd = "_PASSWORD";

    /// <summary>Reads the file of settings of a lake in S3, given the settings so far; null where there is none.</summary>
    public Func<LakeSettings, byte[]?> ReadFromS3 { get; init; } = _ => null;

    /// <summary>The variables of this process.</summary>
    public static IReadOnlyDictionary<string, string> EnvironmentVariables =>
        Environment
            .GetEnvironmentVariables()
            .Cast<DictionaryEntry>()
            .Where(variable =>
                variable.Key is string name && name.StartsWith(Setting.VariablePrefix, StringComparison.Ordinal)
            )
            .ToDictionary(
                variable => (string)variable.Key,
                variable => (string?)variable.Value ?? "",
                StringComparer.Ordinal
            );

    /// <summary>Reads all sources, checks and merges them.</summary>
    /// <exception cref="UsageException">Something that was given is no setting, or is not what a setting may be.</exception>
    public LakeSettings Merge()
    {
        var mistakes = new List<string>();
        var files = new List<GivenSetting>();
        if (Config is not null)
        {
            files.AddRange(ReadFile(Config, mistakes));
        }

        var others = GivenVariables().Concat(Flags).ToList();
        if (File.Exists(Path.Combine(CurrentFolder, LakePaths.Settings)))
        {
            files.AddRange(ReadFile(LakePaths.Settings, mistakes));
        }
        else if (
            files.Concat(others).LastOrDefault(setting => setting.Name == KnownSettings.Lake) is
            { Text: { Length: > 0 } lake }
        )
        {
            files.AddRange(
                S3Place.IsMeant(lake)
                    ? ReadFileOfS3Lake(lake, [.. files, .. others], mistakes)
                    : ReadFileOfLake(lake, mistakes)
            );
        }

        var settings = Apply([.. files, .. others], mistakes);
        return mistakes.Count == 0 ? settings : throw new UsageException(mistakes);
    }

    static LakeSettings Apply(IReadOnlyList<GivenSetting> given, List<string> mistakes)
    {
        var settings = new LakeSettings();
        foreach (var one in given)
        {
            if (one.Name == KnownSettings.TimeZone)
            {
                mistakes.Add(
                    $"{one.Source}: {one.Name} is no setting of a run: it is fixed when a lake is made, with `downbeat init DIR --time-zone ZONE`."
                );
            }
            else if (KnownSettings.Find(one.Name) is not { } setting)
            {
                mistakes.Add(SayUnknown(one));
            }
            else if (TrySet(setting, settings, one, mistakes) is { } set)
            {
                settings = set;
            }
        }

        return settings;
    }

    static LakeSettings? TrySet(Setting setting, LakeSettings settings, GivenSetting given, List<string> mistakes)
    {
        try
        {
            if (IsWrittenAs(setting, given.Form) && setting.TrySet(settings, given.Text) is { } set)
            {
                return set;
            }
        }
        catch (FormatException error)
        {
            mistakes.Add($"{given.Source}: {given.Name}: {error.Message}");
            return null;
        }

        if (setting is { IsFlag: false, Form: SettingForm.Text })
        {
            mistakes.Add($"{given.Source}: {given.Name} is not allowed so; allowed is {setting.Allowed}."); // See TrySet.
            return null;
        }

        var value =
            HoldsUser(given.Text) ? "an address with a user or a password, which it must not hold"
            : given.Form == SettingForm.Text ? $"\"{given.Text}\""
            : given.Text.Length == 0 ? "empty"
            : given.Text;
        mistakes.Add($"{given.Source}: {given.Name} is {value}; allowed is {setting.Allowed}.");
        return null;
    }

    /// <summary>What may be a password is not repeated.</summary>
    static bool HoldsUser(string text) =>
        text.Contains("//", StringComparison.Ordinal) && text.Contains('@', StringComparison.Ordinal);

    static bool IsWrittenAs(Setting setting, SettingForm form) => form == SettingForm.Plain || form == setting.Form;

    static string SayUnknown(GivenSetting given)
    {
        var isVariable = given.Form == SettingForm.Plain;
        var known = KnownSettings.All.Select(setting => isVariable ? setting.Variable : setting.Name).ToList();
        var prefix = isVariable ? Setting.VariablePrefix.Length : 0;
        var nearest = Spelling.FindNearest(given.Name[prefix..], known.Select(name => name[prefix..]));
        var hint = nearest is null
            ? $"known are {string.Join(", ", known)}."
            : $"did you mean {known.First(name => name[prefix..] == nearest)}?";
        return isVariable
            ? $"{given.Source} is no variable that Downbeat knows; {hint}"
            : $"{given.Source}: \"{given.Name}\" is no setting; {hint}";
    }

    List<GivenSetting> ReadFileOfLake(string lake, List<string> mistakes)
    {
        var name = Path.Join(lake, LakePaths.Settings);
        if (!File.Exists(Path.Combine(CurrentFolder, name)))
        {
            return [];
        }

        return OfLake(lake, ReadFile(name, mistakes), Full, mistakes);
    }

    /// <summary>A mistake in what leads to the lake is told with all others; then there is no file to read.</summary>
    List<GivenSetting> ReadFileOfS3Lake(string lake, IReadOnlyList<GivenSetting> given, List<string> mistakes)
    {
        var wrong = new List<string>(mistakes);
        var settings = Apply(given, wrong);
        if (wrong.Count > 0 || ReadFromS3(settings) is not { } bytes)
        {
            return [];
        }

        try
        {
            var name = $"{lake.TrimEnd('/')}/{LakePaths.Settings}";
            return OfLake(lake, ConfigFile.Parse(bytes, name), place => place.TrimEnd('/'), mistakes);
        }
        catch (UsageException error)
        {
            mistakes.AddRange(error.Messages);
            return [];
        }
    }

    static List<GivenSetting> OfLake(
        string lake,
        List<GivenSetting> settings,
        Func<string, string> full,
        List<string> mistakes
    )
    {
        if (settings.Find(setting => setting.Name == KnownSettings.Lake) is { } other && full(other.Text) != full(lake))
        {
            mistakes.Add(
                $"{other.Source}: lake is \"{other.Text}\", but this file goes with the lake {lake} in which it lies; take that line out."
            );
        }

        settings.RemoveAll(setting => setting.Name == KnownSettings.Lake);
        return settings;
    }

    List<GivenSetting> ReadFile(string name, List<string> mistakes)
    {
        try
        {
            // A lake is named from where the file lies, wherever Downbeat is started.
            var folder = Path.GetDirectoryName(name);
            return ConfigFile
                .Parse(File.ReadAllBytes(Path.Combine(CurrentFolder, name)), name)
                .ConvertAll(setting =>
                    setting is { Name: KnownSettings.Lake, Form: SettingForm.Text, Text.Length: > 0 }
                    && !string.IsNullOrEmpty(folder)
                    && !S3Place.IsMeant(setting.Text)
                        ? setting with
                        {
                            Text = Path.Combine(folder, setting.Text),
                        }
                        : setting
                );
        }
        catch (UsageException error)
        {
            mistakes.AddRange(error.Messages);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            mistakes.Add($"--config: there is no file {name}.");
        }
        catch (UnauthorizedAccessException) when (Directory.Exists(Path.Combine(CurrentFolder, name)))
        {
            mistakes.Add($"--config: {name} is a folder, and a file is expected.");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            mistakes.Add($"{name} cannot be read: {error.Message}");
        }

        return [];
    }

    string Full(string path) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(Path.Combine(CurrentFolder, path)));

    IEnumerable<GivenSetting> GivenVariables() =>
        Variables
            .Where(variable => !IsReserved(variable.Key))
            .OrderBy(variable => variable.Key, StringComparer.Ordinal)
            .Select(variable => new GivenSetting(
                NameOf(variable.Key),
                variable.Value,
                SettingForm.Plain,
                variable.Key
            ));

    static bool IsReserved(string variable) =>
        Reserved.Contains(variable, StringComparer.Ordinal)
        || variable.EndsWith(ReservedEnd, StringComparison.Ordinal)
        || ReservedPrefixes.Any(prefix => variable.StartsWith(prefix, StringComparison.Ordinal));

    /// <summary>A variable's name in the words of a file: <c>DOWNBEAT_LIKE_WEIGHT</c> is <c>likeWeight</c>.</summary>
    static string NameOf(string variable)
    {
        var known = KnownSettings.All.FirstOrDefault(setting => setting.Variable == variable);
        return known?.Name ?? (variable == "DOWNBEAT_TIME_ZONE" ? KnownSettings.TimeZone : variable);
    }
}
