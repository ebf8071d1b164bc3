using System.Text.Json;

namespace Downbeat.Testing;

/// <summary>What tests have tried, in files of a folder that <c>DOWNBEAT_TEST_REPORT</c> names: <c>docs/reliability.md</c> is made of them.</summary>
public static class TestReport
{
    static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Writes numbers under their names, if somebody asked for it.</summary>
    public static void Write(string name, IReadOnlyDictionary<string, long> numbers)
    {
        if (Environment.GetEnvironmentVariable("DOWNBEAT_TEST_REPORT") is { Length: > 0 } folder)
        {
            Directory.CreateDirectory(folder);
            File.WriteAllText(Path.Combine(folder, name), JsonSerializer.Serialize(numbers, Indented) + "\n");
        }
    }
}
