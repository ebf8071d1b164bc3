using Downbeat.Pipeline.Landing;

namespace Downbeat.Pipeline.Ledger;

/// <summary>
/// One entry of the ledger, <c>ledger/&lt;version&gt;.json</c>: facts that became true together. What no commit says does
/// not exist.
/// </summary>
public sealed record Commit
{
    /// <summary>Its number: one more than that of the commit before.</summary>
    public required long Version { get; init; }

    /// <summary>Tells the writer's commit from that of another who wanted the same number.</summary>
    public required string Nonce { get; init; }

    /// <summary>The run that wrote it.</summary>
    public required string Run { get; init; }

    /// <summary>When it was written.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Sources that were scanned.</summary>
    public IReadOnlyList<SourceEntry> Sources
    {
        get;
        init => field = value ?? [];
    } = [];

    /// <summary>Sources that moved out of the landing area, and where to: the archive, or quarantine.</summary>
    public IReadOnlyList<MovedEntry> Moved
    {
        get;
        init => field = value ?? [];
    } = [];

    /// <summary>Quarantined sources whose files went back to the landing area to be scanned again.</summary>
    public IReadOnlyList<string> Released
    {
        get;
        init => field = value ?? [];
    } = [];

    /// <summary>How many rejected rows of a source are still in quarantine, after some were taken out.</summary>
    public IReadOnlyList<OpenRejectsEntry> OpenRejects
    {
        get;
        init => field = value ?? [];
    } = [];

    /// <summary>Songs that were read, if they were.</summary>
    public CatalogueEntry? Songs { get; init; }

    /// <summary>Users that were read, if they were.</summary>
    public CatalogueEntry? Users { get; init; }

    /// <summary>Dates that were computed.</summary>
    public IReadOnlyList<DateEntry> Dates
    {
        get;
        init => field = value ?? [];
    } = [];

    /// <summary>Published dates that someone asks to be computed again.</summary>
    public IReadOnlyList<DateOnly> Wanted
    {
        get;
        init => field = value ?? [];
    } = [];

    /// <summary>Dates that are held back, and that someone lets through.</summary>
    public IReadOnlyList<ApprovedEntry> Approved
    {
        get;
        init => field = value ?? [];
    } = [];

    /// <summary>Dates that were left without listens, and lost their files.</summary>
    public IReadOnlyList<DateOnly> RemovedDates
    {
        get;
        init => field = value ?? [];
    } = [];

    /// <summary>Dates whose unknown tracks and users were looked for in a newer catalogue, and not found.</summary>
    public IReadOnlyList<CheckedEntry> Checked
    {
        get;
        init => field = value ?? [];
    } = [];

    /// <summary>Dates whose files were written by someone else, and hold what they should.</summary>
    public IReadOnlyList<SeenEntry> Seen
    {
        get;
        init => field = value ?? [];
    } = [];

    /// <summary>Objects that no commit names, and that are deleted after this one.</summary>
    public IReadOnlyList<string> Swept
    {
        get;
        init => field = value ?? [];
    } = [];

    /// <summary>Slices that were written to be read in the place of many others.</summary>
    public IReadOnlyList<CompactedEntry> Compacted
    {
        get;
        init => field = value ?? [];
    } = [];

    /// <summary>Sources of which something is deleted after this commit, because it is kept no longer.</summary>
    public IReadOnlyList<ExpiredEntry> Expired
    {
        get;
        init => field = value ?? [];
    } = [];

    /// <summary>Sources whose listens someone takes out again.</summary>
    public IReadOnlyList<string> Retracted
    {
        get;
        init => field = value ?? [];
    } = [];

    /// <summary>Sources that were retracted, and whose listens count again.</summary>
    public IReadOnlyList<string> Restored
    {
        get;
        init => field = value ?? [];
    } = [];

    /// <summary>Sources that hold less than before, because users were forgotten.</summary>
    public IReadOnlyList<RewrittenEntry> Rewritten
    {
        get;
        init => field = value ?? [];
    } = [];

    /// <summary>What was forgotten with this commit; null when nothing was.</summary>
    public ForgottenEntry? Forgotten { get; init; }

