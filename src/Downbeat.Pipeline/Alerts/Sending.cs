namespace Downbeat.Pipeline.Alerts;

/// <summary>Sends something by a channel, and again while there is time.</summary>
public static class Sending
{
    static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    /// <summary>Sends it.</summary>
    /// <param name="send">Sends it once; what fails is an <see cref="AlertChannelException"/>.</param>
    /// <param name="patience">How long it may take in all.</param>
    /// <param name="clock">The time.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>Why it was not taken; null when it was.</returns>
    public static async Task<AlertChannelException?> TryAsync(
        Func<CancellationToken, Task> send,
        TimeSpan patience,
        TimeProvider clock,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(send);
        using var end = new CancellationTokenSource(patience, clock);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(end.Token, cancellationToken);
        AlertChannelException? last = null;
        for (var pause = TimeSpan.FromSeconds(1); ; pause *= 2)
        {
            try
            {
                await send(stop.Token).ConfigureAwait(false);
                return null;
            }
            catch (OperationCanceledException)
            {
                return last ?? new($"no answer in {patience.TotalSeconds} s.", isTransient: true);
            }
            catch (AlertChannelException error)
            {
                last = error;
            }

            var wait = last.RetryAfter ?? pause;
            if (!last.IsTransient || wait > LongestPause)
            {
                return last;
            }

            await Task.WhenAny(Task.Delay(wait, clock, stop.Token)).ConfigureAwait(false);
            if (stop.IsCancellationRequested)
            {
                return last;
            }
        }
    }
}
