using Downbeat.Testing.Crash;

namespace Downbeat.Cli.Tests.Crash;

/// <summary>The lake that each test of a class copies, and what an undisturbed run makes of it.</summary>
public sealed class CrashFixture : IDisposable
{
    public CrashFixture()
    {
        After = Before.Copy();
        (var result, Points) = CrashPoints.Count(After.Cli, "run");
        Assert.True(result.ExitCode == 3, result.Error);
        Expected = After.Outcome();
    }

    /// <summary>How many write boundaries the run crosses.</summary>
    public int Points { get; }

    internal CrashLake Before { get; } = CrashLake.New();

    internal CrashLake After { get; }

    internal SortedDictionary<string, string> Expected { get; }

    public void Dispose()
    {
        Before.Dispose();
        After.Dispose();
    }
}
