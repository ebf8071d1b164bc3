using Microsoft.Extensions.Logging;
using Spectre.Console;

namespace Downbeat.Cli.Output;

/// <summary>Log events as lines on standard error: <c>warn: …</c>.</summary>
/// <param name="least">What is less than that is not shown.</param>
sealed class ConsoleLogger(LogLevel least = LogLevel.Information) : ILogger
{
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
            Write(logLevel, formatter(state, exception));
        }
    }

    /// <summary>Writes a line.</summary>
    public static void Write(LogLevel level, string message)
    {
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
