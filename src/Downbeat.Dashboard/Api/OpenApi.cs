using System.Text.Json;
using Downbeat.Engine.Kpis;
using Downbeat.Pipeline.Runs;

namespace Downbeat.Dashboard.Api;

/// <summary>The API described as OpenAPI 3.1, made from the tables' schemas and from what the documentation says of them.</summary>
static class OpenApi
{
    /// <summary>Sends the document.</summary>
    public static Task SendAsync(HttpContext context) =>
        Answer.IsKnown(context, "openapi-" + typeof(OpenApi).Module.ModuleVersionId.ToString("N"))
            ? Task.CompletedTask
            : Answer.SendJsonAsync(context, Write);

    static void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("openapi", "3.1.0");
        json.WriteStartObject("info");
        json.WriteString("title", "Downbeat");
        json.WriteString("version", Reconciliation.Version);
        json.WriteString(
            "description",
            "The published KPI tables of a lake, by key, date and range: the digits are those of the files under kpis/. Answers carry an "
                + "ETag made from the fingerprints of the files: send it as If-None-Match, and 304 says that nothing has changed."
        );
        json.WriteEndObject();
        json.WriteStartArray("security");
        json.WriteStartObject();
        json.WriteEndObject();
        json.WriteStartObject();
        json.WriteStartArray("token");
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteStartObject("paths");
        WriteGet(json, "/api/v1/tables", "The tables, their keys and columns, and what they mean", "about", [], null);
        WriteGet(json, "/api/v1/dates", "The published dates", "about", [], null);
        foreach (var schema in KpiTables.Published)
        {
            WriteTable(json, schema);
        }

