using System.Collections.Concurrent;
using System.Diagnostics;

namespace Downbeat.Testing.Servers;

/// <summary>
/// A server that tests need, started by a script in <c>tests/servers</c> when the first test asks for it, and shared by
/// all tests of the process. The script serves until its standard input ends, which happens however this process ends.
/// </summary>
public sealed class TestServer
{
    const int CannotRunHere = 77;

    static readonly ConcurrentDictionary<string, Lazy<TestServer>> Started = new(StringComparer.Ordinal);

    TestServer(string[] facts, string? whyNot) => (Facts, WhyNot) = (facts, whyNot);

    /// <summary>What the script said of it: its address, keys and the like.</summary>
    public IReadOnlyList<string> Facts { get; }

    /// <summary>Why it cannot run on this machine: tests that need it are skipped. Null when it runs.</summary>
    public string? WhyNot { get; }

    /// <summary>The server of a script, which is started now if it was not before.</summary>
    public static TestServer Get(string script) => Started.GetOrAdd(script, name => new(() => Start(name))).Value;

    static TestServer Start(string script)
    {
        var process = Process.Start(
            new ProcessStartInfo(Path.Combine(Repository.Folder, "tests", "servers", script))
            {
                UseShellExecute = false,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            }
        )!;
        var error = process.StandardError.ReadToEndAsync();
        if (process.StandardOutput.ReadLine()?.Split(' ') is ["ready", .. var facts])
        {
            AppDomain.CurrentDomain.ProcessExit += (_, _) =>
            {
                process.StandardInput.Close();
                process.WaitForExit(TimeSpan.FromSeconds(20));
            };
            return new(facts, null);
        }

        process.WaitForExit();
        var why = $"tests/servers/{script}: {error.GetAwaiter().GetResult().Trim()}";
        return process.ExitCode == CannotRunHere && Environment.GetEnvironmentVariable("CI") is not "true"
            ? new([], why)
            : throw new InvalidOperationException($"{why} (exit code {process.ExitCode})");
    }
}
