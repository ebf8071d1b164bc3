using System.Diagnostics;
using Downbeat.Engine;
using Downbeat.Engine.Scan;
using Downbeat.Pipeline.Archive;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Ledger;
using Downbeat.Pipeline.Telemetry;

namespace Downbeat.Pipeline.Runs;

/// <summary>Scans landed files that the ledger does not know, several at once, and commits them, many at a time.</summary>
sealed class ScanStage(RunContext run, CatalogueStage catalogue, Shard? shard = null)
{
    /// <summary>A commit holds at most so many files, and a run that dies loses at most so much work.</summary>
    const int FilesPerCommit = 1000;

    /// <summary>Workers share the sort buffer; with less than this each, merging would cost more than they gain.</summary>
    const int MinBufferMbOfWorker = 16;

    /// <summary>Building the index of tracks takes longer than it saves with less to scan.</summary>
    const long MinBytesToIndex = 32 << 20;

    const string WhyRetracted = "retracted, moves out of the way";

    static readonly TimeSpan CommitInterval = TimeSpan.FromSeconds(2);

    readonly Lock committing = new();
    readonly List<(LakeObject File, SourceEntry Entry)> pending = [];
    readonly List<ScannedFile> scanned = [];
    readonly List<PlannedFile> left = [];
    readonly Dictionary<string, DateTimeOffset> began = new(StringComparer.Ordinal); // By path, where somebody listens to spans.
    readonly List<LandedSource> waiting = []; // Until the catalogue is committed.
    HashSet<string> compared = []; // Sources that were known when files were compared with their older versions.
    HashSet<string> swept = []; // The ids in the names of what was, as of then; later ones are seen when it is committed.
    bool isCatalogueCommitted = catalogue.Pieces == 0;
    long bytesDone;
    long bytesTotal;
    long rows;
    long lastCommit;
    long firstVersion;
    long started;

    /// <summary>The files that were committed.</summary>
    public IReadOnlyList<ScannedFile> Scanned => [.. scanned.OrderBy(file => file.Path, StringComparer.Ordinal)];

    /// <summary>The files that were left for the next run.</summary>
    public IReadOnlyList<PlannedFile> Left => left;

    /// <summary>How long it took since the first file was begun.</summary>
    public TimeSpan Elapsed => started == 0 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(started);

    /// <summary>Which landed files would be scanned, moved or left.</summary>
    public static (List<PlannedFile> Scan, List<PlannedFile> Move, List<PlannedFile> Leave) Plan(
        ILake lake,
        LakeState state,
        RunOptions options,
        DateTimeOffset now,
        Shard? shard = null
    )
    {
        var (scan, move, leave) = (new List<PlannedFile>(), new List<PlannedFile>(), new List<PlannedFile>());
        var known = new LandedStreams(state);
        var landed = new HashSet<SourceState>();
        foreach (var file in LandedStreams.ListAll(lake))
        {
            var source = known.Find(file);
            if (source is not null)
            {
                landed.Add(source);
            }

            if (shard?.Has(file.Path) == false)
            {
                continue;
            }

            if (LandedStreams.WhyNoInput(file.Path) is { } why)
            {
                leave.Add(new(file.Path, file.Size, why));
            }
            else if (source is not null)
            {
                move.Add(
                    new(
                        file.Path,
                        file.Size,
                        source.IsQuarantined ? "quarantined, moves there"
                            : source.IsRetracted ? WhyRetracted
                            : "scanned, moves to the archive"
                    )
                );
            }
            else if (
                now >= file.Modified // A time to come says nothing of when the file was written.
                && now - file.Modified < TimeSpan.FromSeconds(options.SettleSeconds)
            )
            {
                leave.Add(
                    new(file.Path, file.Size, $"written less than {options.SettleSeconds} s ago (settleSeconds)")
                );
            }
            else
            {
                var versions = known.Versions(file.Path).ToList();
                var reason =
                    versions.Count == 0 ? "new"
                    : versions.Exists(version => version.Released) ? "retried"
                    : "delivered again, or a new version";
                scan.Add(new(file.Path, file.Size, reason));
            }
        }

        leave.AddRange(
            lake.ListPassedOver(LakePaths.Streams).Select(found => new PlannedFile(found.Path, 0, found.Why))
        );
        foreach (var (file, misplaced) in MoveStage.FindMisplaced(lake, state))
        {
            move.Add(
                new(file.Path, file.Size, misplaced.IsRetracted ? WhyRetracted : "taken back in, moves to the archive")
            );
        }

        foreach (var (file, _) in MoveStage.FindUnsaid(lake, state, landed))
        {
            move.Add(new(file.Path, file.Size, "has moved there, and the ledger does not say so yet"));
        }

        return (scan, move, leave);
    }

