using System.Globalization;
using Downbeat.Testing;
using Downbeat.Testing.Simulation;

namespace Downbeat.Pipeline.Tests.Simulation;

/// <summary>Whatever goes wrong on the way, the answer is that of the listens. What is simulated is in <c>docs/reliability.md</c>.</summary>
public sealed class SimulationTests
{
    const int Seeds = 600;

    /// <summary>A file system in memory, as Linux has one: scratch files are many and small.</summary>
    const string Memory = "/dev/shm";

    [Fact]
    public void NothingIsLostAndNothingCountsTwiceWhateverGoesWrong()
    {
        var counts = new SortedDictionary<string, long>(StringComparer.Ordinal);
        RandomRounds.Run(
            Seeds,
            random =>
            {
                var (error, simulation) = Simulate(random.Next());
                foreach (var (what, count) in simulation.Counts)
                {
                    counts[what] = counts.GetValueOrDefault(what) + count;
                }

                counts["seeds"] = counts.GetValueOrDefault("seeds") + 1;
                Assert.True(error is null, error is null ? "" : Story(error, simulation));
            }
        );
        TestReport.Set("simulation", [.. counts.Select(count => (count.Key, count.Value))]);
        string[] tried =
        [
            "crashes before an operation",
            "crashes during a write",
            "crashes after a write",
            "machine crashes",
            "torn writes",
            "writes applied but reported failed",
            "stalls",
            "clock jumps",
            "runs beside another",
            "listing lags",
        ];
        Assert.All(tried, what => Assert.True(counts.GetValueOrDefault(what) > 0, $"Not once: {what}."));
    }

    [Fact]
    public void ASeedMakesTheSameHappenAgain()
    {
        for (var seed = 0; seed < 20; seed++)
        {
            Assert.Equal(Simulate(seed).World.Trace, Simulate(seed).World.Trace);
        }
    }

    static (Exception? Error, SimWorld World) Simulate(int seed)
    {
        using var simulation = new SimWorld(
            seed,
            Path.Combine(Directory.Exists(Memory) ? Memory : Path.GetTempPath(), $"downbeat-sim-{Guid.NewGuid():N}")
        );
        return (Record.Exception(simulation.Run), simulation);
    }

    static string Story(Exception error, SimWorld simulation)
    {
        const int Shown = 400;
        var trace = simulation.Trace;
        var cut = trace.Count > Shown ? $"({trace.Count - Shown} lines before)\n" : "";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{error}\n{cut}{string.Join('\n', trace.TakeLast(Shown))}\n{error.Message}"
        );
    }
}
