using System.Diagnostics;

namespace Downbeat.Testing;

/// <summary>What .NET cannot make in a file system: pipes, sockets, names that are no text.</summary>
public static class Shell
{
    /// <summary>Does something in a folder with <c>sh</c>.</summary>
    public static void Run(string folder, string script)
    {
        using var process =
            Process.Start(new ProcessStartInfo("sh") { ArgumentList = { "-ec", script }, WorkingDirectory = folder })
            ?? throw new InvalidOperationException("sh did not start.");
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"sh exited with {process.ExitCode}: {script}");
        }
    }
}
