using System.Text;

namespace Downbeat.Engine.Kpis;

/// <summary>
/// The table <c>quality_daily</c>: a row for every check of a date. It tells how the date was delivered, and so, unlike all other
/// tables, does not depend on the set of listens alone.
/// </summary>
public static class QualityDaily
{
    /// <summary>Its name and columns.</summary>
    public static KpiSchema Schema { get; } = KpiSchema.Of("quality_daily", "check:t", "value:q threshold:q status:t");

    /// <summary>The table of a date, given its rows in any order.</summary>
    public static KpiTable Of(
        DateOnly date,
        IEnumerable<(string Check, double Value, double Threshold, string Status)> rows
    )
    {
        var table = new KpiTable(Schema, date);
        foreach (var (check, value, threshold, status) in rows.OrderBy(row => row.Check, StringComparer.Ordinal))
        {
            table.Add(Encoding.UTF8.GetBytes(check), value, threshold, Encoding.UTF8.GetBytes(status));
        }

        return table;
    }
}
