using System.Globalization;
using System.Text;
using Downbeat.Pipeline.Runs;

namespace Downbeat.Cli.Settings;

/// <summary>
/// A setting: its name, what it may be, and what it sets. How it is called in a file (<c>likeWeight</c>), as a variable
/// (<c>DOWNBEAT_LIKE_WEIGHT</c>) and as a flag (<c>--like-weight</c>) follows from its name.
/// </summary>
sealed record Setting
{
    /// <summary>What variables of Downbeat begin with.</summary>
    public const string VariablePrefix = "DOWNBEAT_";

    Setting(string name, string help) => (Name, Help) = (name, help);

    /// <summary>Its name, as in a file.</summary>
    public string Name { get; }

    /// <summary>What it does, for people.</summary>
    public string Help { get; }

    /// <summary>What it may be, as in <c>a whole number from 1 to 256</c>.</summary>
    public required string Allowed { get; init; }

    /// <summary>What it is when nobody says, as it would stand in a file; null when that depends.</summary>
    public required string? Default { get; init; }

    /// <summary>How it is written in a file.</summary>
    public required SettingForm Form { get; init; }

    /// <summary>What holds when nobody says, for people.</summary>
    public string? WhenNotGiven { get; init; }

    /// <summary>What stands for its value in help, as in <c>--workers N</c>.</summary>
    public string ValueName { get; init; } = "TEXT";

    /// <summary>Whether it says where the lake is, which every command has to know.</summary>
    public bool IsOfLake { get; init; }

    /// <summary>A value to show, as it would stand in a file.</summary>
    public string Example
    {
        get => Default ?? field;
        init;
    } = "2";

    /// <summary>Whether it can be given as a flag, too. What names another system cannot: it goes with the lake, and there is much of it.</summary>
    public bool IsFlag { get; init; } = true;

    /// <summary>
    /// Sets it; null when the text is not allowed. A <see cref="FormatException"/> says why instead, and is told without the text,
    /// which may hold a secret by mistake.
    /// </summary>
    public required Func<LakeSettings, string, LakeSettings?> TrySet { get; init; }

    /// <summary>Its name as a flag.</summary>
    public string Flag => "--" + InWords('-', char.ToLowerInvariant);

    /// <summary>Its name as a variable.</summary>
    public string Variable => VariablePrefix + InWords('_', char.ToUpperInvariant);

    /// <summary>A setting that is a text.</summary>
    public static Setting Text(
        string name,
        string allowed,
        string help,
        Func<LakeSettings, string, LakeSettings?> set
    ) =>
        new(name, help)
        {
            Allowed = allowed,
            Default = null,
            Form = SettingForm.Text,
            TrySet = (settings, text) =>
                text.Length == 0 || text.Contains('\0', StringComparison.Ordinal) ? null : set(settings, text),
        };

    /// <summary>A setting of another system, which goes with the lake and is no flag; <paramref name="set"/> checks it.</summary>
    public static Setting OfSystem(
        string name,
        string allowed,
        string help,
        Func<LakeSettings, string, LakeSettings?> set
    ) =>
        new(name, help)
        {
            Allowed = allowed,
            Default = null,
            Form = SettingForm.Text,
            IsFlag = false,
            TrySet = (settings, text) =>
                text.Length == 0 || text.Contains('\0', StringComparison.Ordinal) ? null : set(settings, text),
        };

    /// <summary>A setting that is a whole number.</summary>
    public static Setting Whole(
        string name,
        int from,
        int to,
        string help,
        Func<RunOptions, int> get,
        Func<RunOptions, int, RunOptions> set
    ) =>
        new(name, help)
        {
            Allowed = string.Create(CultureInfo.InvariantCulture, $"a whole number from {from:N0} to {to:N0}"),
            Default = get(new()).ToString(CultureInfo.InvariantCulture),
            Form = SettingForm.Number,
            ValueName = "N",
            TrySet = (settings, text) =>
                int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
                && value >= from
                && value <= to
                    ? settings with
                    {
                        Run = set(settings.Run, value),
                    }
                    : null,
        };

    /// <summary>A setting that is a share of something.</summary>
    public static Setting Share(
        string name,
        string help,
        Func<RunOptions, double> get,
        Func<RunOptions, double, RunOptions> set
    ) =>
        new(name, help)
        {
            Allowed = "a share from 0 to 1, like 0.05",
            Default = get(new()).ToString(CultureInfo.InvariantCulture),
            Form = SettingForm.Number,
            ValueName = "SHARE",
            TrySet = (settings, text) =>
                double.TryParse(
                    text,
                    NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint,
                    CultureInfo.InvariantCulture,
                    out var value
                ) && value is >= 0 and <= 1
                    ? settings with
                    {
                        Run = set(settings.Run, value),
                    }
                    : null,
        };

    /// <summary>A setting that is yes or no.</summary>
    public static Setting Switch(
        string name,
        string help,
        Func<LakeSettings, bool> get,
        Func<LakeSettings, bool, LakeSettings> set
    ) =>
        new(name, help)
        {
            Allowed = "true or false",
            Default = get(new()) ? "true" : "false",
            Form = SettingForm.Boolean,
            IsFlag = false,
            TrySet = (settings, text) => bool.TryParse(text, out var value) ? set(settings, value) : null,
        };

    string InWords(char between, Func<char, char> casing)
    {
        var words = new StringBuilder();
        foreach (var letter in Name)
        {
            if (char.IsAsciiLetterUpper(letter))
            {
                words.Append(between);
            }

            words.Append(casing(letter));
        }

        return words.ToString();
    }
}
