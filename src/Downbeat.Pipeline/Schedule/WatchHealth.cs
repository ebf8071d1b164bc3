using Downbeat.Pipeline.Runs;

namespace Downbeat.Pipeline.Schedule;

/// <summary>Whether a watch lives, and whether the lake is as it should be. Reasons name no path and hold no secret. Safe to ask from many threads.</summary>
public sealed class WatchHealth(TimeProvider clock) : IProgress<RunProgress>
{
    /// <summary>Between runs the loop comes round at least every minute.</summary>
    static readonly TimeSpan LongestSilence = TimeSpan.FromMinutes(3);

    /// <summary>One step of a run on one large file may say nothing for long.</summary>
    static readonly TimeSpan LongestSilenceOfRun = TimeSpan.FromMinutes(30);

    readonly Lock changing = new();
    DateTimeOffset beat = clock.GetUtcNow();
    bool isRunning;
    string? problem = "the first run has not ended yet";
    RunOutcome? lastOutcome;
    DateTimeOffset? lastEnded;

    /// <summary>How it is now.</summary>
    public WatchState State
    {
        get
        {
            lock (changing)
            {
                var silence = clock.GetUtcNow() - beat;
                return new(
                    silence < (isRunning ? LongestSilenceOfRun : LongestSilence),
                    isRunning,
                    problem,
                    lastOutcome,
                    lastEnded
                );
            }
        }
    }

    /// <inheritdoc/>
    public void Report(RunProgress value) => Beat();

    /// <summary>It advances.</summary>
    internal void Beat()
    {
        lock (changing)
        {
            beat = clock.GetUtcNow();
        }
    }

    /// <summary>A run begins.</summary>
    internal void Begin()
    {
        lock (changing)
        {
            (isRunning, beat) = (true, clock.GetUtcNow());
        }
    }

    /// <summary>A run has ended, or could not begin.</summary>
    internal void End(RunOutcome outcome, string? problemNow)
    {
        lock (changing)
        {
            (isRunning, problem, lastOutcome) = (false, problemNow, outcome);
            beat = clock.GetUtcNow();
            lastEnded = beat;
        }
    }
}

/// <summary>How a watch is.</summary>
/// <param name="IsAlive">Whether it advances; a process that does not should be started anew.</param>
/// <param name="IsRunning">Whether a run works.</param>
/// <param name="Problem">Why the lake is not as it should be; null when the last run left nothing undone.</param>
/// <param name="LastOutcome">How the last run ended.</param>
/// <param name="LastEnded">When it ended.</param>
public sealed record WatchState(
    bool IsAlive,
    bool IsRunning,
    string? Problem,
    RunOutcome? LastOutcome,
    DateTimeOffset? LastEnded
);
