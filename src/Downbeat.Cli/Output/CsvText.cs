using System.Globalization;

namespace Downbeat.Cli.Output;

/// <summary>Lines of CSV that are not published tables: answers to queries, and tables for spreadsheets.</summary>
static class CsvText
{
    /// <summary>The option that makes a table safe to be opened in a spreadsheet.</summary>
    public const string SpreadsheetOption = "--spreadsheet-safe";

    /// <summary>What a spreadsheet takes for the begin of a formula, also in full width.</summary>
    const string FormulaBegins = "=+-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20";

    /// <summary>A line, with what is needed in quotes.</summary>
    public static string Line(IEnumerable<string> fields) =>
        string.Join(
            ',',
            fields.Select(field =>
                field.AsSpan().IndexOfAny(",\"\r\n") < 0
                    ? field
                    : $"\"{field.Replace("\"", "\"\"", StringComparison.Ordinal)}\""
            )
        ) + "\n";

    /// <summary>
    /// A text that no spreadsheet takes for a formula, because of an apostrophe before it (https://owasp.org/www-community/attacks/CSV_Injection).
    /// A number is none.
    /// </summary>
    public static string WithoutFormula(string field)
    {
        var begin = field.AsSpan().TrimStart(" \u00A0\uFEFF\u200B");
        return
            begin.IsEmpty
            || !FormulaBegins.Contains(begin[0], StringComparison.Ordinal)
            || double.TryParse(
                field,
                NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent,
                CultureInfo.InvariantCulture,
                out _
            )
            ? field
            : $"'{field}";
    }
}
