namespace Downbeat.Cli.Settings;

/// <summary>A setting as someone gave it, not checked yet.</summary>
/// <param name="Name">What it was called, in the words of a file: <c>likeWeight</c>.</param>
/// <param name="Text">Its value.</param>
/// <param name="Form">How the value was written.</param>
/// <param name="Source">Where it was given, for messages: <c>downbeat.json line 3</c>, <c>DOWNBEAT_WORKERS</c>, <c>--workers</c>.</param>
sealed record GivenSetting(string Name, string Text, SettingForm Form, string Source);

/// <summary>How a value was written.</summary>
enum SettingForm
{
    /// <summary>As variables and flags are, which know only text.</summary>
    Plain,

    /// <summary>As a number in a file.</summary>
    Number,

    /// <summary>As a text in a file.</summary>
    Text,

    /// <summary>As true or false in a file.</summary>
    Boolean,

    /// <summary>As something else in a file: null, a list.</summary>
    Other,
}
