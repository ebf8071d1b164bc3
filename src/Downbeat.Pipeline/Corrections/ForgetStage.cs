using System.Globalization;
using System.IO.Compression;
using System.Security.Cryptography;
using Downbeat.Engine;
using Downbeat.Engine.Listens;
using Downbeat.Engine.Scan;
using Downbeat.Engine.Slices;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Ledger;
using Downbeat.Pipeline.Quarantine;
using Downbeat.Pipeline.Runs;

namespace Downbeat.Pipeline.Corrections;

/// <summary>
/// Forgets users. Everything that is to take the place of what holds them is put first, under other names. Then one commit says
/// what sources hold from now on, and which objects are obsolete. Then these go. A process that dies before the commit has
/// changed nothing, and the command is given again; one that dies behind it leaves no more to do than to delete and rename,
/// which any run does without knowing anybody.
/// </summary>
sealed class ForgetStage(RunContext run, IReadOnlyCollection<ulong> ids)
{
    /// <summary>What is said where nothing holds the users.</summary>
    public const string Nothing = "no file of the lake that was scanned holds any of these users";

    /// <summary>So much is twice in the lake for a while; a commit is the end of it.</summary>
    const long BytesPerCommit = 1L << 30;

    const int SourcesPerCommit = 1000;
    const int MergeBufferBytes = 16 << 20;

    readonly SliceUsers users = new(ids);
    UserSearch? search;
    bool isFresh;
    long version;
    int files;
    int slices;

    /// <summary>What was found, and forgotten.</summary>
    public ForgetReport Report { get; private set; } = new() { Users = ids.Count };

    /// <summary>Searches, and changes nothing; says whether there is anything to be forgotten.</summary>
    public bool Find(CancellationToken cancellationToken)
    {
        run.Ledger.Refresh();
        version = run.Ledger.State.Version;
        search = new(run, users);
        search.Run(cancellationToken);
        isFresh = true;
        var dates = search.Sources.Where(source => source.State.Counts).SelectMany(source => source.Dates).ToList();
        Report = Report with
        {
            UsersFound = search.Found,
            Listens = dates.Sum(date => date.Value),
            Rows = search.Rows,
            Dates = dates.Select(date => date.Key).Distinct().Count(),
            Files = search.Sources.Sum(source => source.Raws.Count) + search.Others.Count,
            Missing = search.Missing,
            Unclear = search.Unclear,
            LandedUsers = search.LandedUsers,
            NotScanned = search.NotScanned,
        };
        return !search.IsEmpty;
    }

    /// <summary>Forgets.</summary>
    /// <exception cref="LakeException">It cannot be, or someone else changed the lake meanwhile.</exception>
    public void Run(CancellationToken cancellationToken)
    {
        if (
            new LandedStreams(run.Ledger.State) is var known
            && LandedStreams.List(run.Lake, cancellationToken).FirstOrDefault(file => known.Find(file) is not null)
                is { } left
        )
        {
            throw new LakeException(
                $"Nothing was forgotten: {left.Path} was scanned, and cannot be moved to the archive."
            );
        }

        // What was found before counts, unless the run has changed the lake since.
        var found = isFresh && run.Ledger.State.Version == version ? !search!.IsEmpty : Find(cancellationToken);
        if (found)
        {
            Rewrite(cancellationToken);
        }

        foreach (var unclear in Report.Unclear)
        {
            run.Fail(
                $"{unclear.Path} may hold rows of these users",
                new IOException($"{unclear.Why}. Look into it, and mend it or delete it.")
            );
        }
    }

