using System.Globalization;
using System.Text;
using Downbeat.Dashboard.Lakes;
using Downbeat.Engine.Kpis;
using Downbeat.Engine.Listens;
using Microsoft.AspNetCore.Http.Features;

namespace Downbeat.Dashboard.Api;

/// <summary>
/// Which rows of which table someone asks for: <c>/api/v1/genre-daily/2024-06-25/acoustic</c>, or
/// <c>/api/v1/hourly?from=2024-06-01&amp;to=2024-06-30&amp;hour=20</c>.
/// </summary>
sealed record TableRequest
{
    /// <summary>What paths of tables begin with.</summary>
    public const string Root = "/api/v1/";

    /// <summary>How many rows an answer has unless asked otherwise.</summary>
    public const int UsualLimit = 1000;

    /// <summary>How many rows an answer has at most.</summary>
    public const int MaxLimit = 10_000;

    static readonly Dictionary<string, KpiSchema> Names = KpiTables.Published.ToDictionary(
        schema => PathName(schema),
        StringComparer.Ordinal
    );

    /// <summary>The table.</summary>
    public required KpiSchema Schema { get; init; }

    /// <summary>The first date; null for the first there is.</summary>
    public DateOnly? From { get; init; }

    /// <summary>The last date; null for the last there is.</summary>
    public DateOnly? To { get; init; }

    /// <summary>Whether one date was named, which has to be there.</summary>
    public bool IsOneDate { get; init; }

    /// <summary>Whether the whole key was named, and the answer is one row.</summary>
    public bool IsOneRow { get; init; }

    /// <summary>Values for the first columns of the key, behind the date.</summary>
    public KeyValue[] Keys { get; init; } = [];

    /// <summary>Values for other columns of the key, and which.</summary>
    public IReadOnlyList<(int Column, KeyValue Value)> Filters { get; init; } = [];

    /// <summary>How many rows at most.</summary>
    public int Limit { get; init; } = UsualLimit;

    /// <summary>Where the page begins: a row of a date.</summary>
    public (DateOnly Date, int Row)? Cursor { get; init; }

    /// <summary>Whether CSV is asked for, and not JSON.</summary>
    public bool IsCsv { get; init; }

    /// <summary>What a table is called in a path.</summary>
    public static string PathName(KpiSchema schema) => schema.Name.Replace('_', '-');

    /// <summary>Understands a request.</summary>
    /// <exception cref="Problem">It is wrong; the message says what.</exception>
    public static TableRequest Parse(HttpContext context)
    {
        // A slash in a genre is %2F, which the decoded path leaves alone: so the path is decoded here, part by part.
        var target = context.Features.Get<IHttpRequestFeature>()!.RawTarget;
        var question = target.IndexOf('?', StringComparison.Ordinal);
        var path = (question < 0 ? target : target[..question]).TrimEnd('/');
        var parts = path[(path.IndexOf(Root, StringComparison.Ordinal) + Root.Length)..].Split('/');
        for (var part = 0; part < parts.Length; part++)
        {
            parts[part] = Uri.UnescapeDataString(parts[part]);
        }

        if (!Names.TryGetValue(parts[0].Replace('_', '-'), out var schema))
        {
            throw Problem.Missing(
                $"There is no table {Short(parts[0])}. There are {string.Join(", ", KpiTables.Published.Select(PathName))}."
            );
        }

        if (parts.Length > schema.KeyColumns + 1)
        {
            throw Problem.Missing(
                $"The key of {PathName(schema)} is {string.Join(", ", schema.Columns.Take(schema.KeyColumns).Select(column => column.Name))}: the path names more than that."
            );
        }

        var request = new TableRequest { Schema = schema, IsCsv = WantsCsv(context.Request) };
        if (parts.Length > 1)
        {
            var date = ParseDate(parts[1], "the path");
            request = request with
            {
                From = date,
                To = date,
                IsOneDate = true,
                IsOneRow = parts.Length > schema.KeyColumns,
            };
        }

        var keys = new KeyValue?[schema.KeyColumns];
        for (var part = 2; part < parts.Length; part++)
        {
            keys[part - 1] = ParseKey(schema.Columns[part - 1], parts[part]);
        }

        if (question >= 0)
        {
            request = request.WithQuery(context.Request.Query, keys);
        }

        // Values of the first columns of the key are looked up, others are looked for.
        var first = keys.Skip(1).TakeWhile(key => key is not null).Select(key => key!.Value).ToArray();
        return request with
        {
            Keys = first,
            Filters =
            [
                .. keys.Select((key, column) => (column, key))
                    .Skip(1 + first.Length)
                    .Where(key => key.key is not null)
                    .Select(key => (key.column, key.key!.Value)),
            ],
        };
    }

