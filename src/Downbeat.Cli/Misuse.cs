using System.CommandLine;
using Downbeat.Cli.Output;
using Downbeat.Cli.Settings;
using Microsoft.Extensions.Logging;

namespace Downbeat.Cli;

/// <summary>A command line that cannot be understood: what is unknown, what may have been meant, what is missing.</summary>
static class Misuse
{
    /// <summary>Says what is wrong, and how to find out what is right.</summary>
    /// <returns>The exit code.</returns>
    public static int Tell(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        var known = command
            .Subcommands.Select(sub => sub.Name)
            .Concat(command.Options.Concat(parsed.RootCommandResult.Command.Options).Select(option => option.Name))
            .ToList();
        var told = new List<string>();
        void Say(string about, string message)
        {
            told.Add($"'{about}'");
            ConsoleLogger.Write(LogLevel.Error, message);
        }

        var afterUnknownOption = false;
        foreach (var token in parsed.UnmatchedTokens)
        {
            var isOption = token.StartsWith('-');
            if (afterUnknownOption && !isOption)
            {
                told.Add($"'{token}'"); // Its value, most likely.
            }
            else
            {
                var what =
                    isOption ? "option"
                    : command.Subcommands.Count > 0 ? "command"
                    : "argument";
                var below = command.Subcommands.FirstOrDefault(sub => sub.Options.Any(option => option.Name == token));
                Say(
                    token,
                    below is null
                        ? $"there is no {what} {token}{Spelling.Ask(token, known)}"
                        : $"{token} goes behind a command, as in `{string.Join(' ', Path(below))} {token} …`"
                );
            }

            afterUnknownOption = isOption;
        }

        foreach (
            var argument in command.Arguments.Where(argument =>
                argument.Arity.MinimumNumberOfValues > 0 && parsed.GetResult(argument) is not { Tokens.Count: > 0 }
            )
        )
        {
            Say(argument.Name, $"{argument.Name} is missing: {argument.Description}");
        }

        foreach (
            var option in command.Options.Where(option =>
                option.Required && parsed.GetResult(option) is not { Implicit: false }
            )
        )
        {
            Say(option.Name, $"{option.Name} is missing: {option.Description}");
        }

        foreach (
            var option in command.Options.Where(option =>
                parsed.GetResult(option) is { Implicit: false, Tokens.Count: 0 }
                && option.Arity.MinimumNumberOfValues > 0
            )
        )
        {
            Say(option.Name, $"{option.Name} needs a value: {option.Name} {option.HelpName}");
        }

        if (command is not RootCommand && command.Subcommands.Count > 0)
        {
            if (told.Count == 0)
            {
                Say(
                    "",
                    $"say which: {string.Join(", ", command.Subcommands.Select(sub => $"{command.Name} {sub.Name}"))}"
                );
            }
        }
        else
        {
            foreach (
                var error in parsed.Errors.Where(error =>
                    !told.Exists(about => error.Message.Contains(about, StringComparison.Ordinal))
                )
            )
            {
                Say("", error.Message);
            }
        }

        var path = string.Join(' ', Path(command));
        Console.Error.WriteLine($"`{path} --help` shows how it is used.");
        return ExitCode.WrongUse;
    }

    static IEnumerable<string> Path(Command command) =>
        command is RootCommand ? [CommandLine.Name] : [.. Path((Command)command.Parents.First()), command.Name];
}
