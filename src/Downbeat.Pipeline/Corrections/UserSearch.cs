using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Downbeat.Engine;
using Downbeat.Engine.Catalogue;
using Downbeat.Engine.Scan;
using Downbeat.Engine.Slices;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Ledger;
using Downbeat.Pipeline.Quarantine;
using Downbeat.Pipeline.Runs;

namespace Downbeat.Pipeline.Corrections;

/// <summary>
/// Finds everything in a lake that holds some users. Slices are asked first, which takes a few reads each. The raw file of a source
/// is read when its slices hold one of them, or when it has rows that are in no slice: rejected ones.
/// </summary>
sealed partial class UserSearch(RunContext run, SliceUsers users)
{
    readonly ConcurrentDictionary<ulong, bool> found = new();
    readonly ConcurrentBag<string> missing = [];
    readonly ConcurrentBag<UnclearFile> unclear = [];

    /// <summary>What was found, source by source.</summary>
    public IReadOnlyList<FoundSource> Sources { get; private set; } = [];

    /// <summary>Files in the archive and such places that no source names, and that hold them too.</summary>
    public IReadOnlyList<LakeObject> Others { get; private set; } = [];

    /// <summary>How many of the users as last read are among them.</summary>
    public long InUsers { get; private set; }

    /// <summary>The rows of a database that are kept and hold them, if there are such.</summary>
    public LakeObject? UserRowsFile { get; private set; }

    /// <summary>Older users, and rejected rows of users: they are not needed.</summary>
    public IReadOnlyList<string> Needless { get; private set; } = [];

    /// <summary>Rows that hold them in raw files.</summary>
    public long Rows { get; private set; }

    /// <summary>How many of them there are.</summary>
    public int Found => found.Count;

    /// <summary>Raw files that would have to be looked into, and are not in the lake.</summary>
    public IReadOnlyList<string> Missing => [.. missing.Order(StringComparer.Ordinal)];

    /// <summary>Files of which it cannot be told.</summary>
    public IReadOnlyList<UnclearFile> Unclear => [.. unclear.OrderBy(file => file.Path, StringComparer.Ordinal)];

    /// <summary>Files of users that hold them, and stay as they are.</summary>
    public IReadOnlyList<string> LandedUsers { get; private set; } = [];

    /// <summary>How many landed files were not scanned, and not looked into.</summary>
    public int NotScanned { get; private set; }

    /// <summary>Whether there is anything to be rewritten.</summary>
    public bool IsEmpty => Sources.Count + Others.Count + Needless.Count == 0 && InUsers == 0 && UserRowsFile is null;

    /// <summary>Searches.</summary>
    /// <exception cref="LakeException">A file that is in the lake cannot be rewritten.</exception>
    public void Run(CancellationToken cancellationToken)
    {
        var state = run.Ledger.State;
        var files = RawFiles(cancellationToken);
        var sources = state.Sources.Values.ToList();
        var hits = new ConcurrentBag<FoundSource>();
        var workers = Math.Max(run.Options.Workers, run.Lake.Concurrency);
        var done = 0;
        Workers.Run(
            sources.Count,
            workers,
            number =>
            {
                if (Search(sources[number], files, cancellationToken) is { } hit)
                {
                    hits.Add(hit);
                }

                run.Report("search", Interlocked.Increment(ref done), sources.Count, "files");
            },
            cancellationToken
        );
        Sources = [.. hits.OrderBy(hit => hit.State.Entry.Id, StringComparer.Ordinal)];
        Others =
        [
            .. files
                .Where(file => !state.Sources.ContainsKey(file.Key))
                .SelectMany(file => file)
                .Where(file => LandedStreams.IsCsv(file.Path) && CountRows(file, null, cancellationToken) > 0),
        ];
        Rows = hits.Sum(hit => hit.Rows);
        SearchUsers(state, cancellationToken);
        NotScanned = LandedStreams.ListAll(run.Lake, cancellationToken).Count;
    }

    /// <summary>Reads a file's rows, compressed or not.</summary>
    public static Stream OpenCsv(ILake lake, LakeObject file)
    {
        var raw = lake.Open(file);
        return LandedStreams.IsCompressed(file.Path) ? new GunzipStream(raw) : raw;
    }

