using System.Globalization;
using System.Text;

namespace Downbeat.Testing.Oracle;

/// <summary>Writes a table as it is published.</summary>
static class TableText
{
    /// <summary>The whole file, if only its header (docs/kpis.md, How values are written).</summary>
    public static string Write(string header, IEnumerable<object[]> rows)
    {
        var text = new StringBuilder(header).Append('\n');
        foreach (var row in rows)
        {
            text.AppendJoin(',', row.Select(Field)).Append('\n');
        }

        return text.ToString();
    }

    static string Field(object cell)
    {
        var text = Convert.ToString(cell, CultureInfo.InvariantCulture)!;
        return text.AsSpan().ContainsAny(",\"\r\n")
            ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\""
            : text;
    }
}
