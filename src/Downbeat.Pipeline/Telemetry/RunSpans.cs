using System.Diagnostics;
using Downbeat.Engine.Listens;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Runs;

namespace Downbeat.Pipeline.Telemetry;

/// <summary>
/// The spans of runs: a run, in it its stages, in these sources, dates and destinations. Where nobody listens there are none, and each
/// costs a look at that. Names and attributes are listed in <c>docs/operating.md</c>.
/// </summary>
public static class RunSpans
{
    /// <summary>What <see cref="ActivitySource"/> and meter are called.</summary>
    public const string Name = "Downbeat";

    static readonly ActivitySource Spans = new(Name, Reconciliation.Version);

    /// <summary>Whether somebody listens.</summary>
    internal static bool IsHeard => Spans.HasListeners();

    /// <summary>The lake as measures and spans call it: the same wherever a process was started.</summary>
    internal static string LakeName(ILake lake) =>
        lake.Name.Contains("://", StringComparison.Ordinal) ? lake.Name : Path.GetFullPath(lake.Name);

    /// <summary>A run, within the span that whoever started the process has told of, if it has.</summary>
    internal static Activity? StartRun(ILake lake, RunRequest request)
    {
        if (!IsHeard)
        {
            return null;
        }

        var parent = ActivityContext.TryParse(request.TraceParent, null, isRemote: true, out var known)
            ? known
            : default;
        var span = Spans.StartActivity(ActivityKind.Internal, parent, name: "run");
        return span?.SetTag("downbeat.lake", LakeName(lake)).SetTag("downbeat.run.step", Step(request));
    }

    /// <summary>Says how a run ended.</summary>
    internal static void EndRun(Activity? span, RunEnd end)
    {
        if (span is null)
        {
            return;
        }

        if (end.Record is { } record)
        {
            span.SetTag("downbeat.run.id", record.Id);
            span.SetTag("downbeat.run.outcome", Outcome(record));
            span.SetTag("downbeat.orchestrator.run", record.OrchestratorRun);
            span.SetTag("downbeat.scan.files", record.Scanned.Count);
            span.SetTag("downbeat.scan.rows", record.Scanned.Sum(file => file.Rows));
            span.SetTag("downbeat.scan.rejected", record.Scanned.Sum(file => file.Rejected));
            span.SetTag("downbeat.compute.dates", record.Dates.Count);
            if (record.Errors.Count > 0)
            {
                span.SetStatus(ActivityStatusCode.Error, record.Errors[0]);
            }
        }
        else if (end.Error is { } error)
        {
            Fail(span, error);
        }
    }

    /// <summary>A stage of a run, which is current while it works.</summary>
    internal static Activity? StartStage(string stage) => Spans.StartActivity(stage)?.SetTag("downbeat.stage", stage);

    /// <summary>A stage that overlapped another one, now that it has ended.</summary>
    internal static void AddStage(string stage, TimeSpan took)
    {
        if (took > TimeSpan.Zero)
        {
            StartEarlier(stage, DateTimeOffset.UtcNow - took)?.SetTag("downbeat.stage", stage).Dispose();
        }
    }

    /// <summary>A file that was scanned: the span of its work, which has ended. What is logged while it is current belongs to it.</summary>
    internal static Activity? StartSource(string key, DateTimeOffset began) =>
        StartEarlier("source", began)?.SetTag("downbeat.source.key", key);

    /// <summary>A date that was computed, or was not; likewise.</summary>
    internal static Activity? StartDate(DateOnly date, DateTimeOffset began) =>
        StartEarlier("date", began)?.SetTag("downbeat.date", ListenDate.Text(date));

    /// <summary>The work for a destination, which is current while it lasts.</summary>
    internal static Activity? StartDestination(string name) =>
        Spans.StartActivity("destination", ActivityKind.Client)?.SetTag("downbeat.destination", name);

    /// <summary>Notes what went wrong.</summary>
    internal static void Fail(Activity? span, Exception error) =>
        span?.SetTag("error.type", error.GetType().FullName).SetStatus(ActivityStatusCode.Error, error.Message);

    /// <summary>The step that was asked for, or all of them.</summary>
    internal static string Step(RunRequest request) => request.Only is { } step ? Word(step.ToString()) : "all";

    /// <summary>How a run ended, as attributes say it: <c>nothing_to_do</c>.</summary>
    internal static string Outcome(RunRecord record) =>
        record.Outcome == RunOutcome.NothingToDo ? "nothing_to_do" : Word(record.Outcome.ToString());

    static Activity? StartEarlier(string name, DateTimeOffset began) =>
        Spans.StartActivity(ActivityKind.Internal, name: name, startTime: began);

    static string Word(string name) => name.ToLowerInvariant();
}
