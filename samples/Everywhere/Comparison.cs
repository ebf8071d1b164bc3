using System.Globalization;

namespace Downbeat.Samples;

/// <summary>What a destination should hold and what it holds, a text a row, item or key; each begins with its date.</summary>
sealed record Comparison(string Destination, string Unit, List<string> Expected, List<string> Found)
{
    const int DateLetters = 10;
    const int ShownDifferences = 3;

    /// <summary>Writes the table, and below it what differs.</summary>
    /// <returns>Whether nothing does.</returns>
    public static bool Write(List<Comparison> comparisons, TextWriter output)
    {
        output.WriteLine();
        output.WriteLine(Row("destination", "dates", "holds", "", "result"));
        output.WriteLine(new string('─', 54));
        foreach (var one in comparisons)
        {
            output.WriteLine(
                Row(
                    one.Destination,
                    Number(one.Found.Select(text => text[..DateLetters]).Distinct(StringComparer.Ordinal).Count()),
                    Number(one.Found.Count),
                    one.Unit,
                    one.Differences.Count == 0 ? "equal" : $"{Number(one.Differences.Count)} differences"
                )
            );
        }

        foreach (var one in comparisons.Where(one => one.Differences.Count > 0))
        {
            output.WriteLine($"\n{one.Destination}:");
            foreach (var difference in one.Differences.Take(ShownDifferences))
            {
                output.WriteLine($"  {difference}");
            }
        }

        return comparisons.TrueForAll(one => one.Differences.Count == 0 && one.Expected.Count > 0);
    }

    /// <summary>What is missing, and what should not be there.</summary>
    List<string> Differences
    {
        get
        {
            if (field is null)
            {
                var (expected, found) = (Counts(Expected), Counts(Found));
                field =
                [
                    .. expected
                        .Where(one => found.GetValueOrDefault(one.Key) < one.Value)
                        .Select(one => $"missing: {one.Key}"),
                    .. found
                        .Where(one => expected.GetValueOrDefault(one.Key) < one.Value)
                        .Select(one => $"extra:   {one.Key}"),
                ];
            }

            return field;
        }
    }

    static Dictionary<string, int> Counts(List<string> texts) =>
        texts.CountBy(text => text, StringComparer.Ordinal).ToDictionary(StringComparer.Ordinal);

    static string Row(string destination, string dates, string count, string unit, string result) =>
        $"{destination, -22}{dates, 6}  {count, 7} {unit, -7} {result}".TrimEnd();

    static string Number(int number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
