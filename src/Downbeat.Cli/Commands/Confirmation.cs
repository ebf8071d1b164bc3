using System.CommandLine;
using Downbeat.Cli.Output;

namespace Downbeat.Cli.Commands;

/// <summary>Asks before something is done that cannot simply be done back: people are asked, programs say <c>--yes</c>.</summary>
static class Confirmation
{
    /// <summary>Adds <c>--yes</c> to a command.</summary>
    public static Option<bool> AddYesTo(Command command)
    {
        var option = new Option<bool>("--yes", "-y") { Description = "Do not ask: for programs." };
        command.Add(option);
        return option;
    }

    /// <summary>Adds <c>--dry-run</c> to a command.</summary>
    public static Option<bool> AddDryRunTo(Command command)
    {
        var option = new Option<bool>("--dry-run") { Description = "Show what would change, and change nothing." };
        command.Add(option);
        return option;
    }

    /// <summary>Asks whether to do something.</summary>
    /// <param name="what">What is to be done, as it follows "About to".</param>
    /// <exception cref="UsageException">There is nobody to ask.</exception>
    /// <exception cref="OperationCanceledException">The answer is no.</exception>
    public static void Ask(string what)
    {
        if (Console.IsInputRedirected || !Terminal.IsErrorTerminal)
        {
            throw new UsageException(
                "there is nobody to ask: give --yes to do it, or --dry-run to see what would change."
            );
        }

        Console.Error.Write($"About to {what}. Go on? [y/N] ");
        if (Console.ReadLine()?.Trim().ToUpperInvariant() is not ("Y" or "YES"))
        {
            throw new OperationCanceledException();
        }
    }
}
