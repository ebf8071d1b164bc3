using Spectre.Console;
using Spectre.Console.Rendering;

namespace Downbeat.Cli.Output;

/// <summary>A column of a table on the screen.</summary>
/// <param name="Header">Its name; it may have several lines.</param>
/// <param name="IsNumber">Whether it is aligned to the right.</param>
/// <param name="MayWrap">Whether long text goes on in the next line.</param>
sealed record TextColumn(string Header, bool IsNumber = false, bool MayWrap = false)
{
    /// <summary>How its cells look on a terminal.</summary>
    public Style Style { get; init; } = Style.Plain;
}

/// <summary>
/// A table as it looks everywhere: no frame, a line under the header, numbers to the right. On a terminal that is too
/// narrow for it each row is shown as a block of lines instead.
/// </summary>
sealed class TextTable(params IReadOnlyList<TextColumn> columns)
{
    const int Gap = 2;
    const int LeastWrapped = 24;

    readonly List<(string[] Cells, bool IsStrong)> rows = [];

    /// <summary>Adds a row of texts, which may come from outside.</summary>
    public void Add(params IReadOnlyList<string> cells) =>
        rows.Add(([.. cells.Select(cell => SafeText.Of(cell))], false));

    /// <summary>Adds a row that stands out.</summary>
    public void AddStrong(params IReadOnlyList<string> cells) =>
        rows.Add(([.. cells.Select(cell => SafeText.Of(cell))], true));

    /// <summary>Writes it to standard output, moved to the right.</summary>
    public void Show(int indent = 0)
    {
        if (LeastWidth() + indent <= Terminal.Out.Profile.Width)
        {
            Show(ToRenderable(), indent);
        }
        else
        {
            ShowBlocks();
        }
    }

    /// <summary>Writes something to standard output, moved to the right.</summary>
    public static void Show(IRenderable table, int indent) =>
        Terminal.Out.Write(new Trimmed(new Padder(table, new(indent, 0, 0, 0))));

    /// <summary>The table, to be shown beside another.</summary>
    public IRenderable ToRenderable()
    {
        var table = new Table { Border = new SoberBorder(), BorderStyle = new(foreground: Color.Grey) };
        for (var place = 0; place < columns.Count; place++)
        {
            var column = columns[place];
            table.AddColumn(
                new TableColumn(new Text(column.Header, new(decoration: Decoration.Bold)))
                {
                    Alignment = column.IsNumber ? Justify.Right : Justify.Left,
                    NoWrap = !column.MayWrap,
                    Padding = new(0, 0, place == columns.Count - 1 ? 0 : Gap, 0),
                }
            );
        }

        foreach (var (cells, isStrong) in rows)
        {
            table.AddRow(
                cells.Select(
                    (cell, place) => new Text(cell, isStrong ? new(decoration: Decoration.Bold) : columns[place].Style)
                )
            );
        }

        return new Trimmed(table);
    }

    static int Width(string text) =>
        text.Length == 0 ? 0 : text.Split('\n').Max(line => line.Length == 0 ? 0 : new Segment(line).CellCount());

    /// <summary>How wide a terminal has to be for the columns to be readable.</summary>
    int LeastWidth()
    {
        var width = Gap * (columns.Count - 1);
        for (var place = 0; place < columns.Count; place++)
        {
            var natural = rows.Select(row => Width(row.Cells[place])).Append(Width(columns[place].Header)).Max();
            width += columns[place].MayWrap ? Math.Min(natural, LeastWrapped) : natural;
        }

        return width;
    }

    void ShowBlocks()
    {
        var names = columns.Select(column => column.Header.Replace("\n", "", StringComparison.Ordinal)).ToList();
        var width = names.Max(name => name.Length) + Gap;
        foreach (var (cells, _) in rows)
        {
            Terminal.Out.Write(new Text(cells[0] + "\n", new(decoration: Decoration.Bold)));
            for (var place = 1; place < cells.Length; place++)
            {
                if (cells[place].Length > 0)
                {
                    Terminal.Line($"  {names[place].PadRight(width)}{cells[place]}");
                }
            }
        }
    }

    /// <summary>The same without blank lines around it, and without blanks at the ends of lines.</summary>
    sealed class Trimmed(IRenderable inner) : Renderable
    {
        protected override Measurement Measure(RenderOptions options, int maxWidth) => inner.Measure(options, maxWidth);

        protected override IEnumerable<Segment> Render(RenderOptions options, int maxWidth)
        {
            var lines = Segment.SplitLines(inner.Render(options, maxWidth), maxWidth).ConvertAll(Trim);
            var first = lines.FindIndex(line => line.Count > 0);
            var last = lines.FindLastIndex(line => line.Count > 0);
            return first < 0 ? [] : lines[first..(last + 1)].SelectMany(line => line.Append(Segment.LineBreak));
        }

        static List<Segment> Trim(SegmentLine line)
        {
            var segments = line.ToList();
            while (segments.Count > 0 && segments[^1] is var end)
            {
                segments.RemoveAt(segments.Count - 1);
                if (end.Text.TrimEnd() is { Length: > 0 } rest)
                {
                    segments.Add(new(rest, end.Style));
                    break;
                }
            }

            return segments;
        }
    }

    /// <summary>Nothing but a line under the header.</summary>
    sealed class SoberBorder : TableBorder
    {
        public override string GetPart(TableBorderPart part) => part == TableBorderPart.HeaderBottom ? "─" : "";
    }
}
