using Downbeat.Engine.Kpis;

namespace Downbeat.Dashboard;

/// <summary>What tables and columns mean, in the words of <c>docs/kpis.md</c>, which is part of the program.</summary>
static class Definitions
{
    static readonly Dictionary<string, Dictionary<string, string>> Tables = Read();

    /// <summary>What a column holds.</summary>
    public static string Of(string table, string column) =>
        Tables.GetValueOrDefault(table)?.GetValueOrDefault(column) ?? "";

    /// <summary>What a table holds.</summary>
    public static string Of(KpiSchema schema) => Of(schema.Name, "");

    static Dictionary<string, Dictionary<string, string>> Read()
    {
        using var stream = typeof(Definitions).Assembly.GetManifestResourceStream("kpis.md")!;
        using var reader = new StreamReader(stream);
        var tables = new Dictionary<string, Dictionary<string, string>>(StringComparer.Ordinal);
        Dictionary<string, string>? table = null;
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith('#'))
            {
                table = null;
            }

            if (line.StartsWith("### `", StringComparison.Ordinal))
            {
                tables[line[5..^1]] = table = new(StringComparer.Ordinal);
            }
            else if (table is not null && line.StartsWith("Key: ", StringComparison.Ordinal))
            {
                table[""] = Plain(line);
            }
            else if (
                table is not null
                && line.Split(" | ") is [var name, _, var definition]
                && name.StartsWith("| `", StringComparison.Ordinal)
            )
            {
                table[name[3..^1]] = Plain(definition.TrimEnd('|', ' '));
            }
        }

        return tables;
    }

    static string Plain(string markdown) => markdown.Replace("`", "", StringComparison.Ordinal).Trim();
}
