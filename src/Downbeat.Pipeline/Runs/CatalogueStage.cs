using System.Runtime.ExceptionServices;
using System.Security.Cryptography;
using Downbeat.Engine;
using Downbeat.Engine.Catalogue;
using Downbeat.Engine.Listens;
using Downbeat.Engine.Slices;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Ledger;
using Downbeat.Pipeline.Quarantine;

namespace Downbeat.Pipeline.Runs;

/// <summary>
/// Reads songs and users when their files are new or have changed. The files stay where they are; what was read is kept
/// in <c>catalogue/</c> under a version, which goes up when the content differs.
/// </summary>
static class CatalogueStage
{
    const string SongsHint =
        "songs.csv with the columns track_id, artists, track_name, popularity, duration_ms, track_genre";
    const string UsersHint = "users.csv with the columns user_id, user_country";

    /// <summary>Enough for 2.8 million users at a time; more of them become sorted runs on the disk.</summary>
    const long UsersBufferBytes = 64 << 20;

    /// <summary>Files that would be read.</summary>
    /// <exception cref="LakeException">There are no songs, or no users.</exception>
    public static IReadOnlyList<PlannedFile> Plan(ILake lake, LakeState state)
    {
        var (songs, users) = Files(lake);
        return [.. Changed(Kept(lake, state.Songs), songs), .. Changed(Kept(lake, state.Users), users)];
    }

    /// <summary>Reads what has changed, songs and users at the same time.</summary>
    public static (ReadCatalogue? Songs, ReadCatalogue? Users) Run(RunContext run, CancellationToken cancellationToken)
    {
        var state = run.Ledger.State;
        var firstVersion = state.Version;
        var (songFiles, userFiles) = Files(run.Lake);
        var (oldSongs, oldUsers) = (state.Songs, state.Users);
        var songsChanged = IsChanged(Kept(run.Lake, oldSongs), songFiles);
        var usersChanged = IsChanged(Kept(run.Lake, oldUsers), userFiles);
        var reading = new Reading(
            run,
            [.. songsChanged ? songFiles : [], .. usersChanged ? userFiles : []],
            cancellationToken
        );
        (CatalogueEntry Entry, Songs Songs)? songs = null;
        CatalogueEntry? users = null;
        RunAll(
            run.Options.Workers,
            songsChanged ? () => songs = ReadSongs(reading, songFiles) : null,
            usersChanged ? () => users = ReadUsers(reading, userFiles) : null
        );
        SayRejected(run, "songs", songs?.Entry);
        SayRejected(run, "users", users);
        if (songs is not null || users is not null)
        {
            run.Ledger.Commit(now =>
                new[] { songs?.Entry, users }.Any(read => read is not null && now.IsSwept(read.Path, firstVersion))
                    ? throw new LakeException("Another run swept what this one had read of the catalogue; run again.")
                    : LakeLedger.Facts with
                    {
                        Songs = songs?.Entry,
                        Users = users,
                    }
            );
        }

        if (songs is { } read)
        {
            run.Remember(read.Entry.Version, read.Songs);
        }

        return (Said(songs?.Entry, oldSongs), Said(users, oldUsers));
    }

    /// <summary>Does all there is to do, at the same time where there are workers; throws what went wrong first in this order.</summary>
    static void RunAll(int workers, params Action?[] all)
    {
        var todo = all.OfType<Action>().ToArray();
        var errors = new ExceptionDispatchInfo?[todo.Length];
        Workers.Run(
            todo.Length,
            workers,
            number =>
            {
                try
                {
                    todo[number]();
                }
                catch (Exception error)
                {
                    errors[number] = ExceptionDispatchInfo.Capture(error);
                }
            }
        );
        foreach (var error in errors)
        {
            error?.Throw();
        }
    }

    static ReadCatalogue? Said(CatalogueEntry? now, CatalogueEntry? before) =>
        now is null ? null : new(now.Version, now.Rows, now.Rejected, now.Count, now.Version != before?.Version);

    /// <summary>The files of songs and of users, in the byte order of their names.</summary>
    static (List<LakeObject> Songs, List<LakeObject> Users) Files(ILake lake)
    {
        var songs = Files(lake, LakePaths.Songs);
        var users = Files(lake, LakePaths.Users);
        var missing = new List<string>();
        if (songs.Count == 0)
        {
            missing.Add($"no songs: put {SongsHint} into {Path.Join(lake.Name, LakePaths.Songs)}/");
        }

        if (users.Count == 0)
        {
            missing.Add($"no users: put {UsersHint} into {Path.Join(lake.Name, LakePaths.Users)}/");
        }

        return missing.Count == 0
            ? (songs, users)
            : throw new LakeException($"{lake.Name} has {string.Join("; and ", missing)}.");
    }

    static List<LakeObject> Files(ILake lake, string folder) =>
        [.. lake.List(folder).Where(file => LandedStreams.WhyNoInput(file.Path) is null)];

