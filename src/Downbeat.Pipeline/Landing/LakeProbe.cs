using Downbeat.Pipeline.Ledger;
using Downbeat.Pipeline.Publish;

namespace Downbeat.Pipeline.Landing;

/// <summary>Tries on a lake all that a run does to one, with an object that is gone afterwards.</summary>
public static class LakeProbe
{
    /// <summary>Tries it.</summary>
    /// <returns>What was tried, one after the other, until something failed.</returns>
    public static IReadOnlyList<Finding> Check(ILake lake)
    {
        ArgumentNullException.ThrowIfNull(lake);
        var findings = new List<Finding>();
        var name = $"probe-{Guid.NewGuid():N}.tmp"; // Never taken for input, nor for anything else.
        var (landed, archived) = ($"{LakePaths.Streams}/{name}", $"{LakePaths.Archive}/{name}");
        var ledger = $"{LakePaths.Ledger}/{name}";
        byte[] bytes = [1, 2, 3];
        (string What, Func<bool> Try)[] steps =
        [
            ("ledger", () => LakeLedger.Open(lake, "check", TimeProvider.System).State.Version >= 0),
            ("list landing", () => lake.List(LakePaths.Streams) is not null),
            ("write", () => Put(lake, $"{LakePaths.Kpis}/{name}", bytes)),
            ("read", () => Read(lake, $"{LakePaths.Kpis}/{name}").SequenceEqual(bytes)),
            ("put if absent", () => lake.PutIfAbsent(ledger, bytes) && !lake.PutIfAbsent(ledger, bytes)),
            (
                "archive",
                () =>
                    Put(lake, landed, bytes)
                    && lake.Move(lake.Find(landed)!, null, archived)
                    && lake.Find(landed) is null
            ),
        ];
        try
        {
            foreach (var (what, tried) in steps)
            {
                try
                {
                    findings.Add(new(what, tried() ? null : "it did not do what a lake needs."));
                }
                catch (Exception error) when (error is IOException or UnauthorizedAccessException)
                {
                    findings.Add(new(what, error.Message));
                }

                if (findings[^1].Problem is not null)
                {
                    break;
                }
            }
        }
        finally
        {
            findings.Add(new("delete", TryDelete(lake, landed, archived, ledger, $"{LakePaths.Kpis}/{name}")));
        }

        return findings;
    }

    static bool Put(ILake lake, string path, byte[] bytes)
    {
        lake.Put([(path, bytes)]);
        return true;
    }

    static byte[] Read(ILake lake, string path)
    {
        using var stream = lake.Open(path);
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }

    static string? TryDelete(ILake lake, params string[] paths)
    {
        string? problem = null;
        foreach (var path in paths)
        {
            try
            {
                lake.Delete(path);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                problem = error.Message;
            }
        }

        return problem;
    }
}
