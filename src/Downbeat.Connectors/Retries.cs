using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Polly;
using Polly.Retry;

namespace Downbeat.Connectors;

/// <summary>
/// Tries again what failed for a reason that passes: exponentially later with jitter, not for ever, and saying so each time. Which
/// reasons pass is the connector's table to say.
/// </summary>
/// <param name="system">What is spoken to, for the log: <c>postgres</c>.</param>
/// <param name="isTransient">Whether a failure may pass by itself.</param>
/// <param name="logger">Told of every retry and its cause.</param>
/// <param name="clock">Measures the pauses.</param>
/// <param name="isLeft">
/// Which failures someone else tries again soon, and whatever waits here has other work: after a second they are left to him, and at
/// once where waiting for an answer took long already. None if nobody says.
/// </param>
sealed class Retries(
    string system,
    Func<Exception, bool> isTransient,
    ILogger logger,
    TimeProvider? clock = null,
    Func<Exception, bool>? isLeft = null
)
{
    /// <summary>After the first: some 30 seconds in all. What is down for longer is for the next run.</summary>
    const int MaxRetries = 6;

    /// <summary>After the first, of what is left to someone else.</summary>
    const int FewRetries = 2;

    readonly ResiliencePipeline pipeline = new ResiliencePipelineBuilder { TimeProvider = clock ?? TimeProvider.System }
        .AddRetry(
            new RetryStrategyOptions
            {
                ShouldHandle = failed =>
                    ValueTask.FromResult(
                        failed.Outcome.Exception is { } error
                            && isTransient(error)
                            && (
                                isLeft?.Invoke(error) != true
                                || (failed.AttemptNumber < FewRetries && !HasWaited(error))
                            )
                    ),
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = TimeSpan.FromMilliseconds(250),
                MaxDelay = TimeSpan.FromSeconds(10),
                MaxRetryAttempts = MaxRetries,
                OnRetry = again =>
                {
                    logger.Retried(
                        system,
                        again.AttemptNumber + 1,
                        Math.Round(again.RetryDelay.TotalSeconds, 1),
                        again.Outcome.Exception!.Message
                    );
                    return default;
                },
            }
        )
        .Build();

    static bool HasWaited(Exception error) =>
        error.GetBaseException() is TimeoutException or SocketException { SocketErrorCode: SocketError.TimedOut };

    /// <summary>Does something, and again.</summary>
    public T Run<T>(Func<CancellationToken, T> work, CancellationToken cancellationToken) =>
        pipeline.Execute(work, cancellationToken);

    /// <summary>Does something, and again.</summary>
    public ValueTask<T> RunAsync<T>(Func<CancellationToken, ValueTask<T>> work, CancellationToken cancellationToken) =>
        pipeline.ExecuteAsync(work, cancellationToken);
}
