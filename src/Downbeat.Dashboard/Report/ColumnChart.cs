namespace Downbeat.Dashboard.Report;

/// <summary>
/// Listens of hours or days: a column for each, or a line where there are many, and a dashed line to compare them with. It is as wide as a
/// page, and the table that belongs to it has the same numbers.
/// </summary>
sealed class ColumnChart
{
    const double Width = 760;
    const double Height = 270;
    const double Top = 46;
    const double Left = 52;
    const double Right = 8;
    const double Bottom = 28;

    /// <summary>With more, columns would be thinner than what is between them.</summary>
    const int MostColumns = 100;

    /// <summary>How much room a mark of the axis below takes for each letter, and beside it.</summary>
    const double LetterWidth = 6.2;
    const double LabelGap = 14;

    /// <summary>What it is called in the document.</summary>
    public required string Id { get; init; }

    /// <summary>What it shows, and what of it matters.</summary>
    public required string Title { get; init; }

    /// <inheritdoc cref="Title"/>
    public required string Description { get; init; }

    /// <summary>The numbers; null for what there is not.</summary>
    public required IReadOnlyList<double?> Numbers { get; init; }

    /// <summary>What they are.</summary>
    public required string Legend { get; init; }

    /// <summary>What each is called on the axis.</summary>
    public required Func<int, string> Label { get; init; }

    /// <summary>Numbers to compare with.</summary>
    public IReadOnlyList<double?> Others { get; init; } = [];

    /// <summary>What they are.</summary>
    public string OthersLegend { get; init; } = "";

    /// <summary>What it is where there is no number; empty where there always is one.</summary>
    public string GapLegend { get; init; } = "";

    /// <summary>Whether the numbers are of days, and not of hours.</summary>
    bool IsOfDays => GapLegend.Length > 0;

    /// <summary>Which columns have their number above them.</summary>
    public IReadOnlyCollection<int> Marked { get; init; } = [];

    /// <summary>Draws it.</summary>
    public Markup Draw()
    {
        var marks = Drawing.Marks(Numbers.Concat(Others).Max() ?? 0);
        var slot = (Width - Left - Right) / Numbers.Count;
        double Middle(int at) => Left + ((at + 0.5) * slot);
        double Y(double number) => Height - Bottom - (number / marks[^1] * (Height - Top - Bottom));
        var svg = new Markup();
        svg.Add(
            $"""
            <svg class="chart" role="img" viewBox="0 0 {Width} {Height}" aria-labelledby="{Id}-title {Id}-desc">
            <title id="{Id}-title">{Title}</title>
            <desc id="{Id}-desc">{Description}</desc>

            """
        );
        WriteLegend(svg);
        foreach (var mark in marks)
        {
            svg.Add(
                $"""
                <path class="grid" d="M{Left} {Y(mark)}H{Width - Right}"/><text class="axis" text-anchor="end" x="{Left
                    - 8}" y="{Y(mark) + 4}">{Figures.Mark(mark)}</text>

                """
            );
        }

        WriteGaps(svg, slot);
        if (Numbers.Count <= MostColumns)
        {
            WriteColumns(svg, slot, Y);
        }
        else
        {
            svg.Add($"""<path class="line thin" d="{Drawing.Path(Numbers, Middle, Y)}"/>""");
        }

        if (Others.Count > 0)
        {
            svg.Add($"""<path class="other" d="{Drawing.Path(Others, Middle, Y)}"/>""");
        }

        WriteLabels(svg, slot, Middle);
        WriteMarked(svg, slot, Y);
        svg.Add($"</svg>");
        return svg;
    }

