using System.Text.Json.Nodes;

namespace Downbeat.Testing.Fuzz;

/// <summary>Numbers for <c>docs/reliability.md</c>: added up in <c>fuzz.json</c>, in the folder that <c>DOWNBEAT_TEST_REPORT</c> names.</summary>
public static class FuzzReport
{
    static readonly Lock Writing = new();

    /// <summary>Adds to a number.</summary>
    public static void Add(string name, long count)
    {
        if (Environment.GetEnvironmentVariable("DOWNBEAT_TEST_REPORT") is not { Length: > 0 } folder)
        {
            return;
        }

        lock (Writing)
        {
            Directory.CreateDirectory(folder);
            var file = Path.Combine(folder, "fuzz.json");
            var numbers = File.Exists(file) ? JsonNode.Parse(File.ReadAllText(file))!.AsObject() : [];
            numbers[name] = count + (numbers[name]?.GetValue<long>() ?? 0);
            File.WriteAllText(file, numbers.ToJsonString(new() { WriteIndented = true }) + "\n");
        }
    }
}
