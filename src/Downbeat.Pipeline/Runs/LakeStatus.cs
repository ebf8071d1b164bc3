using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Ledger;
using Downbeat.Pipeline.Publish;
using Downbeat.Pipeline.Quality;

namespace Downbeat.Pipeline.Runs;

/// <summary>How a lake is: its dates, what waits, what is in quarantine, what the last run did.</summary>
public sealed record LakeStatus
{
    /// <summary>The lake, as its user named it.</summary>
    public required string Lake { get; init; }

    /// <summary>Its id.</summary>
    public required string LakeId { get; init; }

    /// <summary>Its time zone.</summary>
    public required string TimeZone { get; init; }

    /// <summary>The last commit of its ledger.</summary>
    public required long LedgerVersion { get; init; }

    /// <summary>Every published date, the oldest first.</summary>
    public required IReadOnlyList<DateSummary> Dates { get; init; }

    /// <summary>When the newest file that counts arrived.</summary>
    public DateTimeOffset? NewestArrival { get; init; }

    /// <summary>Landed files that wait for a run.</summary>
    public required int FilesWaiting { get; init; }

    /// <summary>Their size in bytes.</summary>
    public required long BytesWaiting { get; init; }

    /// <summary>What lies in the landing area and is no input, and why.</summary>
    public IReadOnlyList<PlannedFile> PassedOver { get; init; } = [];

    /// <summary>Files scanned so far, and what they held.</summary>
    public required SourceTotals Sources { get; init; }

    /// <summary>Files in quarantine.</summary>
    public required int QuarantinedFiles { get; init; }

    /// <summary>Rejected rows in quarantine.</summary>
    public required long RejectedRows { get; init; }

    /// <summary>The songs as last read.</summary>
    public CatalogueEntry? Songs { get; init; }

    /// <summary>The users as last read.</summary>
    public CatalogueEntry? Users { get; init; }

    /// <summary>The systems that tables are published to besides the lake's own files, and how far behind they are.</summary>
    public IReadOnlyList<DestinationStatus> Destinations { get; init; } = [];

    /// <summary>Whether users were forgotten in some files only, because whoever did it died: the command is to be given again.</summary>
    public bool IsForgettingUnfinished { get; init; }

    /// <summary>The last run that had something to do.</summary>
    public RunRecord? LastRun { get; init; }

    /// <summary>Who runs now, if someone does.</summary>
    public LeaseFile? Running { get; init; }

    /// <summary>Looks at a lake; changes nothing.</summary>
    /// <exception cref="LakeException">There is no lake.</exception>
    public static LakeStatus Read(
        ILake lake,
        TimeProvider clock,
        IReadOnlyList<IDestination> destinations,
        ILeaseStore? leases = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(lake);
        ArgumentNullException.ThrowIfNull(clock);
        ArgumentNullException.ThrowIfNull(destinations);
        var file = LakeFile.Read(lake);
        var state = LakeLedger.Open(lake, "status", clock).State;
        var known = new LandedStreams(state);
        var waiting = LandedStreams.List(lake, cancellationToken).Where(landed => known.Find(landed) is null).ToList();
        var counted = state.Sources.Values.Where(source => source.Counts).ToList();
        return new()
        {
            Lake = lake.Name,
            LakeId = file.Id,
            TimeZone = file.TimeZone,
            LedgerVersion = state.Version,
            Dates = [.. state.Dates.Values.Select(DateSummary.Of)],
            NewestArrival = counted.Select(source => (DateTimeOffset?)source.Entry.Arrived).Max(),
            FilesWaiting = waiting.Count,
            BytesWaiting = waiting.Sum(landed => landed.Size),
            PassedOver =
            [
                .. new[] { LakePaths.Songs, LakePaths.Streams, LakePaths.Users }.SelectMany(folder =>
                    CatalogueStage.PassedOver(lake, folder)
                ),
            ],
            Sources = new(
                counted.Count,
                counted.Sum(source => source.Entry.Rows),
                counted.Sum(source => source.Entry.Accepted),
                counted.Sum(source => source.Entry.Duplicates),
                counted.Sum(source => source.Entry.Rejected)
            ),
            QuarantinedFiles = state.Sources.Values.Count(source => source.IsQuarantined),
            RejectedRows = counted.Sum(source => source.OpenRejects),
            Songs = state.Songs,
            Users = state.Users,
            Destinations =
            [
                .. destinations.Select(destination =>
                    DestinationStatus.Of(destination, state, file.Id, cancellationToken)
                ),
            ],
            IsForgettingUnfinished = state.IsForgettingUnfinished,
            LastRun = RunRecords.FindLast(lake),
            Running = Lease.FindHolder(lake, clock, leases),
        };
    }
}

/// <summary>A destination, and how far behind it is.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Place">Where it is.</param>
/// <param name="DatesBehind">How many dates it does not hold as they are published now.</param>
/// <param name="OldestBehind">The oldest of them.</param>
/// <param name="Problem">Why it could not be asked; null when it could.</param>
public sealed record DestinationStatus(
    string Name,
    string Place,
    int DatesBehind,
    DateOnly? OldestBehind,
    string? Problem
)
{
    internal static DestinationStatus Of(
        IDestination destination,
        LakeState state,
        string lakeId,
        CancellationToken cancellationToken
    )
    {
        try
        {
            var behind = PublishStage.FindBehind(destination, state.Dates, lakeId, cancellationToken);
            return new(
                destination.Name,
                destination.Place,
                behind.Count,
                behind.Count == 0 ? null : behind[0].Date,
                null
            );
        }
        catch (DestinationException error)
        {
            return new(destination.Name, destination.Place, 0, null, error.Message);
        }
    }
}

/// <summary>A published date.</summary>
public sealed record DateSummary(
    DateOnly Date,
    long Listens,
    long UnknownTrackListens,
    long UnknownUsers,
    DateTimeOffset RestatedAt,
    string RestatedWhy,
    DateQuality Quality
)
{
    internal static DateSummary Of(DateState date) =>
        new(
            date.Entry.Date,
            date.Entry.Listens,
            date.Entry.UnknownTrackListens,
            date.Entry.UnknownUsers,
            date.Entry.RestatedAt,
            date.Entry.RestatedWhy,
            DateQuality.Of(date)
        );
}

/// <summary>What files held together.</summary>
public sealed record SourceTotals(int Files, long Rows, long Accepted, long Duplicates, long Rejected);
