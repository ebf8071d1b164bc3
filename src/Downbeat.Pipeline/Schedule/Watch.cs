using System.Globalization;
using Downbeat.Engine.Listens;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Runs;
using Microsoft.Extensions.Logging;

namespace Downbeat.Pipeline.Schedule;

/// <summary>
/// Keeps a lake current until it is stopped: runs as files land, or by a timetable, and survives whatever a run throws. What fails is
/// tried again, later each time; a destination that is behind is caught up by itself, and the others do not wait for it.
/// </summary>
/// <param name="lake">The lake.</param>
/// <param name="options">How to watch it.</param>
/// <param name="run">Carries a run out; called by one thread at a time.</param>
/// <param name="clock">The time.</param>
/// <param name="logger">Told what matters, and of every condition once.</param>
/// <param name="onces">Loggers of whoever works for the runs, which are told where runs end.</param>
public sealed class Watch(
    ILake lake,
    WatchOptions options,
    Func<RunRequest, CancellationToken, RunRecord> run,
    TimeProvider clock,
    ILogger logger,
    params IReadOnlyList<OnceLogger> onces
) : IDisposable
{
    /// <summary>A machine that slept has not waited meanwhile: the time is looked at again and again.</summary>
    static readonly TimeSpan LongestNap = TimeSpan.FromMinutes(1);

    /// <summary>When nothing has happened for so long, memory that runs needed is given back.</summary>
    static readonly TimeSpan TidyAfter = TimeSpan.FromSeconds(5);

    readonly LandingWatch? landing = options.Timetable is null ? new(lake, options) : null;
    readonly Timetable timetable = options.Timetable ?? Timetable.Every(options.WholeLook);
    readonly BackOff backOff = new();
    readonly Dictionary<string, BehindDestination> behind = new(StringComparer.Ordinal);
    DateTimeOffset lastWhole;
    DateTimeOffset dueAt;
    DateTimeOffset? retryAt;
    DateTimeOffset? tidyAt;
    DateTimeOffset failingSince;
    string? condition;
    bool isBlocked;

    /// <summary>How it is.</summary>
    public WatchHealth Health { get; } = new(clock);

    /// <summary>Watches until it is stopped.</summary>
    /// <returns>Whether the last run ended; one that did not within the patience for it was abandoned and may still be at work.</returns>
    public async Task<bool> RunAsync(CancellationToken stop)
    {
        Start();
        while (!stop.IsCancellationRequested)
        {
            Health.Beat();
            RunRequest? request = null;
            var (wake, hearsChanges) = (DateTimeOffset.MaxValue, false);
            try
            {
                request = FindDue(out wake, out hearsChanges);
            }
            catch (Exception error)
            {
                Fail(error);
                wake = Earlier(DateTimeOffset.MaxValue, retryAt);
            }

            if (request is not null)
            {
                if (!await TryRunAsync(request, stop).ConfigureAwait(false))
                {
                    logger.Abandoned(options.StopPatience.TotalSeconds);
                    return false;
                }

                continue;
            }

            await NapAsync(wake, hearsChanges, stop).ConfigureAwait(false);
        }

        logger.Stopped();
        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => landing?.Dispose();

    void Start()
    {
        // A time that was missed while no process watched is made up, once; so is the first one.
        var now = clock.GetUtcNow();
        lastWhole = now;
        dueAt = now;
        var how = timetable.Text;
        if (landing is not null)
        {
            how = landing.IsNotified
                ? "runs as files land"
                : $"runs as files land, looked for every {Durations.Text(options.Poll)}";
        }
        else
        {
            try
            {
                if (RunRecords.FindLast(lake) is { } last && timetable.After(last.Started) is var next && next > now)
                {
                    dueAt = next;
                    Health.End(last.Outcome, last.Outcome == RunOutcome.Failed ? "the last run failed" : null);
                }
            }
            catch (Exception error) when (RunContext.IsExpected(error))
            {
                // The first run will say so.
            }

            how +=
                dueAt > now
                    ? string.Create(CultureInfo.InvariantCulture, $", next {dueAt:yyyy-MM-dd HH:mm:ss} UTC")
                    : "";
        }

        logger.Watching(lake.Name, how);
    }

    /// <summary>What is to be run now; null when nothing is, and then when to look again.</summary>
    RunRequest? FindDue(out DateTimeOffset wake, out bool hearsChanges)
    {
        var now = clock.GetUtcNow();
        hearsChanges = true;
        if (lastWhole > now)
        {
            (lastWhole, dueAt) = (now, timetable.After(now)); // The clock was set back.
        }

        wake = Earlier(dueAt, retryAt);
        if (wake <= now)
        {
            return new();
        }

        if (landing is not null)
        {
            var isDue = landing.IsDue(now, out var again);
            if (isDue && (!isBlocked || landing.HasCatalogue))
            {
                // Those that are behind have times of their own.
                var others = options.Destinations.Where(name => !behind.ContainsKey(name)).ToList();
                return behind.Count == 0 ? new() : new() { Destinations = others };
            }

            wake = Earlier(wake, again);
            hearsChanges = isBlocked || !landing.IsCollecting;
        }

        var due = behind.Where(one => one.Value.RetryAt <= now).Select(one => one.Key).ToList();
        if (due.Count > 0 && !isBlocked)
        {
            return new() { Only = RunStep.Publish, Destinations = due };
        }

        wake = behind.Values.Where(_ => !isBlocked).Aggregate(wake, (at, one) => Earlier(at, one.RetryAt));
        return null;
    }

    async Task NapAsync(DateTimeOffset wake, bool hearsChanges, CancellationToken stop)
    {
        var now = clock.GetUtcNow();
        if (tidyAt <= now)
        {
            tidyAt = null;
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive);
        }

        var nap = Earlier(Earlier(wake, tidyAt), now + LongestNap) - now;
        if (nap <= TimeSpan.Zero)
        {
            return;
        }

        nap = TimeSpan.FromMilliseconds(Math.Ceiling(nap.TotalMilliseconds)); // Timers round down, to no time at all.

        if (landing is not null)
        {
            await landing.WaitAsync(nap, hearsChanges, clock, stop).ConfigureAwait(false);
        }
        else
        {
            await Task.WhenAny(Task.Delay(nap, clock, stop)).ConfigureAwait(false); // Not thrown: the loop sees it.
        }
    }

    /// <summary>Runs; false when the run was stopped and did not end in time.</summary>
    async Task<bool> TryRunAsync(RunRequest request, CancellationToken stop)
    {
        var began = clock.GetUtcNow();
        var isGeneral = request.Only is null;
        Task<RunRecord> work;
        try
        {
            if (isGeneral)
            {
                landing?.Begin(began);
                if (request.Destinations is null)
                {
                    (lastWhole, dueAt) = (began, timetable.After(began));
                }
            }

            Health.Begin();
            work = Task.Factory.StartNew(
                () => run(request, stop),
                CancellationToken.None,
                TaskCreationOptions.LongRunning,
                TaskScheduler.Default
            );
            using var ended = new CancellationTokenSource();
            await Task.WhenAny(work, PatienceAsync(stop, ended.Token)).ConfigureAwait(false);
            await ended.CancelAsync().ConfigureAwait(false);
            if (!work.IsCompleted)
            {
                return false;
            }

            End(request, isGeneral, await work.ConfigureAwait(false), stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // It stopped as it was asked to.
        }
        catch (Exception error)
        {
            Fail(error);
        }

        foreach (var once in onces)
        {
            once.EndRun(isGeneral && request.Destinations is null);
        }

        tidyAt = clock.GetUtcNow() + TidyAfter;
        return true;
    }

    /// <summary>Ends some time after the stop.</summary>
    async Task PatienceAsync(CancellationToken stop, CancellationToken ended)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, ended);
        await Task.WhenAny(Task.Delay(Timeout.Infinite, either.Token)).ConfigureAwait(false);
        await Task.WhenAny(Task.Delay(options.StopPatience, clock, ended)).ConfigureAwait(false);
    }

    void End(RunRequest request, bool isGeneral, RunRecord record, CancellationToken stop)
    {
        var now = clock.GetUtcNow();
        foreach (var name in options.Destinations.Where(request.Concerns))
        {
            EndFor(name, record.Published.FirstOrDefault(one => one.Destination == name)?.Error, now);
        }

        if (isGeneral && !(record.Outcome == RunOutcome.Stopped && stop.IsCancellationRequested))
        {
            // Files that were left are no failure, but nobody tells when they can be read.
            var failed = record.Errors.Count > record.Published.Count(one => one.Error is not null);
            if (failed)
            {
                failingSince = backOff.Failures == 0 ? now : failingSince;
                retryAt = now + backOff.Next();
            }
            else
            {
                Recover(now);
                retryAt = record.Left.Count > 0 ? now + options.LongestWait : null;
            }

            isBlocked = false;
            condition = null;
        }

        if (record.Outcome is RunOutcome.Done or RunOutcome.Failed && Summary(record) is { Length: > 0 } did)
        {
            logger.Ran(did, ((record.Ended ?? now) - record.Started).TotalSeconds);
        }

        Health.End(
            record.Outcome,
            retryAt is not null && backOff.Failures > 0 ? "the last run failed in part"
                : behind.Count > 0 ? $"{string.Join(", ", behind.Keys.Order(StringComparer.Ordinal))} behind"
                : null
        );
    }

    void EndFor(string destination, string? error, DateTimeOffset now)
    {
        if (error is not null)
        {
            if (!behind.TryGetValue(destination, out var known))
            {
                behind.Add(destination, known = new());
            }

            known.RetryAt = now + known.BackOff.Next();
        }
        else if (behind.Remove(destination, out var was))
        {
            logger.CaughtUp(destination, Failures(was.BackOff));
        }
    }

    static string Failures(BackOff backOff) =>
        backOff.Failures == 1
            ? "1 failure"
            : string.Create(CultureInfo.InvariantCulture, $"{backOff.Failures} failures");

    void Recover(DateTimeOffset now)
    {
        if (backOff.Failures > 0)
        {
            logger.WorksAgain(Failures(backOff), Durations.Text(now - failingSince));
            backOff.Reset();
        }
    }

    /// <summary>A run, or the look for files, threw: nothing was done.</summary>
    void Fail(Exception error)
    {
        var now = clock.GetUtcNow();
        failingSince = backOff.Failures == 0 ? now : failingSince;
        retryAt = now + backOff.Next();
        isBlocked = true;
        var (kind, problem, message) = Describe(error);
        if (condition != kind)
        {
            condition = kind;
            if (error is LeaseHeldException)
            {
                logger.Waiting(message);
            }
            else
            {
                logger.Failing(message);
            }
        }

        Health.End(RunOutcome.Failed, problem);
    }

    /// <summary>What kind of condition it is, how it is called where anybody may read it, and what people are told.</summary>
    static (string Kind, string Problem, string Message) Describe(Exception error)
    {
        var cause = error is AggregateException many ? many.Flatten().InnerExceptions[0] : error;
        var message = cause.Message.TrimEnd().TrimEnd('.') + ".";
        return cause switch
        {
            LeaseHeldException => ("lease", "another run works on the lake", message),
            OperationCanceledException => (
                "lease",
                "another run works on the lake",
                "Another process took the lease over, and goes on."
            ),
            LakeException => (message, "the lake is not fit for a run", message),
            IOException or UnauthorizedAccessException => (message, "the lake cannot be read or written", message),
            OutOfMemoryException => (
                "memory",
                "there is not enough memory",
                "There is not enough memory: give a lower sortBufferMb or workers, or more memory."
            ),
            _ => (
                cause.GetType().Name + message,
                "an internal error",
                $"Internal error: {cause.GetType().Name}: {message} Please report it."
            ),
        };
    }

    static string Summary(RunRecord record)
    {
        var did = new List<string>();
        void Add(long count, string verb, string what, string more = "")
        {
            if (count > 0)
            {
                did.Add(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{verb} {count:N0} {what}{(count == 1 ? "" : "s")}{more}"
                    )
                );
            }
        }

        if (record.Songs is not null || record.Users is not null)
        {
            did.Add("read songs and users");
        }

        var rows = record.Scanned.Sum(file => file.Rows);
        Add(
            record.Scanned.Count,
            "scanned",
            "file",
            string.Create(CultureInfo.InvariantCulture, $", {rows:N0} row{(rows == 1 ? "" : "s")}")
        );
        Add(
            record.Dates.Count,
            "computed",
            "date",
            record.Dates.Count is 1 or 2
                ? $" ({string.Join(", ", record.Dates.Select(date => ListenDate.Text(date.Date)))})"
                : ""
        );
        foreach (var published in record.Published.Where(published => published.Dates > 0))
        {
            Add(published.Dates, "published", "date", $" to {published.Destination}");
        }

        Add(record.Quarantined, "quarantined", "file");
        var text = string.Join(", ", did);
        return text.Length == 0 ? "" : char.ToUpperInvariant(text[0]) + text[1..];
    }

    static DateTimeOffset Earlier(DateTimeOffset one, DateTimeOffset? other) => other is { } at && at < one ? at : one;

    /// <summary>A destination that does not hold what it should.</summary>
    sealed class BehindDestination
    {
        public BackOff BackOff { get; } = new();

        public DateTimeOffset RetryAt { get; set; }
    }
}
