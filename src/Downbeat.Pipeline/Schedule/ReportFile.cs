using System.Text.Json;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Ledger;

namespace Downbeat.Pipeline.Schedule;

/// <summary>Up to when reports were mailed: <c>report.json</c>. Without it the next is mailed at the next time.</summary>
/// <param name="Until">Times up to this one are done with.</param>
public sealed record ReportFile(DateTimeOffset Until)
{
    /// <summary>Reads it; null when there is none, or it says nothing.</summary>
    public static ReportFile? Read(ILake lake)
    {
        ArgumentNullException.ThrowIfNull(lake);
        try
        {
            using var stream = lake.Open(LakePaths.Report);
            return JsonSerializer.Deserialize(stream, LakeJson.Readable.ReportFile);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Writes it.</summary>
    internal void Save(ILake lake) =>
        lake.Put([(LakePaths.Report, JsonSerializer.SerializeToUtf8Bytes(this, LakeJson.Readable.ReportFile))]);
}
