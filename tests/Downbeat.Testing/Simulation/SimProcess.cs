namespace Downbeat.Testing.Simulation;

/// <summary>A simulated process: a thread that advances only while it has the turn, with a clock of its own.</summary>
sealed class SimProcess : IDisposable
{
    readonly SemaphoreSlim turn = new(0);

    public SimProcess(SimWorld world, int number)
    {
        Number = number;
        Clock = new(world, this);
    }

    public int Number { get; }

    public SimClock Clock { get; }

    public bool IsDead { get; set; }

    public bool HasEnded { get; set; }

    /// <summary>Until when it stands still.</summary>
    public TimeSpan WakesAt { get; set; }

    /// <summary>After how many steps it dies; 0 when that is not known.</summary>
    public int StepsLeft { get; set; }

    /// <summary>How far its clock is wrong.</summary>
    public TimeSpan Skew { get; set; }

    public List<SimTimer> Timers { get; } = [];

    public bool IsInTimer { get; set; }

    /// <summary>What escaped the run.</summary>
    public Exception? Failure { get; set; }

    public Pipeline.Runs.RunRecord? Record { get; set; }

    public void GiveTurn() => turn.Release();

    public void AwaitTurn() => turn.Wait();

    public void Dispose() => turn.Dispose();
}

/// <summary>The clock of a process: it may be wrong, and jump. What it measures between two moments is never wrong.</summary>
sealed class SimClock(SimWorld world, SimProcess process) : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => world.UtcNow + process.Skew;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => world.Now.Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (period == Timeout.InfiniteTimeSpan)
        {
            world.Sleep(process, dueTime); // Somebody waits for it.
            callback(state);
            return new SimTimer(process, () => { }, TimeSpan.MaxValue, period);
        }

        var timer = new SimTimer(process, () => callback(state), world.Now + dueTime, period);
        process.Timers.Add(timer);
        return timer;
    }
}

/// <summary>A timer, which fires when its process has the turn.</summary>
sealed class SimTimer(SimProcess process, Action fire, TimeSpan due, TimeSpan period) : ITimer
{
    public TimeSpan Due { get; set; } = due;

    public TimeSpan Period => period;

    public void Fire() => fire();

    public bool Change(TimeSpan dueTime, TimeSpan period) => throw new NotSupportedException();

    public void Dispose() => process.Timers.Remove(this);

    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }
}

/// <summary>Does everything on the thread that asks for it, so that a process has one thread only.</summary>
sealed class OneThreadScheduler : TaskScheduler
{
    readonly List<Task> queued = [];

    public override int MaximumConcurrencyLevel => 1;

    protected override IEnumerable<Task> GetScheduledTasks() => queued;

    protected override void QueueTask(Task task) => queued.Add(task);

    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => TryExecuteTask(task);

    protected override bool TryDequeue(Task task) => queued.Remove(task);
}
