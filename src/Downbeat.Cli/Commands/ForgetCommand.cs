using System.CommandLine;
using System.Globalization;
using System.Text;
using Downbeat.Cli.Output;
using Downbeat.Engine.Listens;

namespace Downbeat.Cli.Commands;

/// <summary><c>downbeat forget</c>.</summary>
static class ForgetCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var command = new Command(
            "forget",
            "Removes users from slices, raw files, quarantine and the users as last read, and restates the dates concerned. "
                + "It runs first, so that what has landed is searched too. This cannot be undone. Example: downbeat forget --users-file ids.txt"
        );
        var user = new Option<string[]>("--user")
        {
            HelpName = "ID",
            Description =
                "A user's id; may be given several times. Command lines are seen by others, and kept: a file is better.",
        };
        var file = new Option<string?>("--users-file")
        {
            HelpName = "FILE",
            Description = "A file of ids, one a line.",
        };
        command.Add(user);
        command.Add(file);
        var dryRun = Confirmation.AddDryRunTo(command);
        var yes = Confirmation.AddYesTo(command);
        var json = JsonOption.AddTo(command);
        var arguments = LakeArguments.AddWithSettingsTo(command);
        command.SetAction(parsed =>
        {
            var users = ReadUsers(parsed.GetValue(user) ?? [], parsed.GetValue(file));
            using var lake = arguments.OpenWithDestinations(parsed);
            var asJson = parsed.GetValue(json);
            if (parsed.GetValue(dryRun))
            {
                using var stop = new Stop();
                var report = ProgressDisplay.Show(progress =>
                    lake.Reconciliation(progress).PlanForgetting(users, stop.Token)
                );
                if (asJson)
                {
                    CliJson.Write(report, CliJson.Readable.ForgetReport);
                }
                else
                {
                    RunReport.WriteForgotten(report);
                    Terminal.Line("nothing was changed");
                }

                return ExitCode.Done;
            }

            if (!parsed.GetValue(yes))
            {
                Confirmation.Ask(
                    $"remove {Figures.Count(users.Count, "user")} from {SafeText.Of(lake.Lake.Name)} for good"
                );
            }

            return RunCommand.Run(lake, new() { Forget = users }, asJson);
        });
        return command;
    }

    static HashSet<ulong> ReadUsers(string[] given, string? file)
    {
        var users = new HashSet<ulong>();
        foreach (var text in given)
        {
            users.Add(
                Parse(text)
                    ?? throw new UsageException(
                        $"--user: {SafeText.Of(text)} is no id: a whole number from 0 to 2^63-1."
                    )
            );
        }

        if (file is not null)
        {
            if (!File.Exists(file))
            {
                throw new UsageException($"--users-file: there is no file {SafeText.Of(file)}.");
            }

            var number = 0;
            foreach (var line in File.ReadLines(file))
            {
                number++;
                var text = line.Trim();
                if (text.Length > 0)
                {
                    users.Add(
                        Parse(text)
                            ?? throw new UsageException(
                                string.Create(
                                    CultureInfo.InvariantCulture,
                                    $"--users-file: line {number} of {SafeText.Of(file)} is no id: a whole number from 0 to 2^63-1."
                                )
                            )
                    );
                }
            }
        }

        return users.Count > 0
            ? users
            : throw new UsageException("name users by --user ID, or by --users-file FILE with one id a line.");
    }

    static ulong? Parse(string text) => UserId.TryParse(Encoding.UTF8.GetBytes(text), out var user) ? user.Value : null;
}
