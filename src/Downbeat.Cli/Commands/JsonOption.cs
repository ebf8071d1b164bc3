using System.CommandLine;

namespace Downbeat.Cli.Commands;

/// <summary>The option <c>--json</c>.</summary>
static class JsonOption
{
    /// <summary>Adds it to a command.</summary>
    public static Option<bool> AddTo(Command command)
    {
        var option = new Option<bool>("--json") { Description = "Write the result as JSON, for programs." };
        command.Add(option);
        return option;
    }
}
