using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using Downbeat.Cli.Output;

namespace Downbeat.Cli.Commands;

/// <summary>What there is, grouped by what one wants: shown for <c>downbeat</c> alone.</summary>
static class Overview
{
    const int NameWidth = 14;

    /// <summary>Writes it.</summary>
    public static int Write()
    {
        var name = CommandLine.Name;
        Terminal.Line(
            "Downbeat: right KPIs from raw listens; every listen counts once, however often and late it arrives."
        );
        Terminal.Line();
        Terminal.Line("Begin");
        Command("demo", "make a lake with synthetic listens, run it, and show what comes out");
        Command("init DIR", "make an empty lake");
        Command("generate DIR", "write synthetic listens, songs and users into a lake");
        Terminal.Line();
        Terminal.Line("Every day");
        Command("plan", "show what a run would do, and why");
        Command("run", "scan what has landed, restate the dates concerned, archive");
        Command("watch", "run as files land, or by a timetable, until it is stopped");
        Command("status", "show dates, what waits, what is in quarantine, and the last run");
        Command("quality", "show what the checks of quality say, and which dates are held back");
        Command("show", "show a table of a date");
        Command("query SQL", "ask the lake's warehouse in SQL");
        Command("report", "make a report of a date or a range to print or to mail");
        Command("serve", "show the lake to a browser, and answer programs over HTTP");
        Terminal.Line();
        Terminal.Line("When someone asks");
        Command("explain", "show which files made a date, and when and why it was last restated");
        Command("quarantine", "list, show and retry what was set aside");
        Command("rebuild", "restate dates on purpose");
        Command("repair", "make again what is damaged or missing in the lake");
        Command("approve", "let a date through that is held back");
        Command("retract", "take a delivered file's listens out again");
        Command("forget", "remove users from everything that the lake holds");
        Command("sweep", "delete what no date needs, and what is older than it is to be kept");
        Command("check", "try everything that is configured: the lake, databases, destinations");
        Command("alerts", "list what is not as it should be, and try how people are told");
        Command("version", "show the versions of Downbeat, .NET and the system");
        Terminal.Line();
        Terminal.Line($"Try `{name} demo`. `{name} COMMAND --help` explains a command.");
        Terminal.Line(
            "It exits with 0: done, or nothing to do; 1: failed; 2: wrong use or setting; 3: done, but a file was quarantined"
        );
        Terminal.Line("or a date held back; 4: there is work, for `plan --detailed-exit-code` and `repair --dry-run`.");
        return ExitCode.Done;
    }

    static void Command(string name, string what) => Terminal.Line($"  {name.PadRight(NameWidth)}{what}");
}

/// <summary>Shows the help of a command; that of all is the overview.</summary>
sealed class HelpPage : SynchronousCommandLineAction
{
    const int Width = 100;

    /// <inheritdoc/>
    public override bool ClearsParseErrors => true;

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        var command = parseResult.CommandResult.Command;
        if (command is RootCommand)
        {
            return Overview.Write();
        }

        return new HelpAction { MaxWidth = Width }.Invoke(parseResult);
    }
}
