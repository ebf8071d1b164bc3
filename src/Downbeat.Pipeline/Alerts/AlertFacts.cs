using System.Globalization;
using Downbeat.Engine.Listens;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Ledger;
using Downbeat.Pipeline.Publish;
using Downbeat.Pipeline.Quality;
using Downbeat.Pipeline.Runs;

namespace Downbeat.Pipeline.Alerts;

/// <summary>What someone has found out about a lake: which conditions there are, and of which it is known whether they are.</summary>
public sealed record AlertFacts
{
    /// <summary>The name of the condition that the newest date is old.</summary>
    internal const string NewestDate = "newest-date";

    const string Listens = "listens";
    const string WholeRun = "run";
    const string DeadRun = "died";
    const int ErrorsTold = 3;

    /// <summary>What is not as it should be.</summary>
    public IReadOnlyList<AlertCondition> Conditions { get; init; } = [];

    /// <summary>Whether it is known of a condition whether it is: those that are known and are none of the conditions are over.</summary>
    public required Func<AlertCondition, bool> Knows { get; init; }

    /// <summary>How fresh the lake is; null when that is not known.</summary>
    internal LakeFreshness? Freshness { get; init; }

    /// <summary>What the end of a run tells.</summary>
    /// <param name="end">How it ended.</param>
    /// <param name="destinations">What it publishes to, by name and place.</param>
    /// <param name="lake">What is fixed of the lake; null where it cannot be read.</param>
    /// <param name="options">What people are told of.</param>
    /// <param name="now">When that is.</param>
    public static AlertFacts OfRun(
        RunEnd end,
        IReadOnlyList<(string Name, string Place)> destinations,
        LakeFile? lake,
        AlertOptions options,
        DateTimeOffset now
    )
    {
        ArgumentNullException.ThrowIfNull(end);
        ArgumentNullException.ThrowIfNull(destinations);
        ArgumentNullException.ThrowIfNull(options);
        var conditions = new List<AlertCondition>();
        var (record, request) = (end.Record, end.Request);
        var known = new HashSet<string>(StringComparer.Ordinal);
        var knownKinds = new HashSet<AlertKind>();

        var name = request.Only is null
            ? WholeRun
            : $"{AlertRules.NameOf(request.Only.Value)} {request.Shard}".TrimEnd();
        var failed = FindFailure(end, name, now);
        if (failed is not null)
        {
            conditions.Add(failed);
        }
        else if (record is { Outcome: RunOutcome.Done or RunOutcome.NothingToDo or RunOutcome.Failed })
        {
            known.Add($"run:{name}");
            if (request.Only is null)
            {
                knownKinds.Add(AlertKind.Run);
            }
        }

        if (record is not null && request.Does(RunStep.Publish))
        {
            foreach (var (destination, place) in destinations.Where(one => request.Concerns(one.Name)))
            {
                var published = record.Published.FirstOrDefault(one => one.Destination == destination);
                if (published?.Error is { } error)
                {
                    conditions.Add(Behind(destination, place, error, now));
                }
                else if (
                    request.Dates is null
                    && (
                        published is not null
                        || record is { Outcome: RunOutcome.Done or RunOutcome.NothingToDo, WhyNothing: null }
                    )
                )
                {
                    known.Add($"behind:{destination}");
                }
            }
        }

        if (end.Error is LeaseHeldException held)
        {
            conditions.AddRange(LeaseConditions(held.Holder, options, now));
            knownKinds.Add(AlertKind.Lease);
        }
        else if (record is not null && request.Shard is null)
        {
            knownKinds.Add(AlertKind.Lease); // It had the lease itself.
        }

        var freshness = end.State is null || lake is null ? null : LakeFreshness.Of(end.State, lake);
        if (end.State is { } state)
        {
            conditions.AddRange(InLedger(state, knownKinds));
            if (freshness is not null)
            {
                conditions.AddRange(Fresh(freshness, options, now, null));
                knownKinds.Add(AlertKind.Freshness);
            }
        }

        return new()
        {
            Conditions = conditions,
            Knows = condition => knownKinds.Contains(condition.Kind) || known.Contains(condition.Key),
            Freshness = freshness,
        };
    }