    void Rewrite(CancellationToken cancellationToken)
    {
        var done = 0;
        var batches = Batches(search!.Sources);
        for (var batch = 0; batch < batches.Count; batch++)
        {
            var rewritten = new Rewriting[batches[batch].Count];
            Workers.Run(
                rewritten.Length,
                Math.Max(run.Options.Workers, run.Lake.Concurrency),
                number =>
                {
                    rewritten[number] = Rewrite(batches[batch][number], cancellationToken);
                    run.Report("forget", Interlocked.Increment(ref done), search.Sources.Count, "files");
                },
                cancellationToken
            );
            var (obsolete, read) = batch == 0 ? RewriteOthers(cancellationToken) : ([], null);
            Commit(batches[batch], rewritten, obsolete, read, batch == batches.Count - 1);
            ObsoleteStage.Run(run);
        }

        Report = Report with { Slices = slices, Files = files, IsDone = true };
    }

    static List<List<FoundSource>> Batches(IReadOnlyList<FoundSource> sources)
    {
        var batches = new List<List<FoundSource>> { new() };
        var bytes = 0L;
        foreach (var source in sources)
        {
            if (batches[^1].Count == SourcesPerCommit || bytes > BytesPerCommit)
            {
                batches.Add([]);
                bytes = 0;
            }

            batches[^1].Add(source);
            bytes += source.Raws.Sum(raw => raw.Size);
        }

        return batches;
    }

    Rewriting Rewrite(FoundSource source, CancellationToken cancellationToken)
    {
        var obsolete = new List<ObsoleteEntry>();
        var kept = new List<SliceEntry>();
        foreach (var date in source.Entry.Slices.GroupBy(slice => slice.Date))
        {
            if (!source.Dates.ContainsKey(date.Key))
            {
                kept.AddRange(date);
                continue;
            }

            kept.AddRange(RewriteDate(source.Entry.Id, date.Key, [.. date.Select(slice => slice.Path)]));
            obsolete.AddRange(date.Select(slice => new ObsoleteEntry(slice.Path)));
        }

        var entry = source.Entry with { Slices = kept, Accepted = kept.Sum(slice => slice.Listens) };
        var (size, hash) = (source.State.RawSize, source.State.RawHash);
        UserRows? rows = null;
        foreach (var raw in source.Raws)
        {
            var cut = ScratchStream.NewName(run.Lake.Scratch);
            var by = NewPath();
            var (ofRaw, rawSize, rawHash) = RewriteFile(raw, by, cut, cancellationToken);
            obsolete.Add(new(raw.Path, by));
            if (raw.Path == source.MovedTo)
            {
                (rows, size, hash) = (ofRaw, rawSize, rawHash);
                entry = entry.Fault is null ? CountWithout(entry, cut) : entry;
            }

            File.Delete(cut);
        }

        if (rows is null && entry.Fault is null)
        {
            // The raw file is elsewhere: so many rows went at least.
            var gone = source.Entry.Accepted - entry.Accepted;
            entry = entry with { Rows = entry.Rows - gone };
        }

        var openRejects = source.Rejects || rows is not null ? RewriteRejects(source, rows, obsolete) : null;
        return new(new(entry, size, hash, openRejects ?? source.State.OpenRejects), obsolete);
    }

    List<SliceEntry> RewriteDate(string source, DateOnly date, List<string> paths)
    {
        var parts = new List<string>();
        var summaries = users.WriteWithout(
            run.OpenSlices(paths),
            MergeBufferBytes,
            _ =>
            {
                parts.Add(ScratchStream.NewName(run.Lake.Scratch));
                return new ScratchStream(parts[^1]);
            }
        );
        return
        [
            .. summaries.Select(
                (summary, part) =>
                {
                    // The same content has the same name, and no other has.
                    var path = LakePaths.Slice(source, date, part, Sum(parts[part])[..12]);
                    run.Lake.PutScratch(path, parts[part]);
                    return new SliceEntry(path, date, summary.Listens, summary.Bytes);
                }
            ),
        ];
    }