    /// <summary>
    /// Scans and commits. What is to be read of the catalogue is read at the same time, and committed before anything that was
    /// scanned enters the lake: when songs or users cannot be used, nothing was done.
    /// </summary>
    public void Run(CancellationToken cancellationToken)
    {
        var state = run.Ledger.State;
        var known = new LandedStreams(state);
        firstVersion = state.Version;
        swept = [.. state.Swept.Keys.SelectMany(path => path.Split('/', '-', '.')).Where(part => part.Length == 24)];
        compared = state.Sources.Keys.ToHashSet(StringComparer.Ordinal);
        var toScan = Plan(run.Lake, state, run.Options, run.Clock.GetUtcNow(), shard)
            .Scan.Select(file => file.Path)
            .ToHashSet(StringComparer.Ordinal);

        // The largest first, so that no worker is left alone with one at the end.
        var files = LandedStreams
            .List(run.Lake, cancellationToken)
            .Where(file => toScan.Contains(file.Path))
            .OrderByDescending(file => file.Size)
            .ToArray();
        bytesTotal = files.Sum(file => file.Size);
        lastCommit = run.Clock.GetTimestamp();
        var buffers = Math.Max(1, run.Options.SortBufferMb / MinBufferMbOfWorker);
        var workers = Math.Min(run.Options.Workers, buffers);
        var sections = Cut(files, known, workers);
        workers = Math.Min(workers, sections.Count);
        run.Lake.Expect([
            .. sections.Where(section => section.Source.Sections == 1).Select(section => section.Source.Landed),
        ]);
        var threads = Math.Max(workers, Math.Min(run.Options.Workers, catalogue.Pieces));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var tracks = new Lazy<TrackIndex?>(IndexTracks);
        var (scanning, next) = (0, -1);
        try
        {
            Workers.Run(
                threads,
                threads,
                _ =>
                {
                    WorkOnCatalogue(stop);
                    if (Interlocked.Increment(ref scanning) > workers || tracks.Value is not { } index)
                    {
                        return;
                    }

                    Interlocked.CompareExchange(ref started, Stopwatch.GetTimestamp(), 0);
                    var scan = new SectionScan(
                        run.Lake,
                        run.Zone,
                        index,
                        ((long)run.Options.SortBufferMb << 20) / workers,
                        run.Options.MaxDatesPerFile,
                        Progress
                    );
                    while (
                        Interlocked.Increment(ref next) is var section
                        && section < sections.Count
                        && !stop.IsCancellationRequested
                    )
                    {
                        ScanOne(scan, sections[section].Source, sections[section].Number, stop.Token);
                    }
                },
                CancellationToken.None // What was scanned is committed first.
            );
        }
        finally
        {
            CommitPending();
        }

        cancellationToken.ThrowIfCancellationRequested();
        GiveBackBuffers();
    }

    /// <summary>Reads the catalogue, and when it is committed keeps the files that were scanned meanwhile.</summary>
    void WorkOnCatalogue(CancellationTokenSource stop)
    {
        try
        {
            if (!catalogue.Work())
            {
                return;
            }
        }
        catch
        {
            stop.Cancel();
            throw;
        }

        lock (committing)
        {
            isCatalogueCommitted = true;
        }

        // Nobody adds to them any more.
        waiting.ForEach(Keep);
    }

