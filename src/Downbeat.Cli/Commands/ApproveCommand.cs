using System.CommandLine;
using Downbeat.Pipeline.Quality;

namespace Downbeat.Cli.Commands;

/// <summary><c>downbeat approve</c>.</summary>
static class ApproveCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var command = new Command(
            "approve",
            "Lets dates through that are held back, as they are, and does what else there is to do. Another file of such a date "
                + "makes it be judged anew. Example: downbeat approve 2024-06-25"
        );
        var dates = new Argument<string[]>("DATE")
        {
            Arity = ArgumentArity.OneOrMore,
            Description = "A date that is held back, like 2024-06-25; `quality` shows which are, and why.",
        };
        command.Add(dates);
        var json = JsonOption.AddTo(command);
        var arguments = LakeArguments.AddWithSettingsTo(command);
        command.SetAction(parsed =>
        {
            var approved = (parsed.GetValue(dates) ?? [])
                .Select(date => DateText.Parse(date, "DATE"))
                .Distinct()
                .Order()
                .ToList();
            using var lake = arguments.OpenWithDestinations(parsed);
            Approval.Check(lake.Lake, approved, TimeProvider.System);
            return RunCommand.Run(lake, new() { Approve = approved }, parsed.GetValue(json));
        });
        return command;
    }
}
