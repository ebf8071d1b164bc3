using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.ExceptionServices;
using System.Security.Cryptography;
using Downbeat.Engine.Catalogue;
using Downbeat.Engine.Listens;
using Downbeat.Engine.Slices;
using Downbeat.Pipeline.Catalogue;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Ledger;
using Downbeat.Pipeline.Quarantine;

namespace Downbeat.Pipeline.Runs;

/// <summary>
/// Reads songs and users when their files are new or have changed. The files stay where they are; what was read is kept
/// in <c>catalogue/</c> under a version, which goes up when the content differs.
/// </summary>
sealed class CatalogueStage
{
    const string SongsHint =
        "songs.csv with the columns track_id, artists, track_name, popularity, duration_ms, track_genre";
    const string UsersHint = "users.csv with the columns user_id, user_country";

    /// <summary>Enough for 2.8 million users at a time; more of them become sorted runs on the disk.</summary>
    const long UsersBufferBytes = 64 << 20;

    readonly RunContext run;
    readonly Reading reading;
    readonly bool isFetched;
    readonly bool onlyIfNone;
    readonly bool songsChanged;
    readonly List<Action> pieces = [];
    readonly ExceptionDispatchInfo?[] errors;
    readonly ConcurrentQueue<Action> puts = []; // Into the lake, when nothing has gone wrong.
    readonly TaskCompletionSource<Songs?> songsRead = new();
    readonly long firstVersion;
    readonly long started = Stopwatch.GetTimestamp();
    CatalogueEntry? songsEntry;
    Songs? songsKept;
    CatalogueEntry? usersEntry;
    int taken = -1;
    int unfinished;

    /// <summary>Finds what has changed.</summary>
    /// <param name="run">The run.</param>
    /// <param name="fetch">Songs and users of a database, if they come from there.</param>
    /// <param name="onlyIfNone">Whether any that were read before do. Of several runs that read the first ones at once, one commits.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <exception cref="LakeException">There are no songs, or no users.</exception>
    public CatalogueStage(RunContext run, CatalogueFetch? fetch, bool onlyIfNone, CancellationToken cancellationToken)
    {
        this.run = run;
        this.onlyIfNone = onlyIfNone;
        isFetched = fetch is not null;
        var state = run.Ledger.State;
        firstVersion = state.Version;
        var (songs, users) =
            onlyIfNone && HasBoth(state) ? (null, null)
            : fetch is null ? Inputs(run.Lake)
            : (Input(fetch.Songs), Input(fetch.Users));
        songsChanged = songs?.IsOther(Kept(run.Lake, state.Songs)) == true;
        var usersChanged = users?.IsOther(Kept(run.Lake, state.Users)) == true;
        reading = new(run, (songsChanged ? songs!.Size : 0) + (usersChanged ? users!.Size : 0), cancellationToken);
        if (songsChanged)
        {
            pieces.Add(() => songsEntry = ReadSongs(songs!));
        }

        if (usersChanged)
        {
            pieces.Add(() => usersEntry = ReadUsers(users!));
        }

        unfinished = pieces.Count;
        errors = new ExceptionDispatchInfo?[pieces.Count];
    }

    /// <summary>Files that would be read, and those that would not although they lie there.</summary>
    /// <exception cref="LakeException">There are no songs, or no users.</exception>
    public static (List<PlannedFile> Read, List<PlannedFile> Leave) Plan(
        ILake lake,
        LakeState state,
        ICatalogueSource? source
    )
    {
        var (knownSongs, knownUsers) = (Kept(lake, state.Songs), Kept(lake, state.Users));
        if (source is not null)
        {
            // What has changed there only a run finds out.
            return (
                [.. NotFetched("songs", knownSongs, source), .. NotFetched("users", knownUsers, source)],
                [
                    .. Files(lake, LakePaths.Songs)
                        .Concat(Files(lake, LakePaths.Users))
                        .Select(file => new PlannedFile(
                            file.Path,
                            file.Size,
                            $"songs and users come from {source.Place}"
                        )),
                ]
            );
        }

        var (songs, users) = Inputs(lake);
        return (
            [.. Changed(knownSongs, songs), .. Changed(knownUsers, users)],
            [.. PassedOver(lake, LakePaths.Songs), .. PassedOver(lake, LakePaths.Users)]
        );
    }

    /// <summary>What lies in a landing folder and is not read, and why.</summary>
    public static IEnumerable<PlannedFile> PassedOver(ILake lake, string folder) =>
        lake.List(folder)
            .Select(file => new PlannedFile(file.Path, file.Size, LandedStreams.WhyNoInput(file.Path) ?? ""))
            .Where(file => file.Why.Length > 0)
            .Concat(lake.ListPassedOver(folder).Select(found => new PlannedFile(found.Path, 0, found.Why)));

