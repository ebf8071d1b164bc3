using System.Text.Json;
using System.Text.Json.Nodes;

namespace Downbeat.Testing;

/// <summary>
/// Numbers that a test counted, for <c>docs/reliability.md</c>: where <c>DOWNBEAT_TEST_REPORT</c> names a folder, they are
/// written to a file there, as one flat object of JSON, beside what other tests wrote to it.
/// </summary>
public static class TestReport
{
    static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Writes numbers.</summary>
    /// <param name="name">The name of the file, without its extension.</param>
    /// <param name="numbers">The numbers.</param>
    public static void Write(string name, params ReadOnlySpan<(string Name, long Number)> numbers)
    {
        if (Environment.GetEnvironmentVariable("DOWNBEAT_TEST_REPORT") is not { Length: > 0 } folder)
        {
            return;
        }

        Directory.CreateDirectory(folder);
        using var file = Open(Path.Combine(folder, name + ".json"));
        var report = file.Length == 0 ? [] : JsonNode.Parse(file)!.AsObject();
        foreach (var (key, number) in numbers)
        {
            report[key] = number;
        }

        file.SetLength(0);
        JsonSerializer.Serialize(file, report, Indented);
    }

    /// <summary>Tests of several processes write to the same file: each waits for the one before.</summary>
    static FileStream Open(string file)
    {
        while (true)
        {
            try
            {
                return new(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (File.Exists(file))
            {
                Thread.Sleep(10);
            }
        }
    }
}
