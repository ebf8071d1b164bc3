using System.Globalization;
using Downbeat.Dashboard.Lakes;
using Downbeat.Dashboard.Pages;
using Downbeat.Engine.Kpis;
using Downbeat.Engine.Listens;

namespace Downbeat.Dashboard.Api;

/// <summary>What there is to ask for: the tables with their columns, and the dates.</summary>
static class Catalogue
{
    /// <summary>Sends the tables, and what their columns mean.</summary>
    public static Task SendTablesAsync(HttpContext context)
    {
        TableRequest.RefuseQuery(context);
        if (Answer.IsKnown(context, "tables-" + typeof(Catalogue).Module.ModuleVersionId.ToString("N")))
        {
            return Task.CompletedTask;
        }

        return Answer.SendJsonAsync(
            context,
            json =>
            {
                json.WriteStartObject();
                json.WriteStartArray("tables");
                foreach (var schema in KpiTables.Published)
                {
                    json.WriteStartObject();
                    json.WriteString("name", schema.Name);
                    json.WriteString("path", TableRequest.Root + TableRequest.PathName(schema));
                    json.WriteString("definition", Definitions.Of(schema));
                    json.WriteStartArray("key");
                    foreach (var column in schema.Columns.Take(schema.KeyColumns))
                    {
                        json.WriteStringValue(column.Name);
                    }

                    json.WriteEndArray();
                    json.WriteStartArray("columns");
                    foreach (var column in schema.Columns)
                    {
                        json.WriteStartObject();
                        json.WriteString("name", column.Name);
                        json.WriteString(
                            "type",
                            column.Type switch
                            {
                                KpiType.Date => "date",
                                KpiType.Integer => "integer",
                                KpiType.Quotient => "quotient",
                                _ => "text",
                            }
                        );
                        json.WriteString("definition", Definitions.Of(schema.Name, column.Name));
                        json.WriteEndObject();
                    }

                    json.WriteEndArray();
                    json.WriteEndObject();
                }

                json.WriteEndArray();
                json.WriteEndObject();
            }
        );
    }

    /// <summary>Sends the published dates.</summary>
    public static Task SendDatesAsync(HttpContext context, LakeMoment moment, PublishedTables tables)
    {
        TableRequest.RefuseQuery(context);
        if (
            Answer.IsKnown(
                context,
                string.Create(CultureInfo.InvariantCulture, $"{moment.File.Id[..12]}-{moment.Version}")
            )
        )
        {
            return Task.CompletedTask;
        }

        return Answer.SendJsonAsync(
            context,
            json =>
            {
                json.WriteStartObject();
                json.WriteString("timeZone", moment.File.TimeZone);
                json.WriteNumber("ledgerVersion", moment.Version);
                json.WriteStartArray("dates");
                foreach (var date in moment.Known)
                {
                    json.WriteStartObject();
                    json.WriteString("date", ListenDate.Text(date.Date));
                    json.WriteNumberOrNull("listens", date.HasTables ? tables.Listens(date) : null);
                    json.WriteBoolean("held", date.IsHeld);
                    json.WriteString("fingerprint", date.Entry.Fingerprint);
                    json.WriteString("restatedAt", date.Entry.RestatedAt.UtcDateTime);
                    json.WriteString("restatedWhy", date.Entry.RestatedWhy);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
                json.WriteEndObject();
            }
        );
    }
}
