using System.Globalization;
using System.Text;

namespace Downbeat.Connectors.Tests.Night;

/// <summary>Figures as a page shows them.</summary>
sealed class NightReport
{
    static readonly (string Name, int From, int To)[] Sizes =
    [
        ("1 to 99 rows", 1, 99),
        ("100 to 999", 100, 999),
        ("1,000 to 9,999", 1000, 9999),
        ("10,000 to 100,000", 10_000, int.MaxValue),
    ];

    static readonly double[] Bounds = [0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 20, double.PositiveInfinity];

    readonly StringBuilder text = new();

    /// <summary>Opens a table of facts.</summary>
    public void Facts(params ReadOnlySpan<(string Name, string Value)> facts)
    {
        text.Append("\n| | |\n|---|---|\n");
        foreach (var (name, value) in facts)
        {
            text.Append(CultureInfo.InvariantCulture, $"| {name} | {value} |\n");
        }
    }

    /// <summary>A sentence.</summary>
    public void Say(string sentence) => text.Append(sentence).Append('\n');

    /// <summary>How long files took, by their size, and how often which time was taken.</summary>
    public void Latencies(IReadOnlyList<(int Rows, double Seconds)> latencies)
    {
        text.Append("\n| files of | number | median | 90 % | 99 % | slowest |\n|---|---|---|---|---|---|\n");
        foreach (var (name, from, to) in Sizes.Append(("all", 1, int.MaxValue)))
        {
            var some = latencies.Where(one => one.Rows >= from && one.Rows <= to).Select(one => one.Seconds).ToList();
            if (some.Count > 0)
            {
                text.Append(
                    CultureInfo.InvariantCulture,
                    $"| {name} | {some.Count:N0} | {Quantile(some, 0.5):F2} s | {Quantile(some, 0.9):F2} s | {Quantile(some, 0.99):F2} s | {some.Max():F2} s |\n"
                );
            }
        }

        text.Append("\n    seconds      files\n");
        var lower = 0.0;
        var most = Bounds.Max(bound => Between(bound));
        foreach (var bound in Bounds)
        {
            var count = Between(bound);
            if (count > 0)
            {
                var range = double.IsInfinity(bound)
                    ? string.Create(CultureInfo.InvariantCulture, $"{lower:F2}-")
                    : string.Create(CultureInfo.InvariantCulture, $"{lower:F2}-{bound:F2}");
                text.Append(
                    CultureInfo.InvariantCulture,
                    $"    {range, -12} {count, 5} {new string('#', (int)Math.Ceiling(40.0 * count / most))}\n"
                );
            }

            lower = bound;
        }

        int Between(double bound)
        {
            var from = Bounds.LastOrDefault(other => other < bound);
            return latencies.Count(one => one.Seconds >= from && one.Seconds < bound);
        }
    }

    /// <inheritdoc/>
    public override string ToString() => text.ToString();

    /// <summary>The least value that so many are not above.</summary>
    public static double Quantile(IReadOnlyCollection<double> values, double share) =>
        values.Order().ElementAt(Math.Max(0, (int)Math.Ceiling(share * values.Count) - 1));
}