    /// <summary>What a look at the lake and at its destinations tells.</summary>
    public static AlertFacts OfLake(
        ILake lake,
        IReadOnlyList<IDestination> destinations,
        ILeaseStore? leases,
        AlertOptions options,
        TimeProvider clock,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(lake);
        ArgumentNullException.ThrowIfNull(destinations);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(clock);
        var file = LakeFile.Read(lake);
        var state = LakeLedger.Open(lake, "alerts", clock).State;
        var now = clock.GetUtcNow();
        var conditions = new List<AlertCondition>();
        var knownKinds = new HashSet<AlertKind> { AlertKind.Freshness, AlertKind.Lease, AlertKind.Behind };
        conditions.AddRange(InLedger(state, knownKinds));
        var known = new LandedStreams(state);
        var waiting = LandedStreams.List(lake, cancellationToken).Count(landed => known.Find(landed) is null);
        conditions.AddRange(Fresh(LakeFreshness.Of(state, file), options, now, waiting));
        var holder = Lease.FindHolder(lake, clock, leases);
        conditions.AddRange(LeaseConditions(holder, options, now));
        if (
            RunRecords.FindLast(lake) is { Outcome: RunOutcome.Running } last
            && holder is null
            && !Lease.IsAnyShardAtWork(lake, clock)
        )
        {
            conditions.Add(
                Run(
                    DeadRun,
                    $"the run {last.Id}, process {last.ProcessId} on {last.Host}",
                    "it died before its end: killed, out of memory, or its machine went down; nothing is lost, the next run goes on",
                    last.Started
                )
            );
        }

        foreach (var destination in destinations)
        {
            var status = DestinationStatus.Of(destination, state, file.Id, cancellationToken);
            if (status.Problem is { } problem)
            {
                conditions.Add(Behind(destination.Name, destination.Place, problem, now));
            }
            else if (status is { DatesBehind: > 0, OldestBehind: { } oldest })
            {
                conditions.Add(
                    Behind(
                        destination.Name,
                        destination.Place,
                        string.Create(
                            CultureInfo.InvariantCulture,
                            $"it can be reached, and no run has given it {status.DatesBehind:N0} {(status.DatesBehind == 1 ? "date" : "dates")}, the oldest {ListenDate.Text(oldest)}"
                        ),
                        now
                    )
                );
            }
        }

        return new()
        {
            Conditions = conditions,
            Knows = condition =>
                knownKinds.Contains(condition.Kind) || condition is { Kind: AlertKind.Run, Name: DeadRun },
        };
    }

    /// <summary>What time alone tells, between runs.</summary>
    internal static AlertFacts OfTime(
        LakeFreshness? freshness,
        LeaseFile? holder,
        AlertOptions options,
        DateTimeOffset now
    ) =>
        new()
        {
            Conditions =
            [
                .. freshness is null ? [] : Fresh(freshness, options, now, null),
                .. LeaseConditions(holder, options, now),
            ],
            Knows = condition =>
                condition.Kind == AlertKind.Lease || (condition.Kind == AlertKind.Freshness && freshness is not null),
            Freshness = freshness,
        };

    static AlertCondition? FindFailure(RunEnd end, string name, DateTimeOffset now)
    {
        if (end.Error is { } thrown)
        {
            var cause = thrown is AggregateException many ? many.Flatten().InnerExceptions[0] : thrown;
            return cause is LeaseHeldException or OperationCanceledException
                ? null
                : Run(
                    name,
                    Called(name),
                    cause switch
                    {
                        OutOfMemoryException =>
                            "there is not enough memory: give a lower sortBufferMb or workers, or more memory",
                        LakeException or IOException or UnauthorizedAccessException => cause.Message,
                        _ => $"an internal error, {cause.GetType().Name}: {cause.Message}",
                    },
                    now
                );
        }

        if (end.Record is not { Outcome: RunOutcome.Failed } record)
        {
            return null;
        }

        // Of destinations that are behind people are told by themselves, and later.
        var behind = record.Published.Where(one => one.Error is not null).Select(one => one.Error!).ToList();
        var errors = record
            .Errors.Where(error => !behind.Exists(one => error.Contains(one, StringComparison.Ordinal)))
            .ToList();
        if (errors.Count == 0 && behind.Count > 0)
        {
            return null;
        }

        var text = string.Join("; ", errors.Take(ErrorsTold));
        if (errors.Count > ErrorsTold)
        {
            text += string.Create(CultureInfo.InvariantCulture, $"; and {errors.Count - ErrorsTold:N0} more");
        }

        return Run(name, $"{Called(name)}, {record.Id}", text, record.Ended ?? now);
    }

    static string Called(string name) => name == WholeRun ? "a run" : $"a run of the step {name}";

    static AlertCondition Run(string name, string what, string cause, DateTimeOffset since) =>
        new()
        {
            Kind = AlertKind.Run,
            Name = name,
            What = what,
            Since = since,
            Cause = cause,
            Do = ["downbeat status", "downbeat run"],
        };

    internal static AlertCondition Behind(string name, string place, string cause, DateTimeOffset since) =>
        new()
        {
            Kind = AlertKind.Behind,
            Name = name,
            What = $"{name}: {place}",
            Since = since,
            Cause = cause,
            Do = ["downbeat check", "downbeat run"],
        };

    /// <summary>What the ledger says of files and dates.</summary>
    static IEnumerable<AlertCondition> InLedger(LakeState state, HashSet<AlertKind> knownKinds)
    {
        knownKinds.Add(AlertKind.Quarantine);
        foreach (
            var source in state.Sources.Values.Where(source => source is { IsQuarantined: true, IsRetracted: false })
        )
        {
            yield return new()
            {
                Kind = AlertKind.Quarantine,
                Name = source.Entry.Id,
                What = source.Entry.Key,
                Since = source.ScannedAt,
                Cause = source.Entry.FaultDetail ?? source.Entry.Fault ?? "",
                Do = [$"downbeat quarantine show {source.Entry.Id}", $"downbeat quarantine retry {source.Entry.Id}"],
            };
        }

        knownKinds.Add(AlertKind.Held);
        foreach (var held in DateHeldBack.In(state))
        {
            yield return Held(held);
        }
    }

