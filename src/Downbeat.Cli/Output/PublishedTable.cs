using System.Text;
using Downbeat.Engine.Kpis;
using Downbeat.Engine.Scan;
using Downbeat.Pipeline.Landing;

namespace Downbeat.Cli.Output;

/// <summary>A KPI table of a date, read back from its published file.</summary>
sealed class PublishedTable
{
    PublishedTable(IReadOnlyList<KpiColumn> columns, List<string[]> rows) => (Columns, Rows) = (columns, rows);

    /// <summary>Its columns, as the file's header names them.</summary>
    public IReadOnlyList<KpiColumn> Columns { get; }

    /// <summary>Its rows: a text for every column.</summary>
    public IReadOnlyList<string[]> Rows { get; }

    /// <summary>Reads a table; the file is there.</summary>
    public static PublishedTable Read(ILake lake, KpiSchema schema, DateOnly date)
    {
        using var stream = lake.Open(LakePaths.Kpi(schema.Name, date));
        var csv = new CsvReader(stream);
        csv.Read();
        var columns = Fields(csv)
            .Select(name => schema.Columns.FirstOrDefault(column => column.Name == name) ?? new(name, KpiType.Text))
            .ToArray();
        var rows = new List<string[]>();
        while (csv.Read())
        {
            rows.Add(Fields(csv));
        }

        if (columns.Length != schema.Columns.Count || rows.Exists(row => row.Length != columns.Length))
        {
            throw new LakeException(
                $"{LakePaths.Kpi(schema.Name, date)} is not as it was published; `{CommandLine.Name} run` publishes it again."
            );
        }

        return new(columns, rows);
    }

    /// <summary>A row's value of a column.</summary>
    public string Value(string[] row, string column)
    {
        for (var place = 0; place < Columns.Count; place++)
        {
            if (Columns[place].Name == column)
            {
                return row[place];
            }
        }

        throw new ArgumentException($"There is no column {column}.", nameof(column));
    }

    static string[] Fields(CsvReader csv)
    {
        var fields = new string[csv.FieldCount];
        for (var place = 0; place < fields.Length; place++)
        {
            fields[place] = Encoding.UTF8.GetString(csv.Field(place));
        }

        return fields;
    }
}
