using System.CommandLine;

namespace Downbeat.Cli.Output;

/// <summary>How log lines look: <c>--log-format</c>, or else its variable.</summary>
static class LogFormat
{
    /// <summary>The variable.</summary>
    public const string Variable = "DOWNBEAT_LOG_FORMAT";

    /// <summary>The flag, of all commands.</summary>
    public static Option<string?> Option { get; } =
        new("--log-format")
        {
            HelpName = "FORMAT",
            Recursive = true,
            Description =
                $"How lines on standard error look: text, or json for programs, with trace ids. [default: {Variable}, else text]",
        };

    /// <summary>Lets lines look as is asked for.</summary>
    /// <exception cref="UsageException">There is no such format.</exception>
    public static void Apply(ParseResult parsed)
    {
        var given =
            parsed.GetResult(Option) is { Errors: var errors } && !errors.Any() ? parsed.GetValue(Option) : null;
        var (source, format) = given is not null
            ? ("--log-format", given)
            : (Variable, Environment.GetEnvironmentVariable(Variable));
        ConsoleLogger.IsJson = format switch
        {
            "json" => true,
            "text" or "" or null => false,
            _ => throw new UsageException($"{source} is {format}; allowed is text or json."),
        };
    }
}
