using System.Runtime.CompilerServices;
using Downbeat.Engine.Catalogue;
using Downbeat.Engine.Slices;

namespace Downbeat.Engine.Days;

/// <summary>
/// The counting of one day, shared by any number of workers. Each takes ranges of users that nobody has taken, one after the
/// other, and counts them into counters of its own; when no range is left, it adds them to what others have left behind.
/// Whoever comes last has the counts of the day.
/// </summary>
public sealed class DayCounting
{
    /// <summary>Counters of all workers of a date together take no more than this, unless those of one worker do.</summary>
    const long MaxCounterBytes = 256 << 20;

    readonly Day day;
    readonly Songs songs;
    readonly SliceReader users;
    readonly CounterMemory memory;
    readonly IReadOnlyList<(ulong First, ulong Last)> ranges;
    readonly int[] songOfTrack;
    readonly TrackGenres genres;
    readonly DayHours hours;
    readonly long mergeBufferBytes;
    readonly int maxCounters;
    int counters; // In use.
    int taken; // Ranges.
    DayCounts? leftBehind;

    /// <summary>Prepares the counting of a day.</summary>
    /// <param name="day">The day.</param>
    /// <param name="songs">What the songs tell.</param>
    /// <param name="users">The users, as kept by <see cref="UsersScan.Write"/>.</param>
    /// <param name="workers">How many workers there are; the counts are the same for any number.</param>
    /// <param name="memory">Where counters come from.</param>
    public DayCounting(Day day, Songs songs, SliceReader users, int workers, CounterMemory memory)
    {
        ArgumentNullException.ThrowIfNull(day);
        ArgumentNullException.ThrowIfNull(songs);
        this.day = day;
        this.songs = songs;
        this.users = users;
        this.memory = memory;
        ranges = day.Split(workers);
        songOfTrack = day.Tracks.FindIn(songs.Tracks);
        genres = new(songs, songOfTrack);
        hours = new(day.Date, day.Zone);
        mergeBufferBytes = Day.MergeBufferBytes / workers;
        maxCounters = (int)
            Math.Clamp(MaxCounterBytes / Math.Max(1, TrackLine.Bytes * (long)day.Tracks.Count), 1, workers);
    }

    /// <summary>Whether one more worker would find something to do.</summary>
    public bool HasWork => taken < ranges.Count && counters < maxCounters;

    /// <summary>About how much memory the day takes: dictionaries, and the counters of one worker.</summary>
    public long MemoryBytes => day.DictionaryBytes + ((TrackLine.Bytes + (2 * sizeof(int))) * (long)day.Tracks.Count);

    /// <summary>Counts until no range is left.</summary>
    /// <returns>The counts of the whole day if this worker is the last one, or else null.</returns>
    public DayCounts? Work(CancellationToken cancellationToken = default)
    {
        if (Interlocked.Increment(ref counters) > maxCounters || TakeRange() is not { } first)
        {
            Interlocked.Decrement(ref counters);
            return null;
        }

        try
        {
            var counts = MakeCounts();
            var counter = new ListenCounter(counts, users, hours, genres);
            var merge = day.Merge(mergeBufferBytes);
            for ((ulong First, ulong Last)? range = first; range is { } some; range = TakeRange())
            {
                merge.Restart(some.First, some.Last);
                while (merge.Next() is { IsEmpty: false } listens)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    counter.Add(listens);
                }

                counts.Ranges++;
            }

            return Leave(counter.Finish());
        }
        catch
        {
            // The day will not be whole: others need not go on.
            Volatile.Write(ref taken, ranges.Count);
            throw;
        }
    }

    /// <summary>Ranges are taken in ascending order, so that those of each worker ascend too.</summary>
    (ulong First, ulong Last)? TakeRange()
    {
        int range;
        do
        {
            range = Volatile.Read(ref taken);
            if (range >= ranges.Count)
            {
                return null;
            }
        } while (Interlocked.CompareExchange(ref taken, range + 1, range) != range);

        return ranges[range];
    }

    DayCounts? Leave(DayCounts counts)
    {
        while (counts.Ranges < ranges.Count)
        {
            if (Interlocked.CompareExchange(ref leftBehind, counts, null) is null)
            {
                return null;
            }

            if (Interlocked.Exchange(ref leftBehind, null) is { } others)
            {
                counts.Add(others);
                memory.Reuse(others);
                Interlocked.Decrement(ref counters);
            }
        }

        return counts;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal DayCounts MakeCounts()
    {
        var tracks = memory.Take(day.Tracks.Count);
        for (var track = 0; track < tracks.Count; track++)
        {
            var song = songOfTrack[track];
            Unsafe.Add(ref tracks.First, track) = new()
            {
                DurationMs = song < 0 ? 0 : songs.DurationMs[song],
                Genres = genres[track],
            };
        }

        return new(day, songs, songOfTrack, users, tracks);
    }
}
