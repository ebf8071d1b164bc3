using System.Globalization;
using System.Text;
using Downbeat.Engine.Listens;
using Downbeat.Engine.Scan;

namespace Downbeat.Engine.Kpis;

/// <summary>What a column of a KPI table holds.</summary>
public enum KpiType
{
    /// <summary>A calendar date of the lake's time zone.</summary>
    Date,

    /// <summary>A text in UTF-8.</summary>
    Text,

    /// <summary>A 64-bit integer.</summary>
    Integer,

    /// <summary>The double nearest to a quotient of two integers.</summary>
    Quotient,
}

/// <summary>A column of a KPI table.</summary>
/// <param name="Name">The column's name, as in <c>docs/kpis.md</c>.</param>
/// <param name="Type">What it holds.</param>
public sealed record KpiColumn(string Name, KpiType Type);

/// <summary>The name and the columns of a KPI table. The first columns are its key, the first of all is <c>date</c>.</summary>
public sealed record KpiSchema(string Name, int KeyColumns, IReadOnlyList<KpiColumn> Columns)
{
    /// <summary>Writes a schema shortly: <c>name:i</c> is an integer, <c>:q</c> a quotient, <c>:t</c> a text.</summary>
    internal static KpiSchema Of(string name, string key, string values)
    {
        var keys = key.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return new(
            name,
            keys.Length + 1,
            [
                new("date", KpiType.Date),
                .. keys.Concat(values.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                    .Select(column => new KpiColumn(
                        column[..^2],
                        column[^1] switch
                        {
                            'i' => KpiType.Integer,
                            'q' => KpiType.Quotient,
                            _ => KpiType.Text,
                        }
                    )),
            ]
        );
    }
}

/// <summary>One value of a KPI table, of its column's type.</summary>
public readonly record struct KpiCell
{
    /// <summary>The value of an <see cref="KpiType.Integer"/>.</summary>
    public long Integer { get; private init; }

    /// <summary>The value of a <see cref="KpiType.Quotient"/>.</summary>
    public double Quotient { get; private init; }

    /// <summary>The value of a <see cref="KpiType.Text"/>, in UTF-8.</summary>
    public ReadOnlyMemory<byte> Text { get; private init; }

    /// <summary>An integer.</summary>
    public static implicit operator KpiCell(long value) => new() { Integer = value };

    /// <summary>A quotient.</summary>
    public static implicit operator KpiCell(double value) => new() { Quotient = value };

    /// <summary>A text.</summary>
    public static implicit operator KpiCell(ReadOnlyMemory<byte> value) => new() { Text = value };

    /// <summary>A text.</summary>
    public static implicit operator KpiCell(byte[] value) => new() { Text = value };
}

/// <summary>A KPI table of one date: its rows are sorted by the key.</summary>
public sealed class KpiTable(KpiSchema schema, DateOnly date)
{
    readonly List<KpiCell[]> rows = [];

    /// <summary>Its name and columns.</summary>
    public KpiSchema Schema { get; } = schema;

    /// <summary>Its date, which is not repeated in the rows.</summary>
    public DateOnly Date { get; } = date;

    /// <summary>Its rows: a cell for every column but the date.</summary>
    public IReadOnlyList<IReadOnlyList<KpiCell>> Rows => rows;

    /// <summary>The table as it is published in a file: RFC 4180, UTF-8, LF, header first, quotes only where needed.</summary>
    public byte[] ToCsv()
    {
        var csv = new MemoryStream();
        csv.Write(Encoding.UTF8.GetBytes(string.Join(',', Schema.Columns.Select(column => column.Name))));
        csv.WriteByte((byte)'\n');
        var dateText = Encoding.UTF8.GetBytes(ListenDate.Text(Date));
        foreach (var row in rows)
        {
            csv.Write(dateText);
            for (var column = 0; column < row.Length; column++)
            {
                csv.WriteByte((byte)',');
                Write(csv, row[column], Schema.Columns[column + 1].Type);
            }

            csv.WriteByte((byte)'\n');
        }

        return csv.ToArray();
    }

    /// <summary>Reads a table as it was published in a file; what was written by <see cref="ToCsv"/> reads back the same.</summary>
    /// <exception cref="FormatException">It is no such file.</exception>
    public static KpiTable ReadCsv(KpiSchema schema, DateOnly date, Stream file)
    {
        var csv = new CsvReader(file, maxRecordBytes: 256 * CsvReader.MaxRecordBytes); // Joined names are longer than each.
        var names = schema.Columns.Select(column => column.Name);
        if (
            !csv.Read()
            || !names.SequenceEqual(
                Enumerable.Range(0, csv.FieldCount).Select(place => Field(csv, place)),
                StringComparer.Ordinal
            )
        )
        {
            throw new FormatException($"It does not have the columns of {schema.Name}.");
        }

        var table = new KpiTable(schema, date);
        var dateText = ListenDate.Text(date);
        while (csv.Read())
        {
            if (csv.FieldCount != schema.Columns.Count || Field(csv, 0) != dateText)
            {
                throw new FormatException($"It has a row that is none of {schema.Name} of {dateText}.");
            }

            var row = new KpiCell[schema.Columns.Count - 1];
            for (var column = 0; column < row.Length; column++)
            {
                row[column] = schema.Columns[column + 1].Type switch
                {
                    KpiType.Integer => long.Parse(
                        csv.Field(column + 1),
                        NumberStyles.None,
                        CultureInfo.InvariantCulture
                    ),
                    KpiType.Quotient => double.Parse(csv.Field(column + 1), CultureInfo.InvariantCulture),
                    _ => csv.Field(column + 1).ToArray(),
                };
            }

            table.Add(row);
        }

        return table;
    }

    internal void Add(params KpiCell[] row) => rows.Add(row);

    static string Field(CsvReader csv, int place) => Encoding.UTF8.GetString(csv.Field(place));

    static void Write(MemoryStream csv, KpiCell cell, KpiType type)
    {
        switch (type)
        {
            case KpiType.Integer:
                csv.Write(Encoding.UTF8.GetBytes(cell.Integer.ToString(CultureInfo.InvariantCulture)));
                break;
            case KpiType.Quotient:
                csv.Write(Encoding.UTF8.GetBytes(Quotients.Text(cell.Quotient)));
                break;
            default:
                WriteText(csv, cell.Text.Span);
                break;
        }
    }

    static void WriteText(MemoryStream csv, ReadOnlySpan<byte> text)
    {
        if (text.IndexOfAny(",\"\r\n"u8) < 0)
        {
            csv.Write(text);
            return;
        }

        csv.WriteByte((byte)'"');
        foreach (var letter in text)
        {
            csv.WriteByte(letter);
            if (letter == '"')
            {
                csv.WriteByte(letter);
            }
        }

        csv.WriteByte((byte)'"');
    }
}
