using System.Text;
using Downbeat.Engine.Listens;

namespace Downbeat.Engine.Scan;

/// <summary>
/// The columns that a CSV file's header names: where the wanted ones stand. Names are compared without regard to case;
/// other columns are ignored.
/// </summary>
public sealed class CsvHeader
{
    readonly int[] columns;

    CsvHeader(int[] columns, int fieldCount, byte[] raw)
    {
        this.columns = columns;
        FieldCount = fieldCount;
        Raw = raw;
    }

    /// <summary>How many fields every row must have.</summary>
    public int FieldCount { get; }

    /// <summary>The header as it stands in the file, without its line end.</summary>
    public byte[] Raw { get; }

    /// <summary>The index of a wanted column, by its position among those asked for; -1 when the file has no such column.</summary>
    public int this[int wanted] => columns[wanted];

    /// <summary>Reads the first record as the header.</summary>
    /// <param name="csv">The file, before its first record.</param>
    /// <param name="required">Names of the columns that must be there, once each.</param>
    /// <param name="optional">Names of the columns that may be there; the first of several counts.</param>
    /// <param name="fault">Why the file has no usable header.</param>
    /// <returns>The header, its columns numbered as in <paramref name="required"/> and then <paramref name="optional"/>; null at a fault.</returns>
    public static CsvHeader? Read(
        CsvReader csv,
        ReadOnlySpan<string> required,
        ReadOnlySpan<string> optional,
        out FileFault? fault
    )
    {
        if (!csv.Read())
        {
            fault =
                csv.FileFault
                ?? new(FileFaultKind.NoHeader, $"the file is empty; expected a header with {Names(required)}");
            return null;
        }

        if (csv.Fault is { } broken)
        {
            fault = new(
                FileFaultKind.MissingColumn,
                $"the header is broken ({broken.Text()}); expected {Names(required)}"
            );
            return null;
        }

        var names = new string[csv.FieldCount];
        for (var field = 0; field < names.Length; field++)
        {
            names[field] = Encoding.UTF8.GetString(csv.Field(field));
        }

        var found = new int[required.Length + optional.Length];
        for (var wanted = 0; wanted < found.Length; wanted++)
        {
            var name = wanted < required.Length ? required[wanted] : optional[wanted - required.Length];
            found[wanted] = Array.FindIndex(names, given => given.Equals(name, StringComparison.OrdinalIgnoreCase));
        }

        if (Array.IndexOf(found, -1, 0, required.Length) is var missing and >= 0)
        {
            fault = new(
                FileFaultKind.MissingColumn,
                $"the header has no column {required[missing]}; it reads {Shorten(names)}"
            );
            return null;
        }

        foreach (var name in required)
        {
            if (names.Count(given => given.Equals(name, StringComparison.OrdinalIgnoreCase)) > 1)
            {
                fault = new(FileFaultKind.RepeatedColumn, $"the header names the column {name} more than once");
                return null;
            }
        }

        fault = null;
        return new(found, names.Length, csv.Raw.ToArray());
    }

    static string Names(ReadOnlySpan<string> names) => string.Join(", ", names.ToArray());

    /// <summary>Where there is no header, the first row is taken for one: its numbers may be ids of users, and are not told.</summary>
    static string Shorten(string[] names)
    {
        var joined = string.Join(",", names.Select(name => IsNumber(name) ? "(a number)" : name));
        var end = joined.Length > 120 && char.IsHighSurrogate(joined[119]) ? 119 : 120; // Half a letter is no text.
        var shown = joined.Length <= 120 ? joined : joined[..end] + "…";
        return new([.. shown.Select(letter => char.IsControl(letter) ? '·' : letter)]);
    }

    static bool IsNumber(string name) => name.Any(char.IsAsciiDigit) && !name.Any(char.IsLetter);
}
