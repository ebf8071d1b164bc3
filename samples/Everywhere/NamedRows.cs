using System.Globalization;
using System.Text;
using Downbeat.Engine.Kpis;
using Downbeat.Engine.Listens;
using Downbeat.Pipeline.Publish;

namespace Downbeat.Samples;

/// <summary>Rows of tables with cells as texts, by their columns' names.</summary>
static class NamedRows
{
    public static IEnumerable<Dictionary<string, string>> Of(DateTables date, string table) =>
        date.Table(table)
            .Rows.Select(row =>
                row.Select((cell, place) => (date.Table(table).Schema.Columns[place + 1], cell))
                    .Select(pair =>
                        (
                            pair.Item1.Name,
                            pair.Item1.Type switch
                            {
                                KpiType.Integer => pair.cell.Integer.ToString(CultureInfo.InvariantCulture),
                                KpiType.Quotient => Quotients.Text(pair.cell.Quotient),
                                _ => Encoding.UTF8.GetString(pair.cell.Text.Span),
                            }
                        )
                    )
                    .Prepend(("date", ListenDate.Text(date.Date)))
                    .ToDictionary(StringComparer.Ordinal)
            );

    /// <summary>Names and values as one text, whatever their order was.</summary>
    public static string Text(IEnumerable<KeyValuePair<string, string>> fields) =>
        string.Join(
            " | ",
            fields.OrderBy(field => field.Key, StringComparer.Ordinal).Select(field => $"{field.Key}={field.Value}")
        );
}
