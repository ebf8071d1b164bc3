using Microsoft.Extensions.Logging;
using Spectre.Console;

namespace Downbeat.Cli.Output;

/// <summary>Log events as lines on standard error: <c>warn: …</c>, or as JSON where that is asked for.</summary>
/// <param name="least">What is less than that is not shown.</param>
sealed class ConsoleLogger(LogLevel least = LogLevel.Information) : ILogger
{
    /// <summary>Whether lines are for programs: <c>--log-format json</c>.</summary>
    public static bool IsJson { get; set; }

    /// <inheritdoc/>
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    /// <inheritdoc/>
    public bool IsEnabled(LogLevel logLevel) => logLevel >= least && logLevel != LogLevel.None;

    /// <inheritdoc/>
    public void Log<TState>(
        LogLevel logLevel,
        EventId eventId,
        TState state,
        Exception? exception,
        Func<TState, Exception?, string> formatter
    )
    {
        if (IsEnabled(logLevel))
        {
            Write(
                logLevel,
                formatter(state, exception),
                eventId.Name,
                state as IReadOnlyList<KeyValuePair<string, object?>>
            );
        }
    }

    /// <summary>Writes a line.</summary>
    public static void Write(LogLevel level, string message) => Write(level, message, null, null);

    static void Write(
        LogLevel level,
        string message,
        string? name,
        IReadOnlyList<KeyValuePair<string, object?>>? values
    )
    {
        if (IsJson)
        {
            Console.Error.WriteLine(JsonLine.Of(DateTimeOffset.UtcNow, level, name, message, values));
            return;
        }

        var (word, colour) = level switch
        {
            >= LogLevel.Error => ("error", "red"),
            LogLevel.Warning => ("warn", "yellow"),
            _ => ("info", "blue"),
        };
        if (Terminal.IsErrorTerminal)
        {
            // By the same way as progress, which moves out of the way.
            Terminal.Error.MarkupLine($"[{colour}]{word}:[/] {Markup.Escape(SafeText.Of(message))}");
        }
        else
        {
            Console.Error.WriteLine($"{word}: {SafeText.Of(message)}");
        }
    }
}
