using Downbeat.Engine.Days;
using Downbeat.Pipeline.Runs;

namespace Downbeat.Pipeline.Publish;

/// <summary>
/// The dates to be computed, shared by the workers. A worker opens a date that nobody has opened; when there is none left,
/// it helps with one that is not finished. So nobody waits, and a date's counters are few. Safe to use from many threads.
/// </summary>
sealed class DateQueue(IReadOnlyList<PlannedDate> dates, Func<PlannedDate, DayCounting> prepare)
{
    /// <summary>Dates that are open at once take about so much memory; one that takes more is alone.</summary>
    const long MaxOpenBytes = 128 << 20;

    readonly Lock changing = new();
    readonly List<OpenDate> open = [];
    int next;

    /// <summary>The date to work on next, or null when others will finish what is left.</summary>
    public OpenDate? Take()
    {
        lock (changing)
        {
            if (next < dates.Count && open.Sum(date => date.MemoryBytes) <= MaxOpenBytes)
            {
                return Open();
            }

            return open.Find(date => date.HasWork) ?? (next < dates.Count ? Open() : null);
        }
    }

    /// <summary>Takes a date that is finished, or has failed, from those that are open; false when another worker did.</summary>
    public bool Close(OpenDate date)
    {
        lock (changing)
        {
            return open.Remove(date);
        }
    }

    /// <summary>Opens no more dates.</summary>
    public void Stop()
    {
        lock (changing)
        {
            next = dates.Count;
            open.Clear();
        }
    }

    OpenDate Open()
    {
        var date = dates[next++];
        var opened = new OpenDate(date, () => prepare(date));
        open.Add(opened);
        return opened;
    }
}

/// <summary>A date that is being computed.</summary>
sealed class OpenDate(PlannedDate date, Func<DayCounting> prepare)
{
    // The worker who comes first prepares it, without holding up the queue; those who come meanwhile wait.
    readonly Lazy<DayCounting> counting = new(prepare);

    public PlannedDate Date { get; } = date;

    /// <summary>Whether one more worker would find something to do.</summary>
    public bool HasWork => !counting.IsValueCreated || counting.Value.HasWork;

    /// <summary>How much memory the date takes, as far as it is known.</summary>
    public long MemoryBytes => counting.IsValueCreated ? counting.Value.MemoryBytes : 0;

    /// <inheritdoc cref="DayCounting.Work"/>
    public DayCounts? Work(CancellationToken cancellationToken) => counting.Value.Work(cancellationToken);
}
