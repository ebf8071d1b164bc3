using System.CommandLine;
using Downbeat.Cli.Output;
using Downbeat.Pipeline.Ledger;
using Downbeat.Pipeline.Repair;

namespace Downbeat.Cli.Commands;

/// <summary><c>downbeat repair</c>.</summary>
static class RepairCommand
{
    const int Shown = 50;

    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var command = new Command(
            "repair",
            "Looks at every byte of the lake and reads back what warehouses hold; makes again what is damaged or missing, from the raw "
                + "files and what else is whole. Raw files are never deleted. Exits with 1 when something cannot be mended."
        );
        var dryRun = new Option<bool>("--dry-run")
        {
            Description = "Only look, and change nothing. Exits with 4 when there is something to mend.",
        };
        var republish = new Option<bool>("--republish")
        {
            Description = "Publish all dates to all destinations again, those that cannot be read back too.",
        };
        command.Add(dryRun);
        command.Add(republish);
        var json = JsonOption.AddTo(command);
        var arguments = LakeArguments.AddWithSettingsTo(command);
        command.SetAction(parsed =>
        {
            using var lake = arguments.OpenToRepair(parsed);
            using var stop = new Stop();
            var report = ProgressDisplay.Show(progress =>
                new LakeRepair(
                    lake.Lake,
                    lake.Options,
                    TimeProvider.System,
                    new ConsoleLogger(),
                    progress,
                    lake.Destinations,
                    lake.Source
                ).Run(new(parsed.GetValue(dryRun), parsed.GetValue(republish)), stop.Token)
            );
            if (parsed.GetValue(json))
            {
                CliJson.Write(report, LakeJson.Readable.RepairReport);
            }
            else
            {
                Write(report);
            }

            return report.HasUnmended ? ExitCode.Failed
                : report.HasToMend ? ExitCode.HasWork
                : ExitCode.Done;
        });
        return command;
    }

    static void Write(RepairReport report)
    {
        var looked = $"looked at {Figures.Count(report.Objects, "object")}, {Figures.Bytes(report.Bytes)}";
        if (report.Findings.Count == 0)
        {
            Terminal.Line($"nothing to mend: {looked}, and {SafeText.Of(report.Lake)} is as it should be");
            return;
        }

        var table = new TextTable(
            new("result"),
            new("what", MayWrap: true),
            new("wrong", MayWrap: true),
            new("cure", MayWrap: true)
        );
        foreach (var finding in report.Findings.OrderByDescending(Weight).Take(Shown))
        {
            table.Add(
                finding.Outcome switch
                {
                    RepairOutcome.Mended => "mended",
                    RepairOutcome.ToMend => "to mend",
                    RepairOutcome.NotMended => "not mended",
                    _ => "noted",
                },
                finding.Path,
                finding.Wrong,
                finding.Cure
            );
        }

        var rest = report.Findings.Count - Shown;
        if (rest > 0)
        {
            table.Add("", Figures.Count(rest, "more finding"), "", "--json lists all");
        }

        table.Show();
        var unmended = report.Findings.Count(finding => finding.Outcome == RepairOutcome.NotMended);
        Terminal.Line(
            $"{looked}: "
                + (
                    unmended > 0 ? $"{Figures.Count(unmended, "finding")} not mended, and it says above what to do"
                    : report.HasToMend ? $"`{CommandLine.Name} repair` mends it"
                    : "all is as it should be"
                )
        );
    }

    /// <summary>What someone has to do comes first.</summary>
    static int Weight(RepairFinding finding) =>
        finding.Outcome switch
        {
            RepairOutcome.NotMended => 3,
            RepairOutcome.ToMend => 2,
            RepairOutcome.Mended => 1,
            _ => 0,
        };
}
