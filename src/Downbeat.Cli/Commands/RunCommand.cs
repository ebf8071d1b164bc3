using System.CommandLine;
using Downbeat.Cli.Output;
using Downbeat.Cli.Settings;
using Downbeat.Cli.Telemetry;
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
            "Does what `plan` shows: scans what has landed, computes the dates concerned, publishes their tables under kpis/ and "
                + "to all destinations, and moves scanned files to the archive. A run that was stopped or died is completed by the next one."
        );
        var json = JsonOption.AddTo(command);
        var (create, takeOver) = AddDestinationOptionsTo(command);
        var fullCatalogue = new Option<bool>("--full-catalogue")
        {
            Description =
                "Read all rows of songs and users from their database, and not only changed ones: rows that were deleted there go.",
        };
        command.Add(fullCatalogue);
        var steps = StepOptions.AddTo(command);
        var arguments = LakeArguments.AddWithSettingsTo(command);
        command.SetAction(parsed =>
        {
            using var lake = arguments.OpenWithDestinations(parsed);
            var request = steps.Read(parsed, [.. lake.Destinations.Select(destination => destination.Name)]);
            return Run(
                lake,
                request with
                {
                    Create = parsed.GetValue(create),
                    TakeOver = parsed.GetValue(takeOver),
                    FullCatalogue = parsed.GetValue(fullCatalogue),
                },
                parsed.GetValue(json),
                steps.WantsResult(parsed)
            );
        });
        return command;
    }

    static (Option<bool> Create, Option<bool> TakeOver) AddDestinationOptionsTo(Command command)
    {
        var create = new Option<bool>("--create")
        {
            Description =
                "Make tables of destinations that cost money as they stand (DynamoDB); others are made when missing.",
        };
        var takeOver = new Option<bool>("--take-over")
        {
            Description =
                "Make destinations that belong to another lake this one's; dates that only the other lake had are removed there.",
        };
        command.Add(create);
        command.Add(takeOver);
        return (create, takeOver);
    }

    /// <summary>Runs, and tells what was done.</summary>
    public static int Run(LakeInUse lake, RunRequest request, bool asJson, bool asResult = false)
    {
        using var telemetry = TelemetryExport.StartIfAsked(new ConsoleLogger(), () => TelemetryExport.Patience);
        using var stop = new Stop();
        request = request with { TraceParent = TelemetryExport.TraceParent };
        var record = ProgressDisplay.Show(progress => lake.Reconciliation(progress).Run(request, stop.Token));
        var exitCode = ExitCodeOf(record);
        if (asResult)
        {
            CliJson.Write(RunResult.Of(record, exitCode), CliJson.Line.RunResult);
        }
        else if (asJson)
        {
            CliJson.Write(record, LakeJson.Readable.RunRecord);
        }
        else
        {
            RunReport.Write(record);
            if (record.Outcome == RunOutcome.NothingToDo && request.Only is null)
            {
                PlanCommand.WriteLeft(lake.Reconciliation().Plan(stop.Token).Leave);
            }
        }

        if (record.Outcome == RunOutcome.Stopped)
        {
            ConsoleLogger.Write(Microsoft.Extensions.Logging.LogLevel.Error, "stopped; the next run goes on");
        }

        return exitCode;
    }

    static int ExitCodeOf(RunRecord record) =>
        record.Outcome switch
        {
            RunOutcome.NothingToDo => ExitCode.Done,
            RunOutcome.Done => record.Quarantined > 0
            || record.Scanned.Any(file => file.Fault is not null)
            || record.Dates.Any(date => date.IsHeld)
                ? ExitCode.Quarantined
                : ExitCode.Done,
            _ => ExitCode.Failed,
        };
}
