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
        output.WriteLine(new string('─', 52));
        foreach (var one in comparisons)
        {
            output.WriteLine(
                Row(
                    one.Destination,
                    Number(one.Found.Select(text => text[..DateLetters]).Distinct(StringComparer.Ordinal).Count()),
                    Number(one.Found.Count),
                    one.Unit,
                    one.IsEqual
                        ? "equal"
                        : $"differs: {Number(one.Missing.Count)} missing, {Number(one.Extra.Count)} extra"
                )
            );
        }

        foreach (var one in comparisons.Where(one => !one.IsEqual))
        {
            output.WriteLine($"\n{one.Destination}:");
            foreach (
                var line in one
                    .Missing.Take(ShownDifferences)
                    .Select(text => $"missing: {text}")
                    .Concat(one.Extra.Take(ShownDifferences).Select(text => $"extra:   {text}"))
            )
            {
                output.WriteLine($"  {line}");
            }
        }

        return comparisons.TrueForAll(one => one.IsEqual && one.Expected.Count > 0);
    }

    List<string> Missing => field ??= Beyond(Expected, Found);

    List<string> Extra => field ??= Beyond(Found, Expected);

    bool IsEqual => Missing.Count == 0 && Extra.Count == 0;

    /// <summary>What is in one, and in the other not or less often.</summary>
    static List<string> Beyond(List<string> one, List<string> other)
    {
        var counts = Counts(other);
        return [.. Counts(one).Where(text => counts.GetValueOrDefault(text.Key) < text.Value).Select(text => text.Key)];
    }

    static Dictionary<string, int> Counts(List<string> texts) =>
        texts.CountBy(text => text, StringComparer.Ordinal).ToDictionary(StringComparer.Ordinal);

    static string Row(string destination, string dates, string count, string unit, string result) =>
        $"{destination, -22}{dates, 6}  {count, 7} {unit, -7} {result}".TrimEnd();

    static string Number(int number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
