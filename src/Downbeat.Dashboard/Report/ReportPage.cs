using Downbeat.Dashboard.Lakes;
using Downbeat.Pipeline.Ledger;
using Downbeat.Pipeline.Quality;
using Downbeat.Pipeline.Runs;

namespace Downbeat.Dashboard.Report;

/// <summary>What reports of a day and of a range have in common: the frame, cards, tables, and what is said of quality and completeness.</summary>
/// <param name="Lake">What the lake is called.</param>
/// <param name="Zone">The zone of its dates and hours.</param>
/// <param name="MadeAt">When the report is made.</param>
sealed record ReportPage(string Lake, TimeZoneInfo Zone, DateTimeOffset MadeAt)
{
    /// <summary>What a card is of: a column of <c>daily</c>, what it is called, and how its numbers are shown.</summary>
    public static IReadOnlyList<(string Column, string Label, Func<double, string> Show)> Measures { get; } =
    [
        ("listen_count", "Listens", Figures.Count),
        ("unique_listeners", "Listeners", Figures.Count),
        ("total_listening_time_ms", "Listening time", Figures.Duration),
        ("sessions", "Sessions", Figures.Count),
        ("unique_tracks", "Tracks", Figures.Count),
        ("track_diversity_index", "Diversity", Figures.Ratio),
    ];

    static readonly Lazy<string> Style = new(() =>
    {
        using var stream = typeof(ReportPage).Assembly.GetManifestResourceStream("report.css")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    });

    /// <summary>The whole document around what is in it.</summary>
    public string Document(string dates, string kind, Markup content)
    {
        var html = new Markup();
        html.Add(
            $"""
            <!DOCTYPE html>
            <html lang="en" xmlns="http://www.w3.org/1999/xhtml">
            <head>
            <meta charset="utf-8"/>
            <meta name="viewport" content="width=device-width, initial-scale=1"/>
            <meta name="color-scheme" content="light"/>
            <meta name="generator" content="Downbeat {Reconciliation.Version}"/>
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/>
            <title>{Lake}: {dates}</title>
            <style>

            """
        );
        html.AddStyle(Style.Value);
        html.Add(
            $"""
            </style>
            </head>
            <body>
            <header>
            <svg class="sign" aria-hidden="true" viewBox="0 0 32 32"><rect width="32" height="32" rx="8"/><g><rect x="6" y="7" width="5" height="18" rx="2.5"/><rect x="13.5" y="14" width="5" height="11" rx="2.5"/><rect x="21" y="18" width="5" height="7" rx="2.5"/></g></svg>
            <h1><span>{new Name(Lake)}</span> {dates}</h1>
            <p>{kind}<br/>Time zone {Zone.Id}</p>
            </header>
            <main>
            {content}
            </main>
            <footer>
            <p>Made on {Figures.Instant(
                MadeAt,
                Zone
            )} ({Zone.Id}) by Downbeat {Reconciliation.Version}. All numbers are those of the published tables.</p>
            </footer>
            </body>
            </html>

            """
        );
        return html.ToString();
    }

    /// <summary>A card: a number, how it went, and what it is to be compared with.</summary>
    public static void AddCard(
        Markup html,
        string label,
        string value,
        double? exact,
        Markup spark,
        IEnumerable<Markup> facts
    )
    {
        html.Add($"""<section class="card"><h3>{label}</h3><p class="value">""");
        html.Add(exact is null ? Text("–") : Number(value, exact.Value));
        html.Add($"</p>{spark}<ul>");
        foreach (var fact in facts)
        {
            html.Add($"<li>{fact}</li>");
        }

        html.Add($"</ul></section>\n");
    }

    /// <summary>How a number changed, with an arrow that tells without colours.</summary>
    public static Markup Delta(double now, double? before, string against)
    {
        var html = new Markup();
        if (before is not > 0)
        {
            html.Add($"""<span class="delta">–</span> <span>{against}</span>""");
            return html;
        }

        var share = (now / before.Value) - 1;
        var (kind, arrow) =
            Figures.IsSame(share) ? ("same", "")
            : share > 0 ? ("up", "▲ ")
            : ("down", "▼ ");
        html.Add(
            $"""<span class="delta {kind}">{arrow}{Figures.Change(before.Value, now)}</span> <span>{against}</span>"""
        );
        return html;
    }

    /// <summary>A number as it is shown, with all its digits for programs.</summary>
    public static Markup Number(string shown, double exact)
    {
        var html = new Markup();
        html.Add($"""<data value="{Engine.Kpis.Quotients.Text(exact)}">{shown}</data>""");
        return html;
    }

    /// <summary>Our words.</summary>
    public static Markup Text(string text)
    {
        var html = new Markup();
        html.Add($"{text}");
        return html;
    }

    /// <summary>What something is called.</summary>
    public static Markup Named(string name)
    {
        var html = new Markup();
        html.Add($"{new Name(name)}");
        return html;
    }

    /// <summary>A table; the first cell of a row is what the row is about.</summary>
    public static void AddTable(
        Markup html,
        IReadOnlyList<(string Label, ColumnKind Kind)> columns,
        IEnumerable<IReadOnlyList<Markup>> rows
    )
    {
        html.Add($"<table>\n<thead><tr>");
        foreach (var (label, kind) in columns)
        {
            html.Add($"""<th scope="col" class="{Class(kind)}">{label}</th>""");
        }

        html.Add($"</tr></thead>\n<tbody>\n");
        foreach (var row in rows)
        {
            html.Add($"<tr>");
            foreach (var (place, cell) in row.Index())
            {
                if (place == 0)
                {
                    html.Add($"""<th scope="row" class="{Class(columns[0].Kind)}">{cell}</th>""");
                }
                else
                {
                    html.Add($"""<td class="{Class(columns[place].Kind)}">{cell}</td>""");
                }
            }

            html.Add($"</tr>\n");
        }

        html.Add($"</tbody>\n</table>\n");
    }