    /// <summary>Writes what is to take the place of a raw file, and beside it what was cut out of it.</summary>
    (UserRows Rows, long Size, string Hash) RewriteFile(
        LakeObject file,
        string by,
        string cutFile,
        CancellationToken cancellationToken
    )
    {
        UserRows rows;
        using (var csv = UserSearch.OpenCsv(run.Lake, file))
        {
            rows = UserRows.Find(csv, users, _ => { }, cancellationToken);
        }

        var kept = ScratchStream.NewName(run.Lake.Scratch);
        using (var csv = UserSearch.OpenCsv(run.Lake, file))
        using (var output = new ScratchStream(kept))
        using (var cut = new ScratchStream(cutFile))
        {
            cut.Write(rows.Header);
            cut.Write("\n"u8);
            if (LandedStreams.IsCompressed(file.Path))
            {
                using var gzip = new GZipStream(output, CompressionLevel.Optimal, leaveOpen: true);
                rows.Cut(csv, gzip, cut);
            }
            else
            {
                rows.Cut(csv, output, cut);
            }
        }

        var (size, hash) = (new FileInfo(kept).Length, Sum(kept));
        File.SetLastWriteTimeUtc(kept, file.Modified.UtcDateTime);
        run.Lake.PutScratch(by, kept);
        Interlocked.Increment(ref files);
        return (rows, size, hash);
    }

    /// <summary>What a scan would count without rows that were cut out.</summary>
    SourceEntry CountWithout(SourceEntry entry, string cutFile)
    {
        var buffer = new SortBuffer(1 << 20);
        buffer.Begin(_ => Stream.Null);
        var scan = new ListenScan(
            run.Zone,
            entry.Arrived.ToUnixTimeSeconds(),
            buffer,
            (in Reject _, ReadOnlySpan<byte> _) => { }
        );
        using var cut = File.OpenRead(cutFile);
        var fault = scan.Scan(cut);
        var gone = RejectReasons.ByName(scan.RejectsByReason);
        var (rows, rejected) = (entry.Rows - scan.Rows, entry.Rejected - scan.Rejected);
        var counted = entry with
        {
            Rows = rows,
            Rejected = rejected,
            Duplicates = rows - rejected - entry.Accepted,
            Reasons = new SortedDictionary<string, long>(
                entry
                    .Reasons.Select(reason =>
                        KeyValuePair.Create(reason.Key, reason.Value - gone.GetValueOrDefault(reason.Key))
                    )
                    .Where(reason => reason.Value != 0)
                    .ToDictionary(StringComparer.Ordinal),
                StringComparer.Ordinal
            ),
        };
        return fault is null && counted is { Rows: >= 0, Rejected: >= 0, Duplicates: >= 0 }
            ? counted
            : throw new LakeException(
                $"Nothing of {entry.Key} ({entry.Id}) was forgotten: its raw file does not hold what was scanned. Take it out of the archive, and try again."
            );
    }

    /// <summary>Writes what is to take the place of rejected rows; says how many are left, null when it cannot be told.</summary>
    long? RewriteRejects(FoundSource source, UserRows? raw, List<ObsoleteEntry> obsolete)
    {
        var path = LakePaths.Rejects(source.Entry.Id);
        var columns = UserSearch.ColumnsOfRejects(run.Lake, source.Entry.Id);
        if (columns.Length == 0 || run.Lake.Find(path) is null)
        {
            return null;
        }

        var left = 0L;
        using var kept = new RejectsFile(run.Lake.Scratch);
        using (var stream = run.Lake.Open(path))
        {
            foreach (var row in RejectsFile.Read(stream))
            {
                if (UserSearch.FindUser(row, columns, users) is not null)
                {
                    continue;
                }

                var (offset, line) = raw?.Shift(row.ByteOffset, row.LineNumber) ?? (row.ByteOffset, row.LineNumber);
                kept.Add(row with { ByteOffset = offset, LineNumber = line });
                left++;
            }
        }

        kept.Dispose();
        obsolete.Add(new(path, kept.Path is null ? null : NewPath()));
        if (kept.Path is { } file)
        {
            run.Lake.PutScratch(obsolete[^1].By!, file);
        }

        return left;
    }

