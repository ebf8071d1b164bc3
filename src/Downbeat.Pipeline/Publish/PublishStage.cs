using System.Diagnostics;
using Downbeat.Engine.Listens;
using Downbeat.Pipeline.Ledger;
using Downbeat.Pipeline.Runs;
using Downbeat.Pipeline.Telemetry;

namespace Downbeat.Pipeline.Publish;

/// <summary>
/// Brings every destination to hold the dates of the ledger. Each destination is asked what it holds, and is caught up by itself:
/// one that was down is made up for by the next run, a new one is filled from history, none waits for another.
/// </summary>
/// <param name="run">The run.</param>
/// <param name="destinations">The destinations.</param>
/// <param name="request">What is asked of them.</param>
/// <param name="concerns">Whether a date is to be published.</param>
/// <param name="planned">What they said just now, if they were asked: one that could not be reached is not waited for again.</param>
sealed class PublishStage(
    RunContext run,
    IReadOnlyList<IDestination> destinations,
    DestinationRequest request,
    Func<DateOnly, bool> concerns,
    IReadOnlyList<PlannedPublication> planned
)
{
    /// <summary>So many dates at most are in memory at once for a destination, and in one transaction of it.</summary>
    const int DatesPerBatch = 32;

    /// <summary>So many rows, and a batch is full.</summary>
    const int RowsPerBatch = 200_000;

    readonly Lock reporting = new();
    readonly Lock refreshing = new();
    readonly List<PublishedTo> published = [];
    int done;
    int total;

    /// <summary>What was published, by destination.</summary>
    public IReadOnlyList<PublishedTo> Published =>
        [.. published.OrderBy(one => one.Destination, StringComparer.Ordinal)];

    /// <summary>The dates that a destination is behind on, and why; the oldest first.</summary>
    /// <param name="destination">The destination.</param>
    /// <param name="dates">What it should hold.</param>
    /// <param name="lakeId">The lake.</param>
    /// <param name="cancellationToken">Stops asking.</param>
    /// <exception cref="DestinationException">It cannot say what it holds.</exception>
    public static List<PlannedDate> FindBehind(
        IDestination destination,
        IReadOnlyDictionary<DateOnly, DateState> dates,
        string lakeId,
        CancellationToken cancellationToken
    )
    {
        var held = destination.Find(lakeId, cancellationToken);
        var behind = new List<PlannedDate>();
        foreach (var (date, known) in dates)
        {
            if (!held.TryGetValue(date, out var holds))
            {
                behind.Add(new(date, "new there"));
            }
            else if (holds.Fingerprint != known.Entry.Fingerprint && holds.Version <= known.ComputedIn)
            {
                behind.Add(new(date, "restated"));
            }
        }

        behind.AddRange(
            held.Where(holds => holds.Value.Fingerprint.Length > 0 && !dates.ContainsKey(holds.Key))
                .Select(holds => new PlannedDate(holds.Key, "it has no listens any more"))
        );
        return [.. behind.OrderBy(date => date.Date)];
    }

    /// <summary>Publishes what is behind, to all destinations at once.</summary>
    public void Run(CancellationToken cancellationToken)
    {
        var known = new SortedDictionary<DateOnly, DateState>(run.Ledger.State.Dates); // As of now: one thread may read on.
        var work = destinations
            .Select(destination =>
                Task.Factory.StartNew(
                    () => Run(destination, known, cancellationToken),
                    CancellationToken.None,
                    TaskCreationOptions.DenyChildAttach,
                    TaskScheduler.Current // A simulation has one of its own, so that the same happens again.
                )
            )
            .ToArray();
        Task.WaitAll(work, CancellationToken.None);
        cancellationToken.ThrowIfCancellationRequested();
    }

    void Run(IDestination destination, SortedDictionary<DateOnly, DateState> known, CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        var (dates, rows) = (0, 0L);
        var rowsByTable = new SortedDictionary<string, long>(StringComparer.Ordinal);
        HashSet<DateOnly>? left = null;
        using var span = RunSpans.StartDestination(destination.Name);
        string? error = null;
        try
        {
            if (planned.FirstOrDefault(one => one.Destination == destination.Name)?.Problem is { } problem)
            {
                throw new DestinationException(problem);
            }

            var takesOver = request.TakeOver;
            if (takesOver)
            {
                destination.Prepare(request, cancellationToken); // What it held is another lake's until then.
            }

            var behind = FindBehind(destination, known, request.LakeId, cancellationToken)
                .FindAll(date => concerns(date.Date));
            left = [.. behind.Select(date => date.Date)];
            if (behind.Count == 0)
            {
                return;
            }

            if (!takesOver)
            {
                destination.Prepare(request, cancellationToken);
            }

            Report(0, behind.Count);
            var batch = new List<DateTables>();
            foreach (var date in behind)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (TryRead(destination, date.Date) is { } tables)
                {
                    batch.Add(tables);
                }

                if (batch.Count == DatesPerBatch || batch.Sum(one => one.Rows) >= RowsPerBatch || date == behind[^1])
                {
                    if (batch.Count == 0)
                    {
                        continue;
                    }

                    foreach (var warning in destination.Publish(batch, cancellationToken))
                    {
                        run.Logger.Changed(destination.Name, warning);
                    }

                    dates += batch.Count;
                    rows += batch.Sum(one => one.Rows);
                    left.ExceptWith(batch.Select(one => one.Date));
                    foreach (var table in batch.SelectMany(one => one.Tables))
                    {
                        rowsByTable[table.Schema.Name] =
                            rowsByTable.GetValueOrDefault(table.Schema.Name) + table.Rows.Count;
                    }

                    Report(batch.Count, 0);
                    batch.Clear();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Told by the run; what was published stays.
        }
        catch (Exception failure) when (RunContext.IsExpected(failure))
        {
            error = failure.Message;
            RunSpans.Fail(span, failure);
            run.Fail($"{destination.Name} is behind, and the next run catches it up", failure);
        }
        finally
        {
            span?.SetTag("downbeat.publish.dates", dates).SetTag("downbeat.publish.rows", rows);
            if (dates > 0 || error is not null)
            {
                var told = new PublishedTo(
                    destination.Name,
                    dates,
                    rows,
                    Math.Round(Stopwatch.GetElapsedTime(start).TotalSeconds, 3),
                    error
                )
                {
                    Tables = [.. rowsByTable.Select(table => new WrittenTable(table.Key, table.Value, 0))],
                    Behind = left?.ToList(),
                };
                RunMeasures.AddPublished(run.Lake, told);
                lock (reporting)
                {
                    published.Add(told);
                }
            }
        }
    }

    /// <summary>Reads a date; null when that failed, which was told, and the others go on.</summary>
    DateTables? TryRead(IDestination destination, DateOnly date)
    {
        try
        {
            return Read(date);
        }
        catch (Exception error) when (RunContext.IsExpected(error))
        {
            run.Fail($"{ListenDate.Text(date)} was not published to {destination.Name}", error);
            return null;
        }
    }

    DateTables Read(DateOnly date)
    {
        for (var attempt = 0; ; attempt++)
        {
            DateState? known;
            lock (refreshing)
            {
                var state = run.Ledger.State;
                if (!state.Dates.TryGetValue(date, out known))
                {
                    return DateTables.Empty(date, state.Version);
                }
            }

            try
            {
                return DateTables.Read(run.Lake, known);
            }
            catch (IOException) when (attempt == 0)
            {
                lock (refreshing)
                {
                    run.Ledger.Refresh(); // Another run may have restated the date.
                }
            }
            catch (FormatException error)
            {
                throw new IOException($"The tables of {ListenDate.Text(date)} cannot be read: {error.Message}", error);
            }
        }
    }

    void Report(int more, int moreToDo)
    {
        lock (reporting)
        {
            done += more;
            total += moreToDo;
            run.Report("publish", done, total, "dates");
        }
    }
}