    /// <summary>The columns of users that rejected rows of a source have; none where that cannot be told.</summary>
    public static int[] ColumnsOfRejects(ILake lake, string source)
    {
        try
        {
            using var stream = lake.Open(LakePaths.QuarantinedSource(source));
            var about = JsonSerializer.Deserialize(stream, LakeJson.Readable.QuarantinedSourceFile);
            var header = new CsvReader(new MemoryStream(Encoding.UTF8.GetBytes(about?.Header ?? "")));
            return header.Read() ? UserRows.ColumnsOf(header) : [];
        }
        catch (Exception error) when (error is JsonException or FileNotFoundException or DirectoryNotFoundException)
        {
            return [];
        }
    }

    /// <summary>Which of the users a rejected row names.</summary>
    public static ulong? FindUser(RejectedRow row, int[] columns, SliceUsers users)
    {
        var reader = new CsvReader(new MemoryStream(Encoding.UTF8.GetBytes(row.Raw)));
        return reader.Read() ? UserRows.FindUser(reader, columns, users) : null;
    }

    /// <summary>Raw files by the id of their source, which stands in their names.</summary>
    ILookup<string, LakeObject> RawFiles(CancellationToken cancellationToken)
    {
        var kept = run
            .Lake.List(LakePaths.Archive, cancellationToken)
            .Concat(run.Lake.List(LakePaths.Retracted, cancellationToken))
            .Select(file => (Source: KeptFile().Match(file.Path).Groups["source"].Value, File: file));
        var quarantined = run
            .Lake.List(LakePaths.Quarantine, cancellationToken)
            .Where(file => !IsMadeByDownbeat(file.Path))
            .Select(file => (Source: file.Path.Split('/')[1], File: file));
        return kept.Concat(quarantined).ToLookup(file => file.Source, file => file.File, StringComparer.Ordinal);
    }

    FoundSource? Search(SourceState source, ILookup<string, LakeObject> files, CancellationToken cancellationToken)
    {
        var entry = source.Entry;
        var dates = new Dictionary<DateOnly, long>();
        foreach (var slice in entry.Slices)
        {
            var listens = users.Count(new(run.Lake.OpenBytes(slice.Path)), Note);
            if (listens > 0)
            {
                dates[slice.Date] = dates.GetValueOrDefault(slice.Date) + listens;
            }
        }

        var raws = new List<LakeObject>();
        var rows = 0L;
        var rejects = false;
        if (dates.Count > 0 || entry.Rejected > 0 || entry.Fault is not null)
        {
            var isThere = false;
            foreach (var file in files[entry.Id])
            {
                isThere |= file.Path == source.MovedTo;
                if (CountRows(file, source, cancellationToken) is var count && count > 0)
                {
                    raws.Add(file);
                    rows += file.Path == source.MovedTo ? count : 0;
                }
            }

            if (!isThere && source is { MovedTo: { } path, Released: false, RawDeletedAt: null })
            {
                missing.Add(path);
            }

            rejects = HasRejects(entry.Id);
        }

        return dates.Count + raws.Count > 0 || rejects
            ? new(source, entry, source.MovedTo, dates, raws, rejects, rows)
            : null;
    }

    long CountRows(LakeObject file, SourceState? source, CancellationToken cancellationToken)
    {
        // A quarantined file is there to be mended. What was scanned must not be rewritten when it is damaged.
        var isScanned = source is { Entry.Fault: null } && file.Path == source.MovedTo;
        using var raw = new HashingStream(run.Lake.Open(file), [], null);
        string? why;
        var count = 0L;
        try
        {
            using var csv = LandedStreams.IsCompressed(file.Path) ? new GunzipStream(raw) : null;
            var rows = UserRows.Find((Stream?)csv ?? raw, users, Note, cancellationToken);
            (why, count) = (rows.Unclear, rows.Count);
        }
        catch (InvalidDataException error)
        {
            why = error.Message.TrimEnd('.');
        }

        if (isScanned && (why is not null || ContentHash.Combine(raw.Finish(), raw.Position) != source!.RawHash))
        {
            throw new LakeException(
                $"{file.Path} is not the file that was scanned{(why is null ? "" : $" ({why})")}. Nothing was forgotten: put it back from a backup, or take it out of the lake, and try again."
            );
        }

        if (why is not null)
        {
            if (LandedStreams.IsCompressed(file.Path) || MayHold(file))
            {
                unclear.Add(new(file.Path, why));
            }

            return 0;
        }

        return count;
    }

