namespace Downbeat.Cli;

/// <summary>Downbeat was asked for something that cannot be; each message says what, and what can.</summary>
sealed class UsageException(IReadOnlyList<string> messages) : Exception(string.Join(' ', messages))
{
    /// <summary>Says one thing.</summary>
    public UsageException(string message)
        : this([message]) { }

    /// <summary>One for each mistake.</summary>
    public IReadOnlyList<string> Messages { get; } = messages;
}
