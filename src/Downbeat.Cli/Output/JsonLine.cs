using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Downbeat.Cli.Output;

/// <summary>Log events for programs: a JSON object a line, with the ids of the span it belongs to.</summary>
static class JsonLine
{
    /// <summary>The name of what stands for the template among an event's values.</summary>
    const string Template = "{OriginalFormat}";

    static readonly JsonWriterOptions Json = new()
    {
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Makes a line.</summary>
    /// <param name="at">When it happened.</param>
    /// <param name="level">How much it matters.</param>
    /// <param name="name">The event's name; null for a line that is none.</param>
    /// <param name="message">What people would be told.</param>
    /// <param name="values">The event's values, if it has some.</param>
    public static string Of(
        DateTimeOffset at,
        LogLevel level,
        string? name,
        string message,
        IReadOnlyList<KeyValuePair<string, object?>>? values
    )
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(bytes, Json))
        {
            json.WriteStartObject();
            json.WriteString(
                "timestamp",
                at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture)
            );
            json.WriteString("level", Word(level));
            if (name is not null)
            {
                json.WriteString("event", name);
            }

            json.WriteString("message", message);
            if (Activity.Current is { IdFormat: ActivityIdFormat.W3C } span)
            {
                json.WriteString("trace_id", span.TraceId.ToHexString());
                json.WriteString("span_id", span.SpanId.ToHexString());
            }

            if (values?.Any(value => value.Key != Template) == true)
            {
                json.WriteStartObject("attributes");
                foreach (var (key, value) in values.Where(value => value.Key != Template))
                {
                    json.WritePropertyName(key);
                    Write(json, value);
                }

                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        return SafeText.OfJson(Encoding.UTF8.GetString(bytes.WrittenSpan));
    }

    static string Word(LogLevel level) =>
        level switch
        {
            >= LogLevel.Error => "error",
            LogLevel.Warning => "warn",
            _ => "info",
        };

    static void Write(Utf8JsonWriter json, object? value)
    {
        switch (value)
        {
            case null:
                json.WriteNullValue();
                break;
            case long number:
                json.WriteNumberValue(number);
                break;
            case int number:
                json.WriteNumberValue(number);
                break;
            case double number when double.IsFinite(number):
                json.WriteNumberValue(number);
                break;
            default:
                json.WriteStringValue(Convert.ToString(value, CultureInfo.InvariantCulture));
                break;
        }
    }
}
