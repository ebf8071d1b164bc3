using System.Text.Json;
using Downbeat.Cli.Output;
using Downbeat.Pipeline.Runs;

namespace Downbeat.Cli.Tests.Output;

/// <summary>The line that one step hands to the next.</summary>
public sealed class RunResultTests
{
    [Fact]
    public void ItIsSmallWhateverTheNumberOfFilesAndDates()
    {
        var first = new DateOnly(2000, 1, 1);
        var record = new RunRecord
        {
            Id = "20240625T101500Z-k3fx",
            Lake = "lake",
            Version = "",
            Host = "",
            ProcessId = 1,
            Started = default,
            Scanned =
            [
                .. Enumerable
                    .Range(0, 10_000)
                    .Select(file => new ScannedFile(
                        $"landing/streams/{file}.csv",
                        "",
                        1,
                        2,
                        1,
                        0,
                        1,
                        new Dictionary<string, long>(StringComparer.Ordinal),
                        null,
                        null,
                        1
                    )),
            ],
            Stale = [.. Enumerable.Range(0, 5_000).Select(day => first.AddDays(2 * day))],
            Errors = [.. Enumerable.Range(0, 10_000).Select(error => new string('x', 10_000))],
        };
        var line = JsonSerializer.Serialize(RunResult.Of(record, 1), CliJson.Line.RunResult);
        Assert.InRange(line.Length, 100, 12_000);
        Assert.DoesNotContain('\n', line);
        Assert.Contains("\"files\":10000,\"rows\":20000", line, StringComparison.Ordinal);
        Assert.Contains("2000-01-01..2027-05-17", line, StringComparison.Ordinal);
    }

    [Fact]
    public void DatesThatFollowEachOtherAreOneRange()
    {
        DateOnly[] dates = [new(2024, 2, 28), new(2024, 2, 29), new(2024, 3, 1), new(2024, 3, 3)];
        Assert.Equal(["2024-02-28..2024-03-01", "2024-03-03"], RunResult.Ranges(dates));
        Assert.Empty(RunResult.Ranges([]));
    }
}