    /// <summary>Writes what is to take the place of files that no source names, and of the users.</summary>
    (List<ObsoleteEntry> Obsolete, CatalogueEntry? Users) RewriteOthers(CancellationToken cancellationToken)
    {
        var obsolete = search!.Needless.Select(path => new ObsoleteEntry(path)).ToList();
        foreach (var file in search.Others)
        {
            var cut = ScratchStream.NewName(run.Lake.Scratch);
            obsolete.Add(new(file.Path, NewPath()));
            RewriteFile(file, obsolete[^1].By!, cut, cancellationToken);
            File.Delete(cut);
        }

        var read = run.Ledger.State.Users;
        if (read is null || (search.InUsers == 0 && search.UserRowsFile is null))
        {
            return (obsolete, null);
        }

        if (search.InUsers > 0)
        {
            var kept = ScratchStream.NewName(run.Lake.Scratch);
            users.WriteWithout([run.Users()], MergeBufferBytes, _ => new ScratchStream(kept), int.MaxValue);
            if (!File.Exists(kept))
            {
                using var empty = new ScratchStream(kept);
                new SliceWriter(empty, ListenDate.FromDay(0), new Texts.Builder().Build()).Finish();
            }

            string sum;
            using (var stream = File.OpenRead(kept))
            {
                sum = Convert.ToHexStringLower(SHA256.HashData(stream));
            }

            var next = read.Version + 1;
            var path = $"{LakePaths.Catalogue}/users-{next}-{sum[..12]}.users";
            run.Lake.PutScratch(path, kept);
            obsolete.Add(new(read.Path));
            read = read with { Version = next, Path = path, Sha256 = sum, Count = read.Count - search.InUsers };
        }

        if (search.UserRowsFile is { } rows && read.Origin is { } origin)
        {
            var cut = ScratchStream.NewName(run.Lake.Scratch);
            var by = NewPath();
            var (_, _, hash) = RewriteFile(rows, by, cut, cancellationToken);
            File.Delete(cut);

            // Its name stands for what it holds.
            var path = $"{LakePaths.Catalogue}/users-{hash[..24]}.rows.csv";
            obsolete.AddRange([new(rows.Path), new(path, by)]);
            read = read with { Origin = origin with { Hash = hash, Path = path } };
        }

        return (obsolete, read);
    }

    void Commit(
        List<FoundSource> sources,
        Rewriting[] rewritten,
        List<ObsoleteEntry> others,
        CatalogueEntry? read,
        bool isLast
    )
    {
        var usersBefore = run.Ledger.State.Users;
        var counting = sources.Where(source => source.State.Counts).SelectMany(source => source.Dates).ToList();
        List<ObsoleteEntry> obsolete = [.. rewritten.SelectMany(one => one.Obsolete), .. others];
        var made = rewritten
            .SelectMany(one => one.Entry.Source.Slices.Select(slice => slice.Path))
            .Concat(obsolete.Select(one => one.By))
            .Append(read?.Path)
            .OfType<string>()
            .ToList();
        var dates = sources.SelectMany(source => source.Dates.Keys).ToHashSet();
        run.Ledger.Commit(state =>
            sources.Exists(source =>
                state.Sources[source.Entry.Id] is var now
                && (now.Entry != source.Entry || now.MovedTo != source.MovedTo)
            )
            || made.Exists(path => state.IsSwept(path, version))
            || (read is not null && state.Users != usersBefore)
                ? throw new LakeException(
                    "Another run changed the lake meanwhile, and nothing more was forgotten; do it again."
                )
                : LakeLedger.Facts with
                {
                    Rewritten = [.. rewritten.Select(one => one.Entry)],
                    Users = read,
                    Obsolete = [.. obsolete, .. CompactedOf(state, dates).Select(path => new ObsoleteEntry(path))],
                    Swept = [.. CompactedOf(state, dates)],
                    Approved = [.. Approved(state, rewritten, dates)],
                    Forgotten = new(
                        users.Users.Count,
                        counting.Sum(date => date.Value),
                        sources.Sum(source => source.Rows),
                        rewritten.Sum(one => one.Obsolete.Count(other => other.By is not null)),
                        counting.Select(date => date.Key).Distinct().Count(),
                        isLast
                    ),
                }
        );
        slices += obsolete.Count(one => one.Path.StartsWith(LakePaths.Slices + "/", StringComparison.Ordinal));
        version = run.Ledger.State.Version;
    }

