using System.Runtime.ExceptionServices;

namespace Downbeat.Engine;

/// <summary>Does numbered pieces of work on several threads.</summary>
public static class Workers
{
    /// <summary>Does every piece once; what one of them throws is thrown as it is.</summary>
    /// <param name="pieces">How many pieces there are, numbered from 0.</param>
    /// <param name="workers">How many threads to use at most.</param>
    /// <param name="work">Does a piece.</param>
    /// <param name="cancellationToken">Stops between two pieces.</param>
    public static void Run(int pieces, int workers, Action<int> work, CancellationToken cancellationToken = default)
    {
        try
        {
            Parallel.For(
                0,
                pieces,
                new ParallelOptions
                {
                    MaxDegreeOfParallelism = Math.Max(1, workers),
                    CancellationToken = cancellationToken,
                },
                piece =>
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    work(piece);
                }
            );
        }
        catch (AggregateException error)
        {
            ExceptionDispatchInfo.Throw(error.Flatten().InnerExceptions[0]);
        }
    }
}
