using System.Globalization;
using Downbeat.Engine;
using Downbeat.Engine.Listens;
using Downbeat.Engine.Scan;
using Downbeat.Engine.Slices;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Ledger;
using Downbeat.Pipeline.Quarantine;
using Downbeat.Pipeline.Runs;

namespace Downbeat.Pipeline.Repair;

/// <summary>
/// Looks at raw files, slices and rejects. What is damaged or missing of a source is made again by scanning its raw file where it
/// lies; a raw file that is damaged is replaced by another with the same content, if there is one, and set aside.
/// </summary>
sealed class SourceRepair(RunContext run, RepairLog log)
{
    /// <summary>Damaged raw files are kept all the same: much of them may be whole.</summary>
    const string SetAside = $"{LakePaths.Archive}/damaged";

    /// <summary>Of all rejects, and those that a retry finds besides.</summary>
    static readonly HashSet<string> Reasons =
    [
        .. Enum.GetValues<RejectReason>().Select(reason => reason.Text()),
        .. Enum.GetValues<FileFaultKind>().Select(fault => fault.Text()),
    ];

    readonly ILake lake = run.Lake;
    SectionScan? scan;
    ILookup<long, LakeObject>? landed;

    /// <summary>Raw files that lie where the ledger says, and are what was scanned, by source.</summary>
    readonly Dictionary<string, LakeObject> whole = new(StringComparer.Ordinal);

    /// <summary>Dates of which a slice could not be made again.</summary>
    public HashSet<DateOnly> Incomplete { get; } = [];

    /// <summary>Looks at everything, and mends it.</summary>
    public void Run(CancellationToken cancellationToken)
    {
        var sources = run
            .Ledger.State.Sources.Values.OrderBy(source => source.Entry.Key, StringComparer.Ordinal)
            .ToList();
        CheckRawFiles(sources, cancellationToken);
        var slices = CheckSlices(sources, cancellationToken);
        CheckCompacted(cancellationToken);
        var work = sources
            .Select(source => (Source: source, Wrong: slices[source.Entry.Id].Concat(CheckQuarantine(source)).ToList()))
            .Where(work => work.Wrong.Count > 0)
            .ToList();
        for (var number = 0; number < work.Count; number++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            MakeAgain(work[number].Source, work[number].Wrong, cancellationToken);
            log.Report("scan again", number + 1, work.Count, "files");
        }

        if (work.Count > 0 && !log.IsDryRun)
        {
            lake.Flush();
        }
    }

    // ---- Raw files ----

    void CheckRawFiles(List<SourceState> sources, CancellationToken cancellationToken)
    {
        // What is obsolete goes away, or is replaced.
        var moved = sources
            .Where(source =>
                source is { MovedTo: { } path, Released: false, RawDeletedAt: null }
                && !run.Ledger.State.Obsolete.ContainsKey(path)
            )
            .ToList();
        var deleted = sources.Count(source => source is { RawDeletedAt: not null, Counts: true, Entry.Fault: null });
        if (deleted > 0)
        {
            log.Note(
                LakePaths.Archive,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{deleted} raw {(deleted == 1 ? "file that counts was" : "files that count were")} deleted by `downbeat sweep` (keepArchiveDays)"
                ),
                deleted == 1
                    ? "its slices are all there is of it: they can be made again only once it is delivered again"
                    : "their slices are all there is of them: these can be made again only once the files are delivered again"
            );
        }

        var found = lake.List(LakePaths.Archive, cancellationToken)
            .Concat(lake.List(LakePaths.Retracted, cancellationToken))
            .Concat(lake.List(LakePaths.Quarantine, cancellationToken))
            .ToDictionary(file => file.Path, StringComparer.Ordinal);
        var bad = new List<(SourceState Source, LakeObject? File, string Wrong)>();
        var done = 0;
        Workers.Run(
            moved.Count,
            Math.Max(run.Options.Workers, lake.Concurrency),
            number =>
            {
                var source = moved[number];
                var file = found.GetValueOrDefault(source.MovedTo!) ?? lake.Find(source.MovedTo!);
                var wrong = file is null ? "it is missing" : WhyDamaged(file, source);
                lock (bad)
                {
                    if (wrong is null)
                    {
                        whole[source.Entry.Id] = file!;
                    }
                    else
                    {
                        bad.Add((source, file, wrong));
                    }

                    log.Report("raw files", ++done, moved.Count, "files");
                }
            },
            cancellationToken
        );
        if (bad.Count == 0)
        {
            return;
        }

