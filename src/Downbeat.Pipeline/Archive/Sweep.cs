using Downbeat.Pipeline.Compaction;
using Downbeat.Pipeline.Corrections;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Ledger;
using Downbeat.Pipeline.Runs;
using Microsoft.Extensions.Logging;

namespace Downbeat.Pipeline.Archive;

/// <summary>
/// Deletes what no date needs: leftovers, what newer versions have replaced, and what is older than it is to be kept. The slices of sources
/// that count and the catalogue in use always stay. What goes is committed first, so that a process that stood still and comes back
/// knows, and one that dies leaves leftovers at worst.
/// </summary>
/// <param name="lake">The lake.</param>
/// <param name="options">How to work, and what to keep.</param>
/// <param name="clock">The time.</param>
/// <param name="logger">Told what matters.</param>
public sealed class Sweep(ILake lake, RunOptions options, TimeProvider clock, ILogger logger)
{
    const int ObjectsPerCommit = 5000;

    /// <summary>What would go now; changes nothing.</summary>
    /// <exception cref="LakeException">There is no lake.</exception>
    public SweepReport Plan(CancellationToken cancellationToken = default)
    {
        LakeFile.Read(lake);
        var found = new Found(lake, cancellationToken);
        var state = LakeLedger.Open(lake, "sweep", clock).State;
        var decision = Decide(state, found);
        return new()
        {
            Lake = lake.Name,
            DryRun = true,
            Objects = decision.Objects,
            Needed = decision.Needed,
        };
    }

    /// <summary>Deletes it.</summary>
    /// <exception cref="LakeException">Nothing was deleted: there is no lake, or a run works on it.</exception>
    public SweepReport Run(CancellationToken cancellationToken = default)
    {
        var file = LakeFile.Read(lake);
        var id = RunRecords.NewId(clock);
        lake.DeleteScratch();
        var swept = new List<SweptObject>();
        IReadOnlyList<string> needed = [];
        using (var lease = Lease.Take(lake, id, options.LeaseSeconds, clock, options.LeaseStore))
        using (var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lease.Lost))
        {
            if (Lease.IsAnyShardAtWork(lake, clock))
            {
                throw new LakeException($"Files are scanned into {lake.Name} by shards. Sweep when they are done.");
            }

            var run = new RunContext(
                lake,
                file.FindZone(),
                LakeLedger.Open(lake, id, clock),
                options,
                clock,
                logger,
                null
            );
            ObsoleteStage.Run(run); // As every run does, before all else.
            var found = new Found(lake, stop.Token);
            while (!stop.IsCancellationRequested && Commit(run, found, ref needed) is { Count: > 0 } gone)
            {
                lake.Delete(gone.ConvertAll(one => one.Path));
                swept.AddRange(gone);
                found.Remove(gone);
            }

            stop.Token.ThrowIfCancellationRequested();
        }

