using Spectre.Console;
using Spectre.Console.Rendering;

namespace Downbeat.Cli.Output;

/// <summary>A column of a table on the screen.</summary>
/// <param name="Header">Its name.</param>
/// <param name="IsNumber">Whether it is aligned to the right.</param>
/// <param name="MayWrap">Whether long text goes on in the next line.</param>
sealed record TableColumn(string Header, bool IsNumber = false, bool MayWrap = false);

/// <summary>Tables as they look everywhere: no frame, a line under the header, numbers to the right.</summary>
static class Tables
{
    /// <summary>A table without rows.</summary>
    public static Table Create(params IReadOnlyList<TableColumn> columns)
    {
        var table = new Table { Border = new SoberBorder(), ShowHeaders = columns.Any(column => column.Header.Length > 0) };
        table.BorderStyle = new(foreground: Color.Grey);
        for (var place = 0; place < columns.Count; place++)
        {
            var column = columns[place];
            var added = new Spectre.Console.TableColumn(new Text(column.Header, new(decoration: Decoration.Bold)))
            {
                Alignment = column.IsNumber ? Justify.Right : Justify.Left,
                NoWrap = !column.MayWrap,
                Padding = new(0, 0, place == columns.Count - 1 ? 0 : 2, 0),
            };
            table.AddColumn(added);
        }

        return table;
    }

    /// <summary>Adds a row of texts, which may come from outside.</summary>
    public static void Add(this Table table, params IReadOnlyList<string> cells) => table.AddStyled(Style.Plain, cells);

    /// <summary>Adds a row that stands out.</summary>
    public static void AddStrong(this Table table, params IReadOnlyList<string> cells) =>
        table.AddStyled(new(decoration: Decoration.Bold), cells);

    /// <summary>Writes it to standard output, moved to the right.</summary>
    public static void Show(this IRenderable table, int indent = 0) =>
        Terminal.Out.Write(new Trimmed(new Padder(table, new(indent, 0, 0, 0))));

    static void AddStyled(this Table table, Style style, IReadOnlyList<string> cells) =>
        table.AddRow(
            cells.Select(
                (cell, place) =>
                    (IRenderable)
                        new Text(SafeText.Of(cell), style) { Overflow = table.Columns[place].NoWrap ? Overflow.Ellipsis : Overflow.Fold }
            )
        );

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
        public override string GetPart(TableBorderPart part) =>
            part switch
            {
                TableBorderPart.HeaderBottom => "─",
                _ => "",
            };
    }
}
