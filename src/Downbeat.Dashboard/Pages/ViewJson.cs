using System.Text.Json;
using Downbeat.Dashboard.Lakes;
using Downbeat.Engine.Listens;

namespace Downbeat.Dashboard.Pages;

/// <summary>What views write often.</summary>
static class ViewJson
{
    /// <summary>A date.</summary>
    public static void WriteDate(this Utf8JsonWriter json, string name, DateOnly date) =>
        json.WriteString(name, ListenDate.Text(date));

    /// <summary>An instant, in UTC.</summary>
    public static void WriteInstant(this Utf8JsonWriter json, string name, DateTimeOffset instant) =>
        json.WriteString(name, instant.UtcDateTime);

    /// <summary>A range, and how many of its dates are published.</summary>
    public static void WriteRange(this Utf8JsonWriter json, DateRange range, int published)
    {
        json.WriteDate("from", range.From);
        json.WriteDate("to", range.To);
        json.WriteNumber("days", published);
    }

    /// <summary>Numbers, with null for those that there are not.</summary>
    public static void WriteNumbers(this Utf8JsonWriter json, string name, IEnumerable<double?> numbers)
    {
        json.WriteStartArray(name);
        foreach (var number in numbers)
        {
            if (number is { } value)
            {
                json.WriteNumberValue(value);
            }
            else
            {
                json.WriteNullValue();
            }
        }

        json.WriteEndArray();
    }

    /// <summary>A number, or null.</summary>
    public static void WriteNumberOrNull(this Utf8JsonWriter json, string name, double? number)
    {
        if (number is { } value)
        {
            json.WriteNumber(name, value);
        }
        else
        {
            json.WriteNull(name);
        }
    }

    /// <summary>An object for each of several.</summary>
    public static void WriteObjects<T>(this Utf8JsonWriter json, string name, IEnumerable<T> all, Action<T> write)
    {
        json.WriteStartArray(name);
        foreach (var one in all)
        {
            json.WriteStartObject();
            write(one);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>The cell of the only row of a table; null when there is no row.</summary>
    public static double? Only(this TableFile table, string column) =>
        table.RowCount == 0 ? null : table.Number(0, table.Column(column));
}
