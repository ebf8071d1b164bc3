using System.CommandLine;
using Downbeat.Cli.Output;
using Downbeat.Pipeline.Archive;
using Downbeat.Pipeline.Ledger;

namespace Downbeat.Cli.Commands;

/// <summary><c>downbeat sweep</c>.</summary>
static class SweepCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var command = new Command(
            "sweep",
            "Deletes what no date needs: leftovers of runs that died, what newer versions have replaced, and what is older than the settings "
                + "keepArchiveDays, keepQuarantineDays, keepRetractedDays and keepRunsDays keep it; without them all of that stays."
        );
        var dryRun = Confirmation.AddDryRunTo(command);
        var yes = Confirmation.AddYesTo(command);
        var json = JsonOption.AddTo(command);
        var arguments = LakeArguments.AddWithSettingsTo(command);
        command.SetAction(parsed =>
        {
            using var lake = arguments.OpenWithDestinations(parsed);
            using var stop = new Stop();
            var sweep = new Sweep(lake.Lake, lake.Options, TimeProvider.System, new ConsoleLogger());
            var isDry = parsed.GetValue(dryRun);
            var report = isDry || !parsed.GetValue(yes) ? sweep.Plan(stop.Token) : null;
            if (!isDry)
            {
                if (report is { Objects: [_, ..] objects })
                {
                    var cost = CostOf(objects);
                    Confirmation.Ask($"delete {Said(objects)} for good{(cost is null ? "" : $"; {cost}")}");
                }

                report = report is { Objects.Count: 0 } ? report with { DryRun = false } : sweep.Run(stop.Token);
            }

            if (parsed.GetValue(json))
            {
                CliJson.Write(report!, LakeJson.Readable.SweepReport);
            }
            else
            {
                Write(report!);
            }

            return ExitCode.Done;
        });
        return command;
    }

    static void Write(SweepReport report)
    {
        if (report.Objects.Count > 0)
        {
            var table = new TextTable(
                new("what", MayWrap: true),
                new("objects", IsNumber: true),
                new("bytes", IsNumber: true),
                new("for example", MayWrap: true)
            );
            foreach (var why in report.Objects.GroupBy(one => one.Why).OrderBy(why => why.Key))
            {
                table.Add(
                    Text(why.Key),
                    Figures.Count(why.Count()),
                    Figures.Bytes(why.Sum(one => one.Size)),
                    why.Select(one => one.Path).Min(StringComparer.Ordinal)!
                );
            }

            table.Show();
        }

        foreach (var path in report.Needed)
        {
            Terminal.Line(
                $"{SafeText.Of(path)} stays: slices of it are missing or damaged, and `{CommandLine.Name} repair` makes them again from it"
            );
        }

        if (report.DryRun && CostOf(report.Objects) is { } cost)
        {
            Terminal.Line(cost);
        }

        Terminal.Line(
            report.Objects.Count == 0 ? "nothing to delete"
            : report.DryRun ? $"{Said(report.Objects)} would be deleted; nothing was changed"
            : $"{Said(report.Objects)} deleted"
        );
    }

    static string Said(IReadOnlyList<SweptObject> objects) =>
        $"{Figures.Count(objects.Count, "object")}, {Figures.Bytes(objects.Sum(one => one.Size))}";

    static string? CostOf(IReadOnlyList<SweptObject> objects) =>
        objects.Any(one => one.Why == SweepReason.Archive)
            ? "without its raw file a damaged slice cannot be made again"
            : null;

    static string Text(SweepReason why) =>
        why switch
        {
            SweepReason.LeftOver => "left over: no commit names it",
            SweepReason.OldCatalogue => "songs and users of earlier versions",
            SweepReason.Replaced => "slices of files that a newer version replaced",
            SweepReason.Compacted => "compacted slices that are read no more",
            SweepReason.Archive => "raw files older than keepArchiveDays",
            SweepReason.Retracted => "retracted longer ago than keepRetractedDays",
            SweepReason.Quarantine => "in quarantine longer than keepQuarantineDays",
            _ => "records of runs older than keepRunsDays",
        };
}