    internal static AlertCondition Held(DateHeldBack held)
    {
        var date = ListenDate.Text(held.Date);
        return new()
        {
            Kind = AlertKind.Held,
            Name = date,
            What = date,
            Since = held.Since,
            Cause = held.Why,
            Do = [$"downbeat quality --date {date}", $"downbeat approve {date}"],
        };
    }

    internal static IEnumerable<AlertCondition> Fresh(
        LakeFreshness freshness,
        AlertOptions options,
        DateTimeOffset now,
        int? waiting
    )
    {
        if (options.NoListensFor is { } longest && now - freshness.ListensAt >= longest)
        {
            yield return new()
            {
                Kind = AlertKind.Freshness,
                Name = Listens,
                What = $"no new listens for {Schedule.Durations.Text(longest)} or longer",
                Since = freshness.ListensAt,
                Cause = waiting switch
                {
                    > 0 => string.Create(
                        CultureInfo.InvariantCulture,
                        $"{waiting:N0} {(waiting == 1 ? "file waits" : "files wait")} in {LakePaths.Streams}/, and no run takes {(waiting == 1 ? "it" : "them")} in"
                    ),
                    0 => $"nothing waits in {LakePaths.Streams}/: whoever delivers has stopped, or delivers elsewhere",
                    _ => "whoever delivers has stopped or delivers elsewhere, or all of it is rejected",
                },
                Do = ["downbeat status", "downbeat plan"],
            };
        }

        if (options.NewestDateFor is { } oldest && freshness.NewestEnded is { } ended && now - ended >= oldest)
        {
            yield return new()
            {
                Kind = AlertKind.Freshness,
                Name = NewestDate,
                What =
                    $"the newest date, {ListenDate.Text(freshness.Newest!.Value)}, ended {Schedule.Durations.Text(oldest)} ago or longer",
                Since = ended,
                Cause = "whoever delivers is late, or delivers old listens only",
                Do = ["downbeat status", "downbeat plan"],
            };
        }
    }

    internal static IEnumerable<AlertCondition> LeaseConditions(
        LeaseFile? holder,
        AlertOptions options,
        DateTimeOffset now
    )
    {
        if (
            holder is null
            || holder.Run.Length < 16
            || !DateTimeOffset.TryParseExact(
                holder.Run[..16],
                "yyyyMMdd'T'HHmmss'Z'",
                CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal,
                out var since
            )
            || now - since < options.LeaseFor
        )
        {
            yield break;
        }

        var process = holder.ProcessId.ToString(CultureInfo.InvariantCulture);
        yield return new()
        {
            Kind = AlertKind.Lease,
            Name = holder.Run,
            What = $"the run {holder.Run}, process {process} on {holder.Host}",
            Since = since,
            Cause =
                $"it has much to do, or hangs; on {holder.Host}, `kill {process}` ends it when it does, and the next run goes on",
            Do = ["downbeat status"],
        };
    }
}

/// <summary>A date that is held back from the destinations.</summary>
/// <param name="Date">The date.</param>
/// <param name="Since">When that was decided.</param>
/// <param name="Why">Which checks of its quality failed.</param>
public sealed record DateHeldBack(DateOnly Date, DateTimeOffset Since, string Why)
{
    /// <summary>Those of a lake.</summary>
    internal static IEnumerable<DateHeldBack> In(LakeState state) =>
        state
            .Dates.Values.Where(date => date.Entry.IsHeld)
            .Select(date => new DateHeldBack(
                date.Entry.Date,
                date.ComputedAt,
                string.Join(", ", date.Entry.Quality.Where(check => check.IsFail).Select(QualityText.Of))
            ));
}

/// <summary>How fresh a lake is.</summary>
/// <param name="ListensAt">When new listens were last taken in; when there never were any, when the lake was made.</param>
/// <param name="Newest">The newest date, if there is one.</param>
/// <param name="NewestEnded">When it ended.</param>
sealed record LakeFreshness(DateTimeOffset ListensAt, DateOnly? Newest, DateTimeOffset? NewestEnded)
{
    /// <summary>That of a lake.</summary>
    public static LakeFreshness Of(LakeState state, LakeFile lake)
    {
        var at = state
            .Sources.Values.Where(source => source.Counts && source.Entry.Accepted > 0)
            .Select(source => source.ScannedAt)
            .DefaultIfEmpty(lake.Created)
            .Max();
        if (state.Dates.Count == 0)
        {
            return new(at, null, null);
        }

        var newest = state.Dates.Keys.Last();
        var midnight = (newest.DayNumber - DateOnly.FromDateTime(DateTime.UnixEpoch).DayNumber + 1) * 86_400L;
        return new(at, newest, DateTimeOffset.FromUnixTimeSeconds(midnight - lake.FindZone().OffsetAt(midnight)));
    }
}
