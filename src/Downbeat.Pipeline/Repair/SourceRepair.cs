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
    const string SetAside = "archive/damaged";

    readonly ILake lake = run.Lake;
    SectionScan? scan;

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
        var moved = sources.Where(source => source.MovedTo is not null && !source.Released).ToList();
        var found = lake.List(LakePaths.Archive, cancellationToken)
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
                var wrong = file is null ? "it is missing" : WhyDamaged(file, source.Entry);
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

        var landed = LandedStreams.List(lake, cancellationToken).ToLookup(file => file.Size);
        foreach (var (source, file, wrong) in bad.OrderBy(one => one.Source.MovedTo, StringComparer.Ordinal))
        {
            var path = source.MovedTo!;
            if (FindTwin(source.Entry, sources, landed) is { } twin)
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
                log.CannotMend(
                    path,
                    wrong,
                    $"nothing has the same content (content hash {source.Entry.Hash}): deliver the file again, as {source.Entry.Key} or under another name, and repair again before the next run"
                );
            }
        }
    }

    string? WhyDamaged(LakeObject file, SourceEntry entry)
    {
        log.Saw(file.Size);
        if (file.Size != entry.Size)
        {
            return string.Create(CultureInfo.InvariantCulture, $"it has {file.Size} bytes, and had {entry.Size}");
        }

        return HasContent(file, entry) ? null : "it is damaged: it does not fit its content hash";
    }

    bool HasContent(LakeObject file, SourceEntry entry)
    {
        try
        {
            using var stream = lake.Open(file);
            return ContentHash.Of(stream) == entry.Hash;
        }
        catch (Exception error) when (error is FileNotFoundException or ObjectChangedException)
        {
            return false;
        }
    }

    LakeObject? FindTwin(SourceEntry entry, List<SourceState> sources, ILookup<long, LakeObject> landed) =>
        sources
            .Where(other => other.Entry.Hash == entry.Hash && other.Entry.Size == entry.Size)
            .Select(other => whole.GetValueOrDefault(other.Entry.Id))
            .FirstOrDefault(file => file is not null)
        ?? landed[entry.Size].FirstOrDefault(file => HasContent(file, entry));

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

    /// <summary>Rows may have been mended by hand, so that only their number is known.</summary>
    string? WhyDamaged(string rejects, SourceState source)
    {
        try
        {
            using var stream = lake.Open(rejects);
            var rows = RejectsFile.Read(stream).LongCount();
            return rows == source.OpenRejects
                ? null
                : string.Create(CultureInfo.InvariantCulture, $"it has {rows} rows, and had {source.OpenRejects}");
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
        if (FindRaw(source) is not { } raw)
        {
            var todo =
                $"it is made from {source.MovedTo ?? entry.Key}, which is not whole either: deliver that file again (content hash {entry.Hash}), as {entry.Key} or under another name, and repair again before the next run";
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

        using var made = new RescanLake(lake, Landed(entry), raw);
        var found = Rescan(made, entry, [], cancellationToken);
        var failed = new List<(string, string)>();
        foreach (var (path, why) in wrong)
        {
            var isSlice = entry.Slices.FirstOrDefault(slice => slice.Path == path);
            var isSame = isSlice is null || found?.Slices.Contains(isSlice) == true;
            if (!isSame || !made.Made.Remove(path, out var scratch))
            {
                failed.Add((path, why));
                log.CannotMend(
                    path,
                    why,
                    $"{raw.Path} does not give it as it was: was it made by another version of Downbeat? Restore it from a backup of the lake"
                );
                continue;
            }

            var isRows = path == LakePaths.Rejects(entry.Id);
            var cure =
                isRows && source.OpenRejects != entry.Rejected
                    ? $"made again from {raw.Path}, with the rows that were landed again"
                    : $"made again from {raw.Path}";
            if (
                !log.Mend(
                    path,
                    why,
                    cure,
                    () =>
                    {
                        if (path == LakePaths.QuarantinedSource(entry.Id) && entry.Fault is not null)
                        {
                            SayFault(scratch, entry);
                        }

                        lake.PutScratch(path, scratch);
                    }
                )
            )
            {
                failed.Add((path, why));
            }
            else if (isRows && source.OpenRejects != entry.Rejected)
            {
                run.Ledger.Commit(_ => LakeLedger.Facts with { OpenRejects = [new(entry.Id, entry.Rejected)] });
            }
        }

        NoteIncomplete(entry, failed);
    }

    void NoteIncomplete(SourceEntry entry, List<(string Path, string Wrong)> failed) =>
        Incomplete.UnionWith(
            entry.Slices.Where(slice => failed.Exists(one => one.Path == slice.Path)).Select(slice => slice.Date)
        );

    LakeObject? FindRaw(SourceState source)
    {
        if (whole.GetValueOrDefault(source.Entry.Id) is { } moved)
        {
            return moved;
        }

        // Scanned, and not moved yet.
        return
            source.MovedTo is null
            && lake.Find(source.Entry.Key) is { } landed
            && landed.Size == source.Entry.Size
            && HasContent(landed, source.Entry)
            ? landed
            : null;
    }

    /// <summary>The setting that a file was quarantined under may be another now: the ledger knows why it was.</summary>
    static void SayFault(string scratch, SourceEntry entry)
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
                    Fault = entry.Fault,
                    FaultDetail = entry.FaultDetail,
                },
                LakeJson.Readable.QuarantinedSourceFile
            )
        );
    }

    static LakeObject Landed(SourceEntry entry) => new(entry.Key, entry.Size, entry.Arrived);

    /// <summary>Scans a raw file as it was scanned when it had landed.</summary>
    public SourceEntry? Rescan(
        RescanLake from,
        SourceEntry entry,
        IReadOnlyList<SourceEntry> versions,
        CancellationToken cancellationToken
    )
    {
        // Whether too many rows were rejected was settled then.
        var options = run.Options with
        {
            MaxRejectedShare = entry.Fault is null ? 1 : 0,
        };
        var source = new LandedSource(from, options, Landed(entry), versions, 1);
        scan ??= new(lake, run.Zone, TrackIndex.Empty, (long)run.Options.SortBufferMb << 20, (_, _) => { });
        return source.Scan(scan, 0, cancellationToken) ? source.Keep() : null;
    }
}