    /// <summary>A part of the page that a phone may scroll sideways, by keys too.</summary>
    public static void AddWide(Markup html, string label, Action<Markup> content)
    {
        html.Add($"""<div class="wide" role="region" tabindex="0" aria-label="{label}">""");
        content(html);
        html.Add($"</div>\n");
    }

    /// <summary>What has to be known before the numbers are believed.</summary>
    public static void AddNotices(Markup html, IReadOnlyList<string> notices)
    {
        foreach (var notice in notices)
        {
            html.Add($"""<p class="notice">{notice}</p>{"\n"}""");
        }
    }

    /// <summary>That a date is held back, and what is shown of it; null when it is not.</summary>
    public string? SayHeld(PublishedDate date, string name)
    {
        if (!date.Entry.IsHeld)
        {
            return null;
        }

        var why = string.Join(", ", date.Entry.Quality.Where(check => check.IsFail).Select(QualityText.Of));
        var shown = date.HasTables
            ? $"the numbers shown are those of before, of {Figures.Instant(date.Entry.RestatedAt, Zone)}"
            : "nothing of it was published before";
        var next = date.ApprovedAt is null ? "" : " It is approved: the next run publishes it.";
        return $"{name} is held back ({why}); {shown}.{next}";
    }

    /// <summary>The checks that are not ok, of one date or several.</summary>
    public static void AddChecks(Markup html, IReadOnlyList<PublishedDate> dates, bool hasDates)
    {
        html.Add($"""<section><h2>Quality</h2>{"\n"}""");
        var found = dates.SelectMany(date => date.Entry.Quality, (date, check) => (date.Date, Check: check)).ToList();
        var faults = found.Where(one => !one.Check.IsOk).ToList();
        if (faults.Count == 0)
        {
            html.Add(
                $"""<p>{(found.Count == 0 ? "No checks: the tables were computed before there were any." : found.Count == 1 ? "The only check is ok." : $"All {Figures.Count(found.Count)} checks are ok.")}</p>{"\n"}"""
            );
        }
        else
        {
            html.Add(
                $"<p>{Figures.Count(faults.Count)} of {Figures.Count(found.Count, "check")} {(faults.Count == 1 ? "is" : "are")} not ok{(faults.Count > MostFaults ? $"; the last {MostFaults}:" : ".")}</p>\n"
            );
            List<(string, ColumnKind)> columns =
            [
                ("Check", ColumnKind.Text),
                ("What it measures", ColumnKind.Text),
                ("Value", ColumnKind.Number),
                ("Limit", ColumnKind.Number),
                ("Result", ColumnKind.Text),
            ];
            if (hasDates)
            {
                columns.Insert(0, ("Date", ColumnKind.Date));
            }

            AddTable(
                html,
                columns,
                faults
                    .TakeLast(MostFaults)
                    .Select(one =>
                        (IReadOnlyList<Markup>)
                            [.. hasDates ? (Markup[])[Text(Figures.DateShort(one.Date))] : [], .. Cells(one.Check)]
                    )
            );
        }

        html.Add($"</section>\n");
    }

    const int MostFaults = 30;

    static IEnumerable<Markup> Cells(QualityEntry check)
    {
        var status = new Markup();
        status.Add(
            $"""<span class="{(check.IsFail ? "fail" : "warn")}">{(check.IsFail ? "✕ failed" : "! warning")}</span>"""
        );
        return
        [
            Text(check.Check.Replace('_', ' ')),
            Text(QualityCheck.Find(check.Check)?.Meaning ?? ""),
            Number(QualityText.Value(check, check.Value), check.Value),
            Text(QualityText.Value(check, check.Threshold)),
            status,
        ];
    }

    /// <summary>What the numbers mean, in the words of the documentation.</summary>
    public static void AddDefinitions(Markup html, IEnumerable<(string Label, string Definition)> definitions)
    {
        html.Add($"""<section class="definitions"><h2>What the numbers mean</h2><dl>{"\n"}""");
        foreach (var (label, definition) in definitions)
        {
            html.Add($"<div><dt>{label}</dt><dd>{Sentence(definition)}</dd></div>\n");
        }

        html.Add($"</dl></section>\n");
    }

    /// <summary>Begins large, unless it begins with the name of a column, and ends with a full stop.</summary>
    static string Sentence(string text) =>
        text.Split(' ')[0].Contains('_', StringComparison.Ordinal)
            ? text
            : string.Concat(text[..1].ToUpperInvariant(), text.AsSpan(1).TrimEnd('.'), ".");

    static string Class(ColumnKind kind) =>
        kind switch
        {
            ColumnKind.Number => "n",
            ColumnKind.Bar => "b",
            ColumnKind.Date => "d",
            ColumnKind.Line => "l",
            _ => "t",
        };
}

/// <summary>How a column looks.</summary>
enum ColumnKind
{
    /// <summary>Names.</summary>
    Text,

    /// <summary>Texts of which one line has to do.</summary>
    Line,

    /// <summary>Dates and hours, which are not broken.</summary>
    Date,

    /// <summary>Numbers, one below the other.</summary>
    Number,

    /// <summary>Drawings.</summary>
    Bar,
}