    /// <summary>Null when the songs cannot be read.</summary>
    TrackIndex? IndexTracks() =>
        bytesTotal < MinBytesToIndex ? TrackIndex.Empty
        : catalogue.WaitForSongs() is { } songs ? new(songs.Tracks)
        : null;

    /// <summary>Sort buffers are most of a run's memory, and what comes next would come on top of them.</summary>
    void GiveBackBuffers()
    {
        const long WorthTheTime = 64 << 20;
        if (bytesTotal > WorthTheTime)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive);
        }
    }

    /// <summary>Cuts large files into sections where there are too few files to keep all workers at work to the end.</summary>
    List<(LandedSource Source, int Number)> Cut(LakeObject[] files, LandedStreams known, int workers)
    {
        var sectionBytes =
            workers == 1 ? long.MaxValue : Math.Max(run.Options.MinSectionBytes, bytesTotal / (4 * workers));
        var sections = new List<(LandedSource, int)>();
        foreach (var file in files)
        {
            var versions = known.Versions(file.Path).Select(version => version.Entry).ToList();
            var wanted = (int)Math.Max(1, (file.Size + (sectionBytes / 2)) / sectionBytes);
            var source = new LandedSource(run.Lake, run.Options, file, versions, swept.Contains, wanted);
            sections.AddRange(Enumerable.Range(0, source.Sections).Select(number => (source, number)));
        }

        return sections;
    }

    void ScanOne(SectionScan scan, LandedSource source, int section, CancellationToken cancellationToken) =>
        Try(
            source.Landed,
            () =>
            {
                NoteBegin(source);
                if (!source.Scan(scan, section, cancellationToken))
                {
                    return;
                }

                lock (committing)
                {
                    if (!isCatalogueCommitted)
                    {
                        waiting.Add(source);
                        return;
                    }
                }

                Keep(source);
            }
        );

    void NoteBegin(LandedSource source)
    {
        if (RunSpans.IsHeard)
        {
            lock (committing)
            {
                began.TryAdd(source.Landed.Path, DateTimeOffset.UtcNow);
            }
        }
    }

    /// <summary>The span of a file that was scanned; what is logged before it is disposed of belongs to it.</summary>
    Activity? StartSpan(string path)
    {
        lock (committing)
        {
            return began.Remove(path, out var at) ? RunSpans.StartSource(path, at) : null;
        }
    }

    void Keep(LandedSource source) =>
        Try(
            source.Landed,
            () =>
            {
                var entry = source.Keep();
                lock (committing)
                {
                    if (entry is null)
                    {
                        Leave(source.Landed, "it changed while it was read");
                        return;
                    }

                    pending.Add((source.Landed, entry));
                    if (pending.Count >= FilesPerCommit || run.Clock.GetElapsedTime(lastCommit) >= CommitInterval)
                    {
                        CommitPending();
                    }
                }
            }
        );

    /// <summary>Does something with a file; when that fails, the file is left for the next run.</summary>
    void Try(LakeObject file, Action work)
    {
        try
        {
            work();
        }
        catch (OperationCanceledException)
        {
            // What was scanned before is committed; this file is scanned by the next run.
        }
        catch (Exception error) when (RunContext.IsExpected(error))
        {
            if (error is FileNotFoundException or DirectoryNotFoundException or ObjectChangedException)
            {
                lock (committing)
                {
                    Leave(file, error is ObjectChangedException ? "it changed while it was read" : "it is gone");
                }

                return;
            }

            using var span = StartSpan(file.Path);
            RunSpans.Fail(span, error);
            run.Fail($"{file.Path} was not scanned and stays where it is; the next run tries again", error);
        }
    }

    void Leave(LakeObject file, string why)
    {
        left.Add(new(file.Path, file.Size, why));
        run.Logger.Left(file.Path, why);
    }

    void CommitPending()
    {
        lock (committing)
        {
            if (pending.Count == 0)
            {
                return;
            }

            List<(LakeObject File, string Why)> dropped = [];
            var commit = run.Ledger.Commit(state =>
            {
                var others = state
                    .Sources.Values.Where(source => !compared.Contains(source.Entry.Id))
                    .Select(source => source.Entry.Key)
                    .ToHashSet(StringComparer.Ordinal);
                dropped.Clear(); // Whoever loses a number is asked again.
                var sources = new List<SourceEntry>();
                foreach (var (file, entry) in pending.Where(scanned => !IsKnown(state, scanned.Entry)))
                {
                    if (others.Contains(entry.Key))
                    {
                        // Neither knows whether it continues the other.
                        dropped.Add((file, "another run scanned another version of it"));
                    }
                    else if (IsSwept(state, entry))
                    {
                        dropped.Add((file, "another run swept what was made of it"));
                    }
                    else
                    {
                        sources.Add(entry);
                    }
                }

                return sources.Count == 0 ? null : LakeLedger.Facts with { Sources = sources };
            });
            foreach (var entry in commit?.Sources ?? [])
            {
                scanned.Add(Said(entry));
                RunMeasures.AddScanned(run.Lake, scanned[^1]);
                compared.Add(entry.Id);
            }

            foreach (var (file, why) in dropped)
            {
                Leave(file, why);
            }

            pending.Clear();
            lastCommit = run.Clock.GetTimestamp();
        }
    }

    /// <summary>Whether another run has scanned the same file meanwhile; what it scanned may even have moved, or been retracted.</summary>
    bool IsKnown(LakeState state, SourceEntry entry) =>
        state.Sources.TryGetValue(entry.Id, out var other)
        && (
            other.ScannedIn > firstVersion
            || (other.MovedTo is null && other.Entry.Arrived == entry.Arrived && other.Entry.Version == entry.Version)
        );

    bool IsSwept(LakeState state, SourceEntry entry) =>
        entry
            .Slices.Select(slice => slice.Path)
            .Append(LakePaths.Rejects(entry.Id))
            .Append(LakePaths.QuarantinedSource(entry.Id))
            .Append(LakePaths.Archived(entry.Id, entry.Key))
            .Append(LakePaths.RetractedFile(entry.Id, entry.Key))
            .Append(LakePaths.QuarantinedFile(entry.Id, entry.Key))
            .Any(path => state.IsSwept(path, firstVersion));

    ScannedFile Said(SourceEntry entry)
    {
        using var span = StartSpan(entry.Key)
            ?.SetTag("downbeat.source.id", entry.Id)
            .SetTag("downbeat.source.size", entry.Size)
            .SetTag("downbeat.source.rows", entry.Rows)
            .SetTag("downbeat.source.rejected", entry.Rejected)
            .SetTag("downbeat.file.fault", entry.Fault);
        if (entry.Fault is not null)
        {
            run.Logger.Quarantined(entry.Key, entry.Fault, entry.FaultDetail!);
        }
        else if (entry.Rejected > 0)
        {
            var reasons = string.Join(", ", entry.Reasons.Select(reason => $"{reason.Key} {reason.Value}"));
            run.Logger.Rejected(entry.Rejected, entry.Rows, entry.Key, reasons);
        }

        return new(
            entry.Key,
            entry.Id,
            entry.Size,
            entry.Rows,
            entry.Accepted,
            entry.Duplicates,
            entry.Rejected,
            entry.Reasons,
            entry.Fault,
            entry.FaultDetail,
            entry.Slices.Select(slice => slice.Date).Distinct().Count()
        );
    }

    void Progress(long bytes, long newRows)
    {
        // Files grow, and one with a quote far behind is read twice.
        var done = Math.Min(bytesTotal, Interlocked.Add(ref bytesDone, bytes));
        run.Report("scan", done, bytesTotal, "bytes", Interlocked.Add(ref rows, newRows));
    }
}
