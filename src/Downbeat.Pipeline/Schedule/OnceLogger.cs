using System.Text;
using Microsoft.Extensions.Logging;

namespace Downbeat.Pipeline.Schedule;

/// <summary>
/// Hands a line on when a condition is new, and not again with every attempt until a run ended without it. What happened to a file is no
/// condition, and is always told.
/// </summary>
/// <param name="inner">Told what is new.</param>
/// <param name="ignoresNumbers">Whether lines that differ in numbers only are the same: of waiting times, of attempts.</param>
public sealed class OnceLogger(ILogger inner, bool ignoresNumbers = false) : ILogger
{
    readonly Lock telling = new();
    HashSet<string> told = new(StringComparer.Ordinal);
    HashSet<string> now = new(StringComparer.Ordinal);

    /// <summary>A run has ended.</summary>
    /// <param name="isWhole">Whether it would have met every condition there still is.</param>
    public void EndRun(bool isWhole)
    {
        lock (telling)
        {
            told = isWhole ? now : [.. told, .. now];
            now = new(StringComparer.Ordinal);
        }
    }

    /// <inheritdoc/>
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => inner.BeginScope(state);

    /// <inheritdoc/>
    public bool IsEnabled(LogLevel logLevel) => inner.IsEnabled(logLevel);

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
        if (eventId.Name is "Quarantined" or "Rejected" or "RejectedCatalogue" or "TookOver" or "Swept")
        {
            inner.Log(logLevel, eventId, state, exception, formatter);
            return;
        }

        var line = formatter(state, exception);
        var key = ignoresNumbers ? WithoutNumbers(line) : line;
        bool isNew;
        lock (telling)
        {
            isNew = now.Add(key) && !told.Contains(key);
        }

        if (isNew)
        {
            inner.Log(logLevel, eventId, state, exception, formatter);
        }
    }

    static string WithoutNumbers(string line)
    {
        var text = new StringBuilder(line.Length);
        foreach (var letter in line.Where(letter => !char.IsAsciiDigit(letter) && letter != '.'))
        {
            text.Append(letter);
        }

        return text.ToString();
    }
}
