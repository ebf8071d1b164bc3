using System.Globalization;
using System.Text;
using Downbeat.Engine.Kpis;
using Downbeat.Engine.Listens;

namespace Downbeat.Testing;

/// <summary>Tables as lists of texts, to compare what a destination holds with what it was given.</summary>
public static class TableText
{
    /// <summary>The rows, with every cell but the date as it stands in the published file.</summary>
    public static List<string> Of(KpiTable table) =>
        [
            .. table.Rows.Select(row =>
                string.Join(
                    '|',
                    row.Select(
                        (cell, place) =>
                            table.Schema.Columns[place + 1].Type switch
                            {
                                KpiType.Integer => cell.Integer.ToString(CultureInfo.InvariantCulture),
                                KpiType.Quotient => Quotients.Text(cell.Quotient),
                                _ => Encoding.UTF8.GetString(cell.Text.Span),
                            }
                    )
                )
            ),
        ];

    /// <summary>A cell as a database's client reads it.</summary>
    public static string Of(object cell) =>
        cell switch
        {
            double quotient => Quotients.Text(quotient),
            DateOnly date => ListenDate.Text(date),
            IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
            _ => (string)cell,
        };
}
