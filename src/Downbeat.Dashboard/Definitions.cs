using Downbeat.Engine.Kpis;

namespace Downbeat.Dashboard;

/// <summary>What tables and columns mean, in the words of <c>docs/kpis.md</c> and <c>docs/quality.md</c>, which are part of the program.</summary>
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
        var tables = new Dictionary<string, Dictionary<string, string>>(StringComparer.Ordinal);
        Read("kpis.md", tables);
        Read("quality.md", tables);
        return tables;
    }

    static void Read(string document, Dictionary<string, Dictionary<string, string>> tables)
    {
        using var stream = typeof(Definitions).Assembly.GetManifestResourceStream(document)!;
        using var reader = new StreamReader(stream);
        Dictionary<string, string>? table = null;
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith('#'))
            {
                table = null;
            }

            if (line.StartsWith('#') && line.Split('`') is [_, var name, ""])
            {
                tables[name] = table = new(StringComparer.Ordinal);
            }
            else if (table is not null && line.StartsWith("Key: ", StringComparison.Ordinal))
            {
                table[""] = Plain(line);
            }
            else if (
                table is not null
                && line.Split(" | ") is [var column, _, var definition]
                && column.StartsWith("| `", StringComparison.Ordinal)
            )
            {
                table[column[3..^1]] = Plain(definition.TrimEnd('|', ' '));
            }
        }
    }

    static string Plain(string markdown) => markdown.Replace("`", "", StringComparison.Ordinal).Trim();
}
