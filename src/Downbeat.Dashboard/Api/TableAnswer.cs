using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Downbeat.Dashboard.Lakes;
using Downbeat.Engine.Kpis;
using Downbeat.Engine.Listens;

namespace Downbeat.Dashboard.Api;

/// <summary>Answers requests for rows of tables, with the digits that are published.</summary>
static class TableAnswer
{
    const int TagLetters = 24;
    const string CsvType = "text/csv; charset=utf-8; header=present";

    /// <summary>Answers.</summary>
    /// <exception cref="Problem">There is no such row or date.</exception>
    public static Task SendAsync(HttpContext context, TableRequest request, LakeMoment moment, TableCache tables)
    {
        IReadOnlyList<PublishedDate> dates = request.IsOneDate ? OneDate(request, moment) : Dates(request, moment);
        if (Answer.IsKnown(context, Tag(request, dates)))
        {
            return Task.CompletedTask;
        }

        if (request.IsOneRow)
        {
            return SendRowAsync(context, request, tables.Read(request.Schema, dates[0]));
        }

        return SendPageAsync(context, request, dates, tables);
    }

    static PublishedDate[] OneDate(TableRequest request, LakeMoment moment) =>
        moment.Find(request.From!.Value, request.Schema) is { } date ? [date]
        : moment.FindKnown(request.From.Value) is { IsHeld: true } held
            ? throw Problem.Missing(
                $"{ListenDate.Text(held.Date)} is held back, and nothing of it is published but its checks: {TableRequest.Root}{TableRequest.PathName(QualityDaily.Schema)}/{ListenDate.Text(held.Date)}."
            )
        : throw Problem.Missing($"{ListenDate.Text(request.From.Value)} is not published: {moment.SayDates()}.");

    static List<PublishedDate> Dates(TableRequest request, LakeMoment moment) =>
        moment.Between(request.From ?? DateOnly.MinValue, request.To ?? DateOnly.MaxValue, request.Schema);

    /// <summary>Made from the fingerprints of the files: it differs exactly when a number does.</summary>
    static string Tag(TableRequest request, IReadOnlyList<PublishedDate> dates)
    {
        var format = request.IsCsv ? "-csv" : "-json";
        if (dates.Count == 1)
        {
            return string.Concat(dates[0].Hash(request.Schema.Name).AsSpan(0, TagLetters), format);
        }

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var date in dates)
        {
            hash.AppendData(Encoding.ASCII.GetBytes(ListenDate.Text(date.Date) + date.Hash(request.Schema.Name)));
        }