    /// <summary>Whether songs and users were read before.</summary>
    public static bool HasBoth(LakeState state) => state.Songs is not null && state.Users is not null;

    static IEnumerable<PlannedFile> NotFetched(string what, CatalogueEntry? known, ICatalogueSource source) =>
        known?.Origin is null ? [new($"{what} in {source.Place}", 0, "not read yet")] : [];

    /// <summary>How many pieces of work there are: songs, users, both or none.</summary>
    public int Pieces => pieces.Count;

    /// <summary>Songs that were read and committed.</summary>
    public ReadCatalogue? Songs { get; private set; }

    /// <summary>Users that were read and committed.</summary>
    public ReadCatalogue? Users { get; private set; }

    /// <summary>How long it took until all was committed.</summary>
    public TimeSpan Elapsed { get; private set; }

    /// <summary>
    /// Does what no other worker does yet. Who ends the last piece puts all into the lake and commits it, or throws what went wrong,
    /// with songs and with users.
    /// </summary>
    /// <returns>Whether this worker has committed.</returns>
    public bool Work()
    {
        var isLast = false;
        while (Interlocked.Increment(ref taken) is var piece && piece < pieces.Count)
        {
            try
            {
                pieces[piece]();
            }
            catch (Exception error)
            {
                errors[piece] = ExceptionDispatchInfo.Capture(error);
            }

            isLast = Interlocked.Decrement(ref unfinished) == 0;
        }

        if (isLast)
        {
            Commit();
        }

        return isLast;
    }

    /// <summary>The songs, as soon as they are read and before they are committed; null when they cannot be read.</summary>
    public Songs? WaitForSongs() => songsChanged ? songsRead.Task.GetAwaiter().GetResult() : run.Songs();

    void Commit()
    {
        var failed = errors.OfType<ExceptionDispatchInfo>().ToList();
        if (failed.Count > 1 && failed.TrueForAll(error => error.SourceException is LakeException))
        {
            throw new LakeException(
                string.Join(' ', failed.Select(error => error.SourceException.Message)),
                failed[0].SourceException
            );
        }

        failed.FirstOrDefault()?.Throw();
        while (puts.TryDequeue(out var put))
        {
            put();
        }

        var (oldSongs, oldUsers) = (run.Ledger.State.Songs, run.Ledger.State.Users);
        SayRejected("songs", songsEntry);
        SayRejected("users", usersEntry);
        var commit = run.Ledger.Commit(now =>
            onlyIfNone && HasBoth(now) ? null
            // Rows that were merged into others than those of now would undo what another run has read, and so would files
            // that were read before others were, under a number that is taken.
            : (isFetched && (now.Songs?.Origin != oldSongs?.Origin || now.Users?.Origin != oldUsers?.Origin))
            || IsOvertaken(songsEntry, oldSongs, now.Songs)
            || IsOvertaken(usersEntry, oldUsers, now.Users)
                ? throw new LakeException("Another run read songs and users meanwhile; run again.")
            : new[] { songsEntry, usersEntry }.Any(read =>
                read is not null
                && (
                    now.IsSwept(read.Path, firstVersion)
                    || (read.Origin?.Path is { } rows && now.IsSwept(rows, firstVersion))
                )
            )
                ? throw new LakeException("Another run swept what this one had read of the catalogue; run again.")
            : LakeLedger.Facts with { Songs = songsEntry, Users = usersEntry }
        );
        if (commit is null)
        {
            return;
        }

        if (isFetched)
        {
            DeleteOld(oldSongs, oldUsers);
        }

        if (songsEntry is not null)
        {
            run.Remember(songsEntry.Version, songsKept!);
        }

        (Songs, Users) = (Said(songsEntry, oldSongs), Said(usersEntry, oldUsers));
        Elapsed = Stopwatch.GetElapsedTime(started);
    }

    /// <summary>Whether another run has committed something else since this one began to read.</summary>
    static bool IsOvertaken(CatalogueEntry? read, CatalogueEntry? before, CatalogueEntry? now) =>
        read is not null && now?.Path != before?.Path && now?.Path != read.Path;

    static ReadCatalogue? Said(CatalogueEntry? now, CatalogueEntry? before) =>
        now is null ? null : new(now.Version, now.Rows, now.Rejected, now.Count, now.Version != before?.Version);

    static CatalogueInput? Input(FetchedRows? rows) => rows is null ? null : new([], rows);

    /// <summary>
    /// Deletes what was fetched before: a database may change with every run. The songs and users before these stay, because
    /// a run that stalled may still compute with them.
    /// </summary>
    void DeleteOld(CatalogueEntry? oldSongs, CatalogueEntry? oldUsers)
    {
        var state = run.Ledger.State;
        string?[] kept =
        [
            state.Songs?.Path,
            state.Songs?.Origin?.Path,
            state.Users?.Path,
            state.Users?.Origin?.Path,
            oldSongs?.Path,
            oldUsers?.Path,
        ];
        foreach (var file in run.Lake.List(LakePaths.Catalogue).Where(file => !kept.Contains(file.Path)))
        {
            run.Lake.Delete(file.Path);
        }
    }

