using System.Text;
using System.Text.Json;

namespace Downbeat.Cli.Settings;

/// <summary>A file of settings: one JSON object, in which comments and trailing commas are welcome.</summary>
static class ConfigFile
{
    /// <summary>Parses the bytes of a file that is called so in messages.</summary>
    /// <exception cref="UsageException">They are no such object, or name a setting twice.</exception>
    public static List<GivenSetting> Parse(ReadOnlySpan<byte> json, string name)
    {
        if (json.StartsWith("\uFEFF"u8))
        {
            json = json[3..];
        }

        var settings = new List<GivenSetting>();
        var reader = new Utf8JsonReader(
            json,
            new() { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip }
        );
        try
        {
            if (json.Trim(" \t\r\n"u8).IsEmpty || !reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                throw new UsageException($"{name} is no JSON object: settings look like {{ \"workers\": 2 }}.");
            }

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var line = 1 + json[..(int)reader.TokenStartIndex].Count((byte)'\n');
                var setting = reader.GetString()!;
                reader.Read();
                var form = reader.TokenType switch
                {
                    JsonTokenType.Number => SettingForm.Number,
                    JsonTokenType.String => SettingForm.Text,
                    JsonTokenType.True or JsonTokenType.False => SettingForm.Boolean,
                    _ => SettingForm.Other,
                };
                var source = $"{name} line {line}";
                if (settings.Exists(other => other.Name == setting))
                {
                    throw new UsageException($"{source}: {setting} stands in this file twice.");
                }

                settings.Add(new(setting, Value(ref reader, json), form, source));
            }

            reader.Read(); // Nothing may follow the object; this says so.
        }
        catch (JsonException error)
        {
            var reason = error.Message.Split(" LineNumber:")[0];
            throw new UsageException($"{name} line {error.LineNumber + 1} is no valid JSON: {reason}");
        }
        catch (InvalidOperationException)
        {
            throw new UsageException($"{name} is no valid UTF-8.");
        }

        return settings;
    }

    static string Value(ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        if (reader.TokenType == JsonTokenType.String)
        {
            return reader.GetString()!;
        }

        var start = (int)reader.TokenStartIndex;
        reader.Skip();
        return Encoding.UTF8.GetString(json[start..(int)reader.BytesConsumed]);
    }
}
