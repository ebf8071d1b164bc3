namespace Downbeat.Testing;

/// <summary>A clock by which waiting takes no time, and which can be set forward.</summary>
public sealed class HurriedClock : TimeProvider
{
    TimeSpan ahead;

    /// <summary>Sets it forward.</summary>
    public void Advance(TimeSpan by) => ahead += by;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + ahead;

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        base.CreateTimer(callback, state, dueTime <= TimeSpan.Zero ? dueTime : dueTime / 1000, period);
}
