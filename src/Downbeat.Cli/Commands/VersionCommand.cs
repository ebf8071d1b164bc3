using System.CommandLine;
using System.CommandLine.Invocation;
using System.Runtime.InteropServices;
using Downbeat.Cli.Output;
using Downbeat.Pipeline.Runs;

namespace Downbeat.Cli.Commands;

/// <summary><c>downbeat version</c>.</summary>
static class VersionCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create() =>
        new("version", "Shows the versions of Downbeat, .NET and the system.") { Action = new Action() };

    /// <summary>Shows the versions.</summary>
    public sealed class Action : SynchronousCommandLineAction
    {
        /// <inheritdoc/>
        public override int Invoke(ParseResult parseResult)
        {
            Terminal.Line($"Downbeat {Reconciliation.Version}");
            Terminal.Line(RuntimeInformation.FrameworkDescription);
            Terminal.Line($"{RuntimeInformation.OSDescription} ({RuntimeInformation.RuntimeIdentifier})");
            return ExitCode.Done;
        }
    }
}
