using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Downbeat.Pipeline.Alerts;
using Downbeat.Pipeline.Archive;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Quarantine;
using Downbeat.Pipeline.Repair;
using Downbeat.Pipeline.Runs;
using Downbeat.Pipeline.Schedule;

namespace Downbeat.Pipeline.Ledger;

/// <summary>How everything that a lake keeps as JSON is written.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(AlertsFile))]
[JsonSerializable(typeof(Commit))]
[JsonSerializable(typeof(LakeState))]
[JsonSerializable(typeof(LakeFile))]
[JsonSerializable(typeof(LeaseFile))]
[JsonSerializable(typeof(RunRecord))]
[JsonSerializable(typeof(RepairReport))]
[JsonSerializable(typeof(ReportFile))]
[JsonSerializable(typeof(RunPlan))]
[JsonSerializable(typeof(SweepReport))]
[JsonSerializable(typeof(LakeStatus))]
[JsonSerializable(typeof(DateExplanation))]
[JsonSerializable(typeof(QuarantinedSourceFile))]
public sealed partial class LakeJson : JsonSerializerContext
{
    /// <summary>For people: indented, and letters as they are.</summary>
    public static LakeJson Readable =>
        field ??= new(
            new JsonSerializerOptions(Default.GeneratedSerializerOptions!)
            {
                WriteIndented = true,
                Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            }
        );
}
