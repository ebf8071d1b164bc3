using Downbeat.Dashboard.Api;

namespace Downbeat.Dashboard.Safety;

/// <summary>Lets so many requests work at once, and so many wait: whoever comes then is asked to come back.</summary>
sealed class Gate(int working, int waiting) : IDisposable
{
    readonly SemaphoreSlim places = new(working);
    int queue;

    /// <summary>Does some work when there is a place for it.</summary>
    /// <exception cref="Problem">Too many wait already.</exception>
    public async Task PassAsync(HttpContext context, Func<Task> work)
    {
        if (Interlocked.Increment(ref queue) > working + waiting)
        {
            Interlocked.Decrement(ref queue);
            throw new Problem(
                StatusCodes.Status503ServiceUnavailable,
                "Too many requests are being answered at this moment. Ask again in a second."
            );
        }

        try
        {
            await places.WaitAsync(context.RequestAborted);
            try
            {
                await work();
            }
            finally
            {
                places.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref queue);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => places.Dispose();
}
