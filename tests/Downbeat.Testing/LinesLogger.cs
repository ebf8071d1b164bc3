using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Downbeat.Testing;

/// <summary>Keeps what was logged.</summary>
public sealed class LinesLogger : ILogger
{
    readonly ConcurrentQueue<string> lines = [];

    /// <summary>What was logged.</summary>
    public IReadOnlyCollection<string> Lines => lines;

    /// <inheritdoc/>
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    /// <inheritdoc/>
    public bool IsEnabled(LogLevel logLevel) => true;

    /// <inheritdoc/>
    public void Log<TState>(
        LogLevel logLevel,
        EventId eventId,
        TState state,
        Exception? exception,
        Func<TState, Exception?, string> formatter
    )
    {
        ArgumentNullException.ThrowIfNull(formatter);
        lines.Enqueue($"{logLevel}: {formatter(state, exception)} {exception}");
    }
}
