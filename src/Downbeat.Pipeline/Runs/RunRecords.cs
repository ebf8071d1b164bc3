using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Ledger;

namespace Downbeat.Pipeline.Runs;

/// <summary>The records that runs leave in <c>runs/</c>.</summary>
static class RunRecords
{
    /// <summary>An id that sorts by time and that no other run has.</summary>
    public static string NewId(TimeProvider clock) =>
        clock.GetUtcNow().ToString("yyyyMMdd'T'HHmmss'Z-'", CultureInfo.InvariantCulture)
        + RandomNumberGenerator.GetString("abcdefghijkmnpqrstuvwxyz23456789", 4);

    /// <summary>Writes a record, replacing the one of the same run.</summary>
    public static void Write(ILake lake, RunRecord record) =>
        lake.Put([
            (LakePaths.Run(record.Id), JsonSerializer.SerializeToUtf8Bytes(record, LakeJson.Readable.RunRecord)),
        ]);

    /// <summary>The record of the last run; null where there is none, or none that can be read.</summary>
    public static RunRecord? FindLast(ILake lake)
    {
        if (lake.List(LakePaths.Runs) is not [.., var last])
        {
            return null;
        }

        try
        {
            using var stream = lake.Open(last.Path);
            return JsonSerializer.Deserialize(stream, LakeJson.Readable.RunRecord);
        }
        catch (JsonException)
        {
            return null; // It is for people only.
        }
    }
}
