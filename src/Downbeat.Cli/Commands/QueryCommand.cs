using System.CommandLine;
using System.Globalization;
using Downbeat.Cli.Output;
using Downbeat.Cli.Settings;
using Downbeat.Connectors.Sqlite;
using Downbeat.Engine.Kpis;
using Downbeat.Pipeline.Landing;

namespace Downbeat.Cli.Commands;

/// <summary><c>downbeat query</c>.</summary>
static class QueryCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var command = new Command(
            "query",
            "Asks the embedded warehouse (warehouse.db) in SQL; cannot change it. Tables: "
                + $"{string.Join(", ", KpiTables.Published.Select(schema => schema.Name))}; view: music_kpi_metrics. "
                + "Example: downbeat query \"SELECT date, sum(listen_count) FROM hourly GROUP BY date\""
        );
        var sql = new Argument<string?>("SQL")
        {
            Description = "The question, in the SQL of SQLite; read from standard input when it is left out.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        command.Add(sql);
        var format = FormatOption.AddTo(
            command,
            "table: for people; csv: with a header and all digits; json: an array of objects."
        );
        var spreadsheet = FormatOption.AddSpreadsheetTo(command);
        var arguments = LakeArguments.AddTo(command);
        command.SetAction(parsed =>
        {
            var form = parsed.GetValue(format) ?? "";
            var isForSpreadsheets = parsed.GetValue(spreadsheet);
            FormatOption.Check(form, isForSpreadsheets);

            using var lake = arguments.OpenWithDestinations(parsed);
            var question = Question(parsed.GetValue(sql));
            using var answer = SqliteQuery.Ask(FindWarehouse(lake), question);
            Write(answer, form, isForSpreadsheets);
            return ExitCode.Done;
        });
        return command;
    }

    static string Question(string? given)
    {
        if (given is null && !Console.IsInputRedirected)
        {
            throw new UsageException($"SQL is missing: {CommandLine.Name} query \"SELECT …\".");
        }

        var question = given ?? Console.In.ReadToEnd();
        return string.IsNullOrWhiteSpace(question)
            ? throw new UsageException("SQL is empty: ask something, like SELECT * FROM daily.")
            : question;
    }

    static string FindWarehouse(LakeInUse lake)
    {
        if (lake.Destinations.OfType<SqliteDestination>().FirstOrDefault() is not { } warehouse)
        {
            throw new LakeException(
                $"{lake.Lake.Name} has no embedded warehouse: it is for lakes in a folder, with the setting sqlite true."
            );
        }

        return File.Exists(warehouse.Place)
            ? warehouse.Place
            : throw new LakeException($"there is no {warehouse.Place} yet; `{CommandLine.Name} run` makes it.");
    }

    static void Write(SqliteQuery answer, string format, bool isForSpreadsheets)
    {
        if (answer.Columns.Count == 0)
        {
            throw new UsageException("SQL has no answer: ask something, like SELECT * FROM daily.");
        }

        switch (format)
        {
            case FormatOption.Csv:
                WriteCsv(answer, isForSpreadsheets);
                break;
            case FormatOption.Json:
                WriteJson(answer);
                break;
            default:
                WriteTable(answer);
                break;
        }
    }

    static void WriteTable(SqliteQuery answer)
    {
        var rows = answer.Rows().ToList();
        var table = new TextTable([
            .. answer.Columns.Select(
                (name, place) =>
                {
                    var isNumber =
                        rows.Exists(row => row[place] is not null)
                        && rows.TrueForAll(row => row[place] is null or long or double);
                    return new TextColumn(SafeText.Of(name), isNumber, MayWrap: !isNumber);
                }
            ),
        ]);
        foreach (var row in rows)
        {
            table.Add([.. row.Select(cell => cell is double value ? Shown(value) : Text(cell))]);
        }

        table.Show();
        Terminal.Line(Figures.Count(rows.Count, "row"));
    }

    static string Shown(double value) => value.ToString("0.####", CultureInfo.InvariantCulture);

    static void WriteCsv(SqliteQuery answer, bool isForSpreadsheets)
    {
        Terminal.Write(CsvText.Line(answer.Columns.Select(Field)));
        foreach (var row in answer.Rows())
        {
            Terminal.Write(CsvText.Line(row.Select(cell => cell is string text ? Field(text) : Text(cell))));
        }

        string Field(string text) => isForSpreadsheets ? CsvText.WithoutFormula(text) : text;
    }

    static void WriteJson(SqliteQuery answer) =>
        CliJson.Write(json =>
        {
            json.WriteStartArray();
            foreach (var row in answer.Rows())
            {
                json.WriteStartObject();
                for (var place = 0; place < row.Length; place++)
                {
                    json.WritePropertyName(answer.Columns[place]);
                    switch (row[place])
                    {
                        case null:
                            json.WriteNullValue();
                            break;
                        case long number:
                            json.WriteNumberValue(number);
                            break;
                        case double quotient when double.IsFinite(quotient):
                            json.WriteRawValue(Quotients.Text(quotient));
                            break;
                        case var other:
                            json.WriteStringValue(Text(other));
                            break;
                    }
                }

                json.WriteEndObject();
            }

            json.WriteEndArray();
        });

    static string Text(object? cell) =>
        cell switch
        {
            null => "",
            double value => double.IsFinite(value)
                ? Quotients.Text(value)
                : value.ToString(CultureInfo.InvariantCulture),
            byte[] bytes => Convert.ToHexStringLower(bytes),
            IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
            _ => (string)cell,
        };
}
