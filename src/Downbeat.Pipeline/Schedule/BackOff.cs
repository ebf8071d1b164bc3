namespace Downbeat.Pipeline.Schedule;

/// <summary>How long to wait before something is tried again: longer each time, up to a minute, and by chance, so that many do not come at once.</summary>
sealed class BackOff
{
    static readonly TimeSpan First = TimeSpan.FromSeconds(1);
    static readonly TimeSpan Most = TimeSpan.FromMinutes(1);

    /// <summary>How often it failed since it last worked.</summary>
    public int Failures { get; private set; }

    /// <summary>It failed again: how long to wait now.</summary>
    public TimeSpan Next()
    {
        var longest = Math.Min(Most.TotalSeconds, First.TotalSeconds * Math.Pow(2, Math.Min(Failures++, 10)));
#pragma warning disable CA5394 // Nobody gains by guessing it.
        return TimeSpan.FromSeconds(longest * (0.5 + (Random.Shared.NextDouble() / 2)));
#pragma warning restore CA5394
    }

    /// <summary>It worked.</summary>
    public void Reset() => Failures = 0;
}