        lake.DeleteScratch();
        return new()
        {
            Lake = lake.Name,
            DryRun = false,
            Objects = swept,
            Needed = needed,
        };
    }

    /// <summary>Commits some of what goes; says what.</summary>
    List<SweptObject> Commit(RunContext run, Found found, ref IReadOnlyList<string> needed)
    {
        var gone = new List<SweptObject>();
        IReadOnlyList<string> stays = [];
        run.Ledger.Commit(state =>
        {
            var decision = Decide(state, found);
            stays = decision.Needed;
            gone = [.. decision.Objects.Take(ObjectsPerCommit)];

            // Records of runs are no facts, and their names are never used again.
            var swept = gone.FindAll(one => one.Why != SweepReason.Runs).ConvertAll(one => one.Path);
            var paths = swept.ToHashSet(StringComparer.Ordinal);
            return swept.Count == 0
                ? null
                : LakeLedger.Facts with
                {
                    Swept = swept,
                    Expired =
                    [
                        .. decision.Expired.Where(one => one.Paths.Exists(paths.Contains)).Select(one => one.Entry),
                    ],
                };
        });
        needed = stays;
        return gone;
    }

    Decision Decide(LakeState state, Found found)
    {
        var decision = new Decision(found, state);
        foreach (var source in state.Sources.Values)
        {
            if (source.RetractedBy is not null && source.Entry.Slices.Count > 0)
            {
                decision.Expire(SweepReason.Replaced, new(source.Entry.Id, Slices: true), PathsOf(source));
            }

            DecideRaw(source, found, decision);
        }

        var named = SweepStage.Named(state);
        foreach (var left in found.Swept.Where(one => !named.Contains(one.Path)))
        {
            var isCatalogue = left.Path.StartsWith(LakePaths.Catalogue + "/", StringComparison.Ordinal);
            decision.Add(left.Path, isCatalogue ? SweepReason.OldCatalogue : SweepReason.LeftOver);
        }

        var slices = state.SlicesByDate();
        foreach (var date in state.Compacted.Values.Select(one => one.Date).Distinct())
        {
            var counting = slices.GetValueOrDefault(date)?.ConvertAll(slice => slice.Slice) ?? [];
            foreach (var useless in CompactStage.FindUseless(state, date, state.Pieces(date, counting)))
            {
                foreach (var slice in useless.Slices)
                {
                    decision.Add(slice.Path, SweepReason.Compacted);
                }
            }
        }

        if (options.Keep.RunsDays is { } days)
        {
            // The last one is what `status` shows.
            foreach (var record in found.Runs.SkipLast(1).Where(record => IsOlder(record.Modified, days)))
            {
                decision.Add(record.Path, SweepReason.Runs);
            }
        }

        return decision;
    }

    void DecideRaw(SourceState source, Found found, Decision decision)
    {
        var id = source.Entry.Id;
        var raws = found.Raws[id].Select(file => file.Path).ToList();
        if (source.RawDeletedAt is not null)
        {
            // Who committed that died before it was done.
            foreach (var left in source.Entry.Fault is null ? raws : raws.Concat(found.Quarantined[id]))
            {
                decision.Add(left, SweepReason.LeftOver);
            }
        }

        if (options.Keep.QuarantineDays is { } age && source.Entry.Fault is null && IsOlder(source.ScannedAt, age))
        {
            decision.Expire(SweepReason.Quarantine, new(id, Rejects: true), found.Quarantined[id]);
        }

        if (source.MovedTo is not { } path || source.RawDeletedAt is not null)
        {
            return; // It is about to move, or gone.
        }

        var isRetracted = path.StartsWith(LakePaths.Retracted + "/", StringComparison.Ordinal);
        if (source.Entry.Fault is not null)
        {
            if (source.IsQuarantined && options.Keep.QuarantineDays is { } days && IsOlder(source.ScannedAt, days))
            {
                decision.Expire(SweepReason.Quarantine, new(id, Raw: true), found.Quarantined[id]);
            }

            return;
        }

        if (source.IsRetracted != isRetracted)
        {
            return; // It is about to move.
        }

        if (isRetracted)
        {
            if (
                options.Keep.RetractedDays is { } days
                && source.RetractedAt is { } retractedAt
                && IsOlder(retractedAt, days)
            )
            {
                decision.Expire(SweepReason.Retracted, new(id, Raw: true, Slices: true), [.. raws, .. PathsOf(source)]);
            }
        }
        else if (options.Keep.ArchiveDays is { } days && IsOlder(source.ScannedAt, days) && raws.Count > 0)
        {
            // From now on its slices are all there is of it.
            if (source.Counts && !source.Entry.Slices.All(found.IsThere))
            {
                decision.Needed.Add(path);
            }
            else
            {
                decision.Expire(SweepReason.Archive, new(id, Raw: true), raws);
            }
        }
    }

    bool IsOlder(DateTimeOffset when, int days) => clock.GetUtcNow() - when > TimeSpan.FromDays(days);

    static IEnumerable<string> PathsOf(SourceState source) => source.Entry.Slices.Select(slice => slice.Path);

    /// <summary>What lies in the lake, as it was listed.</summary>
    sealed class Found
    {
        readonly Dictionary<string, LakeObject> all;

        public Found(ILake lake, CancellationToken cancellationToken)
        {
            Swept = [.. SweepStage.List(lake, cancellationToken)];
            Runs = [.. lake.List(LakePaths.Runs, cancellationToken).OrderBy(file => file.Path, StringComparer.Ordinal)];
            var raws = lake.List(LakePaths.Archive, cancellationToken)
                .Concat(lake.List(LakePaths.Retracted, cancellationToken))
                .ToList();
            var quarantined = lake.List(LakePaths.Quarantine, cancellationToken);
            Raws = raws.ToLookup(file => IdIn(LakeState.NameOf(file.Path)), StringComparer.Ordinal);
            Quarantined = quarantined.ToLookup(
                file => file.Path.Split('/')[1],
                file => file.Path,
                StringComparer.Ordinal
            );
            all = Swept
                .Concat(Runs)
                .Concat(raws)
                .Concat(quarantined)
                .DistinctBy(file => file.Path, StringComparer.Ordinal)
                .ToDictionary(file => file.Path, StringComparer.Ordinal);
        }

        /// <summary>What may be left over.</summary>
        public List<LakeObject> Swept { get; }

        /// <summary>Records of runs, the oldest first.</summary>
        public List<LakeObject> Runs { get; }

        /// <summary>Raw files by the ids of their sources; more than one where a file was delivered several times.</summary>
        public ILookup<string, LakeObject> Raws { get; }

        /// <summary>What is in quarantine, by the ids of sources.</summary>
        public ILookup<string, string> Quarantined { get; }

        /// <summary>An object; null where there is none, or none any more.</summary>
        public LakeObject? Find(string path) => all.GetValueOrDefault(path);

        public bool IsThere(SliceEntry slice) => Find(slice.Path)?.Size == slice.Bytes;

        public void Remove(List<SweptObject> gone)
        {
            foreach (var one in gone)
            {
                all.Remove(one.Path);
            }

            Swept.RemoveAll(file => !all.ContainsKey(file.Path));
            Runs.RemoveAll(file => !all.ContainsKey(file.Path));
        }

        /// <summary>A number stands before it where a name was taken.</summary>
        static string IdIn(string name) => name.Split('-').FirstOrDefault(part => part.Length == 24) ?? "";
    }

    /// <summary>What goes, under a state of the ledger.</summary>
    sealed class Decision(Found found, LakeState state)
    {
        readonly HashSet<string> paths = new(StringComparer.Ordinal);

        /// <summary>The objects.</summary>
        public List<SweptObject> Objects { get; } = [];

        /// <summary>What the ledger is told of sources, and the objects that it is about.</summary>
        public List<(ExpiredEntry Entry, List<string> Paths)> Expired { get; } = [];

        /// <summary>Raw files that stay because slices have to be made again of them.</summary>
        public List<string> Needed { get; } = [];

        public void Add(string path, SweepReason why)
        {
            if (found.Find(path) is { } there && !state.Obsolete.ContainsKey(path) && paths.Add(path))
            {
                Objects.Add(new(path, there.Size, why));
            }
        }

        public void Expire(SweepReason why, ExpiredEntry entry, IEnumerable<string> objects)
        {
            var some = objects.ToList();
            Expired.Add((entry, some));
            foreach (var path in some)
            {
                Add(path, why);
            }
        }
    }
}
