using Downbeat.Testing;

namespace Downbeat.Pipeline.Tests.Repair;

/// <summary>How often what was tried, for <c>docs/reliability.md</c>: <c>repair.json</c> in the folder that a variable names.</summary>
sealed class RepairCounts
{
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
    public void Write() => TestReport.Add("repair", [.. counts.Select(count => (count.Key, count.Value))]);
}