    void WriteLegend(Markup svg)
    {
        var x = 0.0;
        if (Numbers.Count <= MostColumns)
        {
            Write(Legend, at => svg.Add($"""<rect class="column" x="{at}" y="5" width="22" height="10" rx="2"/>"""));
        }
        else
        {
            Write(Legend, at => svg.Add($"""<path class="line" d="M{at} 10h22"/>"""));
        }

        if (Others.Count > 0)
        {
            Write(OthersLegend, at => svg.Add($"""<path class="other" d="M{at} 10h24"/>"""));
        }

        if (IsOfDays && Numbers.Contains(null))
        {
            Write(GapLegend, at => svg.Add($"""<rect class="gap" x="{at}" y="5" width="22" height="10"/>"""));
        }

        svg.Add($"""<text class="axis" x="0" y="34">listens</text>""");

        void Write(string text, Action<double> draw)
        {
            draw(x);
            svg.Add($"""<text x="{x + 30}" y="14">{text}</text>""");
            x += 30 + (text.Length * 6.6) + 22;
        }
    }

    void WriteGaps(Markup svg, double slot)
    {
        for (var at = 0; at < Numbers.Count; at++)
        {
            if (Numbers[at] is null && IsOfDays)
            {
                var from = at;
                while (at + 1 < Numbers.Count && Numbers[at + 1] is null)
                {
                    at++;
                }

                svg.Add(
                    $"""<rect class="gap" x="{Left + (from * slot)}" y="{Top}" width="{(at - from + 1) * slot}" height="{Height - Top - Bottom}"/>"""
                );
            }
        }
    }

    void WriteColumns(Markup svg, double slot, Func<double, double> y)
    {
        foreach (var (at, number) in Numbers.Index())
        {
            if (number is > 0 and { } value)
            {
                svg.Add(
                    $"""<rect class="column" x="{Left + ((at + 0.12) * slot)}" y="{y(value)}" width="{slot * 0.76}" height="{y(0) - y(value)}"/>"""
                );
            }
        }
    }

    /// <summary>As many as there is room for, with the same number between any two.</summary>
    void WriteLabels(Markup svg, double slot, Func<int, double> middle)
    {
        var widest = Enumerable.Range(0, Numbers.Count).Max(at => Label(at).Length) * LetterWidth;
        var each = Math.Max(1, (int)Math.Ceiling((widest + LabelGap) / slot));
        each = each is > 1 and < 7 && IsOfDays && Numbers.Count > 14 ? 7 : each; // The same weekday of each week.
        for (var at = 0; at < Numbers.Count; at += each)
        {
            var (x, anchor) = (middle(at), "middle");
            if (x + (widest / 2) > Width)
            {
                (x, anchor) = (Width, "end");
            }

            svg.Add(
                $"""<text class="axis" text-anchor="{anchor}" x="{x}" y="{Height - Bottom + 18}">{Label(at)}</text>"""
            );
        }
    }

    /// <summary>The number of a column stands above all that is below it; a thin line leads to a column that ends deeper.</summary>
    void WriteMarked(Markup svg, double slot, Func<double, double> y)
    {
        var written = new List<(double From, double To)>();
        foreach (var at in Marked.Order())
        {
            var number = Numbers[at]!.Value;
            var text = Figures.Count(number);
            var half = text.Length * LetterWidth / 2;
            var middle = Left + ((at + 0.5) * slot);
            var x = Math.Clamp(middle, Left + half, Width - half);
            var (from, to) = (x - half, x + half);
            if (written.Exists(other => from < other.To + 4 && other.From < to + 4))
            {
                continue; // Its column, or its neighbour's, has a number already.
            }

            written.Add((from, to));
            var (first, last) = ((int)((from - Left) / slot), (int)((to - Left) / slot));
            var below = Numbers
                .Skip(first)
                .Take(last - first + 1)
                .Concat(Others.Skip(Math.Max(0, first - 1)).Take(last - first + 3))
                .Max()!
                .Value;
            if (y(number) - y(below) > 4)
            {
                svg.Add($"""<path class="lead" d="M{middle} {y(below) - 4}V{y(number) - 1}"/>""");
            }

            svg.Add($"""<text class="mark" text-anchor="middle" x="{x}" y="{y(below) - 7}">{text}</text>""");
        }
    }
}
