using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Ledger;
using Downbeat.Pipeline.Runs;

namespace Downbeat.Pipeline.Telemetry;

/// <summary>
/// The measures of runs and lakes. Where nobody listens nothing is summed up. No attribute names a file or a user: lakes, destinations,
/// stages and reasons are few. Names and attributes are listed in <c>docs/operating.md</c>.
/// </summary>
static class RunMeasures
{
    const string Destination = "downbeat.destination";

    static readonly Meter Meter = new(RunSpans.Name, Reconciliation.Version);

    static readonly InstrumentAdvice<double> Seconds = new()
    {
        HistogramBucketBoundaries =
        [
            .. (double[])[0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14_400, 86_400],
        ],
    };

    static readonly Histogram<double> RunDuration = Meter.CreateHistogram(
        "downbeat.run.duration",
        "s",
        "How long a run took.",
        null,
        Seconds
    );

    static readonly Histogram<double> StageDuration = Meter.CreateHistogram(
        "downbeat.stage.duration",
        "s",
        "How long a stage of a run took.",
        null,
        Seconds
    );

    static readonly Histogram<double> LandingDelay = Meter.CreateHistogram(
        "downbeat.landing.delay",
        "s",
        "From when a file was written to the end of the run that scanned it.",
        null,
        Seconds
    );

    static readonly Counter<long> Files = Meter.CreateCounter<long>(
        "downbeat.scan.files",
        "{file}",
        "Files that were scanned."
    );

    static readonly Counter<long> Bytes = Meter.CreateCounter<long>(
        "downbeat.scan.io",
        "By",
        "Size of the files that were scanned."
    );

    static readonly Counter<long> Rows = Meter.CreateCounter<long>(
        "downbeat.scan.rows",
        "{row}",
        "Rows of files that were scanned."
    );

    static readonly Counter<long> Rejects = Meter.CreateCounter<long>(
        "downbeat.scan.rejects",
        "{row}",
        "Rejected rows by reason."
    );

    static readonly Counter<long> Quarantines = Meter.CreateCounter<long>(
        "downbeat.scan.quarantines",
        "{file}",
        "Files that were quarantined whole."
    );

    static readonly Gauge<double> RowRate = Meter.CreateGauge<double>(
        "downbeat.scan.row_rate",
        "{row}/s",
        "Rows a second of the last run that scanned."
    );

    static readonly Gauge<double> ByteRate = Meter.CreateGauge<double>(
        "downbeat.scan.byte_rate",
        "By/s",
        "Bytes a second of the last run that scanned."
    );

    static readonly Counter<long> Dates = Meter.CreateCounter<long>(
        "downbeat.compute.dates",
        "{date}",
        "Dates that were computed."
    );

    static readonly Counter<long> Listens = Meter.CreateCounter<long>(
        "downbeat.compute.listens",
        "{listen}",
        "Listens of dates that were computed."
    );

    static readonly Counter<long> PublishedDates = Meter.CreateCounter<long>(
        "downbeat.publish.dates",
        "{date}",
        "Dates that were published to a destination."
    );

    static readonly Counter<long> PublishedRows = Meter.CreateCounter<long>(
        "downbeat.publish.rows",
        "{row}",
        "Rows that were published to a destination."
    );

    static readonly Counter<long> Failures = Meter.CreateCounter<long>(
        "downbeat.publish.failures",
        "{failure}",
        "How often a destination was left behind."
    );

    static readonly Histogram<double> PublishDuration = Meter.CreateHistogram(
        "downbeat.publish.duration",
        "s",
        "How long publishing to a destination took.",
        null,
        Seconds
    );

    /// <summary>As of the end of the last run, by lake.</summary>
    static readonly ConcurrentDictionary<string, LakeFacts> Lakes = new(StringComparer.Ordinal);

    static RunMeasures()
    {
        Observe("downbeat.publish.lag", "s", "How long a destination has been behind.", lake => lake.Lags());
        Observe(
            "downbeat.publish.dates_behind",
            "{date}",
            "Dates that a destination does not hold as they are, as far as is known.",
            lake => lake.DatesBehind()
        );
        Observe(
            "downbeat.lake.freshness",
            "s",
            "Since the newest file that counts was written.",
            lake => lake.Freshness()
        );
        Observe("downbeat.lake.size", "By", "What lies in a lake.", lake => lake.Sizes);
        Observe("downbeat.lake.files", "{file}", "Files that were ever scanned.", lake => lake.Files);
        Observe("downbeat.lake.dates", "{date}", "Published dates.", lake => [lake.Of(lake.Dates)]);
        Observe("downbeat.lake.listens", "{listen}", "Distinct listens of all dates.", lake => [lake.Of(lake.Listens)]);
        Meter.CreateObservableGauge(
            "downbeat.memory.peak",
            () =>
            {
                using var self = Process.GetCurrentProcess();
                return self.PeakWorkingSet64;
            },
            "By",
            "The most memory that the process had."
        );
    }