        foreach (var (source, file, wrong) in bad.OrderBy(one => one.Source.MovedTo, StringComparer.Ordinal))
        {
            var path = source.MovedTo!;
            if (FindTwin(source, cancellationToken) is { } twin)
            {
                if (
                    log.Mend(
                        path,
                        wrong,
                        $"copied from {twin.Path}, which has the same content",
                        () => Replace(file, path, twin)
                    )
                )
                {
                    whole[source.Entry.Id] = lake.Find(path)!;
                }
                else if (log.IsDryRun)
                {
                    whole[source.Entry.Id] = twin;
                }
            }
            else if (file is null)
            {
                log.Note(path, wrong, "its slices are what counts; while they are whole it is not needed");
            }
            else
            {
                log.CannotMend(path, wrong, $"nothing has the same content: {ToDo(source)}");
            }
        }
    }

    string? WhyDamaged(LakeObject file, SourceState source)
    {
        log.Saw(file.Size);
        if (file.Size != source.RawSize)
        {
            return string.Create(CultureInfo.InvariantCulture, $"it has {file.Size} bytes, and had {source.RawSize}");
        }

        return HasContent(file, source) ? null : "it is damaged: it does not fit its content hash";
    }

    bool HasContent(LakeObject file, SourceState source)
    {
        try
        {
            using var stream = lake.Open(file);
            return ContentHash.Of(stream) == source.RawHash;
        }
        catch (Exception error) when (error is FileNotFoundException or ObjectChangedException)
        {
            return false;
        }
    }

    /// <summary>Another file with the same content: in the archive, or landed.</summary>
    LakeObject? FindTwin(SourceState source, CancellationToken cancellationToken) =>
        run.Ledger.State.Sources.Values.OrderBy(other => other.Entry.Key, StringComparer.Ordinal)
            .Where(other => other.RawHash == source.RawHash && other.RawSize == source.RawSize)
            .Select(other => whole.GetValueOrDefault(other.Entry.Id))
            .FirstOrDefault(file => file is not null)
        ?? (landed ??= LandedStreams.List(lake, cancellationToken).ToLookup(file => file.Size))[source.RawSize]
            .FirstOrDefault(file => HasContent(file, source));

    /// <summary>What someone has to do where a raw file is damaged or gone, and slices of it too.</summary>
    public static string ToDo(SourceState source) =>
        source.RewrittenIn > 0
            ? $"users were forgotten in it, so that it cannot be delivered again as it was; restore {source.MovedTo} from a backup made since (content hash {source.RawHash})"
            : $"deliver that file again (content hash {source.RawHash}), as {source.Entry.Key} or under another name, and start `downbeat repair` before the next run";

    /// <summary>Puts a copy of the twin where the file was, which is set aside first.</summary>
    void Replace(LakeObject? damaged, string path, LakeObject twin)
    {
        var scratch = ScratchStream.NewName(lake.Scratch);
        using (var input = lake.Open(twin))
        using (var output = new FileStream(scratch, FileMode.CreateNew, FileAccess.Write))
        {
            input.CopyTo(output);
        }

        if (damaged is not null)
        {
            var aside = $"{SetAside}/{path[(path.LastIndexOf('/') + 1)..]}";
            for (var number = 2; lake.Find(aside) is not null; number++)
            {
                aside = string.Create(
                    CultureInfo.InvariantCulture,
                    $"{SetAside}/{number}-{path[(path.LastIndexOf('/') + 1)..]}"
                );
            }

            lake.Move(damaged, null, aside);
        }

        lake.PutScratch(path, scratch);
        lake.Flush();
    }

    // ---- Slices ----

    /// <summary>What is wrong with the slices of each source.</summary>
    Dictionary<string, List<(string Path, string Wrong)>> CheckSlices(
        List<SourceState> sources,
        CancellationToken cancellationToken
    )
    {
        var wrong = sources.ToDictionary(
            source => source.Entry.Id,
            _ => new List<(string, string)>(),
            StringComparer.Ordinal
        );
        var all = sources.SelectMany(source => source.Entry.Slices.Select(slice => (source.Entry.Id, slice))).ToList();
        var done = 0;
        Workers.Run(
            all.Count,
            Math.Max(run.Options.Workers, lake.Concurrency),
            number =>
            {
                var (id, slice) = all[number];
                var why = WhyDamaged(slice);
                lock (wrong)
                {
                    if (why is not null)
                    {
                        wrong[id].Add((slice.Path, why));
                    }

                    log.Report("slices", ++done, all.Count, "slices");
                }
            },
            cancellationToken
        );
        foreach (var list in wrong.Values)
        {
            list.Sort();
        }

        return wrong;
    }

    /// <summary>What was compacted is no more than slices once more: what is damaged of it goes, and is made again when that is worth it.</summary>
    void CheckCompacted(CancellationToken cancellationToken)
    {
        foreach (var compacted in run.Ledger.State.Compacted.Values.ToList())
        {
            foreach (var slice in compacted.Slices)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (WhyDamaged(slice) is not { } why)
                {
                    continue;
                }

                log.Mend(
                    slice.Path,
                    why,
                    "deleted: its listens are in the slices that it was made of",
                    () =>
                    {
                        var paths = compacted.Slices.Select(one => one.Path).ToList();
                        run.Ledger.Commit(_ => LakeLedger.Facts with { Swept = paths });
                        lake.Delete(paths);
                    }
                );
                break;
            }
        }
    }

    string? WhyDamaged(SliceEntry slice)
    {
        if (lake.Find(slice.Path) is not { } found)
        {
            return "it is missing";
        }

        log.Saw(found.Size);
        if (found.Size != slice.Bytes)
        {
            return string.Create(CultureInfo.InvariantCulture, $"it has {found.Size} bytes, and had {slice.Bytes}");
        }

        try
        {
            var bytes = lake.OpenBytes(slice.Path);
            using (bytes as IDisposable)
            {
                var reader = new SliceReader(bytes);
                ReadAll(reader);
                return reader.Summary.Date == slice.Date && reader.Summary.Listens == slice.Listens
                    ? null
                    : "it is another slice than the one that was written";
            }
        }
        catch (Exception error) when (error is DamagedObjectException or EndOfStreamException)
        {
            return Said(error, slice.Path);
        }
    }

    /// <summary>Reads every byte of a slice, each of which is under a checksum.</summary>
    public static void ReadAll(SliceReader slice)
    {
        _ = slice.Tracks;
        var buffer = new byte[256 * 1024];
        Span<Listen> listens = new Listen[1024];
        for (var block = 0; block < slice.BlockCount; )
        {
            var first = block;
            var end = slice.ReadBlocks(first, ref buffer);
            for (; block < end; block++)
            {
                slice.Decode(block, buffer, first, listens);
            }
        }
    }

    /// <summary>An error without the name of what it is about, which stands before it.</summary>
    public static string Said(Exception error, string path)
    {
        var text = error.Message.StartsWith(path, StringComparison.Ordinal)
            ? $"it {error.Message[path.Length..].Trim()}"
            : error.Message;
        return text.TrimEnd('.');
    }

    // ---- Quarantine ----

    /// <summary>What is wrong with what is kept of a source that was quarantined, whole or in part.</summary>
    List<(string Path, string Wrong)> CheckQuarantine(SourceState source)
    {
        var wrong = new List<(string, string)>();
        var hasRows = source.Entry.Fault is null && source.OpenRejects > 0;
        if (!hasRows && !source.IsQuarantined)
        {
            return wrong;
        }

        var path = LakePaths.QuarantinedSource(source.Entry.Id);
        if (WhyDamaged(log.TryRead(lake, path), source.Entry) is { } why)
        {
            wrong.Add((path, why));
        }

        if (hasRows && WhyDamaged(LakePaths.Rejects(source.Entry.Id), source) is { } rows)
        {
            wrong.Add((LakePaths.Rejects(source.Entry.Id), rows));
        }

        return wrong;
    }

    static string? WhyDamaged(byte[]? about, SourceEntry entry)
    {
        if (about is null)
        {
            return "it is missing";
        }

        try
        {
            var read = System.Text.Json.JsonSerializer.Deserialize(about, LakeJson.Readable.QuarantinedSourceFile);
            return
                read is not null
                && read.Source == entry.Id
                && read.Path == entry.Key
                && read.Arrived == entry.Arrived
                && read.Fault == entry.Fault
                && read.FaultDetail == entry.FaultDetail
                && read.Header is not null
                ? null
                : "it does not say what the ledger says";
        }
        catch (System.Text.Json.JsonException)
        {
            return "it is no JSON";
        }
    }

    /// <summary>Rows may have been mended by hand, so that only what names them is known.</summary>
    string? WhyDamaged(string rejects, SourceState source)
    {
        try
        {
            using var stream = lake.Open(rejects);
            var rows = RejectsFile.Read(stream).ToList();
            return rows.Count != source.OpenRejects
                    ? string.Create(
                        CultureInfo.InvariantCulture,
                        $"it has {rows.Count} rows, and had {source.OpenRejects}"
                    )
                : rows.Exists(row => row.File != source.Entry.Key || !Reasons.Contains(row.Reason))
                    ? "it has rows of another file or without a reason"
                : null;
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return "it is missing";
        }
        catch (LakeException error)
        {
            return error.Message.TrimEnd('.');
        }
    }

    // ---- Making again ----

    void MakeAgain(SourceState source, List<(string Path, string Wrong)> wrong, CancellationToken cancellationToken)
    {
        var entry = source.Entry;
        if (FindRaw(source, cancellationToken) is not { } raw)
        {
            if (source is { Counts: false, IsQuarantined: false } && lake.Find(source.MovedTo ?? entry.Key) is null)
            {
                foreach (var (path, why) in wrong)
                {
                    log.Note(path, why, $"{entry.Key} does not count any more: no date needs it");
                }

                return;
            }

            var todo = source.RawDeletedAt is { } deleted
                ? $"it was made from {source.MovedTo}, which `downbeat sweep` deleted on {deleted.UtcDateTime:yyyy-MM-dd} (keepArchiveDays): {ToDo(source)}, or take its listens out with `downbeat retract {entry.Id}`"
                : $"it is made from {source.MovedTo ?? entry.Key}, which is not whole either: {ToDo(source)}";
            foreach (var (path, why) in wrong)
            {
                log.CannotMend(path, why, todo);
            }

            NoteIncomplete(entry, wrong);
            return;
        }

        if (log.IsDryRun)
        {
            foreach (var (path, why) in wrong)
            {
                log.Mend(path, why, $"made again from {raw.Path}", () => { });
            }

            return;
        }

        using var made = new RescanLake(lake, Landed(source), raw);
        var found = Rescan(made, Landed(source), entry.Id, entry.Fault is not null, [], cancellationToken);
        var failed = new List<(string Path, string Wrong)>();
        foreach (var (path, why) in wrong)
        {
            if (FindMade(made, found, source, path) is not { } scratch)
            {
                failed.Add((path, why));
                continue;
            }

            var isRows = path == LakePaths.Rejects(entry.Id);
            var hasMore = isRows && source.OpenRejects != entry.Rejected;
            var cure = hasMore
                ? $"made again from {raw.Path}, with the rows that were landed again"
                : $"made again from {raw.Path}";
            log.Mend(
                path,
                why,
                cure,
                () =>
                {
                    if (path == LakePaths.QuarantinedSource(entry.Id))
                    {
                        SayEntry(scratch, entry);
                    }

                    lake.PutScratch(path, scratch);
                    if (hasMore)
                    {
                        run.Ledger.Commit(_ => LakeLedger.Facts with { OpenRejects = [new(entry.Id, entry.Rejected)] });
                    }
                }
            );
        }

        if (
            failed.Count > 0
            && source.RewrittenIn > 0
            && found is not null
            && !Replace(source, found, made, failed, raw)
        )
        {
            failed.Clear();
        }
        else
        {
            foreach (var (path, why) in failed)
            {
                log.CannotMend(
                    path,
                    why,
                    $"{raw.Path} does not give it as it was: was it made by another version of Downbeat? Restore it from a backup of the lake"
                );
            }
        }

        NoteIncomplete(entry, failed);
    }

    /// <summary>The scratch file that takes the place of an object; null where scanning gave another than there was.</summary>
    static string? FindMade(RescanLake made, SourceEntry? found, SourceState source, string path)
    {
        var entry = source.Entry;
        if (found is null || (source.RewrittenIn == 0 && found.Id != entry.Id))
        {
            return null;
        }

        if (entry.Slices.FirstOrDefault(slice => slice.Path == path) is not { } slice)
        {
            var name =
                path == LakePaths.Rejects(entry.Id)
                    ? LakePaths.Rejects(found.Id)
                    : LakePaths.QuarantinedSource(found.Id);
            return made.Made.Remove(name, out var about) ? about : null;
        }

        // Where users were forgotten, names tell the content, and the id of what is scanned now is another.
        var part = entry.Slices.Where(other => other.Date == slice.Date).ToList().IndexOf(slice);
        var same = found.Slices.Where(other => other.Date == slice.Date).ElementAtOrDefault(part);
        if (same is null || same.Listens != slice.Listens || same.Bytes != slice.Bytes)
        {
            return null;
        }

        var scratch = made.Made[same.Path];
        if (
            path != LakePaths.Slice(entry.Id, slice.Date, part)
            && path != LakePaths.Slice(entry.Id, slice.Date, part, Sum(scratch))
        )
        {
            return null;
        }

        made.Made.Remove(same.Path);
        return scratch;
    }

    /// <summary>
    /// Slices of a file in which users were forgotten hold the same listens when they are made again, but not always the same
    /// bytes: they come under other names, and a commit says so. Says whether some of the dates hold other listens.
    /// </summary>
    bool Replace(
        SourceState source,
        SourceEntry found,
        RescanLake made,
        List<(string Path, string Wrong)> failed,
        LakeObject raw
    )
    {
        var entry = source.Entry;
        var dates = entry
            .Slices.Where(slice => failed.Exists(one => one.Path == slice.Path))
            .Select(slice => slice.Date)
            .ToHashSet();
        var slices = new List<SliceEntry>();
        var obsolete = new List<ObsoleteEntry>();
        foreach (var date in entry.Slices.GroupBy(slice => slice.Date))
        {
            if (!dates.Contains(date.Key))
            {
                slices.AddRange(date);
                continue;
            }

            var anew = found.Slices.Where(slice => slice.Date == date.Key).ToList();
            if (
                anew.Sum(slice => slice.Listens) != date.Sum(slice => slice.Listens)
                || !anew.TrueForAll(slice => made.Made.ContainsKey(slice.Path))
            )
            {
                return true;
            }

            for (var part = 0; part < anew.Count; part++)
            {
                made.Made.Remove(anew[part].Path, out var scratch);
                var path = LakePaths.Slice(entry.Id, date.Key, part, Sum(scratch!));
                lake.PutScratch(path, scratch!);
                slices.Add(anew[part] with { Path = path });
            }

            obsolete.AddRange(
                date.Select(slice => slice.Path)
                    .Except(slices.Select(slice => slice.Path), StringComparer.Ordinal)
                    .Select(path => new ObsoleteEntry(path))
            );
        }

        run.Ledger.Commit(_ =>
            LakeLedger.Facts with
            {
                Rewritten = [new(entry with { Slices = slices }, source.RawSize, source.RawHash, source.OpenRejects)],
                Obsolete = obsolete,
            }
        );
        foreach (var (path, why) in failed)
        {
            log.Mend(path, why, $"made again from {raw.Path} under another name, with the same listens", () => { });
        }

        return false;
    }

    static string Sum(string file)
    {
        using var stream = File.OpenRead(file);
        return ContentHash.Of(stream)[..12];
    }

    void NoteIncomplete(SourceEntry entry, List<(string Path, string Wrong)> failed) =>
        Incomplete.UnionWith(
            entry.Slices.Where(slice => failed.Exists(one => one.Path == slice.Path)).Select(slice => slice.Date)
        );

    LakeObject? FindRaw(SourceState source, CancellationToken cancellationToken)
    {
        if (whole.GetValueOrDefault(source.Entry.Id) is { } moved)
        {
            return moved;
        }

        if (source is { RawDeletedAt: not null, MovedTo: { } path })
        {
            // Put back, or delivered again: it is read where it lies, since the archive does not keep it any more.
            return lake.Find(path) is { } restored && WhyDamaged(restored, source) is null
                ? restored
                : FindTwin(source, cancellationToken);
        }

        // Scanned, and not moved yet.
        return
            source.MovedTo is null
            && lake.Find(source.Entry.Key) is { } landed
            && landed.Size == source.RawSize
            && HasContent(landed, source)
            ? landed
            : null;
    }

    /// <summary>The setting that a file was quarantined under may be another now: the ledger knows why it was, and its id.</summary>
    static void SayEntry(string scratch, SourceEntry entry)
    {
        var about = System.Text.Json.JsonSerializer.Deserialize(
            File.ReadAllBytes(scratch),
            LakeJson.Readable.QuarantinedSourceFile
        )!;
        File.WriteAllBytes(
            scratch,
            System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(
                about with
                {
                    Source = entry.Id,
                    Fault = entry.Fault,
                    FaultDetail = entry.FaultDetail,
                },
                LakeJson.Readable.QuarantinedSourceFile
            )
        );
    }

    static LakeObject Landed(SourceState source) => new(source.Entry.Key, source.RawSize, source.Entry.Arrived);

    /// <summary>Scans a raw file as it was scanned when it had landed.</summary>
    /// <param name="from">Where it lies now.</param>
    /// <param name="landed">What it was then.</param>
    /// <param name="id">The id that it had then, and has again if it is the same.</param>
    /// <param name="isQuarantined">Whether it was quarantined: whether too many rows were rejected was settled then.</param>
    /// <param name="versions">Older versions of it.</param>
    /// <param name="cancellationToken">Stops in the middle.</param>
    public SourceEntry? Rescan(
        RescanLake from,
        LakeObject landed,
        string id,
        bool isQuarantined,
        IReadOnlyList<SourceEntry> versions,
        CancellationToken cancellationToken
    )
    {
        var options = isQuarantined
            ? run.Options with
            {
                MaxRejectedShare = 0,
            }
            : run.Options with
            {
                MaxRejectedShare = 1,
                MaxDatesPerFile = RunOptions.MostDatesPerFile,
            };
        var tried = 0;
        var source = new LandedSource(
            from,
            options,
            landed,
            versions,
            other => other != id && ++tried < LandedSource.MaxSweeps,
            1
        );
        scan ??= new(
            lake,
            run.Zone,
            TrackIndex.Empty,
            (long)run.Options.SortBufferMb << 20,
            RunOptions.MostDatesPerFile,
            (_, _) => { }
        );
        return source.Scan(scan, 0, cancellationToken) ? source.Keep() : null;
    }
}