        return string.Concat(Convert.ToHexStringLower(hash.GetHashAndReset()).AsSpan(0, TagLetters), format);
    }

    static Task SendRowAsync(HttpContext context, TableRequest request, TableFile table)
    {
        var (from, until) = table.FindRows(request.Keys);
        if (until == from)
        {
            throw Problem.Missing(
                $"{TableRequest.PathName(request.Schema)} of {ListenDate.Text(request.From!.Value)} has no row with this key."
            );
        }

        if (request.IsCsv)
        {
            return Answer.SendAsync(context, (byte[])[.. table.Header, .. table.Lines(from, until)], CsvType);
        }

        return Answer.SendJsonAsync(context, json => WriteRow(json, table, from, Names(table.Schema)));
    }

    static Task SendPageAsync(
        HttpContext context,
        TableRequest request,
        IReadOnlyList<PublishedDate> dates,
        TableCache tables
    )
    {
        var schema = request.Schema;
        var page = Take(request, dates, tables, out var next);
        var nextAddress = next is { } cursor ? Address(request, context.Request, cursor) : null;
        if (nextAddress is not null)
        {
            context.Response.Headers.Link = $"<{nextAddress}>; rel=\"next\"";
        }

        if (request.IsCsv)
        {
            var body = new ArrayBufferWriter<byte>(1 << 14);
            body.Write(Encoding.UTF8.GetBytes(string.Join(',', schema.Columns.Select(column => column.Name)) + "\n"));
            foreach (var (table, from, until) in page)
            {
                body.Write(table.Lines(from, until));
            }

            context.Response.Headers.ContentDisposition = $"inline; filename=\"{FileName(request, dates)}.csv\"";
            return Answer.SendAsync(context, body.WrittenMemory, CsvType);
        }

        return Answer.SendJsonAsync(
            context,
            json =>
            {
                json.WriteStartObject();
                json.WriteString("table", schema.Name);
                json.WriteStartArray("rows");
                var names = Names(schema);
                foreach (var (table, from, until) in page)
                {
                    for (var row = from; row < until; row++)
                    {
                        WriteRow(json, table, row, names);
                    }
                }

                json.WriteEndArray();
                if (nextAddress is null)
                {
                    json.WriteNull("next");
                }
                else
                {
                    json.WriteString("next", nextAddress);
                }

                json.WriteEndObject();
            }
        );
    }

    /// <summary>The rows of a page, as spans of tables, and where the next begins. Reads no more dates than the page needs.</summary>
    static List<(TableFile Table, int From, int Until)> Take(
        TableRequest request,
        IReadOnlyList<PublishedDate> dates,
        TableCache tables,
        out (DateOnly Date, int Row)? next
    )
    {
        const int ReadAhead = 64; // A page of single rows comes from many dates, one of tracks from few.
        var page = new List<(TableFile Table, int From, int Until)>();
        var left = request.Limit;
        next = null;
        var first = 0;
        while (first < dates.Count && request.Cursor is { } cursor && dates[first].Date < cursor.Date)
        {
            first++;
        }

        var ahead = 1;
        while (first < dates.Count)
        {
            var some = dates.Skip(first).Take(ahead).ToList();
            first += some.Count;
            ahead = Math.Min(ahead * 4, ReadAhead);
            foreach (var (date, table) in some.Zip(tables.Read(request.Schema, some)))
            {
                var (from, until) = table.FindRows(request.Keys);
                if (request.Cursor is { } begin && begin.Date == date.Date)
                {
                    from = Math.Clamp(begin.Row, from, until);
                }

                for (var row = from; row < until; row++)
                {
                    if (!request.Filters.All(filter => filter.Value.CompareField(table, row, filter.Column) == 0))
                    {
                        continue;
                    }

                    if (left == 0)
                    {
                        next = (date.Date, row);
                        return page;
                    }

                    left--;
                    if (page.Count > 0 && page[^1].Table == table && page[^1].Until == row)
                    {
                        page[^1] = (table, page[^1].From, row + 1);
                    }
                    else
                    {
                        page.Add((table, row, row + 1));
                    }
                }
            }
        }

        return page;
    }

    static string Address(TableRequest request, HttpRequest asked, (DateOnly Date, int Row) cursor)
    {
        var address = new StringBuilder(asked.Path.ToUriComponent());
        var between = '?';
        foreach (var (name, value) in asked.Query)
        {
            if (name != "cursor")
            {
                address
                    .Append(between)
                    .Append(Uri.EscapeDataString(name))
                    .Append('=')
                    .Append(Uri.EscapeDataString(value.ToString()));
                between = '&';
            }
        }

        return address
            .Append(between)
            .Append("cursor=")
            .Append(TableRequest.CursorText(request.Schema, cursor.Date, cursor.Row))
            .ToString();
    }

    static string FileName(TableRequest request, IReadOnlyList<PublishedDate> dates)
    {
        var name = request.Schema.Name;
        return dates.Count switch
        {
            0 => name,
            1 => $"{name}-{ListenDate.Text(dates[0].Date)}",
            _ => $"{name}-{ListenDate.Text(dates[0].Date)}-to-{ListenDate.Text(dates[^1].Date)}",
        };
    }

    static JsonEncodedText[] Names(KpiSchema schema) => EncodedNames[schema.Name];

    static readonly Dictionary<string, JsonEncodedText[]> EncodedNames = KpiTables.Published.ToDictionary(
        schema => schema.Name,
        schema => schema.Columns.Select(column => JsonEncodedText.Encode(column.Name)).ToArray(),
        StringComparer.Ordinal
    );

    static void WriteRow(Utf8JsonWriter json, TableFile table, int row, JsonEncodedText[] names)
    {
        json.WriteStartObject();
        for (var column = 0; column < names.Length; column++)
        {
            if (table.Schema.Columns[column].Type is KpiType.Integer or KpiType.Quotient)
            {
                json.WritePropertyName(names[column]);
                json.WriteRawValue(table.Raw(row, column), skipInputValidation: true); // The published digits are JSON's.
            }
            else
            {
                json.WriteString(names[column], table.Utf8(row, column));
            }
        }

        json.WriteEndObject();
    }
}