    /// <summary>A file was scanned and committed.</summary>
    public static void AddScanned(ILake at, ScannedFile file)
    {
        if (!Rows.Enabled)
        {
            return;
        }

        var lake = LakeTag(at);
        Bytes.Add(file.Size, lake);
        Files.Add(1, lake, new("downbeat.file.outcome", file.Fault is null ? "accepted" : "quarantined"));
        if (file.Fault is not null)
        {
            Quarantines.Add(1, lake, new("downbeat.file.fault", file.Fault));
            return;
        }

        AddRows("accepted", file.Accepted);
        AddRows("duplicate", file.Duplicates);
        AddRows("rejected", file.Rejected);
        foreach (var (reason, rows) in file.Reasons)
        {
            Rejects.Add(rows, lake, new("downbeat.reject.reason", reason));
        }

        void AddRows(string outcome, long rows) => Rows.Add(rows, lake, new("downbeat.row.outcome", outcome));
    }

    /// <summary>A date was computed and committed.</summary>
    public static void AddComputed(ILake at, ComputedDate date)
    {
        if (!Dates.Enabled)
        {
            return;
        }

        var change =
            date.Listens == 0 ? "removed"
            : date.Restated.Count == 0 ? "unchanged"
            : "restated";
        Dates.Add(1, LakeTag(at), new("downbeat.date.change", change));
        Listens.Add(date.Listens, LakeTag(at));
    }

    /// <summary>Dates were published to a destination, or were not.</summary>
    public static void AddPublished(ILake at, PublishedTo published)
    {
        if (!PublishedDates.Enabled)
        {
            return;
        }

        var (lake, destination) = (LakeTag(at), new KeyValuePair<string, object?>(Destination, published.Destination));
        PublishedDates.Add(published.Dates, lake, destination);
        PublishedRows.Add(published.Rows, lake, destination);
        PublishDuration.Record(published.Seconds, lake, destination);
        Failures.Add(published.Error is null ? 0 : 1, lake, destination);
    }

    /// <summary>A run has ended.</summary>
    /// <param name="at">The lake.</param>
    /// <param name="request">What was asked of the run.</param>
    /// <param name="end">How it ended.</param>
    /// <param name="seconds">How long it took.</param>
    /// <param name="destinations">The destinations that it would have published to.</param>
    /// <param name="clock">The time.</param>
    public static void AddRun(
        ILake at,
        RunRequest request,
        RunEnd end,
        double seconds,
        IEnumerable<string> destinations,
        TimeProvider clock
    )
    {
        if (!RunDuration.Enabled)
        {
            return;
        }

        var lake = LakeTag(at);
        RunDuration.Record(
            seconds,
            lake,
            new("downbeat.run.step", RunSpans.Step(request)),
            new("downbeat.run.outcome", end.Record is { } ended ? RunSpans.Outcome(ended) : "failed")
        );
        if (end.Record is not { } record)
        {
            return;
        }

        foreach (var (stage, took) in record.StageSeconds)
        {
            StageDuration.Record(took, lake, new KeyValuePair<string, object?>("downbeat.stage", stage));
        }

        if (record.StageSeconds.GetValueOrDefault("scan") is > 0 and var scanning && record.Scanned.Count > 0)
        {
            RowRate.Record(record.Scanned.Sum(file => file.Rows) / scanning, lake);
            ByteRate.Record(record.Scanned.Sum(file => file.Size) / scanning, lake);
        }

        if (end.State is not { } state)
        {
            return;
        }

        var now = clock.GetUtcNow();
        foreach (var file in record.Scanned)
        {
            if (state.Sources.TryGetValue(file.Source, out var source))
            {
                LandingDelay.Record(Math.Max(0, (now - source.Entry.Arrived).TotalSeconds), lake);
            }
        }

        var name = (string)lake.Value!;
        Lakes.TryGetValue(name, out var before);
        Lakes[name] = new(lake, state, record, [.. destinations], before, clock);
    }

