using Downbeat.Pipeline.Publish;

namespace Downbeat.Testing;

/// <summary>A destination in memory, which can be down.</summary>
public sealed class MemoryDestination(string name) : IDestination
{
    readonly Dictionary<DateOnly, DateTables> held = [];
    string? owner;

    /// <summary>Whether nobody answers.</summary>
    public bool IsDown { get; set; }

    /// <summary>After how many dates it goes down.</summary>
    public int? GoesDownAfter { get; set; }

    /// <summary>Dates it was given, in order.</summary>
    public List<DateOnly> Given { get; } = [];

    /// <summary>What it holds.</summary>
    public IReadOnlyDictionary<DateOnly, DateTables> Held => held;

    /// <inheritdoc/>
    public string Name => name;

    /// <inheritdoc/>
    public string Place => "memory";

    /// <inheritdoc/>
    public IReadOnlyDictionary<DateOnly, HeldDate> Find(string lakeId, CancellationToken cancellationToken = default)
    {
        Answer();
        return owner is null || owner == lakeId
            ? held.ToDictionary(date => date.Key, date => new HeldDate(date.Value.Version, date.Value.Fingerprint))
            : throw new DestinationException("It belongs to another lake.");
    }

    /// <inheritdoc/>
    public void Prepare(DestinationRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        Answer();
        owner = request.LakeId;
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> Publish(IReadOnlyList<DateTables> dates, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(dates);
        foreach (var date in dates)
        {
            IsDown |= Given.Count >= GoesDownAfter;
            Answer();
            Given.Add(date.Date);
            held[date.Date] = date;
        }

        return [];
    }

    /// <inheritdoc/>
    public void Forget(
        string lakeId,
        IReadOnlyCollection<DateOnly> dates,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(dates);
        foreach (var date in dates.Where(held.ContainsKey))
        {
            held[date] = held[date] with { Version = 0, Fingerprint = "to be published again" };
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<Finding> Check(string lakeId, CancellationToken cancellationToken = default) => [];

    /// <inheritdoc/>
    public void Dispose() { }

    void Answer()
    {
        if (IsDown)
        {
            throw new DestinationException("No answer in 30 s.", isTransient: true);
        }
    }
}
