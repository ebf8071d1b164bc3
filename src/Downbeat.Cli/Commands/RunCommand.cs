using System.CommandLine;
using Downbeat.Cli.Output;
using Downbeat.Engine;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Ledger;
using Downbeat.Pipeline.Runs;

namespace Downbeat.Cli.Commands;

/// <summary><c>downbeat run</c>.</summary>
static class RunCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var command = new Command(
            "run",
            "Does what `plan` shows: scans what has landed, computes the dates concerned, publishes their tables under kpis/, and moves "
                + "scanned files to the archive. A run that was stopped or died is completed by the next one."
        );
        var json = JsonOption.AddTo(command);
        var arguments = LakeArguments.AddWithSettingsTo(command);
        command.SetAction(parsed =>
        {
            WarmUp.Start();
            var (lake, options) = arguments.Open(parsed);
            return Run(lake, options, null, parsed.GetValue(json));
        });
        return command;
    }

    /// <summary>Runs, and tells what was done.</summary>
    public static int Run(ILake lake, RunOptions options, RunRequest? request, bool asJson)
    {
        using var stop = new Stop();
        var record = ProgressDisplay.Show(progress =>
            new Reconciliation(lake, options, TimeProvider.System, new ConsoleLogger(), progress).Run(
                request,
                stop.Token
            )
        );
        if (asJson)
        {
            CliJson.Write(record, LakeJson.Readable.RunRecord);
        }
        else
        {
            RunReport.Write(record);
            if (record.Outcome == RunOutcome.NothingToDo)
            {
                PlanCommand.WriteLeft(
                    new Reconciliation(lake, options, TimeProvider.System, new ConsoleLogger()).Plan(stop.Token).Leave
                );
            }
        }

        if (record.Outcome == RunOutcome.Stopped)
        {
            ConsoleLogger.Write(Microsoft.Extensions.Logging.LogLevel.Error, "stopped; the next run goes on");
        }

        return record.Outcome switch
        {
            RunOutcome.NothingToDo => ExitCode.Done,
            RunOutcome.Done => record.Quarantined > 0 || record.Scanned.Any(file => file.Fault is not null)
                ? ExitCode.Quarantined
                : ExitCode.Done,
            _ => ExitCode.Failed,
        };
    }
}