    /// <summary>What was read last, if it is still kept: it can be read again at any time.</summary>
    static CatalogueEntry? Kept(ILake lake, CatalogueEntry? read) =>
        read is not null && lake.Find(read.Path) is not null ? read : null;

    static bool IsChanged(CatalogueEntry? known, List<LakeObject> files) =>
        known is null || !known.Files.SequenceEqual(files.Select(Entry));

    static IEnumerable<PlannedFile> Changed(CatalogueEntry? known, List<LakeObject> files) =>
        IsChanged(known, files)
            ? files.Select(file => new PlannedFile(
                file.Path,
                file.Size,
                known is null ? "not read yet"
                    : known.Files.Contains(Entry(file)) ? "read again with the others"
                    : known.Files.Any(old => old.Key == file.Path) ? "changed"
                    : "new"
            ))
            : [];

    static CatalogueFileEntry Entry(LakeObject file) => new(file.Path, file.Size, file.Modified, file.Version);

    static (CatalogueEntry Entry, Songs Songs) ReadSongs(Reading reading, List<LakeObject> files)
    {
        var run = reading.Run;
        var known = Kept(run.Lake, run.Ledger.State.Songs);
        var before = known is null ? null : run.Songs();
        var kept = NewFile(run);
        try
        {
            using var rejects = new RejectsFile(run.Lake.Scratch);
            var scan = new SongsScan(rejects.Add);
            reading.ReadAll(files, rejects, scan.Scan);
            KeepRejects(run, rejects, "songs");

            // A version that would say the same as the one before is that one.
            var version = known?.Version ?? (run.Ledger.State.Songs?.Version ?? 0) + 1;
            var songs = scan.Build(version, before);
            var sum = Write(kept, output => SongsFile.Write(songs, output));
            if (known is not null && sum != known.Sha256)
            {
                songs = scan.Build(++version, before);
                sum = Write(kept, output => SongsFile.Write(songs, output));
            }

            var path = $"{LakePaths.Catalogue}/songs-{version}-{sum[..12]}.songs";
            if (known?.Path != path)
            {
                run.Lake.PutScratch(path, kept);
            }

            var entry = new CatalogueEntry
            {
                Version = version,
                Path = path,
                Sha256 = sum,
                Files = [.. files.Select(Entry)],
                Rows = scan.Rows,
                Rejected = scan.Rejected,
                Count = scan.Tracks,
            };
            return (entry, songs);
        }
        finally
        {
            File.Delete(kept);
        }
    }

    static CatalogueEntry ReadUsers(Reading reading, List<LakeObject> files)
    {
        var run = reading.Run;
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
                    return Create(runFiles[^1]);
                },
                rejects.Add
            );
            reading.ReadAll(files, rejects, scan.Scan);
            scan.Finish();
            KeepRejects(run, rejects, "users");

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
                run.Lake.PutScratch(path, kept);
            }

            return new()
            {
                Version = version,
                Path = path,
                Sha256 = sum,
                Files = [.. files.Select(Entry)],
                Rows = scan.Rows,
                Rejected = scan.Rejected,
                Count = count,
            };
        }
        finally
        {
            runFiles.Append(kept).ToList().ForEach(File.Delete);
        }
    }

    static string NewFile(RunContext run) => Path.Combine(run.Lake.Scratch, Guid.NewGuid().ToString("N"));

    static FileStream Create(string file) => new(file, FileMode.Create, FileAccess.Write, FileShare.None, 256 * 1024);

    /// <summary>Writes a file, and says its SHA-256 in hex.</summary>
    static string Write(string file, Action<Stream> write)
    {
        using var hash = SHA256.Create();
        using (var output = new CryptoStream(Create(file), hash, CryptoStreamMode.Write))
        {
            write(output);
        }

        return Convert.ToHexStringLower(hash.Hash!);
    }

    static void KeepRejects(RunContext run, RejectsFile rejects, string what)
    {
        rejects.Dispose();
        var path = LakePaths.Rejects(what);
        if (rejects.Path is { } scratch)
        {
            run.Lake.PutScratch(path, scratch);
        }
        else
        {
            run.Lake.Delete(path);
        }
    }

    static void SayRejected(RunContext run, string what, CatalogueEntry? read)
    {
        if (read?.Rejected > 0)
        {
            run.Logger.RejectedCatalogue(read.Rejected, read.Rows, $"landing/{what}", LakePaths.Rejects(what));
        }
    }

    /// <summary>Reads files, and says how far it has come with all of them.</summary>
    sealed class Reading
    {
        readonly CancellationToken cancellationToken;
        readonly long total;
        long done;

        public Reading(RunContext run, IEnumerable<LakeObject> all, CancellationToken cancellationToken)
        {
            Run = run;
            this.cancellationToken = cancellationToken;
            total = all.Sum(file => file.Size);
            if (total > 0)
            {
                Report(0);
            }
        }

        public RunContext Run { get; }

        public void ReadAll(
            List<LakeObject> files,
            RejectsFile rejects,
            Func<Stream, CancellationToken, FileFault?> scan
        )
        {
            foreach (var file in files)
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
