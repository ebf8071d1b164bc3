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
            var parsed = CreateRoot().Parse(args, new() { ResponseFileTokenReplacer = null });
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

    static RootCommand CreateRoot()
    {
        var root = new RootCommand(
            "Right KPIs from raw listens: every listen counts once, however often and late it arrives."
        );
        Command[] commands =
        [
            DemoCommand.Create(),
            InitCommand.Create(),
            GenerateCommand.Create(),
            PlanCommand.Create(),
            RunCommand.Create(),
            WatchCommand.Create(),
            RebuildCommand.Create(),
            ApproveCommand.Create(),
            RetractCommand.Create(),
            ForgetCommand.Create(),
            RepairCommand.Create(),
            SweepCommand.Create(),
            StatusCommand.Create(),
            QualityCommand.Create(),
            ShowCommand.Create(),
            ServeCommand.Create(),
            ReportCommand.Create(),
            QueryCommand.Create(),
            CheckCommand.Create(),
            AlertsCommand.Create(),
            ExplainCommand.Create(),
            QuarantineCommand.Create(),
            VersionCommand.Create(),
        ];
        foreach (var command in commands)
        {
            root.Add(command);
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
