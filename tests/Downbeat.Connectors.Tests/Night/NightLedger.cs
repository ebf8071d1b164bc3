using System.Text.Json;

namespace Downbeat.Connectors.Tests.Night;

/// <summary>What the commits of a lake in a folder say of when files were published.</summary>
sealed class NightLedger
{
    readonly Dictionary<string, DateTimeOffset> published = new(StringComparer.Ordinal);

    /// <summary>Reads all commits.</summary>
    public NightLedger(string lake)
    {
        var waiting = new Dictionary<string, List<(string Key, HashSet<string> Open)>>(StringComparer.Ordinal);
        foreach (var file in Directory.GetFiles(Path.Combine(lake, "ledger"), "0*.json").Order(StringComparer.Ordinal))
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(file));
            var commit = json.RootElement.GetProperty("body");
            foreach (var source in Each(commit, "sources"))
            {
                var open = Each(source, "slices")
                    .Select(slice => slice.GetProperty("date").GetString()!)
                    .ToHashSet(StringComparer.Ordinal);
                foreach (var date in open)
                {
                    waiting.TryAdd(date, []);
                    waiting[date].Add((source.GetProperty("key").GetString()!, open));
                }
            }

            foreach (var entry in Each(commit, "dates"))
            {
                var date = entry.GetProperty("date").GetString()!;
                Computations++;
                if (!waiting.Remove(date, out var files))
                {
                    Needless.Add(date);
                    continue;
                }

                foreach (var (key, open) in files)
                {
                    open.Remove(date);
                    if (open.Count == 0)
                    {
                        published[key] = commit.GetProperty("at").GetDateTimeOffset();
                    }
                }
            }
        }
    }

    /// <summary>How often a date was computed.</summary>
    public int Computations { get; private set; }

    /// <summary>Dates that were computed though no file had come for them.</summary>
    public List<string> Needless { get; } = [];

    /// <summary>How long it took from a file's landing until the tables of all its dates were in <c>kpis/</c>; null if they are not.</summary>
    public TimeSpan? Latency(DroppedFile file) => published.TryGetValue(file.Key, out var at) ? at - file.Landed : null;

    static JsonElement.ArrayEnumerator Each(JsonElement owner, string name) =>
        owner.TryGetProperty(name, out var list) ? list.EnumerateArray() : default;
}