    /// <summary>Understands a date.</summary>
    /// <exception cref="Problem">It is none.</exception>
    public static DateOnly ParseDate(string text, string where) =>
        DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date)
            ? date
            : throw Problem.Wrong($"{Short(text)} in {where} is no date: write it like 2024-06-25.");

    /// <summary>Where the next page begins, as a request says it.</summary>
    public static string CursorText(KpiSchema schema, DateOnly date, int row) =>
        string.Create(CultureInfo.InvariantCulture, $"{PathName(schema)}.{ListenDate.Text(date)}.{row}");

    /// <summary>Refuses whatever is asked of what has nothing to be asked.</summary>
    /// <exception cref="Problem">Something is.</exception>
    public static void RefuseQuery(HttpContext context)
    {
        if (context.Request.QueryString.HasValue && context.Request.Query.Keys.FirstOrDefault() is { } name)
        {
            throw Problem.Wrong($"{Short(name)} cannot be asked for here. {context.Request.Path} takes nothing.");
        }
    }

    /// <summary>A text of the request, cut to what fits into a message.</summary>
    static string Short(string text) => text.Length <= 80 ? $"'{text}'" : $"'{text[..80]}…'";

    TableRequest WithQuery(IQueryCollection query, KeyValue?[] keys)
    {
        var request = this;
        foreach (var (name, values) in query)
        {
            var value =
                values.Count == 1 ? values[0]! : throw Problem.Wrong($"{Short(name)} is given {values.Count} times.");
            switch (name)
            {
                case "date" when !IsOneDate:
                    var date = ParseDate(value, name);
                    request = request with { From = date, To = date, IsOneDate = true };
                    break;
                case "from" when !IsOneDate:
                    request = request with { From = ParseDate(value, name) };
                    break;
                case "to" when !IsOneDate:
                    request = request with { To = ParseDate(value, name) };
                    break;
                case "limit":
                    request = request with { Limit = ParseLimit(value) };
                    break;
                case "cursor":
                    request = request with { Cursor = ParseCursor(Schema, value) };
                    break;
                case "format":
                    break; // Understood with the headers.
                default:
                    var column = 1;
                    while (column < Schema.KeyColumns && Schema.Columns[column].Name != name)
                    {
                        column++;
                    }

                    if (column == Schema.KeyColumns || keys[column] is not null)
                    {
                        throw Problem.Wrong(
                            $"{Short(name)} cannot be asked for here. {PathName(Schema)} takes {SayParameters()}."
                        );
                    }

                    keys[column] = ParseKey(Schema.Columns[column], value);
                    break;
            }
        }

        if (request.From > request.To)
        {
            throw Problem.Wrong(
                $"from is {ListenDate.Text(request.From.Value)}, which is after to, {ListenDate.Text(request.To.Value)}."
            );
        }

        return request;
    }

    string SayParameters()
    {
        var text = new StringBuilder(IsOneDate ? "" : "date, from, to, ");
        foreach (var column in Schema.Columns.Take(Schema.KeyColumns).Skip(1))
        {
            text.Append(column.Name).Append(", ");
        }

        return text.Append("limit, cursor and format").ToString();
    }

    static KeyValue ParseKey(KpiColumn column, string text) =>
        KeyValue.Parse(column, text)
        ?? throw Problem.Wrong($"{Short(text)} is no {column.Name}: that is a whole number.");

    static int ParseLimit(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var limit)
        && limit is >= 1 and <= MaxLimit
            ? limit
            : throw Problem.Wrong(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"limit is {Short(text)}: it is a whole number from 1 to {MaxLimit}."
                )
            );

    static (DateOnly Date, int Row) ParseCursor(KpiSchema schema, string text) =>
        text.Split('.') is [var table, var date, var row]
        && table == PathName(schema)
        && DateOnly.TryParseExact(date, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var parsed)
        && int.TryParse(row, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? (parsed, number)
            : throw Problem.Wrong(
                $"cursor is {Short(text)}: take it from the answer before, of the same table, as next or Link says it."
            );

    /// <summary>What <c>format</c> says, else what the headers prefer.</summary>
    static bool WantsCsv(HttpRequest request)
    {
        if (request.QueryString.HasValue && request.Query.TryGetValue("format", out var format))
        {
            return (string?)format switch
            {
                "csv" => true,
                "json" => false,
                _ => throw Problem.Wrong($"format is {Short(format.ToString())}: it is json or csv."),
            };
        }

        var accept = request.Headers.Accept;
        if (accept.Count == 0 || accept is ["*/*"] or ["application/json"])
        {
            return false;
        }

        var (json, csv) = (0.0, 0.0);
        foreach (var type in request.GetTypedHeaders().Accept)
        {
            var quality = type.Quality ?? 1;
            if (type.MatchesAllTypes || type.MediaType == "application/*" || type.MediaType == "application/json")
            {
                json = Math.Max(json, quality);
            }

            if (type.MatchesAllTypes || type.MediaType == "text/*" || type.MediaType == "text/csv")
            {
                csv = Math.Max(csv, quality);
            }
        }

        return json + csv > 0
            ? csv > json
            : throw new Problem(
                StatusCodes.Status406NotAcceptable,
                "There is application/json and text/csv, and Accept names neither."
            );
    }
}
