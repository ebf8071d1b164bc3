using System.Text.Json;

namespace Downbeat.Testing;

/// <summary>
/// What was tried against the program, for <c>docs/reliability.md</c>: numbers by name in <c>security.json</c>, in the folder that
/// <c>DOWNBEAT_TEST_REPORT</c> names.
/// </summary>
public static class SecurityReport
{
    const string Variable = "DOWNBEAT_TEST_REPORT";
    static readonly Lock Writing = new();

    /// <summary>Keeps a number, in place of that of an earlier run.</summary>
    public static void Set(string name, long number)
    {
        if (Environment.GetEnvironmentVariable(Variable) is not { Length: > 0 } folder)
        {
            return;
        }

        Directory.CreateDirectory(folder);
        lock (Writing)
        {
            using var file = OpenAlone(Path.Combine(folder, "security.json"));
            var numbers =
                file.Length == 0
                    ? []
                    : JsonSerializer.Deserialize<SortedDictionary<string, long>>(file)
                        ?? new SortedDictionary<string, long>(StringComparer.Ordinal);
            numbers[name] = number;
            file.SetLength(0);
            JsonSerializer.Serialize(file, numbers);
        }
    }

    /// <summary>Several projects' tests may run at once.</summary>
    static FileStream OpenAlone(string path)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (attempt < 100)
            {
                Thread.Sleep(20);
            }
        }
    }
}
