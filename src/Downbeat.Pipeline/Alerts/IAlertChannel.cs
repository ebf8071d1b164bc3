namespace Downbeat.Pipeline.Alerts;

/// <summary>
/// A way to tell people. Every implementation promises: when it returns, the message was taken; the same message sent again does as
/// little harm as the system allows, by its id or by the keys of its conditions. Failures are <see cref="AlertChannelException"/>.
/// </summary>
public interface IAlertChannel : IDisposable
{
    /// <summary>What it is called in settings and messages: <c>email</c>.</summary>
    string Name { get; }

    /// <summary>Where it leads, without secrets.</summary>
    string Place { get; }

    /// <summary>Sends a message.</summary>
    /// <exception cref="AlertChannelException">It was not taken, or that is not known.</exception>
    Task SendAsync(AlertMessage message, CancellationToken cancellationToken);
}

/// <summary>A channel did not take a message. What it says holds no secret.</summary>
public sealed class AlertChannelException : IOException
{
    /// <summary>Says why.</summary>
    /// <param name="message">What failed, and what to do.</param>
    /// <param name="isTransient">Whether trying again may succeed without anybody's doing.</param>
    /// <param name="retryAfter">How long to wait, where the system says so.</param>
    /// <param name="cause">What was thrown.</param>
    public AlertChannelException(string message, bool isTransient, TimeSpan? retryAfter = null, Exception? cause = null)
        : base(message, cause) => (IsTransient, RetryAfter) = (isTransient, retryAfter);

    /// <summary>Whether trying again may succeed without anybody's doing.</summary>
    public bool IsTransient { get; }

    /// <summary>How long to wait, where the system says so.</summary>
    public TimeSpan? RetryAfter { get; }
}
