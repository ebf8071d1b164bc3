using System.Globalization;
using System.Text;

namespace Downbeat.Dashboard.Report;

/// <summary>Small drawings, and what charts have in common. Colours are in <c>report.css</c>.</summary>
static class Drawing
{
    const double Edge = 3;

    /// <summary>How many points a line as small as a word has at most.</summary>
    const int SparkPoints = 120;

    /// <summary>Numbers as a line, with a dot at the last; what there is not is a gap.</summary>
    public static Markup Spark(IReadOnlyList<double?> numbers, string title)
    {
        const double Width = 160;
        const double Height = 36;
        var points = Thinned(numbers);
        var (low, high) = (points.Min() ?? 0, points.Max() ?? 0);
        double X(int at) => Edge + ((Width - (2 * Edge)) * at / Math.Max(1, points.Count - 1));
        double Y(double number) =>
            high <= low ? Height / 2 : Height - Edge - ((number - low) / (high - low) * (Height - (2 * Edge)));
        var svg = new Markup();
        svg.Add(
            $"""<svg class="spark" role="img" viewBox="0 0 {Width} {Height}" preserveAspectRatio="none"><title>{title}</title><path class="line" d="{Path(points, X, Y)}"/>"""
        );
        if (points[^1] is { } last)
        {
            svg.Add($"""<path class="dot" d="M{X(points.Count - 1)} {Y(last)}h0.01"/>""");
        }

        svg.Add($"</svg>");
        return svg;
    }

    /// <summary>A bar beside a number that says the same, which nobody needs to hear twice.</summary>
    public static Markup Bar(double share)
    {
        var svg = new Markup();
        svg.Add(
            $"""<svg class="bar" aria-hidden="true" viewBox="0 0 100 10" preserveAspectRatio="none"><rect width="{100 * Math.Clamp(share, 0, 1)}" height="10"/></svg>"""
        );
        return svg;
    }

    /// <summary>The line through what there is; a point between two gaps is a dot.</summary>
    public static string Path(IReadOnlyList<double?> points, Func<int, double> x, Func<double, double> y)
    {
        var path = new StringBuilder();
        for (var at = 0; at < points.Count; at++)
        {
            if (points[at] is { } point)
            {
                var goesOn = at > 0 && points[at - 1] is not null;
                path.Append(CultureInfo.InvariantCulture, $"{(goesOn ? 'L' : 'M')}{x(at):0.#} {y(point):0.#}");
                if (!goesOn && (at == points.Count - 1 || points[at + 1] is null))
                {
                    path.Append("h0.01");
                }
            }
        }

        return path.ToString();
    }

    /// <summary>Where an axis from 0 has its marks: three to six round numbers, the last not below the highest.</summary>
    public static List<double> Marks(double highest)
    {
        var step = Math.Pow(10, Math.Floor(Math.Log10(Math.Max(highest, 1))));
        foreach (var part in (double[])[0.2, 0.25, 0.5, 1, 2])
        {
            if (step * part % 1 == 0 && highest / (step * part) <= 5)
            {
                step *= part;
                break;
            }
        }

        step = Math.Max(1, step); // Of what is counted there are no halves.
        return
        [
            .. Enumerable.Range(0, (int)Math.Ceiling(Math.Max(highest, 1) / step) + 1).Select(number => number * step),
        ];
    }

    /// <summary>As many as are drawn: the means of several where there are more.</summary>
    static IReadOnlyList<double?> Thinned(IReadOnlyList<double?> numbers)
    {
        if (numbers.Count <= SparkPoints)
        {
            return numbers;
        }

        var each = (numbers.Count + SparkPoints - 1) / SparkPoints;
        return [.. numbers.Chunk(each).Select(some => some.Average())];
    }
}
