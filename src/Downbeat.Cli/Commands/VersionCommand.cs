using System.CommandLine;
using System.CommandLine.Invocation;
using Downbeat.Cli.Output;

namespace Downbeat.Cli.Commands;

/// <summary><c>downbeat version</c>.</summary>
static class VersionCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var command = new Command("version", "Shows the versions of Downbeat, .NET and the system, and how it scans.");
        var json = JsonOption.AddTo(command);
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(json))
            {
                CliJson.Write(VersionFacts.Find(), CliJson.Readable.VersionFacts);
            }
            else
            {
                Write();
            }

            return ExitCode.Done;
        });
        return command;
    }

    static void Write()
    {
        var facts = VersionFacts.Find();
        Terminal.Line($"Downbeat {facts.Version}");
        Terminal.Line(facts.Framework);
        Terminal.Line($"{facts.System} ({facts.Platform})");
        Terminal.Line($"scan kernel {facts.ScanKernel} (this machine has {string.Join(", ", facts.ScanKernels)})");
    }

    /// <summary>Shows the same for <c>--version</c>.</summary>
    public sealed class Action : SynchronousCommandLineAction
    {
        /// <inheritdoc/>
        public override int Invoke(ParseResult parseResult)
        {
            Write();
            return ExitCode.Done;
        }
    }
}
