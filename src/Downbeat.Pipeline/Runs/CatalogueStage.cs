using System.Security.Cryptography;
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

    /// <summary>Enough to sort a million users at a time; more of them make more runs.</summary>
    const long UsersBufferBytes = 32 << 20;

    /// <summary>Files that would be read.</summary>
    /// <exception cref="LakeException">There are no songs, or no users.</exception>
    public static IReadOnlyList<PlannedFile> Plan(ILake lake, LakeState state)
    {
        var (songs, users) = Files(lake);
        return [.. Changed(Kept(lake, state.Songs), songs), .. Changed(Kept(lake, state.Users), users)];
    }

    /// <summary>Reads what has changed.</summary>
    public static (ReadCatalogue? Songs, ReadCatalogue? Users) Run(RunContext run, CancellationToken cancellationToken)
    {
        var state = run.Ledger.State;
        var firstVersion = state.Version;
        var (songFiles, userFiles) = Files(run.Lake);
        var (oldSongs, oldUsers) = (state.Songs, state.Users);
        var songs = IsChanged(Kept(run.Lake, oldSongs), songFiles)
            ? ReadSongs(run, songFiles, cancellationToken)
            : null;
        var users = IsChanged(Kept(run.Lake, oldUsers), userFiles)
            ? ReadUsers(run, userFiles, cancellationToken)
            : null;
        if (songs is not null || users is not null)
        {
            run.Ledger.Commit(now =>
                new[] { songs, users }.Any(read => read is not null && now.IsSwept(read.Path, firstVersion))
                    ? throw new LakeException("Another run swept what this one had read of the catalogue; run again.")
                    : LakeLedger.Facts with
                    {
                        Songs = songs,
                        Users = users,
                    }
            );
        }

        return (Said(songs, oldSongs), Said(users, oldUsers));
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

    static CatalogueFileEntry Entry(LakeObject file) => new(file.Path, file.Size, file.Modified);

    static CatalogueEntry ReadSongs(RunContext run, List<LakeObject> files, CancellationToken cancellationToken)
    {
        var known = Kept(run.Lake, run.Ledger.State.Songs);
        var before = known is null ? null : run.Songs();
        using var rejects = new RejectsFile(run.Lake.Scratch);
        var scan = new SongsScan(rejects.Add);
        ReadAll(run, files, rejects, csv => scan.Scan(csv, cancellationToken));
        KeepRejects(run, rejects, "songs", scan.Rejected, scan.Rows);

        // A version that would say the same as the one before is that one.
        var version = known?.Version ?? (run.Ledger.State.Songs?.Version ?? 0) + 1;
        var bytes = SongsFile.Write(scan.Build(version, before));
        if (known is not null && Sum(bytes) != known.Sha256)
        {
            bytes = SongsFile.Write(scan.Build(++version, before));
        }

        var path = $"{LakePaths.Catalogue}/songs-{version}-{Sum(bytes)[..12]}.songs";
        if (known?.Path != path)
        {
            run.Lake.Put([(path, bytes)]);
        }

        return new()
        {
            Version = version,
            Path = path,
            Sha256 = Sum(bytes),
            Files = [.. files.Select(Entry)],
            Rows = scan.Rows,
            Rejected = scan.Rejected,
            Count = scan.Tracks,
        };
    }

    static CatalogueEntry ReadUsers(RunContext run, List<LakeObject> files, CancellationToken cancellationToken)
    {
        var known = Kept(run.Lake, run.Ledger.State.Users);
        var before = known is null ? null : run.Users();
        var runFiles = new List<string>();
        var merged = NewFile(run);
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
            ReadAll(run, files, rejects, csv => scan.Scan(csv, cancellationToken));
            scan.Finish();
            KeepRejects(run, rejects, "users", scan.Rejected, scan.Rows);

            var version = known?.Version ?? (run.Ledger.State.Users?.Version ?? 0) + 1;
            var count = MergeUsers(runFiles, merged, version, before);
            if (known is not null && SumFile(merged) != known.Sha256)
            {
                count = MergeUsers(runFiles, merged, ++version, before);
            }

            var sum = SumFile(merged);
            var path = $"{LakePaths.Catalogue}/users-{version}-{sum[..12]}.users";
            if (known?.Path != path)
            {
                run.Lake.PutScratch(path, merged);
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
            runFiles.Append(merged).ToList().ForEach(File.Delete);
        }
    }

    static long MergeUsers(List<string> runs, string merged, int version, SliceReader? before)
    {
        using var output = Create(merged);
        return UsersScan
            .Merge([.. runs.Select(run => new SliceReader(new FileBytes(run, run)))], output, version, before)
            .Listens;
    }

    static string NewFile(RunContext run) => Path.Combine(run.Lake.Scratch, Guid.NewGuid().ToString("N"));

    static FileStream Create(string file) => new(file, FileMode.Create, FileAccess.Write, FileShare.None, 256 * 1024);

    static void ReadAll(RunContext run, List<LakeObject> files, RejectsFile rejects, Func<Stream, FileFault?> scan)
    {
        var total = files.Sum(file => file.Size);
        var done = 0L;
        foreach (var file in files)
        {
            run.Report("catalogue", done, total, "bytes");
            rejects.StartFile(file.Path);
            using var raw = run.Lake.Open(file.Path);
            using var csv = LandedStreams.IsCompressed(file.Path) ? new GunzipStream(raw) : null;
            FileFault? fault;
            try
            {
                fault = scan((Stream?)csv ?? raw);
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

            var now = run.Lake.Find(file.Path);
            if (now != file)
            {
                throw new LakeException(
                    $"{file.Path} changed while it was read. Nothing was done; run again when it is complete."
                );
            }

            done += file.Size;
        }
    }

    static void KeepRejects(RunContext run, RejectsFile rejects, string what, long rejected, long rows)
    {
        rejects.Dispose();
        var path = LakePaths.Rejects(what);
        if (rejects.Path is { } scratch)
        {
            run.Lake.PutScratch(path, scratch);
            run.Logger.RejectedCatalogue(rejected, rows, $"landing/{what}", path);
        }
        else
        {
            run.Lake.Delete(path);
        }
    }

    static string Sum(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    static string SumFile(string file)
    {
        using var stream = File.OpenRead(file);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }
}
