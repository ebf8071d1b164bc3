using Downbeat.Pipeline.Publish;

namespace Downbeat.Testing.Simulation;

/// <summary>What a destination holds, whoever asks.</summary>
sealed class SimServer(string name)
{
    public string Name => name;

    public string? Owner { get; set; }

    public SortedDictionary<DateOnly, DateTables> Held { get; } = [];

    /// <summary>Until when nobody answers.</summary>
    public TimeSpan DownUntil { get; set; }
}

/// <summary>A destination as one simulated process sees it.</summary>
sealed class SimDestination(SimWorld world, SimServer server, SimProcess process) : IDestination
{
    public string Name => server.Name;

    public string Place => "memory";

    public IReadOnlyDictionary<DateOnly, HeldDate> Find(string lakeId, CancellationToken cancellationToken = default)
    {
        Ask("find dates", isWrite: false);
        return server.Owner is null || server.Owner == lakeId
            ? server.Held.ToDictionary(
                date => date.Key,
                date => new HeldDate(date.Value.Version, date.Value.Fingerprint)
            )
            : throw new DestinationException("It belongs to another lake.");
    }

    public void Prepare(DestinationRequest request, CancellationToken cancellationToken = default)
    {
        Ask("prepare", isWrite: true);
        server.Owner = request.LakeId;
    }

    public IReadOnlyList<string> Publish(IReadOnlyList<DateTables> dates, CancellationToken cancellationToken = default)
    {
        foreach (var date in dates)
        {
            Ask($"publish {date.Date:yyyy-MM-dd} of {date.Version}", isWrite: true, () => Hold(date));
            Hold(date);
            world.StepBehind(process);
        }

        return [];
    }

    public void Forget(
        string lakeId,
        IReadOnlyCollection<DateOnly> dates,
        CancellationToken cancellationToken = default
    )
    {
        foreach (var date in dates.Where(server.Held.ContainsKey))
        {
            Ask($"forget {date:yyyy-MM-dd}", isWrite: true);
            server.Held[date] = server.Held[date] with { Version = 0, Fingerprint = "to be published again" };
        }
    }

    public IReadOnlyList<Finding> Check(string lakeId, CancellationToken cancellationToken = default) => [];

    public void Dispose() { }

    void Hold(DateTables date)
    {
        if (!server.Held.TryGetValue(date.Date, out var held) || held.Version <= date.Version)
        {
            server.Held[date.Date] = date;
        }
    }

    void Ask(string what, bool isWrite, Action? effect = null)
    {
        var fault = world.Step(process, what, server.Name, isWrite);
        if (fault is SimFault.DiesAfter or SimFault.FailsAfter)
        {
            effect?.Invoke();
        }

        if (world.IsDown(server))
        {
            throw new DestinationException("No answer in 30 s.", isTransient: true);
        }

        try
        {
            world.Meet(process, fault);
        }
        catch (IOException error)
        {
            throw new DestinationException(error.Message, isTransient: true, error);
        }
    }
}
