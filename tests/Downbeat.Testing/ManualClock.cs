namespace Downbeat.Testing;

/// <summary>A clock that stands still until a test moves it; timers fire then.</summary>
public sealed class ManualClock(DateTimeOffset start) : TimeProvider
{
    readonly Lock moving = new();
    readonly List<ManualTimer> timers = [];
    DateTimeOffset now = start;

    bool IsAwaited
    {
        get
        {
            lock (moving)
            {
                return timers.Count > 0;
            }
        }
    }

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow()
    {
        lock (moving)
        {
            return now;
        }
    }

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        var timer = new ManualTimer(this, () => callback(state), period);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Moves it, back too.</summary>
    public void Advance(TimeSpan by)
    {
        List<ManualTimer> due;
        lock (moving)
        {
            now += by;
            if (by < TimeSpan.Zero)
            {
                timers.ForEach(timer => timer.DueAt += by); // A clock that is set back does not lengthen a delay.
            }

            due = timers.FindAll(timer => timer.DueAt <= now);
            due.ForEach(timer => timer.DueAt = timer.Period > TimeSpan.Zero ? now + timer.Period : null);
            timers.RemoveAll(timer => timer.DueAt is null);
        }

        due.ForEach(timer => timer.Fire());
    }

    /// <summary>
    /// Moves it step by step until something is true, and says whether it became true. It stands still while nobody waits for it, so that
    /// no time passes for those who work, however slow the machine is.
    /// </summary>
    public bool AdvanceUntil(Func<bool> condition, TimeSpan step, TimeSpan? most = null)
    {
        ArgumentNullException.ThrowIfNull(condition);
        var until = GetUtcNow() + (most ?? TimeSpan.MaxValue / 1_000_000);
        for (var patience = 0; patience < 60_000 && GetUtcNow() <= until; patience++)
        {
            if (condition())
            {
                return true;
            }

            Thread.Sleep(1);
            if (IsAwaited)
            {
                Advance(step);
            }
        }

        return condition();
    }

    sealed class ManualTimer(ManualClock clock, Action fire, TimeSpan period) : ITimer
    {
        public DateTimeOffset? DueAt { get; set; }

        public TimeSpan Period { get; private set; } = period;

        public void Fire() => fire();

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock.moving)
            {
                Period = period;
                clock.timers.Remove(this);
                DueAt = dueTime < TimeSpan.Zero ? null : clock.now + dueTime;
                if (DueAt is not null)
                {
                    clock.timers.Add(this);
                }
            }

            return true;
        }

        public void Dispose()
        {
            lock (clock.moving)
            {
                clock.timers.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
