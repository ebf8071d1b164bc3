namespace Downbeat.Connectors.DynamoDb;

/// <summary>
/// How many requests are under way at once: one more for every round that goes well, half as many when the tables cannot keep up.
/// </summary>
/// <param name="most">Never more than that.</param>
sealed class InFlight(int most)
{
    /// <summary>What a table on demand that was never used takes at once without complaint.</summary>
    const int AtFirst = 8;

    readonly Lock changing = new();
    readonly Queue<TaskCompletionSource<int>> waiting = new();
    double allowed = Math.Min(AtFirst, most);
    int underWay;
    int cuts;

    /// <summary>How many are allowed now.</summary>
    public int Allowed
    {
        get
        {
            lock (changing)
            {
                return (int)allowed;
            }
        }
    }

    /// <summary>Waits until another request may begin; <see cref="Leave"/> has to follow.</summary>
    /// <returns>How often the number had been cut by then.</returns>
    public Task<int> EnterAsync(CancellationToken cancellationToken)
    {
        lock (changing)
        {
            if (underWay < (int)allowed)
            {
                underWay++;
                return Task.FromResult(cuts);
            }

            var turn = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
            waiting.Enqueue(turn);
            return cancellationToken.CanBeCanceled ? WaitAsync(turn, cancellationToken) : turn.Task;
        }
    }

    /// <summary>A request has ended.</summary>
    /// <param name="cutsBefore">What <see cref="EnterAsync"/> returned: requests of one burst that are refused together cut once.</param>
    /// <param name="throttled">Whether it was refused for being one too many.</param>
    public void Leave(int cutsBefore, bool throttled)
    {
        lock (changing)
        {
            underWay--;
            if (!throttled)
            {
                allowed = Math.Min(most, allowed + (1 / allowed));
            }
            else if (cutsBefore == cuts)
            {
                allowed = Math.Max(1, allowed / 2);
                cuts++;
            }

            while (underWay < (int)allowed && waiting.TryDequeue(out var next))
            {
                if (next.TrySetResult(cuts))
                {
                    underWay++;
                }
            }
        }
    }

    static async Task<int> WaitAsync(TaskCompletionSource<int> turn, CancellationToken cancellationToken)
    {
        using (cancellationToken.UnsafeRegister(_ => turn.TrySetCanceled(cancellationToken), null))
        {
            return await turn.Task.ConfigureAwait(false);
        }
    }
}
