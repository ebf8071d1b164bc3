using System.Globalization;
using System.Text.Json;

namespace Downbeat.Testing;

/// <summary>One of the cases in <c>tests/Conformance</c>: small inputs, and what was worked out for them by hand.</summary>
public sealed class ConformanceCase
{
    readonly string folder;
    readonly Dictionary<string, DateTimeOffset> arrived = new(StringComparer.Ordinal);

    ConformanceCase(string folder)
    {
        this.folder = folder;
        Settings = ReadJson("settings.json");
        foreach (var (file, time) in ReadJson("arrived.json"))
        {
            arrived.Add(file, time.GetDateTimeOffset());
        }
    }

    /// <summary>The settings that differ from the defaults.</summary>
    public IReadOnlyDictionary<string, JsonElement> Settings { get; }

    /// <summary>The names of all cases.</summary>
    public static IEnumerable<string> Names =>
        Directory
            .EnumerateDirectories(Path.Combine(Repository.Folder, "tests", "Conformance"))
            .Select(folder => Path.GetFileName(folder))
            .Order(StringComparer.Ordinal);

    /// <summary>Reads a case.</summary>
    public static ConformanceCase Read(string name) =>
        new(Path.Combine(Repository.Folder, "tests", "Conformance", name));

    /// <summary>The files that landed in <c>streams</c>, <c>songs</c> or <c>users</c>.</summary>
    public IEnumerable<(string Name, byte[] Bytes, DateTimeOffset Arrived)> Landed(string area)
    {
        var landing = Path.Combine(folder, "landing", area);
        return Directory.Exists(landing)
            ? Directory
                .EnumerateFiles(landing, "*", SearchOption.AllDirectories)
                .Select(file => (Name: Path.GetRelativePath(landing, file), File: file))
                .OrderBy(file => file.Name, StringComparer.Ordinal)
                .Select(file =>
                    (file.Name, File.ReadAllBytes(file.File), arrived.GetValueOrDefault(file.Name, TestLake.Arrived))
                )
            : [];
    }

    /// <summary>The expected tables, by their paths below <c>kpis/</c>.</summary>
    public SortedDictionary<string, string> ExpectedTables()
    {
        var expected = Path.Combine(folder, "expected");
        var tables = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var file in Directory.EnumerateFiles(expected, "date=*.csv", SearchOption.AllDirectories))
        {
            tables.Add(Path.GetRelativePath(expected, file), File.ReadAllText(file));
        }

        return tables;
    }

    /// <summary>The expected lines of <c>sources.csv</c> or <c>rejects.csv</c>, without the header; none where there is no such file.</summary>
    public IReadOnlyList<string> ExpectedLines(string name)
    {
        var file = Path.Combine(folder, "expected", name);
        return File.Exists(file)
            ? [.. File.ReadAllLines(file).Skip(1).Where(line => line.Length > 0).Order(StringComparer.Ordinal)]
            : [];
    }

    /// <summary>A whole number among the settings.</summary>
    public int Setting(string name, int otherwise) =>
        Settings.TryGetValue(name, out var value) ? value.GetInt32() : otherwise;

    /// <summary>A share among the settings.</summary>
    public double Setting(string name, double otherwise) =>
        Settings.TryGetValue(name, out var value) ? value.GetDouble() : otherwise;

    /// <summary>The time zone.</summary>
    public string TimeZone => Settings.TryGetValue("timeZone", out var zone) ? zone.GetString()! : "UTC";

    /// <summary>A line of <c>sources.csv</c>.</summary>
    public static string SourceLine(
        string file,
        long rows,
        long accepted,
        long duplicates,
        long rejected,
        string? fault
    ) => string.Create(CultureInfo.InvariantCulture, $"{file},{rows},{accepted},{duplicates},{rejected},{fault}");

    /// <summary>A line of <c>rejects.csv</c>.</summary>
    public static string RejectLine(string file, long lineNumber, long byteOffset, string reason) =>
        string.Create(CultureInfo.InvariantCulture, $"{file},{lineNumber},{byteOffset},{reason}");

    Dictionary<string, JsonElement> ReadJson(string name)
    {
        var file = Path.Combine(folder, name);
        return File.Exists(file)
            ? JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(File.ReadAllText(file))!
            : new(StringComparer.Ordinal);
    }
}