    bool MayHold(LakeObject file)
    {
        using var bytes = run.Lake.Open(file);
        return UserRows.MayHold(bytes, users);
    }

    bool HasRejects(string source)
    {
        var path = LakePaths.Rejects(source);
        if (run.Lake.Find(path) is not { } file)
        {
            return false;
        }

        var columns = ColumnsOfRejects(run.Lake, source);
        if (columns.Length == 0)
        {
            if (MayHold(file))
            {
                unclear.Add(new(path, $"{LakePaths.QuarantinedSource(source)} does not tell which column is user_id"));
            }

            return false;
        }

        using var stream = run.Lake.Open(file);
        var has = false;
        foreach (var row in RejectsFile.Read(stream))
        {
            if (FindUser(row, columns, users) is { } user)
            {
                has = true;
                Note(user);
            }
        }

        return has;
    }

    void SearchUsers(LakeState state, CancellationToken cancellationToken)
    {
        if (state.Users is { } read && run.Lake.Find(read.Path) is not null)
        {
            var kept = new UserCountries(run.Users());
            foreach (var user in users.Users.Where(kept.Find))
            {
                InUsers++;
                Note(user);
            }

            if (read.Origin?.Path is { } path && run.Lake.Find(path) is { } rows)
            {
                UserRowsFile = CountRows(rows, null, cancellationToken) > 0 ? rows : null;
            }
        }

        var needless = run
            .Lake.List(LakePaths.Catalogue, cancellationToken)
            .Where(file =>
                file.Path.StartsWith($"{LakePaths.Catalogue}/users-", StringComparison.Ordinal)
                && file.Path != state.Users?.Path
                && file.Path != state.Users?.Origin?.Path
            )
            .Where(file =>
                file.Path.EndsWith(".csv", StringComparison.Ordinal)
                    ? CountRows(file, null, cancellationToken) > 0
                    : users.Count(new(run.Lake.OpenBytes(file.Path)), Note) > 0
            )
            .Select(file => file.Path)
            .ToList();
        if (run.Lake.Find(LakePaths.Rejects("users")) is { } rejects && MayHold(rejects))
        {
            needless.Add(rejects.Path);
        }

        Needless = needless;
        LandedUsers =
        [
            .. run
                .Lake.List(LakePaths.Users, cancellationToken)
                .Where(file => LandedStreams.WhyNoInput(file.Path) is null)
                .Where(HoldsUsers)
                .Select(file => file.Path),
        ];

        bool HoldsUsers(LakeObject file)
        {
            try
            {
                using var csv = OpenCsv(run.Lake, file);
                return UserRows.Find(csv, users, _ => { }, cancellationToken).Count > 0;
            }
            catch (InvalidDataException)
            {
                return false; // Only a hint is lost.
            }
        }
    }

    void Note(ulong user) => found[user] = true;

    static bool IsMadeByDownbeat(string path) =>
        path.EndsWith("/rejects.csv", StringComparison.Ordinal)
        || path.EndsWith("/source.json", StringComparison.Ordinal);

    /// <summary>A number is there only where a name was taken.</summary>
    [GeneratedRegex(
        "^[a-z]+/streams/([0-9]+-)?(?<source>[0-9a-f]{24})-",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex KeptFile();
}

/// <summary>A source that holds users who are to be forgotten, as it was when they were found.</summary>
/// <param name="State">The source.</param>
/// <param name="Entry">What it held.</param>
/// <param name="MovedTo">Where its file was.</param>
/// <param name="Dates">Dates of which its slices hold listens of them, and how many.</param>
/// <param name="Raws">Raw files that hold rows of them; more than one where the file was delivered several times.</param>
/// <param name="Rejects">Whether rejected rows of them are in quarantine.</param>
/// <param name="Rows">Rows of them in the raw file.</param>
sealed record FoundSource(
    SourceState State,
    SourceEntry Entry,
    string? MovedTo,
    IReadOnlyDictionary<DateOnly, long> Dates,
    IReadOnlyList<LakeObject> Raws,
    bool Rejects,
    long Rows
);

/// <summary>A file of which it cannot be told which of its rows are whose.</summary>
/// <param name="Path">The file.</param>
/// <param name="Why">Why not.</param>
public sealed record UnclearFile(string Path, string Why);