        json.WriteEndObject();
        WriteComponents(json);
        json.WriteEndObject();
    }

    static void WriteTable(Utf8JsonWriter json, KpiSchema schema)
    {
        var path = TableRequest.Root + TableRequest.PathName(schema);
        var keys = schema.Columns.Take(schema.KeyColumns).Skip(1).ToList();
        List<Parameter> paging =
        [
            new(
                "limit",
                "query",
                "integer",
                $"Rows of an answer, 1 to {TableRequest.MaxLimit}; {TableRequest.UsualLimit} if left out."
            ),
            new(
                "cursor",
                "query",
                "string",
                "Where the page begins: from next, or the header Link, of the answer before."
            ),
        ];
        var format = new Parameter(
            "format",
            "query",
            "string",
            "json or csv; if left out, the header Accept decides.",
            ["json", "csv"]
        );
        var filters = keys.Select(key => Key(schema, key, "query")).ToList();
        WriteGet(
            json,
            path,
            $"{schema.Name}: a range of dates",
            schema.Name,
            [
                new(
                    "from",
                    "query",
                    "string",
                    "The first date, like 2024-06-25; the first there is if left out.",
                    Format: "date"
                ),
                new("to", "query", "string", "The last date; the last there is if left out.", Format: "date"),
                new("date", "query", "string", "One date, in place of from and to.", Format: "date"),
                .. filters,
                .. paging,
                format,
            ],
            schema
        );
        var date = new Parameter(
            "date",
            "path",
            "string",
            Definitions.Of(schema.Name, "date") + ", like 2024-06-25.",
            Format: "date"
        );
        var inPath = new List<Parameter> { date };
        path += "/{date}";
        for (var part = 0; ; part++)
        {
            var isRow = part == keys.Count;
            WriteGet(
                json,
                path,
                isRow ? $"{schema.Name}: one row"
                    : part == 0 ? $"{schema.Name}: one date"
                    : $"{schema.Name}: the rows of a {keys[part - 1].Name}",
                schema.Name,
                isRow ? [.. inPath, format] : [.. inPath, .. filters.Skip(part), .. paging, format],
                schema,
                isRow
            );
            if (isRow)
            {
                return;
            }

            path += $"/{{{keys[part].Name}}}";
            inPath.Add(Key(schema, keys[part], "path"));
        }
    }

    static Parameter Key(KpiSchema schema, KpiColumn column, string where) =>
        new(
            column.Name,
            where,
            column.Type == KpiType.Integer ? "integer" : "string",
            Definitions.Of(schema.Name, column.Name)
        );

    static void WriteGet(
        Utf8JsonWriter json,
        string path,
        string summary,
        string tag,
        IReadOnlyList<Parameter> parameters,
        KpiSchema? schema,
        bool isRow = false
    )
    {
        json.WriteStartObject(path);
        json.WriteStartObject("get");
        json.WriteString("summary", summary);
        json.WriteStartArray("tags");
        json.WriteStringValue(tag);
        json.WriteEndArray();
        if (parameters.Count > 0)
        {
            json.WriteStartArray("parameters");
            foreach (var parameter in parameters)
            {
                parameter.Write(json);
            }

            json.WriteEndArray();
        }

        json.WriteStartObject("responses");
        json.WriteStartObject("200");
        json.WriteString("description", "As asked for.");
        json.WriteStartObject("content");
        json.WriteStartObject("application/json");
        if (schema is not null)
        {
            json.WriteStartObject("schema");
            json.WriteString("$ref", $"#/components/schemas/{schema.Name}{(isRow ? "" : "_page")}");
            json.WriteEndObject();
        }

        json.WriteEndObject();
        if (schema is not null)
        {
            json.WriteStartObject("text/csv");
            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteStartObject("304");
        json.WriteString("description", "Nothing has changed since the answer whose ETag was sent.");
        json.WriteEndObject();
        json.WriteStartObject("default");
        json.WriteString("description", "What was wrong.");
        json.WriteStartObject("content");
        json.WriteStartObject("application/problem+json");
        json.WriteStartObject("schema");
        json.WriteString("$ref", "#/components/schemas/problem");
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    static void WriteComponents(Utf8JsonWriter json)
    {
        json.WriteStartObject("components");
        json.WriteStartObject("securitySchemes");
        json.WriteStartObject("token");
        json.WriteString("type", "http");
        json.WriteString("scheme", "bearer");
        json.WriteString("description", "Only where the server was started with --token-file.");
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteStartObject("schemas");
        foreach (var schema in KpiTables.Published)
        {
            json.WriteStartObject(schema.Name);
            json.WriteString("type", "object");
            json.WriteString("description", Definitions.Of(schema));
            json.WriteStartObject("properties");
            foreach (var column in schema.Columns)
            {
                json.WriteStartObject(column.Name);
                WriteType(json, column.Type);
                json.WriteString("description", Definitions.Of(schema.Name, column.Name));
                json.WriteEndObject();
            }

            json.WriteEndObject();
            json.WriteStartArray("required");
            foreach (var column in schema.Columns)
            {
                json.WriteStringValue(column.Name);
            }

            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteStartObject(schema.Name + "_page");
            json.WriteString("type", "object");
            json.WriteStartObject("properties");
            WriteProperty(json, "table", "string", null);
            json.WriteStartObject("rows");
            json.WriteString("type", "array");
            json.WriteStartObject("items");
            json.WriteString("$ref", $"#/components/schemas/{schema.Name}");
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteStartObject("next");
            json.WriteStartArray("type");
            json.WriteStringValue("string");
            json.WriteStringValue("null");
            json.WriteEndArray();
            json.WriteString("description", "Where the next page is; null behind the last.");
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteStartObject("problem");
        json.WriteString("type", "object");
        json.WriteStartObject("properties");
        WriteProperty(json, "type", "string", null);
        WriteProperty(json, "title", "string", null);
        WriteProperty(json, "status", "integer", null);
        WriteProperty(json, "detail", "string", "What was wrong, and what is allowed.");
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    static void WriteType(Utf8JsonWriter json, KpiType type)
    {
        var (name, format) = type switch
        {
            KpiType.Date => ("string", "date"),
            KpiType.Integer => ("integer", "int64"),
            KpiType.Quotient => ("number", "double"),
            _ => ("string", null),
        };
        json.WriteString("type", name);
        if (format is not null)
        {
            json.WriteString("format", format);
        }
    }

    static void WriteProperty(Utf8JsonWriter json, string name, string type, string? description)
    {
        json.WriteStartObject(name);
        json.WriteString("type", type);
        if (description is not null)
        {
            json.WriteString("description", description);
        }

        json.WriteEndObject();
    }

    sealed record Parameter(
        string Name,
        string In,
        string Type,
        string Description,
        string[]? Values = null,
        string? Format = null
    )
    {
        public void Write(Utf8JsonWriter json)
        {
            json.WriteStartObject();
            json.WriteString("name", Name);
            json.WriteString("in", In);
            json.WriteBoolean("required", In == "path");
            json.WriteString("description", Description);
            json.WriteStartObject("schema");
            json.WriteString("type", Type);
            if (Format is not null)
            {
                json.WriteString("format", Format);
            }

            if (Values is not null)
            {
                json.WriteStartArray("enum");
                foreach (var value in Values)
                {
                    json.WriteStringValue(value);
                }

                json.WriteEndArray();
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }
    }
}
