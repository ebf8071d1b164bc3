using System.Text;
using Downbeat.Cli.Settings;
using Downbeat.Testing.Fuzz;

namespace Downbeat.Cli.Tests.Fuzz;

/// <summary>Whatever stands in a file of settings, a variable or a flag, it is a setting, or it is said why not.</summary>
public sealed class SettingsFuzzTests : IDisposable
{
    static readonly byte[][] Tokens =
    [
        .. KnownSettings.All.Select(setting => Encoding.UTF8.GetBytes($"\"{setting.Name}\": ")),
        .. new[]
        {
            "{",
            "}",
            "[",
            "\"",
            ",",
            ":",
            "null",
            "true",
            "-1",
            "0.5",
            "1e999",
            "NaN",
            "99999999999999999999",
            "//",
            "/*",
            "*/",
            "\\ud800",
            "\\u0000",
            "\"s3://b/p\"",
            "\"s3://\"",
            "\"postgresql://u:p@h:99999/d?x=y\"",
            "\"redis://h:-1\"",
            "\"..\"",
            "é",
            "\uFEFF",
            "\n",
        }.Select(Encoding.UTF8.GetBytes),
        [0xFF],
        Encoding.ASCII.GetBytes(new string('[', 100)),
    ];

    readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void EveryFileOfSettingsIsReadOrRefused() =>
        Fuzzer.Run(
            "downbeat_json",
            2000,
            random =>
                Encoding.UTF8.GetBytes(
                    $"{{ {string.Join(", ", Enumerable.Range(0, random.Next(5)).Select(_ => Pair(random)))} }}"
                ),
            Tokens,
            (json, _) =>
            {
                File.WriteAllBytes(Path.Combine(folder.Path, "downbeat.json"), json);
                return Merge([], []);
            }
        );

    [Fact]
    public void EveryVariableAndFlagIsReadOrRefused() =>
        Fuzzer.Run(
            "variables_and_flags",
            2000,
            random => Encoding.UTF8.GetBytes($"{random.Next(int.MinValue, int.MaxValue)}"),
            Tokens,
            (bytes, random) =>
            {
                var text = Encoding.UTF8.GetString(bytes);
                var setting = KnownSettings.All[random.Next(KnownSettings.All.Count)];
                return random.Next(2) == 0
                    ? Merge(new(StringComparer.Ordinal) { [setting.Variable] = text }, [])
                    : Merge([], [new(setting.Name, text, SettingForm.Plain, setting.Flag)]);
            }
        );

    static string Pair(Random random)
    {
        var setting = KnownSettings.All[random.Next(KnownSettings.All.Count)];
        string[] values = ["1", "0.5", "\"text\"", "true", "17", "\"s3://bucket/prefix\"", "null", "{}"];
        return $"\"{setting.Name}\": {values[random.Next(values.Length)]}";
    }

    string Merge(Dictionary<string, string> variables, List<GivenSetting> flags)
    {
        try
        {
            new SettingSources(null, folder.Path, variables, flags).Merge();
            return "taken";
        }
        catch (UsageException error)
        {
            Assert.NotEmpty(error.Messages);
            Assert.All(error.Messages, message => Assert.NotEqual("", message));
            return new([.. error.Messages[0].Where(char.IsAsciiLetter).Take(60)]);
        }
    }
}