    /// <summary>The files of songs and of users, in the byte order of their names.</summary>
    static (CatalogueInput Songs, CatalogueInput Users) Inputs(ILake lake)
    {
        var songs = Files(lake, LakePaths.Songs);
        var users = Files(lake, LakePaths.Users);
        var missing = new List<string>();
        if (songs.Count == 0)
        {
            missing.Add(
                $"no songs: put {SongsHint} into {Path.Join(lake.Name, LakePaths.Songs)}/{InsteadOf(lake, LakePaths.Songs)}"
            );
        }

        if (users.Count == 0)
        {
            missing.Add(
                $"no users: put {UsersHint} into {Path.Join(lake.Name, LakePaths.Users)}/{InsteadOf(lake, LakePaths.Users)}"
            );
        }

        return missing.Count == 0
            ? (new(songs), new(users))
            : throw new LakeException($"{lake.Name} has {string.Join("; and ", missing)}.");
    }

    static string InsteadOf(ILake lake, string folder) =>
        PassedOver(lake, folder).FirstOrDefault() is { } found ? $" ({found.Path} is not read: {found.Why})" : "";

    static List<LakeObject> Files(ILake lake, string folder) =>
        [.. lake.List(folder).Where(file => LandedStreams.WhyNoInput(file.Path) is null)];

    /// <summary>What was read last, if it is still kept: it can be read again at any time.</summary>
    static CatalogueEntry? Kept(ILake lake, CatalogueEntry? read) =>
        read is not null && lake.Find(read.Path) is not null ? read : null;

    static IEnumerable<PlannedFile> Changed(CatalogueEntry? known, CatalogueInput input) =>
        input.IsOther(known)
            ? input.Files.Select(file => new PlannedFile(
                file.Path,
                file.Size,
                known is null ? "not read yet"
                    : known.Files.Contains(CatalogueInput.Entry(file)) ? "read again with the others"
                    : known.Files.Any(old => old.Key == file.Path) ? "changed"
                    : "new"
            ))
            : [];

    CatalogueEntry ReadSongs(CatalogueInput input)
    {
        var known = Kept(run.Lake, run.Ledger.State.Songs);
        var before = known is null ? null : run.Songs();
        var kept = NewFile(run);
        try
        {
            using var rejects = new RejectsFile(run.Lake.Scratch);
            var scan = new SongsScan(rejects.Add);
            reading.ReadAll(input, rejects, scan.Scan);
            KeepRejects(rejects, "songs");

            // A version that would say the same as the one before is that one.
            var version = known?.Version ?? (run.Ledger.State.Songs?.Version ?? 0) + 1;
            var read = scan.Build(version, before);
            songsRead.SetResult(read);
            var sum = Write(kept, output => SongsFile.Write(read, output));
            if (known is not null && sum != known.Sha256)
            {
                read = scan.Build(++version, before);
                sum = Write(kept, output => SongsFile.Write(read, output));
            }

            var path = $"{LakePaths.Catalogue}/songs-{version}-{sum[..12]}.songs";
            if (known?.Path != path)
            {
                puts.Enqueue(() => run.Lake.PutScratch(path, kept));
            }

            puts.Enqueue(() => PutRows(run, input));
            songsKept = read;
            return new()
            {
                Version = version,
                FirstVersion = known?.FirstVersion ?? version,
                Path = path,
                Sha256 = sum,
                Files = input.Entries,
                Origin = input.Rows?.Origin,
                Rows = scan.Rows + (input.Rows?.TooLong ?? 0),
                Rejected = scan.Rejected + (input.Rows?.TooLong ?? 0),
                Count = scan.Tracks,
            };
        }
        finally
        {
            songsRead.TrySetResult(null);
        }
    }