    /// <summary>Objects that go away after this commit, or are replaced. Until <see cref="Gone"/> names them, any run does it.</summary>
    public IReadOnlyList<ObsoleteEntry> Obsolete
    {
        get;
        init => field = value ?? [];
    } = [];

    /// <summary>Obsolete objects that are gone, or were replaced.</summary>
    public IReadOnlyList<string> Gone
    {
        get;
        init => field = value ?? [];
    } = [];

    /// <summary>What a checkpoint said of the lake, in the place of a commit before it that was damaged beyond mending.</summary>
    public LakeState? Folded { get; init; }

    /// <summary>Whether it stands in the place of a commit whose facts are lost.</summary>
    public bool? Lost { get; init; }

    /// <summary>Whether everything that lost commits said of what counts was found again.</summary>
    public bool? Found { get; init; }
}

/// <summary>A file of listens, as it was scanned.</summary>
public sealed record SourceEntry
{
    /// <summary>Made from everything that shaped the slices: key, size, time of arrival, content.</summary>
    public required string Id { get; init; }

    /// <summary>The file's path in the lake when it was scanned.</summary>
    public required string Key { get; init; }

    /// <summary>Its size in bytes.</summary>
    public required long Size { get; init; }

    /// <summary>When it was last written.</summary>
    public required DateTimeOffset Arrived { get; init; }

    /// <summary>The version of the object that was read, where the lake knows such a thing.</summary>
    public string? Version { get; init; }

    /// <summary>The <see cref="Engine.Scan.ContentHash"/> of its bytes, in hex.</summary>
    public required string Hash { get; init; }

    /// <summary>Its rows: accepted + duplicates + rejected. 0 when it was quarantined whole.</summary>
    public long Rows { get; init; }

    /// <summary>Distinct listens.</summary>
    public long Accepted { get; init; }

    /// <summary>Rows that repeat a listen of the same file.</summary>
    public long Duplicates { get; init; }

    /// <summary>Rows that are no listens.</summary>
    public long Rejected { get; init; }

    /// <summary>Rejected rows by reason.</summary>
    public IReadOnlyDictionary<string, long> Reasons { get; init; } =
        new Dictionary<string, long>(StringComparer.Ordinal);

    /// <summary>Why the whole file was quarantined, like <c>missing_column</c>; null when it was not.</summary>
    public string? Fault { get; init; }

    /// <summary>What exactly is wrong with the file.</summary>
    public string? FaultDetail { get; init; }

    /// <summary>What holds its listens.</summary>
    public IReadOnlyList<SliceEntry> Slices
    {
        get;
        init => field = value ?? [];
    } = [];

    /// <summary>Ids of older versions of the same key whose bytes this one begins with: it takes their place.</summary>
    public IReadOnlyList<string> Retracts
    {
        get;
        init => field = value ?? [];
    } = [];
}

/// <summary>A slice of a source.</summary>
public sealed record SliceEntry(string Path, DateOnly Date, long Listens, long Bytes);

/// <summary>
/// The listens of many slices of a date once more, in few: faster to read. It holds nothing that they do not, and is read instead
/// of them as long as all of them count.
/// </summary>
/// <param name="Id">Stands for the slices that it was made of.</param>
/// <param name="Date">The date.</param>
/// <param name="Slices">What it consists of.</param>
/// <param name="Of">The names of the slices that it stands for, without their folder, sorted.</param>
public sealed record CompactedEntry(
    string Id,
    DateOnly Date,
    IReadOnlyList<SliceEntry> Slices,
    IReadOnlyList<string> Of
)
{
    /// <inheritdoc cref="CompactedEntry"/>
    public IReadOnlyList<SliceEntry> Slices { get; init; } = Slices ?? [];

    /// <inheritdoc cref="CompactedEntry"/>
    public IReadOnlyList<string> Of { get; init; } = Of ?? [];
}

/// <summary>A source of which something is kept no longer.</summary>
/// <param name="Source">The source.</param>
/// <param name="Raw">Whether its raw file goes.</param>
/// <param name="Slices">Whether its slices go, none of which counts.</param>
/// <param name="Rejects">Whether its rejected rows go.</param>
public sealed record ExpiredEntry(string Source, bool Raw = false, bool Slices = false, bool Rejects = false);

