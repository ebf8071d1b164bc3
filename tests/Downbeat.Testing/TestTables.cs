using System.Globalization;
using System.Text;
using Downbeat.Engine.Kpis;
using Downbeat.Engine.Listens;
using Downbeat.Pipeline.Publish;

namespace Downbeat.Testing;

/// <summary>Tables of dates, of random content: what a destination is given to hold.</summary>
public static class TestTables
{
    /// <summary>Names that have broken many a loader.</summary>
    public static IReadOnlyList<string> OddNames { get; } =
    [
        "O'Brien; DROP TABLE daily; --",
        "\"quoted\", with a comma",
        "100 % \\ back\\slash \\N \\.",
        "line\nfeed, carriage\rreturn, tab\t",
        "Beyoncé, Björk, Sigur Rós",
        "ミドリ公園 🎵 عربي",
        "${variable} {0} $1 :name @name ?",
        "NULL",
        "  spaces around  ",
        new string('x', 300),
        string.Concat(Enumerable.Repeat("é🎵", 200)),
    ];

    /// <summary>Tables of a date.</summary>
    /// <param name="date">The date.</param>
    /// <param name="version">The version of the ledger.</param>
    /// <param name="random">Makes numbers.</param>
    /// <param name="genres">How many genres; other tables grow with them.</param>
    /// <param name="names">Names that occur among others, also as genres and countries.</param>
    public static DateTables Of(
        DateOnly date,
        long version,
        Random random,
        int genres = 5,
        IReadOnlyList<string>? names = null
    )
    {
        string Name(string stem, int number) =>
            names is not null && number < names.Count
                ? names[number]
                : string.Create(CultureInfo.InvariantCulture, $"{stem} {number}");
        string Random(KpiColumn column, int number) =>
            column.Type switch
            {
                // Never 0, as no row is without listens: queries divide by them.
                KpiType.Integer => (1 + random.NextInt64(1L << random.Next(1, 62))).ToString(
                    CultureInfo.InvariantCulture
                ),
                KpiType.Quotient => Quotients.Text(random.NextDouble() * Math.Pow(10, random.Next(-6, 9))),
                _ when column.Name == "track_id" => $"track {Text(number)}", // 64 bytes at most, wherever it comes from.
                _ => Name(column.Name, number),
            };

        var tables = KpiTables.Published.Select(schema =>
        {
            var isQuality = schema.Name == QualityDaily.Schema.Name; // Its texts are none that anybody has delivered.
            var keys = schema.Columns.Skip(1).Take(schema.KeyColumns - 1).ToList();
            var rows = schema.Name switch
            {
                "daily" => 1,
                "hourly" => 24,
                "top_genres" or "top_artists_daily" => 5,
                "top_artists_hourly" => 24 * 5,
                "top_tracks" => genres * 3,
                _ => genres,
            };
            var perKey = schema.Name == "top_tracks" ? 3 : 5;
            var lines = Enumerable
                .Range(0, rows)
                .Select(row =>
                    schema
                        .Columns.Select(
                            (column, place) =>
                                place == 0 ? ListenDate.Text(date)
                                : isQuality && column.Type == KpiType.Text ? $"{column.Name}_{Text(row)}"
                                : place >= schema.KeyColumns ? Random(column, random.Next(2 * genres))
                                : column.Name switch
                                {
                                    "rank" => Text((keys.Count > 1 ? row % perKey : row) + 1),
                                    "hour" => Text(keys.Count > 1 ? row / perKey : row),
                                    _ => Name(column.Name, keys.Count > 1 ? row / perKey : row),
                                }
                        )
                        .ToArray()
                );
            return Table(schema, date, lines);
        });
        return new(date, version, $"fingerprint {random.NextInt64():x16}", [.. tables]);
    }

    static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    static KpiTable Table(KpiSchema schema, DateOnly date, IEnumerable<string[]> rows)
    {
        // Sorted by the key, as every published table is: texts by their bytes, the others as numbers.
        var sorted = rows.OrderBy(
            row => row.Take(schema.KeyColumns).ToArray(),
            Comparer<string[]>.Create(
                (left, right) =>
                    Enumerable
                        .Range(0, left.Length)
                        .Select(place =>
                            schema.Columns[place].Type == KpiType.Integer
                                ? long.Parse(left[place], CultureInfo.InvariantCulture)
                                    .CompareTo(long.Parse(right[place], CultureInfo.InvariantCulture))
                                : Encoding
                                    .UTF8.GetBytes(left[place])
                                    .AsSpan()
                                    .SequenceCompareTo(Encoding.UTF8.GetBytes(right[place]))
                        )
                        .FirstOrDefault(order => order != 0)
            )
        );
        var csv = new StringBuilder();
        foreach (var row in sorted.Prepend([.. schema.Columns.Select(column => column.Name)]))
        {
            csv.AppendJoin(
                    ',',
                    row.Select(field =>
                        field.AsSpan().IndexOfAny(",\"\r\n") < 0
                            ? field
                            : $"\"{field.Replace("\"", "\"\"", StringComparison.Ordinal)}\""
                    )
                )
                .Append('\n');
        }

        return KpiTable.ReadCsv(schema, date, new MemoryStream(Encoding.UTF8.GetBytes(csv.ToString())));
    }
}
