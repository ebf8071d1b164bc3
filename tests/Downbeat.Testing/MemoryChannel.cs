using System.Collections.Concurrent;
using Downbeat.Pipeline.Alerts;

namespace Downbeat.Testing;

/// <summary>A channel that keeps what it is told, and fails when told.</summary>
public sealed class MemoryChannel(string name = "memory") : IAlertChannel
{
    /// <inheritdoc/>
    public string Name => name;

    /// <inheritdoc/>
    public string Place => "memory";

    /// <summary>What it took.</summary>
    public ConcurrentQueue<AlertMessage> Messages { get; } = [];

    /// <summary>How often someone tried.</summary>
    public int Attempts { get; private set; }

    /// <summary>Why it takes nothing; null while it does.</summary>
    public AlertChannelException? Fault { get; set; }

    /// <summary>Done with every message that it is about to take.</summary>
    public Func<AlertMessage, CancellationToken, Task> Taking { get; set; } = (_, _) => Task.CompletedTask;

    /// <summary>What it took since someone asked last, a line a piece of news.</summary>
    public IReadOnlyList<string> Take()
    {
        var lines = new List<string>();
        while (Messages.TryDequeue(out var message))
        {
            lines.AddRange(message.News.Select(news => $"[{news.Mark}] {news.Title}"));
        }

        return lines;
    }

    /// <inheritdoc/>
    public async Task SendAsync(AlertMessage message, CancellationToken cancellationToken)
    {
        Attempts++;
        await Taking(message, cancellationToken);
        if (Fault is { } fault)
        {
            throw fault;
        }

        Messages.Enqueue(message);
    }

    /// <inheritdoc/>
    public void Dispose() { }
}