    /// <summary>Dates that someone let through stay so: of the same files, and without those who are forgotten.</summary>
    static IEnumerable<ApprovedEntry> Approved(LakeState state, Rewriting[] rewritten, HashSet<DateOnly> dates)
    {
        var slicesByDate = state.SlicesByDate();
        var made = rewritten.ToDictionary(
            one => one.Entry.Source.Id,
            one => one.Entry.Source.Slices,
            StringComparer.Ordinal
        );
        foreach (var date in dates.Where(slicesByDate.ContainsKey))
        {
            var now = slicesByDate[date];
            var approved = state.Dates.GetValueOrDefault(date)?.ApprovedInputs;
            if (approved is not null && approved == LakeState.Inputs(now.Select(slice => slice.Slice.Path)))
            {
                var left = now.Where(slice => !made.ContainsKey(slice.Source.Entry.Id))
                    .Select(slice => slice.Slice)
                    .Concat(
                        now.Select(slice => slice.Source.Entry.Id)
                            .Distinct(StringComparer.Ordinal)
                            .Where(made.ContainsKey)
                            .SelectMany(id => made[id])
                            .Where(slice => slice.Date == date)
                    );
                yield return new(
                    date,
                    LakeState.Inputs(left.Select(slice => slice.Path).Order(StringComparer.Ordinal))
                );
            }
        }
    }

    /// <summary>What holds the listens of dates once more; it is made again of what is left of them.</summary>
    static IEnumerable<string> CompactedOf(LakeState state, HashSet<DateOnly> dates) =>
        state
            .Compacted.Values.Where(one => dates.Contains(one.Date))
            .SelectMany(one => one.Slices)
            .Select(slice => slice.Path);

    static string NewPath() =>
        string.Create(CultureInfo.InvariantCulture, $"{LakePaths.Forgetting}/{Guid.NewGuid():N}");

    static string Sum(string file)
    {
        using var stream = File.OpenRead(file);
        return ContentHash.Of(stream);
    }

    sealed record Rewriting(RewrittenEntry Entry, List<ObsoleteEntry> Obsolete);
}

/// <summary>What was forgotten, or would be: counts and files, and nothing about whom.</summary>
public sealed record ForgetReport
{
    /// <summary>How many users were named.</summary>
    public required int Users { get; init; }

    /// <summary>How many of them were found.</summary>
    public int UsersFound { get; init; }

    /// <summary>Listens of them in sources that count, of each source for itself.</summary>
    public long Listens { get; init; }

    /// <summary>Rows of them in raw files.</summary>
    public long Rows { get; init; }

    /// <summary>Dates that lose listens.</summary>
    public int Dates { get; init; }

    /// <summary>Raw files that hold rows of them, and are rewritten.</summary>
    public int Files { get; init; }

    /// <summary>Slices that were rewritten.</summary>
    public int Slices { get; init; }

    /// <summary>Raw files that should have been looked into, and are not in the lake.</summary>
    public IReadOnlyList<string> Missing { get; init; } = [];

    /// <summary>Files in quarantine of which it cannot be told whose rows they hold.</summary>
    public IReadOnlyList<UnclearFile> Unclear { get; init; } = [];

    /// <summary>Files of <c>landing/users/</c> that hold them: these are yours, and stay as they are.</summary>
    public IReadOnlyList<string> LandedUsers { get; init; } = [];

    /// <summary>Files in <c>landing/streams/</c> that no run has scanned, and that were not looked into.</summary>
    public int NotScanned { get; init; }

    /// <summary>Whether it was done.</summary>
    public bool IsDone { get; init; }
}
