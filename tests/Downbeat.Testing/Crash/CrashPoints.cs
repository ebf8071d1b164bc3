using System.Globalization;

namespace Downbeat.Testing.Crash;

/// <summary>The write boundaries at which a process is killed, and how often the outcome was wrong.</summary>
public static class CrashPoints
{
    /// <summary>How a process ends that was killed.</summary>
    const int Killed = 128 + 9;

    /// <summary>Runs a command to its end, and says how many write boundaries it crossed.</summary>
    public static (CliResult Result, int Points) Count(CliRunner cli, params string[] arguments)
    {
        ArgumentNullException.ThrowIfNull(cli);
        var file = Path.GetTempFileName();
        try
        {
            cli.Variables["DOWNBEAT_TEST_BOUNDARIES"] = file;
            var result = cli.Run(arguments);
            return (result, File.ReadLines(file).Count());
        }
        finally
        {
            cli.Variables.Remove("DOWNBEAT_TEST_BOUNDARIES");
            File.Delete(file);
        }
    }

    /// <summary>Starts a command that is killed at a write boundary; false when it ended before.</summary>
    public static bool Kill(CliRunner cli, int point, params string[] arguments)
    {
        ArgumentNullException.ThrowIfNull(cli);
        cli.Variables["DOWNBEAT_TEST_KILL_AT"] = point.ToString(CultureInfo.InvariantCulture);
        cli.Variables["DOTNET_EnableDiagnostics"] = "0"; // The runtime would leave sockets behind.
        try
        {
            return cli.Run(arguments).ExitCode == Killed;
        }
        finally
        {
            cli.Variables.Remove("DOWNBEAT_TEST_KILL_AT");
            cli.Variables.Remove("DOTNET_EnableDiagnostics");
        }
    }

    /// <summary>All points when soaking, else so many of them, spread over the run.</summary>
    public static IReadOnlyList<int> Choose(int points, int atMost, Random random)
    {
        ArgumentNullException.ThrowIfNull(random);
        return RandomRounds.IsSoak || points <= atMost
            ? [.. Enumerable.Range(1, points)]
            :
            [
                .. Enumerable
                    .Range(0, atMost)
                    .Select(part => 1 + (part * points / atMost) + random.Next(points / atMost)),
            ];
    }
}
