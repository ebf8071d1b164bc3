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
        free.Add(counts.Tracks.Memory);
    }

    /// <summary>Counters that hold anything.</summary>
    internal TrackCounts Take(int tracks)
    {
        // One line more, to begin where a line of the cache does. Dates differ by some tracks; what is too small is dropped.
        var lines = free.TryTake(out var found) && found.Length > tracks ? found : null;
        return new(lines ?? LargeArray.Make<TrackLine>(tracks + (tracks / 8) + 1), tracks);
    }
}