    CatalogueEntry ReadUsers(CatalogueInput input)
    {
        var known = Kept(run.Lake, run.Ledger.State.Users);
        var before = known is null ? null : run.Users();
        var runFiles = new List<string>();
        var kept = NewFile(run);
        try
        {
            using var rejects = new RejectsFile(run.Lake.Scratch);
            var scan = new UsersScan(
                UsersBufferBytes,
                () =>
                {
                    runFiles.Add(NewFile(run));
                    return new ScratchStream(runFiles[^1]);
                },
                rejects.Add
            );
            reading.ReadAll(input, rejects, scan.Scan);
            scan.Finish();
            KeepRejects(rejects, "users");

            // As with songs.
            var runs = runFiles.ConvertAll(file => new SliceReader(new FileBytes(file, file)));
            var version = known?.Version ?? (run.Ledger.State.Users?.Version ?? 0) + 1;
            var count = 0L;
            var sum = Write(kept, output => count = scan.Write(runs, output, version, before).Listens);
            if (known is not null && sum != known.Sha256)
            {
                version++;
                sum = Write(kept, output => count = scan.Write(runs, output, version, before).Listens);
            }

            var path = $"{LakePaths.Catalogue}/users-{version}-{sum[..12]}.users";
            if (known?.Path != path)
            {
                puts.Enqueue(() => run.Lake.PutScratch(path, kept));
            }

            puts.Enqueue(() => PutRows(run, input));
            return new()
            {
                Version = version,
                FirstVersion = known?.FirstVersion ?? version,
                Path = path,
                Sha256 = sum,
                Files = input.Entries,
                Origin = input.Rows?.Origin,
                Rows = scan.Rows + (input.Rows?.TooLong ?? 0),
                Rejected = scan.Rejected + (input.Rows?.TooLong ?? 0),
                Count = count,
            };
        }
        finally
        {
            runFiles.ForEach(File.Delete);
        }
    }

    /// <summary>Keeps the rows into which the next changes are merged, where there are such.</summary>
    static void PutRows(RunContext run, CatalogueInput input)
    {
        if (input.Rows is { Origin.Path: { } path } rows && run.Lake.Find(path) is null)
        {
            run.Lake.PutScratch(path, rows.File);
        }
    }

    static string NewFile(RunContext run) => ScratchStream.NewName(run.Lake.Scratch);

    /// <summary>Writes a file, and says its SHA-256 in hex.</summary>
    static string Write(string file, Action<Stream> write)
    {
        File.Delete(file); // Of a version that was none.
        using var hash = SHA256.Create();
        using (var output = new CryptoStream(new ScratchStream(file), hash, CryptoStreamMode.Write))
        {
            write(output);
        }

        return Convert.ToHexStringLower(hash.Hash!);
    }

    void KeepRejects(RejectsFile rejects, string what)
    {
        rejects.Dispose();
        var path = LakePaths.Rejects(what);
        puts.Enqueue(
            rejects.Path is { } scratch ? () => run.Lake.PutScratch(path, scratch) : () => run.Lake.Delete(path)
        );
    }

    void SayRejected(string what, CatalogueEntry? read)
    {
        if (read?.Rejected > 0)
        {
            run.Logger.RejectedCatalogue(
                read.Rejected,
                read.Rows,
                read.Origin is { } origin ? $"{what} in {origin.Place}" : $"landing/{what}",
                LakePaths.Rejects(what)
            );
        }
    }

    /// <summary>Reads files, and says how far it has come with all of them.</summary>
    sealed class Reading
    {
        readonly CancellationToken cancellationToken;
        readonly long total;
        long done;

        public Reading(RunContext run, long total, CancellationToken cancellationToken)
        {
            Run = run;
            this.cancellationToken = cancellationToken;
            this.total = total;
            if (total > 0)
            {
                Report(0);
            }
        }

        public RunContext Run { get; }

        public void ReadAll(CatalogueInput input, RejectsFile rejects, Func<Stream, CancellationToken, FileFault?> scan)
        {
            if (input.Rows is { } rows)
            {
                rejects.StartFile(rows.Name);
                using var csv = new CountedStream(File.OpenRead(rows.File), Report);
                if (scan(csv, cancellationToken) is { } fault)
                {
                    throw new LakeException(
                        $"The {rows.Name} cannot be used ({fault.Kind.Text()}): {fault.Detail}. Nothing was done."
                    );
                }
            }

            foreach (var file in input.Files)
            {
                rejects.StartFile(file.Path);
                using var raw = new CountedStream(Run.Lake.Open(file), Report);
                using var csv = LandedStreams.IsCompressed(file.Path) ? new GunzipStream(raw) : null;
                FileFault? fault;
                try
                {
                    fault = scan((Stream?)csv ?? raw, cancellationToken);
                }
                catch (InvalidDataException error)
                {
                    fault = new(FileFaultKind.CannotDecompress, $"{error.Message.TrimEnd('.')}");
                }

                if (fault is not null)
                {
                    throw new LakeException(
                        $"{file.Path} cannot be used ({fault.Kind.Text()}): {fault.Detail}. Nothing was done; mend the file and run again."
                    );
                }

                if (Run.Lake.Find(file.Path) != file)
                {
                    throw new LakeException(
                        $"{file.Path} changed while it was read. Nothing was done; run again when it is complete."
                    );
                }
            }
        }

        void Report(long bytes) => Run.Report("catalogue", Interlocked.Add(ref done, bytes), total, "bytes");
    }
}
