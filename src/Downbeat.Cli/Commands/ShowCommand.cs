using System.CommandLine;
using System.Globalization;
using Downbeat.Cli.Output;
using Downbeat.Cli.Settings;
using Downbeat.Engine.Kpis;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Ledger;
using Microsoft.Extensions.Logging;

namespace Downbeat.Cli.Commands;

/// <summary><c>downbeat show</c>.</summary>
static class ShowCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var names = string.Join(", ", KpiTables.Published.Select(schema => schema.Name));
        var command = new Command(
            "show",
            "Shows a table of a date. Example: downbeat show genre_daily --date 2024-06-25"
        );
        var table = new Argument<string>("TABLE") { Description = $"One of {names}." };
        var day = DateText.Option("--date", "The date, like 2024-06-25.", isRequired: true);
        command.Add(table);
        command.Add(day);
        var format = FormatOption.AddTo(
            command,
            "table: for people, quotients rounded; csv: the published file, byte for byte; json: an array of objects."
        );
        var spreadsheet = FormatOption.AddSpreadsheetTo(command);
        var arguments = LakeArguments.AddTo(command);
        command.SetAction(parsed =>
        {
            var schema = FindTable(parsed.GetValue(table) ?? "");
            var wanted = DateText.Parse(parsed.GetValue(day) ?? "", "--date");
            var form = parsed.GetValue(format) ?? "";
            var isForSpreadsheets = parsed.GetValue(spreadsheet);
            FormatOption.Check(form, isForSpreadsheets);
            var (lake, _) = arguments.Open(parsed);
            PublishedDates.Check(lake, wanted, wanted);
            var path = LakePaths.Kpi(schema.Name, wanted);
            var date = LakeLedger.Open(lake, "look", TimeProvider.System).State.Dates[wanted].Entry;
            if (date.Files.All(file => file.Table != schema.Name))
            {
                throw new LakeException(
                    date.IsHeld
                        ? $"{Figures.Date(wanted)} is held back ({string.Join(", ", date.Failed)}), and nothing was published of it before; `{CommandLine.Name} quality --date {Figures.Date(wanted)}` says why."
                        : $"{Figures.Date(wanted)} was computed before there was {schema.Name}; `{CommandLine.Name} rebuild` computes it again."
                );
            }

            if (lake.Find(path) is null)
            {
                throw new LakeException($"{path} is gone; `{CommandLine.Name} run` publishes it again.");
            }

            Write(lake, schema, wanted, form, isForSpreadsheets);
            if (date.IsHeld && schema.Name != QualityDaily.Schema.Name)
            {
                ConsoleLogger.Write(
                    LogLevel.Warning,
                    $"{Figures.Date(wanted)} is held back ({string.Join(", ", date.Failed)}): this is what was published before"
                );
            }

            return ExitCode.Done;
        });
        return command;
    }

    static KpiSchema FindTable(string name)
    {
        var names = KpiTables.Published.Select(schema => schema.Name).ToList();
        return KpiTables.Published.FirstOrDefault(schema => schema.Name == name)
            ?? throw new UsageException(
                $"there is no table {name}{(Spelling.FindNearest(name, names) is { } near ? $"; did you mean {near}? There" : "; there")} are {string.Join(", ", names)}."
            );
    }

    static void Write(ILake lake, KpiSchema schema, DateOnly date, string format, bool isForSpreadsheets)
    {
        if (format == FormatOption.Csv && !isForSpreadsheets)
        {
            using var file = lake.Open(LakePaths.Kpi(schema.Name, date));
            Terminal.Write(file);
            return;
        }

        var table = PublishedTable.Read(lake, schema, date);
        if (isForSpreadsheets)
        {
            WriteForSpreadsheets(table);
        }
        else if (format == FormatOption.Json)
        {
            WriteJson(table);
        }
        else
        {
            WriteTable(table);
        }
    }

    static void WriteForSpreadsheets(PublishedTable table)
    {
        Terminal.Write(CsvText.Line(table.Columns.Select(column => column.Name)));
        foreach (var row in table.Rows)
        {
            Terminal.Write(
                CsvText.Line(
                    row.Select(
                        (cell, place) => table.Columns[place].Type == KpiType.Text ? CsvText.WithoutFormula(cell) : cell
                    )
                )
            );
        }
    }

    static void WriteJson(PublishedTable table) =>
        CliJson.Write(json =>
        {
            json.WriteStartArray();
            foreach (var row in table.Rows)
            {
                json.WriteStartObject();
                for (var place = 0; place < row.Length; place++)
                {
                    var column = table.Columns[place];
                    json.WritePropertyName(column.Name);
                    if (column.Type is KpiType.Integer or KpiType.Quotient)
                    {
                        json.WriteRawValue(row[place]); // The published digits are JSON's.
                    }
                    else
                    {
                        json.WriteStringValue(row[place]);
                    }
                }

                json.WriteEndObject();
            }

            json.WriteEndArray();
        });

    static void WriteTable(PublishedTable published)
    {
        // The date is the same everywhere, and was asked for.
        var places = Enumerable
            .Range(0, published.Columns.Count)
            .Where(place => published.Columns[place].Type != KpiType.Date)
            .ToArray();
        var table = new TextTable([
            .. places.Select(place =>
            {
                var column = published.Columns[place];
                var isNumber = column.Type is KpiType.Integer or KpiType.Quotient;
                var widest = published.Rows.Select(row => Cell(column, row[place]).Length).DefaultIfEmpty().Max();
                return new TextColumn(Folded(column.Name, Math.Max(widest, 9)), isNumber, MayWrap: !isNumber);
            }),
        ]);
        foreach (var row in published.Rows)
        {
            table.Add([.. places.Select(place => Cell(published.Columns[place], row[place]))]);
        }

        table.Show();
        if (published.Columns.Any(column => column.Type == KpiType.Quotient))
        {
            Terminal.Line("Quotients are rounded here; --format csv has all digits.");
        }
    }

    static string Cell(KpiColumn column, string text) =>
        column.Type switch
        {
            KpiType.Integer
                when column.Name is not ("hour" or "rank")
                    && long.TryParse(text, CultureInfo.InvariantCulture, out var number) => Figures.Count(number),
            KpiType.Quotient when double.TryParse(text, CultureInfo.InvariantCulture, out var quotient) =>
                quotient.ToString("#,##0.0000", CultureInfo.InvariantCulture),
            _ => text,
        };

    /// <summary>A long name on several lines, broken behind its underscores.</summary>
    static string Folded(string name, int width)
    {
        var folded = "";
        var line = 0;
        foreach (var word in name.Split('_'))
        {
            if (line > 0 && line + word.Length > width)
            {
                folded += "\n";
                line = 0;
            }

            folded += word + "_";
            line += word.Length + 1;
        }

        return folded[..^1];
    }
}
