using System.Text.Json;
using System.Text.Json.Nodes;

namespace Downbeat.Testing;

/// <summary>
/// Numbers that tests counted, for <c>docs/reliability.md</c>: where <c>DOWNBEAT_TEST_REPORT</c> names a folder, they are
/// written to a file there, as one flat object of JSON, beside what other tests wrote to it.
/// </summary>
public static class TestReport
{
    static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Keeps numbers, in place of those of an earlier run.</summary>
    /// <param name="file">The name of the file, without its extension.</param>
    /// <param name="numbers">The numbers.</param>
    public static void Set(string file, params ReadOnlySpan<(string Name, long Number)> numbers) =>
        Change(file, numbers, (_, number) => number);

    /// <summary>Adds numbers to those that were counted before.</summary>
    /// <param name="file">The name of the file, without its extension.</param>
    /// <param name="numbers">The numbers.</param>
    public static void Add(string file, params ReadOnlySpan<(string Name, long Number)> numbers) =>
        Change(file, numbers, (before, number) => before + number);

    static void Change(string file, ReadOnlySpan<(string Name, long Number)> numbers, Func<long, long, long> change)
    {
        if (Environment.GetEnvironmentVariable("DOWNBEAT_TEST_REPORT") is not { Length: > 0 } folder)
        {
            return;
        }

        Directory.CreateDirectory(folder);
        using var stream = Open(Path.Combine(folder, file + ".json"));
        var report = stream.Length == 0 ? [] : JsonNode.Parse(stream)!.AsObject();
        foreach (var (name, number) in numbers)
        {
            report[name] = change(report[name]?.GetValue<long>() ?? 0, number);
        }

        stream.SetLength(0);
        JsonSerializer.Serialize(stream, report, Indented);
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
