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
            return parsed.Action is ParseErrorAction
                ? Refuse(parsed)
                : parsed.Invoke(new() { Output = Terminal.OutputWriter, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
        }
        catch (Exception error)
        {
            return Explain(error);
        }
        finally
        {
            Terminal.Flush();
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

    static int Refuse(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        var known = command
            .Subcommands.Select(sub => sub.Name)
            .Concat(command.Options.Concat(parsed.RootCommandResult.Command.Options).Select(option => option.Name))
            .ToList();
        var unmatched = parsed.UnmatchedTokens;
        foreach (var message in parsed.Errors.Select(error => error.Message).Distinct(StringComparer.Ordinal))
        {
            // Those are told below, with what may have been meant.
            if (!unmatched.Any(token => message.Contains($"'{token}'", StringComparison.Ordinal)))
            {
                ConsoleLogger.Write(LogLevel.Error, message);
            }
        }

        foreach (var token in unmatched)
        {
            var what = token.StartsWith('-') ? "option" : command.Subcommands.Count > 0 ? "command" : "argument";
            ConsoleLogger.Write(LogLevel.Error, $"there is no {what} {token}{Spelling.Ask(token, known)}");
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
