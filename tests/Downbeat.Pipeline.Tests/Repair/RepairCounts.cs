using System.Text.Json;

namespace Downbeat.Pipeline.Tests.Repair;

/// <summary>How often what was tried, for <c>docs/reliability.md</c>: <c>repair.json</c> in the folder that a variable names.</summary>
sealed class RepairCounts
{
    const string Variable = "DOWNBEAT_TEST_REPORT";

    static readonly Lock Writing = new();

    readonly SortedDictionary<string, long> counts = new(StringComparer.Ordinal);

    /// <summary>Counts a damage that was mended.</summary>
    public void Add(string path, string what)
    {
        var folder = path.Split('/')[0];
        var kind = what.Split(' ')[0];
        Add($"{folder} {kind}");
    }

    /// <summary>Counts something.</summary>
    public void Add(string name) => counts[name] = counts.GetValueOrDefault(name) + 1;

    /// <summary>Adds the counts to those of other tests.</summary>
    public void Write()
    {
        if (Environment.GetEnvironmentVariable(Variable) is not { Length: > 0 } folder)
        {
            return;
        }

        lock (Writing)
        {
            Directory.CreateDirectory(folder);
            var file = Path.Combine(folder, "repair.json");
            var all = File.Exists(file)
                ? JsonSerializer.Deserialize<SortedDictionary<string, long>>(File.ReadAllText(file))!
                : [];
            foreach (var (name, count) in counts)
            {
                all[name] = all.GetValueOrDefault(name) + count;
            }

            File.WriteAllText(file, JsonSerializer.Serialize(all));
        }
    }
}
