using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using Downbeat.Cli.Commands;
using Downbeat.Cli.Output;
using Downbeat.Cli.Settings;
using Downbeat.Pipeline.Landing;
using Microsoft.Extensions.Logging;

namespace Downbeat.Cli;

/// <summary>All commands, and what happens to a command that cannot be understood or fails: one clear line, no stack trace.</summary>
static class CommandLine
{
    /// <summary>Shows details of errors that are Downbeat's own.</summary>
    const string DebugVariable = "DOWNBEAT_DEBUG";

    /// <summary>What people type to start Downbeat, as a script that starts it may say: <c>./downbeat</c>.</summary>
    public static string Name { get; } = Environment.GetEnvironmentVariable("DOWNBEAT_COMMAND") is { Length: > 0 } name ? SafeText.Of(name) : "downbeat";

    /// <summary>Understands a command line and does what it says.</summary>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public static int Run(string[] args)
    {
        try
        {
            var parsed = CreateRoot().Parse(args, new() { ResponseFileTokenReplacer = null });
            var exitCode = parsed.Action is ParseErrorAction
                ? Refuse(parsed)
                : parsed.Invoke(new() { Output = Terminal.OutputWriter, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
            Terminal.Flush();
            return exitCode;
        }
        catch (Exception error)
        {
            TryFlush();
            return Explain(error);
        }
    }

    static RootCommand CreateRoot()
    {
        var root = new RootCommand("Right KPIs from raw listens: every listen counts once, however often and late it arrives.");
        Command[] commands =
        [
            DemoCommand.Create(),
            InitCommand.Create(),
            GenerateCommand.Create(),
            PlanCommand.Create(),
            RunCommand.Create(),
            RebuildCommand.Create(),
            StatusCommand.Create(),
            ShowCommand.Create(),
            ExplainCommand.Create(),
            QuarantineCommand.Create(),
            VersionCommand.Create(),
        ];
        foreach (var command in commands)
        {
            root.Add(command);
        }

        root.SetAction(_ => Overview.Write());
        foreach (var option in root.Options)
        {
            option.Action = option switch
            {
                HelpOption => new HelpPage(),
                VersionOption => new VersionCommand.Action(),
                _ => option.Action,
            };
        }

        return root;
    }

    static void TryFlush()
    {
        try
        {
            Terminal.Flush();
        }
        catch (IOException)
        {
            // Told already, or less worth telling than what failed.
        }
    }

    static int Refuse(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        var known = command
            .Subcommands.Select(sub => sub.Name)
            .Concat(command.Options.Concat(parsed.RootCommandResult.Command.Options).Select(option => option.Name))
            .ToList();
        var told = new List<string>();
        void Tell(string about, string message)
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
                var what = isOption ? "option" : command.Subcommands.Count > 0 ? "command" : "argument";
                Tell(token, $"there is no {what} {token}{Spelling.Ask(token, known)}");
            }

            afterUnknownOption = isOption;
        }

        foreach (var argument in command.Arguments.Where(argument => argument.Arity.MinimumNumberOfValues > 0 && parsed.GetResult(argument) is not { Tokens.Count: > 0 }))
        {
            Tell(argument.Name, $"{argument.Name} is missing: {argument.Description}");
        }

        foreach (var option in command.Options.Where(option => option.Required && parsed.GetResult(option) is not { Implicit: false }))
        {
            Tell(option.Name, $"{option.Name} is missing: {option.Description}");
        }

        foreach (var option in command.Options.Where(option => parsed.GetResult(option) is { Implicit: false, Tokens.Count: 0 } && option.Arity.MinimumNumberOfValues > 0))
        {
            Tell(option.Name, $"{option.Name} needs a value: {option.Name} {option.HelpName}");
        }

        if (command is not RootCommand && command.Subcommands.Count > 0)
        {
            if (told.Count == 0)
            {
                Tell("", $"say which: {string.Join(", ", command.Subcommands.Select(sub => $"{command.Name} {sub.Name}"))}");
            }
        }
        else
        {
            foreach (var error in parsed.Errors.Where(error => !told.Exists(about => error.Message.Contains(about, StringComparison.Ordinal))))
            {
                Tell("", error.Message);
            }
        }

        var path = string.Join(' ', Path(command));
        Console.Error.WriteLine($"`{path} --help` shows how it is used.");
        return ExitCode.WrongUse;
    }

    static IEnumerable<string> Path(Command command) =>
        command is RootCommand ? [Name] : [.. Path((Command)command.Parents.First()), command.Name];

    static int Explain(Exception error)
    {
        switch (error)
        {
            case AggregateException { InnerExceptions: [var only] }:
                return Explain(only);
            case UsageException wrong:
                foreach (var message in wrong.Messages)
                {
                    ConsoleLogger.Write(LogLevel.Error, message);
                }

                return ExitCode.WrongUse;
            case OperationCanceledException:
                ConsoleLogger.Write(LogLevel.Error, "stopped");
                return ExitCode.Failed;
            case LakeException:
            case IOException:
                return Fail(error.Message);
            case UnauthorizedAccessException:
                return Fail($"{error.Message} Check who may read and write there.");
            case OutOfMemoryException:
                return Fail("there is not enough memory: give a lower sortBufferMb or workers, or more memory.");
            default:
                var isDebugging = Environment.GetEnvironmentVariable(DebugVariable) == "1";
                Fail(
                    $"internal error: {error.GetType().Name}: {error.Message} Please report it"
                        + (isDebugging ? "." : $", with what {DebugVariable}=1 shows.")
                );
                if (isDebugging)
                {
                    Console.Error.WriteLine(error);
                }

                return ExitCode.Failed;
        }
    }

    static int Fail(string message)
    {
        ConsoleLogger.Write(LogLevel.Error, message);
        return ExitCode.Failed;
    }
}
