using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Downbeat.Cli.Commands;
using Downbeat.Pipeline.Corrections;
using Downbeat.Pipeline.Quality;
using Downbeat.Pipeline.Quarantine;

namespace Downbeat.Cli.Output;

/// <summary>Results as JSON, indented, with letters as they are.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(IReadOnlyList<QuarantineEntry>))]
[JsonSerializable(typeof(RejectedRow))]
[JsonSerializable(typeof(VersionFacts))]
[JsonSerializable(typeof(IReadOnlyList<RetryResult>))]
[JsonSerializable(typeof(IReadOnlyList<CheckedSystem>))]
[JsonSerializable(typeof(RetractionPlan))]
[JsonSerializable(typeof(ForgetReport))]
[JsonSerializable(typeof(HealthAnswer))]
[JsonSerializable(typeof(IReadOnlyList<TriedChannel>))]
[JsonSerializable(typeof(RunResult))]
[JsonSerializable(typeof(IReadOnlyList<DateQuality>))]
sealed partial class CliJson : JsonSerializerContext
{
    static readonly JavaScriptEncoder Letters = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;

    /// <summary>For people: indented, and letters as they are.</summary>
    public static CliJson Readable =>
        field ??= new(
            new JsonSerializerOptions(Default.GeneratedSerializerOptions!) { WriteIndented = true, Encoder = Letters }
        );

    /// <summary>For programs: in a line, and letters as they are.</summary>
    public static CliJson Line =>
        field ??= new(new JsonSerializerOptions(Default.GeneratedSerializerOptions!) { Encoder = Letters });

    /// <summary>Writes a result to standard output.</summary>
    public static void Write<T>(T result, JsonTypeInfo<T> type) => Write(JsonSerializer.Serialize(result, type));

    /// <summary>Writes a result to standard output piece by piece.</summary>
    public static void Write(Action<Utf8JsonWriter> write)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, new() { Indented = true, Encoder = Letters }))
        {
            write(json);
        }

        Write(Encoding.UTF8.GetString(bytes.GetBuffer().AsSpan(0, (int)bytes.Length)));
    }

    static void Write(string json) => Terminal.OutputWriter.WriteLine(SafeText.OfJson(json));
}