    static KeyValuePair<string, object?> LakeTag(ILake lake) => new("downbeat.lake", RunSpans.LakeName(lake));

    static void Observe(
        string name,
        string unit,
        string description,
        Func<LakeFacts, IEnumerable<Measurement<double>>> observe
    ) => Meter.CreateObservableGauge(name, () => Lakes.Values.SelectMany(observe), unit, description);

    /// <summary>What was true of a lake when a run of it ended. States change while runs work: nothing of them is kept.</summary>
    sealed class LakeFacts
    {
        readonly KeyValuePair<string, object?> lake;
        readonly TimeProvider clock;
        readonly DateTimeOffset? newest;
        readonly Dictionary<string, (DateTimeOffset? Since, HashSet<DateOnly> Dates)> behind = new(
            StringComparer.Ordinal
        );

        public LakeFacts(
            KeyValuePair<string, object?> lake,
            LakeState state,
            RunRecord record,
            IReadOnlyList<string> destinations,
            LakeFacts? before,
            TimeProvider clock
        )
        {
            (this.lake, this.clock) = (lake, clock);
            var sources = state.Sources.Values;
            var counted = sources.Where(source => source.Counts).ToList();
            newest = counted.Select(source => (DateTimeOffset?)source.Entry.Arrived).Max();
            Dates = state.Dates.Count;
            Listens = state.Dates.Values.Sum(date => date.Entry.Listens);
            Sizes =
            [
                Of(
                    counted.Sum(source => source.Entry.Slices.Sum(slice => slice.Bytes)),
                    "downbeat.lake.part",
                    "slices"
                ),
                Of(
                    state.Dates.Values.Sum(date => date.Entry.Files.Sum(file => file.Size)),
                    "downbeat.lake.part",
                    "kpis"
                ),
                Of(counted.Sum(source => source.RawSize), "downbeat.lake.part", "raw"),
                Of(
                    sources.Where(source => source.IsQuarantined).Sum(source => source.RawSize),
                    "downbeat.lake.part",
                    "quarantine"
                ),
            ];
            Files =
            [
                Of(counted.Count, "downbeat.file.state", "counted"),
                Of(sources.Count(source => source.IsQuarantined), "downbeat.file.state", "quarantined"),
                Of(sources.Count(source => source.IsRetracted), "downbeat.file.state", "retracted"),
            ];
            foreach (var (name, known) in before?.behind ?? [])
            {
                behind[name] = known;
            }

            foreach (var name in destinations)
            {
                behind[name] = Behind(name, state, record);
            }
        }

        public long Dates { get; }

        public long Listens { get; }

        public IReadOnlyList<Measurement<double>> Sizes { get; }

        public IReadOnlyList<Measurement<double>> Files { get; }

        public Measurement<double> Of(double value) => new(value, lake);

        public IEnumerable<Measurement<double>> Freshness() =>
            newest is { } at ? [Of(Math.Max(0, (clock.GetUtcNow() - at).TotalSeconds))] : [];

        public IEnumerable<Measurement<double>> Lags() =>
            behind.Select(one =>
                Of(
                    one.Value.Since is { } since ? Math.Max(0, (clock.GetUtcNow() - since).TotalSeconds) : 0,
                    Destination,
                    one.Key
                )
            );

        public IEnumerable<Measurement<double>> DatesBehind() =>
            behind.Select(one => Of(one.Value.Dates.Count, Destination, one.Key));

        Measurement<double> Of(double value, string key, string attribute) =>
            new(value, lake, new KeyValuePair<string, object?>(key, attribute));

        /// <summary>
        /// Since when a destination has been behind, and on which dates. One that cannot be asked lacks at least what was restated
        /// since it could be.
        /// </summary>
        (DateTimeOffset? Since, HashSet<DateOnly> Dates) Behind(string name, LakeState state, RunRecord record)
        {
            var published = record.Published.FirstOrDefault(one => one.Destination == name);
            if (published?.Error is null)
            {
                return (null, []);
            }

            behind.TryGetValue(name, out var before);
            var dates = published.Behind?.ToHashSet() ?? [.. before.Dates ?? []];
            dates.UnionWith(record.Dates.Where(date => date.Restated.Count > 0).Select(date => date.Date));
            var restated = dates
                .Select(date =>
                    state.Dates.TryGetValue(date, out var known) ? known.Entry.RestatedAt : (DateTimeOffset?)null
                )
                .Min();
            var since = new[] { before.Since, restated, clock.GetUtcNow() }.Min();
            return (since, dates);
        }
    }
}