/// <summary>A source that holds less than before.</summary>
/// <param name="Source">
/// What it holds now. Its id, size and hash are those of the file as it was delivered: by them it is known when it comes again.
/// </param>
/// <param name="RawSize">The size of its file now.</param>
/// <param name="RawHash">The content hash of its file now, in hex.</param>
/// <param name="OpenRejects">How many of its rejected rows are in quarantine.</param>
public sealed record RewrittenEntry(SourceEntry Source, long RawSize, string RawHash, long OpenRejects);

/// <summary>What was forgotten, without a word about whom.</summary>
/// <param name="Users">How many users were to be forgotten.</param>
/// <param name="Listens">How many listens of sources that count went away, of each source for itself.</param>
/// <param name="Rows">How many rows of files went away.</param>
/// <param name="Files">How many raw files were rewritten.</param>
/// <param name="Dates">How many dates lost listens.</param>
/// <param name="IsLast">Whether nothing was left to be forgotten then.</param>
public sealed record ForgottenEntry(int Users, long Listens, long Rows, int Files, int Dates, bool IsLast);

/// <summary>An object that goes away.</summary>
/// <param name="Path">The object.</param>
/// <param name="By">The object that takes its place; null when none does.</param>
public sealed record ObsoleteEntry(string Path, string? By = null);

/// <summary>A source's file, and where it is now.</summary>
public sealed record MovedEntry(string Source, string Path);

/// <summary>How many rejected rows of a source are in quarantine.</summary>
public sealed record OpenRejectsEntry(string Source, long Count);

/// <summary>Songs or users as they were read.</summary>
public sealed record CatalogueEntry
{
    /// <summary>Goes up when their content changes.</summary>
    public required int Version { get; init; }

    /// <summary>The version before which it is not known what they held: nothing was kept of what had been read.</summary>
    public int FirstVersion { get; init; }

    /// <summary>Where they are kept.</summary>
    public required string Path { get; init; }

    /// <summary>The SHA-256 of what is kept, in hex.</summary>
    public required string Sha256 { get; init; }

    /// <summary>The files they were read from; none when they come from a database.</summary>
    public required IReadOnlyList<CatalogueFileEntry> Files { get; init; }

    /// <summary>The database they were read from; null when they come from files.</summary>
    public CatalogueOriginEntry? Origin { get; init; }

    /// <summary>Rows read.</summary>
    public required long Rows { get; init; }

    /// <summary>Rows rejected.</summary>
    public required long Rejected { get; init; }

    /// <summary>Distinct tracks, or users.</summary>
    public required long Count { get; init; }

    /// <summary>Of songs: rows in which a column that they must have is empty.</summary>
    public long NullRows { get; init; }

    /// <summary>Of songs: other rows that were rejected for a value.</summary>
    public long OutOfRangeRows { get; init; }
}

/// <summary>Songs or users of a database: what was asked for, what came, and from where on the next run asks.</summary>
public sealed record CatalogueOriginEntry
{
    /// <summary>Where the database is.</summary>
    public required string Place { get; init; }

    /// <summary>Stands for what was asked for: after another question nothing is known about changes.</summary>
    public required string Shape { get; init; }

    /// <summary>The <see cref="Engine.Scan.ContentHash"/> of the rows, in hex.</summary>
    public required string Hash { get; init; }

    /// <summary>Where the rows are kept; null when all are read each time.</summary>
    public string? Path { get; init; }

    /// <summary>Up to when changes are in the rows, in the words of the database; null when all rows are read each time.</summary>
    public string? Watermark { get; init; }

    /// <summary>When all rows were read last, and not only those that had changed; null when that is each time.</summary>
    public DateTimeOffset? ReadInFull { get; init; }
}

/// <summary>A file of the catalogue; it is read again when its size or time changes.</summary>
public sealed record CatalogueFileEntry(string Key, long Size, DateTimeOffset Modified, string? Version = null);

/// <summary>A date, as it was computed and published.</summary>
public sealed record DateEntry
{
    /// <summary>The date.</summary>
    public required DateOnly Date { get; init; }

    /// <summary>The SHA-256 of the sorted names of its slices, in hex.</summary>
    public required string Inputs { get; init; }

