using System.Diagnostics;
using System.Text;

namespace Downbeat.Testing;

/// <summary>Starts the command line as a user does: as a process of its own, in a folder, with arguments and variables.</summary>
public sealed class CliRunner
{
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    static readonly string[] Ours = ["DOWNBEAT_", "OTEL_", "OPENLINEAGE", "TRACEPARENT"];

    readonly string folder;

    /// <summary>Starts in a folder.</summary>
    public CliRunner(string folder) => this.folder = folder;

    /// <summary>Variables to start with, besides those there are.</summary>
    public Dictionary<string, string> Variables { get; } = new(StringComparer.Ordinal);

    /// <summary>The program.</summary>
    public string Program { get; set; } = Path.Combine(AppContext.BaseDirectory, "downbeat.dll");

    /// <summary>What starts the program, and is given it and its arguments: <c>sh -c …</c>.</summary>
    public IReadOnlyList<string> Prefix { get; set; } = [];

    /// <summary>Runs to the end.</summary>
    public CliResult Run(params string[] arguments)
    {
        using var process = Start(arguments);
        var error = process.StandardError.ReadToEndAsync();
        using var output = new MemoryStream();
        process.StandardOutput.BaseStream.CopyTo(output);
        if (!process.WaitForExit(Patience))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"downbeat {string.Join(' ', arguments)} did not end.");
        }

        return new(process.ExitCode, Encoding.UTF8.GetString(output.ToArray()), error.GetAwaiter().GetResult());
    }

    /// <summary>Starts without waiting; the caller reads both outputs.</summary>
    public Process Start(params string[] arguments)
    {
        var dotnet =
            Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet";
        string[] command = [.. Prefix, dotnet, Program, .. arguments];
        var start = new ProcessStartInfo(command[0])
        {
            UseShellExecute = false,
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
        };
        foreach (var argument in command.AsSpan(1))
        {
            start.ArgumentList.Add(argument);
        }

        // What whoever runs the tests has set is not part of the test.
        foreach (
            var name in start
                .Environment.Keys.Where(name =>
                    Array.Exists(Ours, ours => name.StartsWith(ours, StringComparison.Ordinal))
                )
                .ToList()
        )
        {
            start.Environment.Remove(name);
        }

        foreach (var (name, value) in Variables)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start) ?? throw new InvalidOperationException("dotnet did not start.");
    }
}

/// <summary>How a command ended, and what it said.</summary>
public sealed record CliResult(int ExitCode, string Output, string Error);
