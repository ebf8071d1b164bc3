using System.CommandLine;
using Downbeat.Cli.Output;

namespace Downbeat.Cli.Commands;

/// <summary><c>downbeat rebuild</c>.</summary>
static class RebuildCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var command = new Command(
            "rebuild",
            "Computes dates again with the songs and users as of now, and does what else there is to do. No file is scanned again. "
                + "Example: downbeat rebuild --from 2024-06-25 --to 2024-06-27"
        );
        var from = DateText.Option("--from", "The first date.", isRequired: true);
        var to = DateText.Option("--to", "The last date.", isRequired: true);
        command.Add(from);
        command.Add(to);
        var json = JsonOption.AddTo(command);
        var arguments = LakeArguments.AddWithSettingsTo(command);
        command.SetAction(parsed =>
        {
            var first = DateText.Parse(parsed.GetValue(from) ?? "", "--from");
            var last = DateText.Parse(parsed.GetValue(to) ?? "", "--to");
            if (last < first)
            {
                throw new UsageException("--to lies before --from.");
            }

            using var lake = arguments.OpenWithDestinations(parsed);
            PublishedDates.Check(lake.Lake, first, last);
            return RunCommand.Run(lake, new() { Rebuild = (first, last) }, parsed.GetValue(json));
        });
        return command;
    }
}
