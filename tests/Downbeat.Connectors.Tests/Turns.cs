namespace Downbeat.Connectors.Tests;

/// <summary>Lets several who work at once take steps one after the other, in an order that a seed decides.</summary>
sealed class Turns(Random random) : IDisposable
{
    readonly Lock changing = new();
    readonly HashSet<int> waiting = [];
    readonly SemaphoreSlim arrived = new(0);
    readonly Dictionary<int, SemaphoreSlim> mayGo = [];

    public void Dispose()
    {
        arrived.Dispose();
        foreach (var one in mayGo.Values)
        {
            one.Dispose();
        }
    }

    /// <summary>Called by a worker before each step: returns when it is its turn.</summary>
    public void Await(int worker)
    {
        lock (changing)
        {
            waiting.Add(worker);
        }

        arrived.Release();
        mayGo[worker].Wait();
    }

    /// <summary>Runs all workers to their ends, a step of one at a time.</summary>
    /// <param name="works">What each does; it calls <see cref="Await"/> with its own number before each step.</param>
    /// <param name="afterStep">Called while nobody works.</param>
    public void Run(IReadOnlyList<Action> works, Action afterStep)
    {
        var running = new HashSet<int>();
        var failures = new List<Exception>();
        for (var number = 0; number < works.Count; number++)
        {
            mayGo.Add(number, new(0));
        }

        for (var number = 0; number < works.Count; number++)
        {
            var worker = number;
            running.Add(worker);
            new Thread(() =>
            {
                try
                {
                    works[worker]();
                }
                catch (Exception error)
                {
                    lock (changing)
                    {
                        failures.Add(error);
                    }
                }

                lock (changing)
                {
                    running.Remove(worker);
                }

                arrived.Release();
            }).Start();
        }

        for (var busy = works.Count; ; busy = 1)
        {
            while (busy-- > 0)
            {
                arrived.Wait(); // Until everybody waits for a turn, or has ended.
            }

            afterStep();
            int next;
            lock (changing)
            {
                if (running.Count == 0)
                {
                    break;
                }

                next = waiting.Order().ElementAt(random.Next(waiting.Count));
                waiting.Remove(next);
            }

            mayGo[next].Release();
        }

        if (failures.Count > 0)
        {
            throw new AggregateException(failures);
        }
    }
}
