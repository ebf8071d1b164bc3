using System.CommandLine;
using Downbeat.Cli.Output;
using Downbeat.Pipeline.Corrections;

namespace Downbeat.Cli.Commands;

/// <summary><c>downbeat retract</c>.</summary>
static class RetractCommand
{
    const int DatesShown = 20;

    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var command = new Command(
            "retract",
            "Takes the listens of a delivered file out again, those that no other file delivered, and does what else there is to do. "
                + "The file moves to retracted/streams/. Delivered again, it counts again."
        );
        var source = new Argument<string>("SOURCE")
        {
            Description = "The id that `explain` shows, the beginning of it, or the file's name.",
        };
        var undo = new Option<bool>("--undo") { Description = "Take the listens of a retracted file back in." };
        command.Add(source);
        command.Add(undo);
        var dryRun = Confirmation.AddDryRunTo(command);
        var yes = Confirmation.AddYesTo(command);
        var json = JsonOption.AddTo(command);
        var arguments = LakeArguments.AddWithSettingsTo(command);
        command.SetAction(parsed =>
        {
            if (string.IsNullOrEmpty(parsed.GetValue(source)))
            {
                throw new UsageException(
                    "retract needs a source: its id, the beginning of it, or the name of its file."
                );
            }

            using var lake = arguments.OpenWithDestinations(parsed);
            var asJson = parsed.GetValue(json);
            var isUndo = parsed.GetValue(undo);
            var retraction = new Retraction(lake.Lake, TimeProvider.System);
            var plan = retraction.Find(parsed.GetValue(source) ?? "", isUndo);
            if (parsed.GetValue(dryRun))
            {
                using var stop = new Stop();
                plan = retraction.Measure(plan, stop.Token);
                if (asJson)
                {
                    CliJson.Write(plan, CliJson.Readable.RetractionPlan);
                }
                else
                {
                    WritePlan(plan, isUndo);
                }

                return ExitCode.Done;
            }

            if (!parsed.GetValue(yes))
            {
                var what = $"{Figures.Count(plan.Listens, "listen")} of {Figures.Count(plan.Dates.Count, "date")}";
                var path = SafeText.Of(plan.Path);
                Confirmation.Ask(isUndo ? $"take {path} back in, {what}" : $"retract {path}, {what}");
            }

            return RunCommand.Run(
                lake,
                isUndo ? new() { Restore = plan.Source } : new() { Retract = plan.Source },
                asJson
            );
        });
        return command;
    }

    static void WritePlan(RetractionPlan plan, bool isUndo)
    {
        var state =
            isUndo ? ", would be taken back in"
            : plan.IsRetracted ? " is retracted already"
            : ", would be retracted";
        Terminal.Line($"{SafeText.Of(plan.Path)} ({plan.Source}){state}");
        var table = new TextTable(
            new("date"),
            new("listens of the file", IsNumber: true),
            new("of the date with it", IsNumber: true),
            new("without it", IsNumber: true)
        );
        foreach (var date in plan.Dates.Take(DatesShown))
        {
            table.Add(
                Figures.Date(date.Date),
                Figures.Count(date.Listens),
                Figures.Count(date.ListensWith ?? 0),
                Figures.Count(date.ListensWithout ?? 0)
            );
        }

        if (plan.Dates.Count > DatesShown)
        {
            var rest = plan.Dates.Skip(DatesShown).ToList();
            table.Add(
                $"and {Figures.Count(rest.Count)} more",
                Figures.Count(rest.Sum(date => date.Listens)),
                Figures.Count(rest.Sum(date => date.ListensWith ?? 0)),
                Figures.Count(rest.Sum(date => date.ListensWithout ?? 0))
            );
        }

        table.Show();
        foreach (var mended in plan.Mended)
        {
            Terminal.Line($"rows of it that were mended landed as {SafeText.Of(mended)}, which goes on counting");
        }

        if (plan.Replaced.Count > 0 && !isUndo)
        {
            Terminal.Line("it took the place of an older version, which does not come back: land that one again");
        }

        Terminal.Line("nothing was changed");
    }
}
