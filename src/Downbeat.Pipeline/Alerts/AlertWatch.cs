using System.Threading.Channels;
using Downbeat.Pipeline.Runs;

namespace Downbeat.Pipeline.Alerts;

/// <summary>
/// Looks after alerts beside runs that follow each other: no run waits for a channel, and what time alone tells, reminders and channels
/// that failed have their turn while nothing runs.
/// </summary>
public sealed class AlertWatch : IDisposable
{
    /// <summary>How often it looks while nothing happens.</summary>
    public static readonly TimeSpan Usual = TimeSpan.FromMinutes(1);

    readonly Alerting alerting;
    readonly ILeaseStore? leases;
    readonly TimeProvider clock;
    readonly TimeSpan interval;
    readonly CancellationTokenSource stop = new();
    readonly Channel<AlertFacts> found = Channel.CreateBounded<AlertFacts>(
        new BoundedChannelOptions(100) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true }
    );
    readonly Task work;
    LakeFreshness? freshness;

    /// <summary>Begins.</summary>
    /// <param name="alerting">What tells people.</param>
    /// <param name="leases">Where the lease of runs is kept; null for the lake.</param>
    /// <param name="clock">The time.</param>
    /// <param name="interval">How often it looks while nothing happens.</param>
    public AlertWatch(Alerting alerting, ILeaseStore? leases, TimeProvider clock, TimeSpan interval)
    {
        (this.alerting, this.leases, this.clock, this.interval) = (alerting, leases, clock, interval);
        work = Task.Run(WorkAsync);
    }

    /// <summary>A run has ended; what that means is found out at once, people are told later.</summary>
    public void EndRun(RunEnd end)
    {
        found.Writer.TryWrite(alerting.Understand(end));
    }

    /// <summary>Ends; what was not told is told by whoever comes next.</summary>
    public void Dispose()
    {
        found.Writer.TryComplete();
        stop.CancelAfter(TimeSpan.FromSeconds(2)); // Mostly it is sent by then.
        if (work.Wait(TimeSpan.FromSeconds(4))) // A lake that hangs keeps nobody.
        {
            stop.Dispose();
        }
    }

    async Task WorkAsync()
    {
        while (!stop.IsCancellationRequested && !found.Reader.Completion.IsCompleted)
        {
            using (var nap = CancellationTokenSource.CreateLinkedTokenSource(stop.Token))
            {
                var more = found.Reader.WaitToReadAsync(nap.Token).AsTask();
                await Task.WhenAny(more, Task.Delay(interval, clock, nap.Token)).ConfigureAwait(false);
                await nap.CancelAsync().ConfigureAwait(false);
                await Task.WhenAny(more).ConfigureAwait(false);
            }

            var hasFound = false;
            while (found.Reader.TryRead(out var facts))
            {
                (hasFound, freshness) = (true, facts.Freshness ?? freshness);
                alerting.TryUpdate(facts, stop.Token);
            }

            if (!hasFound && !stop.IsCancellationRequested && alerting.Understand(freshness, leases) is { } time)
            {
                alerting.TryUpdate(time, stop.Token);
            }
        }
    }
}