    /// <summary>What shaped its tables besides.</summary>
    public required string Shape { get; init; }

    /// <summary>The version of the songs.</summary>
    public required int Songs { get; init; }

    /// <summary>The version of the users.</summary>
    public required int Users { get; init; }

    /// <summary>Distinct listens.</summary>
    public required long Listens { get; init; }

    /// <summary>Listens of tracks that the songs do not know.</summary>
    public required long UnknownTrackListens { get; init; }

    /// <summary>Tracks that the songs do not know.</summary>
    public required long UnknownTracks { get; init; }

    /// <summary>Users that are not in the users.</summary>
    public required long UnknownUsers { get; init; }

    /// <summary>
    /// Its published files. Those of a date that is held back are the ones of before, or none, but for <c>quality_daily</c>.
    /// </summary>
    public required IReadOnlyList<FileEntry> Files { get; init; }

    /// <summary>The SHA-256 of all published files, in hex: the same tables have the same fingerprint.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>Why it was computed, for people.</summary>
    public required string Why { get; init; }

    /// <summary>When its published files last changed.</summary>
    public required DateTimeOffset RestatedAt { get; init; }

    /// <summary>Why they did.</summary>
    public required string RestatedWhy { get; init; }

    /// <summary>What its checks say; none of a date that was computed before there were any.</summary>
    public IReadOnlyList<QualityEntry> Quality
    {
        get;
        init => field = value ?? [];
    } = [];

    /// <summary>Whether it is held back: all but its files describes tables that nobody sees.</summary>
    public bool IsHeld { get; init; }

    /// <summary>Of a date that is held back: the thresholds and the catalogue, after whose change it is judged again.</summary>
    public string? JudgedBy { get; init; }

    /// <summary>When the date is over, while no file had arrived later: until then it is not judged as a whole.</summary>
    public DateTimeOffset? OpenUntil { get; init; }

    /// <summary>The checks that have failed.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public IEnumerable<string> Failed => Quality.Where(check => check.IsFail).Select(check => check.Check);
}

/// <summary>What a check says of a date, as in <c>quality_daily</c>.</summary>
public sealed record QualityEntry(string Check, double Value, double Threshold, string Status)
{
    /// <summary>The value is within its thresholds.</summary>
    public const string Ok = "ok";

    /// <summary>The value is above the threshold from which people are warned.</summary>
    public const string Warn = "warn";

    /// <summary>The value is above the threshold from which a date is held back.</summary>
    public const string Fail = "fail";

    /// <summary>Whether it has failed.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool IsFail => Status == Fail;

    /// <summary>Whether there is nothing to say.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool IsOk => Status == Ok;
}

/// <summary>A date that someone lets through, made of these slices and no others.</summary>
public sealed record ApprovedEntry(DateOnly Date, string Inputs);

/// <summary>A published file of a date.</summary>
/// <param name="Table">Its table.</param>
/// <param name="Size">Its size in bytes.</param>
/// <param name="Sha256">The sum of its bytes.</param>
/// <param name="Modified">When it was written, where the lake says so: a file of another time is looked into.</param>
/// <param name="Version">Its version, where the lake knows such a thing.</param>
public sealed record FileEntry(
    string Table,
    long Size,
    string Sha256,
    DateTimeOffset? Modified = null,
    string? Version = null
)
{
    /// <summary>The file as it lies there.</summary>
    public FileEntry As(LakeObject found)
    {
        ArgumentNullException.ThrowIfNull(found);
        return this with { Modified = found.Version is null ? found.Modified : null, Version = found.Version };
    }

    /// <summary>Whether somebody has written it since, as far as a listing tells.</summary>
    public bool IsTouched(LakeObject found)
    {
        ArgumentNullException.ThrowIfNull(found);
        return Version is not null && found.Version is not null
            ? Version != found.Version
            : Modified is not null && Modified != found.Modified;
    }
}

/// <summary>A date, and its files as they were found.</summary>
public sealed record SeenEntry(DateOnly Date, IReadOnlyList<FileEntry> Files);

/// <summary>A date, and the catalogue in which its unknown tracks and users were not found.</summary>
public sealed record CheckedEntry(DateOnly Date, int Songs, int Users);
