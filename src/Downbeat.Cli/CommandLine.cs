using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using Downbeat.Cli.Commands;
using Downbeat.Cli.Output;
using Downbeat.Cli.Settings;
using Downbeat.Connectors.Folder;
using Downbeat.Pipeline.Landing;
using Microsoft.Extensions.Logging;

namespace Downbeat.Cli;

/// <summary>All commands, and what happens to a command that cannot be understood or fails: one clear line, no stack trace.</summary>
static class CommandLine
{
    /// <summary>Shows details of errors that are Downbeat's own.</summary>
    const string DebugVariable = "DOWNBEAT_DEBUG";

    /// <summary>What people type to start Downbeat, as a script that starts it may say: <c>./downbeat</c>.</summary>
    public static string Name { get; } =
        Environment.GetEnvironmentVariable("DOWNBEAT_COMMAND") is { Length: > 0 } name ? SafeText.Of(name) : "downbeat";

    /// <summary>Understands a command line and does what it says.</summary>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public static int Run(string[] args)
    {
        try
        {
            FileModes.KeepOthersFromWriting();
            ScanVariable.Apply();
            var parsed = CreateRoot(args.FirstOrDefault()).Parse(args, new() { ResponseFileTokenReplacer = null });
            LogFormat.Apply(parsed);
            var exitCode =
                parsed.Action is ParseErrorAction
                    ? Misuse.Tell(parsed)
                    : parsed.Invoke(
                        new()
                        {
                            Output = Terminal.OutputWriter,
                            EnableDefaultExceptionHandler = false,
                            ProcessTerminationTimeout = null,
                        }
                    );
            Terminal.Flush();
            return exitCode;
        }
        catch (Exception error)
        {
            TryFlush();
            return Explain(error);
        }
    }

    /// <summary>
    /// Makes the command line. If the first word names a command, all others are left out: making them, with their hundreds of
    /// options, would take longer than many a command does.
    /// </summary>
    static RootCommand CreateRoot(string? first)
    {
        var root = new RootCommand(
            "Right KPIs from raw listens: every listen counts once, however often and late it arrives."
        );
        (string Name, Func<Command> Create)[] commands =
        [
            ("demo", DemoCommand.Create),
            ("init", InitCommand.Create),
            ("generate", GenerateCommand.Create),
            ("plan", PlanCommand.Create),
            ("run", RunCommand.Create),
            ("watch", WatchCommand.Create),
            ("rebuild", RebuildCommand.Create),
            ("approve", ApproveCommand.Create),
            ("retract", RetractCommand.Create),
            ("forget", ForgetCommand.Create),
            ("repair", RepairCommand.Create),
            ("sweep", SweepCommand.Create),
            ("status", StatusCommand.Create),
            ("quality", QualityCommand.Create),
            ("show", ShowCommand.Create),
            ("serve", ServeCommand.Create),
            ("report", ReportCommand.Create),
            ("query", QueryCommand.Create),
            ("check", CheckCommand.Create),
            ("alerts", AlertsCommand.Create),
            ("explain", ExplainCommand.Create),
            ("quarantine", QuarantineCommand.Create),
            ("version", VersionCommand.Create),
        ];
        var named = Array.FindIndex(commands, command => command.Name == first);
        foreach (var (_, create) in named < 0 ? commands : [commands[named]])
        {
            root.Add(create());
        }

        root.Add(LogFormat.Option);
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

    static int Explain(Exception error)
    {
        switch (error)
        {
            case AggregateException many:
                return Explain(many.Flatten().InnerExceptions[0]); // One full disk fails every worker.
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
            case LakeAccessException:
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
                    Console.Error.WriteLine(SafeText.OfLines(error.ToString()));
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
