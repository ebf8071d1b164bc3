using System.Buffers.Text;
using System.Text;
using Downbeat.Engine.Kpis;

namespace Downbeat.Dashboard.Lakes;

/// <summary>
/// A table of a date as it was published: the bytes of its file, and where each field begins. A field is handed out as it
/// stands there, so that an answer is the published one to the last digit.
/// </summary>
sealed class TableFile
{
    readonly byte[] csv;
    readonly int[] starts; // Of every field of every row; the field ends a byte before the next begins.
    readonly int columns;

    /// <summary>Finds the fields.</summary>
    /// <exception cref="FormatException">It is no file of that table.</exception>
    public TableFile(KpiSchema schema, byte[] csv)
    {
        Schema = schema;
        this.csv = csv;
        columns = schema.Columns.Count;
        var header = Encoding.UTF8.GetBytes(string.Join(',', schema.Columns.Select(column => column.Name)) + "\n");
        if (!csv.AsSpan().StartsWith(header) || csv[^1] != '\n')
        {
            throw new FormatException($"It does not have the columns of {schema.Name}.");
        }

        HeaderBytes = header.Length;
        var found = new List<int>(csv.Length / 8) { HeaderBytes };
        var isQuoted = false;
        var inRow = 0;
        for (var at = HeaderBytes; at < csv.Length; at++)
        {
            switch (csv[at])
            {
                case (byte)'"':
                    isQuoted = !isQuoted;
                    break;
                case (byte)',' when !isQuoted:
                    inRow++;
                    found.Add(at + 1);
                    break;
                case (byte)'\n' when !isQuoted:
                    if (++inRow != columns)
                    {
                        throw new FormatException($"It has a row that is none of {schema.Name}.");
                    }

                    inRow = 0;
                    found.Add(at + 1);
                    break;
            }
        }

        starts = [.. found];
        RowCount = (starts.Length - 1) / columns;
    }

    /// <summary>Its name and columns.</summary>
    public KpiSchema Schema { get; }

    /// <summary>How many rows it has.</summary>
    public int RowCount { get; }

    /// <summary>The length of the first line, with its end.</summary>
    public int HeaderBytes { get; }

    /// <summary>How much memory it takes, about.</summary>
    public int Bytes => csv.Length + (starts.Length * sizeof(int)) + 100;

    /// <summary>The first line, with its end.</summary>
    public ReadOnlySpan<byte> Header => csv.AsSpan(0, HeaderBytes);

    /// <summary>Rows as they stand in the file, one behind the other, with their ends.</summary>
    public ReadOnlySpan<byte> Lines(int from, int until) => csv.AsSpan(starts[from * columns]..starts[until * columns]);

    /// <summary>A field as it stands in the file, perhaps in quotes.</summary>
    public ReadOnlySpan<byte> Raw(int row, int column)
    {
        var at = (row * columns) + column;
        return csv.AsSpan(starts[at]..(starts[at + 1] - 1));
    }

    /// <summary>The value of a field.</summary>
    public ReadOnlySpan<byte> Utf8(int row, int column)
    {
        var raw = Raw(row, column);
        if (raw.IsEmpty || raw[0] != '"')
        {
            return raw;
        }

        raw = raw[1..^1];
        return raw.Contains((byte)'"')
            ? Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(raw).Replace("\"\"", "\"", StringComparison.Ordinal))
            : raw;
    }

    /// <summary>The value of a text.</summary>
    public string Text(int row, int column) => Encoding.UTF8.GetString(Utf8(row, column));

    /// <summary>The value of an integer.</summary>
    public long Integer(int row, int column) =>
        Utf8Parser.TryParse(Raw(row, column), out long value, out _) ? value : throw NoNumber(row, column);

    /// <summary>The value of a quotient, or of an integer.</summary>
    public double Number(int row, int column) =>
        Utf8Parser.TryParse(Raw(row, column), out double value, out _) ? value : throw NoNumber(row, column);

    /// <summary>The rows whose key begins with some values: they stand side by side, because rows are sorted by their key.</summary>
    public (int From, int Until) FindRows(ReadOnlySpan<KeyValue> keys)
    {
        if (keys.IsEmpty)
        {
            return (0, RowCount);
        }

        var from = Bound(keys, orEqual: false);
        return (from, Bound(keys, orEqual: true));
    }

    /// <summary>The place of a column.</summary>
    public int Column(string name)
    {
        for (var column = 0; column < columns; column++)
        {
            if (Schema.Columns[column].Name == name)
            {
                return column;
            }
        }

        throw new ArgumentException($"There is no column {name}.", nameof(name));
    }

    /// <summary>The first row whose key comes behind some values, or is not before them.</summary>
    int Bound(ReadOnlySpan<KeyValue> keys, bool orEqual)
    {
        var (low, high) = (0, RowCount);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            var order = Compare(middle, keys);
            if (order < 0 || (orEqual && order == 0))
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    int Compare(int row, ReadOnlySpan<KeyValue> keys)
    {
        for (var place = 0; place < keys.Length; place++)
        {
            var order = keys[place].CompareField(this, row, place + 1);
            if (order != 0)
            {
                return order;
            }
        }

        return 0;
    }

    FormatException NoNumber(int row, int column) =>
        new($"{Schema.Columns[column].Name} of row {row + 1} is no number.");
}

/// <summary>A value that a key column shall have.</summary>
readonly record struct KeyValue(long Number, byte[]? Text)
{
    /// <summary>Understands what someone asked for; null when the column cannot hold it.</summary>
    public static KeyValue? Parse(KpiColumn column, string text) =>
        column.Type == KpiType.Integer
            ? long.TryParse(
                text,
                System.Globalization.NumberStyles.None,
                System.Globalization.CultureInfo.InvariantCulture,
                out var number
            )
                ? new(number, null)
                : null
            : new(0, Encoding.UTF8.GetBytes(text));

    /// <summary>Whether a field comes before, is, or comes behind this.</summary>
    public int CompareField(TableFile table, int row, int column) =>
        Text is null ? table.Integer(row, column).CompareTo(Number) : table.Utf8(row, column).SequenceCompareTo(Text);
}
