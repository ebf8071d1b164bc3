using System.Data.Common;
using System.Globalization;
using System.Text;
using Downbeat.Engine.Kpis;
using Downbeat.Pipeline.Publish;

namespace Downbeat.Connectors.Sql;

/// <summary>The rows of a table and some dates as a system holds them, cell by cell beside those that were published.</summary>
sealed class ReadBackRows
{
    /// <summary>What a date that is to be published again says it holds.</summary>
    public const string Forgotten = "to be published again";

    /// <summary>So many dates are compared at once.</summary>
    public const int DatesAtOnce = 32;

    readonly KpiSchema schema;
    readonly Dictionary<DateOnly, HashSet<string>> missing = [];
    readonly Dictionary<DateOnly, int> strange = [];

    /// <summary>Begins with the rows that should be there.</summary>
    public ReadBackRows(KpiSchema schema, FittedTexts texts, IEnumerable<DateTables> dates)
    {
        this.schema = schema;
        foreach (var date in dates)
        {
            var rows = new HashSet<string>(StringComparer.Ordinal);
            foreach (var row in date.Table(schema.Name).Rows)
            {
                var text = new StringBuilder();
                for (var place = 1; place < schema.Columns.Count; place++)
                {
                    var cell = row[place - 1];
                    var column = schema.Columns[place];
                    Append(
                        text,
                        column.Type switch
                        {
                            KpiType.Integer => cell.Integer,
                            KpiType.Quotient => cell.Quotient,
                            _ => Encoding.UTF8.GetString(texts.Fit(schema, column, cell.Text).Span),
                        }
                    );
                }

                rows.Add(text.ToString());
            }

            missing.Add(date.Date, rows);
        }
    }

    /// <summary>Takes a row as it is read back.</summary>
    public void Add(DbDataReader row)
    {
        if (Date(row.GetValue(0)) is not { } date || !missing.TryGetValue(date, out var rows))
        {
            return;
        }

        var text = new StringBuilder();
        for (var place = 1; place < schema.Columns.Count; place++)
        {
            Append(text, row.GetValue(place));
        }

        if (!rows.Remove(text.ToString()))
        {
            strange[date] = strange.GetValueOrDefault(date) + 1;
        }
    }

    /// <summary>The dates that are held otherwise, when all rows were taken.</summary>
    public IEnumerable<(DateOnly Date, string Why)> Different() =>
        missing
            .Where(date => date.Value.Count > 0 || strange.ContainsKey(date.Key))
            .Select(date =>
                (
                    date.Key,
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{schema.Name} lacks {date.Value.Count} rows that were published, and has {strange.GetValueOrDefault(date.Key)} that were not"
                    )
                )
            );

    /// <summary>A date as systems give it; null when it is none.</summary>
    public static DateOnly? Date(object value) =>
        value switch
        {
            DateOnly date => date,
            DateTime time => DateOnly.FromDateTime(time),
            string text
                when DateOnly.TryParseExact(
                    text,
                    "yyyy-MM-dd",
                    CultureInfo.InvariantCulture,
                    DateTimeStyles.None,
                    out var date
                ) => date,
            _ => null,
        };

    /// <summary>A value of another type is another value.</summary>
    static void Append(StringBuilder text, object value)
    {
        _ = value switch
        {
            long or int or short => text.Append(CultureInfo.InvariantCulture, $"i{value}"),
            double quotient => text.Append(CultureInfo.InvariantCulture, $"q{quotient:R}"),
            string letters => text.Append(CultureInfo.InvariantCulture, $"t{letters.Length} {letters}"),
            _ => text.Append('?').Append(value.GetType().Name),
        };
        text.Append('|');
    }
}
