using System.Collections.Concurrent;

namespace Downbeat.Engine.Days;

/// <summary>
/// Memory for the counters of days, date after date the same: memory that is fresh from the system costs more than what is
/// counted in it. Safe to use from many threads.
/// </summary>
public sealed class CounterMemory
{
    readonly ConcurrentBag<TrackLine[]> free = [];

    /// <summary>Takes back the memory of counts that nobody will read any more.</summary>
    public void Reuse(DayCounts counts)
    {
        ArgumentNullException.ThrowIfNull(counts);
        Reuse(counts.Tracks);
    }

    /// <summary>Takes back the memory of counters that nobody will read any more.</summary>
    internal void Reuse(TrackCounts counts) => free.Add(counts.Memory);

    /// <summary>Counters that hold anything.</summary>
    internal TrackCounts Take(int tracks)
    {
        // Dates differ by some tracks; what is too small is dropped.
        var lines = free.TryTake(out var found) && found.Length >= TrackCounts.LinesOf(tracks) ? found : null;
        return new(lines ?? LargeArray.Make<TrackLine>(TrackCounts.LinesOf(tracks + (tracks / 8))), tracks);
    }
}
