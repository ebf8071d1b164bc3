using System.Security.Cryptography;
using System.Text;

namespace Downbeat.Pipeline.Ledger;

/// <summary>What is true of a lake: the fold of all commits up to one of them. A checkpoint is this, written down.</summary>
public sealed class LakeState
{
    /// <summary>The last commit in it; 0 before the first.</summary>
    public long Version { get; set; }

    /// <summary>All sources ever scanned, by id.</summary>
    public Dictionary<string, SourceState> Sources { get; init; } = new(StringComparer.Ordinal);

    /// <summary>All dates that are published.</summary>
    public SortedDictionary<DateOnly, DateState> Dates { get; init; } = [];

    /// <summary>The songs as last read.</summary>
    public CatalogueEntry? Songs { get; set; }

    /// <summary>The users as last read.</summary>
    public CatalogueEntry? Users { get; set; }

    /// <summary>Objects that were swept, and the commit that said so: whoever made one before that makes it again.</summary>
    public Dictionary<string, long> Swept
    {
        get;
        init => field = value ?? new(StringComparer.Ordinal);
    } = new(StringComparer.Ordinal);

    /// <summary>Objects that are to go away, and those that take their place.</summary>
    public Dictionary<string, string?> Obsolete
    {
        get;
        init => field = value ?? new(StringComparer.Ordinal);
    } = new(StringComparer.Ordinal);

    /// <summary>What is read in the place of many slices, by id.</summary>
    public Dictionary<string, CompactedEntry> Compacted
    {
        get;
        init => field = value ?? new(StringComparer.Ordinal);
    } = new(StringComparer.Ordinal);

    /// <summary>When users were forgotten last; null when none ever were.</summary>
    public DateTimeOffset? ForgottenAt { get; set; }

    /// <summary>The version of the ledger that says so.</summary>
    public long ForgottenIn { get; set; }

    /// <summary>Whether more was to be forgotten then, and whoever did it died.</summary>
    public bool IsForgettingUnfinished { get; set; }

    /// <summary>Whether commits were lost, and not all that they said of what counts was found again: no date is to be computed.</summary>
    public bool LacksFacts { get; set; }

    /// <summary>Whether an object that was made when the state had a version was swept since.</summary>
    public bool IsSwept(string path, long madeAtVersion) =>
        Swept.TryGetValue(path, out var sweptAt) && sweptAt > madeAtVersion;

    /// <summary>The state after the next commit: this one, changed, but for a commit that brings another.</summary>
    public LakeState After(Commit commit)
    {
        ArgumentNullException.ThrowIfNull(commit);
        if (commit.Folded is not { } folded)
        {
            Apply(commit);
            return this;
        }

        // It says more than was true then. What comes between is said again by the commits that follow, and leads to the same.
        folded.Version = commit.Version;
        return folded;
    }

    /// <summary>Adds the next commit. Of sources that it names and that were lost with another commit it says nothing.</summary>
    public void Apply(Commit commit)
    {
        ArgumentNullException.ThrowIfNull(commit);
        Version = commit.Version;
        LacksFacts = (LacksFacts || commit.Lost == true) && commit.Found != true;
        foreach (var source in commit.Sources)
        {
            Sources[source.Id] = new()
            {
                Entry = source,
                ScannedAt = commit.At,
                ScannedIn = commit.Version,
                OpenRejects = source.Rejected,
            };
            foreach (var slice in source.Slices)
            {
                Swept.Remove(slice.Path);
                Obsolete.Remove(slice.Path);
            }

            foreach (var old in source.Retracts)
            {
                if (Sources.TryGetValue(old, out var known))
                {
                    known.RetractedBy = source.Id;
                }
            }
        }

        foreach (var rewritten in commit.Rewritten)
        {
            if (!Sources.TryGetValue(rewritten.Source.Id, out var source))
            {
                continue;
            }

            source.Entry = rewritten.Source;
            (source.RawSize, source.RawHash) = (rewritten.RawSize, rewritten.RawHash);
            source.OpenRejects = rewritten.OpenRejects;
            source.RewrittenIn = commit.Version;
            foreach (var slice in rewritten.Source.Slices)
            {
                Swept.Remove(slice.Path);
                Obsolete.Remove(slice.Path);
            }
        }

        foreach (var obsolete in commit.Obsolete)
        {
            Obsolete[obsolete.Path] = obsolete.By;
        }

        foreach (var gone in commit.Gone)
        {
            Obsolete.Remove(gone);
        }

        if (commit.Forgotten is { } forgotten)
        {
            (ForgottenAt, ForgottenIn, IsForgettingUnfinished) = (commit.At, commit.Version, !forgotten.IsLast);
        }

        foreach (var moved in commit.Moved)
        {
            if (Sources.TryGetValue(moved.Source, out var known))
            {
                known.MovedTo = moved.Path;
            }
        }

        foreach (var retracted in commit.Retracted)
        {
            if (Sources.TryGetValue(retracted, out var known))
            {
                (known.RetractedIn, known.RetractedAt) = (commit.Version, commit.At);
            }
        }

        foreach (var restored in commit.Restored)
        {
            if (Sources.TryGetValue(restored, out var known))
            {
                (known.RetractedIn, known.RestoredIn) = (0, commit.Version);
            }
        }

        foreach (var released in commit.Released)
        {
            if (Sources.TryGetValue(released, out var known))
            {
                known.Released = true;
            }
        }

        foreach (var open in commit.OpenRejects)
        {
            if (Sources.TryGetValue(open.Source, out var known))
            {
                known.OpenRejects = open.Count;
            }
        }

        Songs = commit.Songs ?? Songs;
        Users = commit.Users ?? Users;
        foreach (var date in commit.Dates)
        {
            Dates.TryGetValue(date.Date, out var before);
            Dates[date.Date] = new()
            {
                Entry = date,
                ComputedAt = commit.At,
                ComputedIn = commit.Version,
                SongsChecked = date.Songs,
                UsersChecked = date.Users,
                ApprovedInputs = before?.ApprovedInputs,
                ApprovedOn = before?.ApprovedOn,
            };
        }

        foreach (var approved in commit.Approved)
        {
            if (Dates.TryGetValue(approved.Date, out var date))
            {
                // What was approved stays so without those who were forgotten.
                date.ApprovedOn = (commit.Forgotten is null ? null : date.ApprovedOn) ?? commit.At;
                date.ApprovedInputs = approved.Inputs;
            }
        }

        foreach (var seen in commit.Seen)
        {
            // Of the same bytes only: the date may have been computed again meanwhile.
            if (
                Dates.TryGetValue(seen.Date, out var date)
                && date.Entry.Files.Select(file => file.Sha256)
                    .SequenceEqual(seen.Files.Select(file => file.Sha256), StringComparer.Ordinal)
            )
            {
                date.Entry = date.Entry with { Files = seen.Files };
            }
        }

        foreach (var compacted in commit.Compacted)
        {
            Compacted[compacted.Id] = compacted;
        }

        foreach (var path in commit.Swept)
        {
            Swept[path] = commit.Version;
        }

        if (commit.Swept.Count > 0 && Compacted.Count > 0)
        {
            var swept = commit.Swept.ToHashSet(StringComparer.Ordinal);
            foreach (
                var compacted in Compacted.Values.Where(one => one.Slices.Any(slice => swept.Contains(slice.Path)))
            )
            {
                Compacted.Remove(compacted.Id); // A dictionary may be enumerated while something is taken out.
            }
        }

        foreach (var expired in commit.Expired)
        {
            if (Sources.TryGetValue(expired.Source, out var known))
            {
                known.RawDeletedAt = expired.Raw ? commit.At : known.RawDeletedAt;
                known.SlicesDeletedAt = expired.Slices ? commit.At : known.SlicesDeletedAt;
                known.Entry = expired.Slices ? known.Entry with { Slices = [] } : known.Entry;
                known.OpenRejects = expired.Rejects ? 0 : known.OpenRejects;
            }
        }

        foreach (var date in commit.Wanted)
        {
            if (Dates.TryGetValue(date, out var wanted))
            {
                wanted.IsWanted = true;
            }
        }

        foreach (var date in commit.RemovedDates)
        {
            Dates.Remove(date);
        }

        foreach (var seen in commit.Checked)
        {
            if (Dates.TryGetValue(seen.Date, out var date))
            {
                date.SongsChecked = seen.Songs;
                date.UsersChecked = seen.Users;
            }
        }
    }

    /// <summary>When the newest file that counts arrived.</summary>
    public DateTimeOffset? NewestArrival() =>
        Sources
            .Values.Where(source => source.Counts && source.Entry.Fault is null)
            .Max(source => (DateTimeOffset?)source.Entry.Arrived);

    /// <summary>The slices of every date that has any, with the sources they come from, in the order of their names.</summary>
    public SortedDictionary<DateOnly, List<(SliceEntry Slice, SourceState Source)>> SlicesByDate()
    {
        var dates = new SortedDictionary<DateOnly, List<(SliceEntry Slice, SourceState Source)>>();
        foreach (var source in Sources.Values.Where(source => source.Counts))
        {
            foreach (var slice in source.Entry.Slices)
            {
                if (!dates.TryGetValue(slice.Date, out var slices))
                {
                    dates.Add(slice.Date, slices = []);
                }

                slices.Add((slice, source));
            }
        }

        foreach (var slices in dates.Values)
        {
            slices.Sort((left, right) => string.CompareOrdinal(left.Slice.Path, right.Slice.Path));
        }

        return dates;
    }

    /// <summary>
    /// What is best read of a date: of what was compacted as much as counts as a whole, and the slices that it does not stand
    /// for. A listen may be in more than one of them, as it may be in more than one slice.
    /// </summary>
    /// <param name="date">The date.</param>
    /// <param name="slices">The slices of the date that count, in the order of their names.</param>
    public List<DatePiece> Pieces(DateOnly date, IReadOnlyList<SliceEntry> slices)
    {
        ArgumentNullException.ThrowIfNull(slices);
        var compacted = Compacted
            .Values.Where(one => one.Date == date)
            .OrderByDescending(one => one.Of.Count)
            .ThenBy(one => one.Id, StringComparer.Ordinal)
            .ToList();
        if (compacted.Count == 0)
        {
            return [.. slices.Select(slice => new DatePiece(null, [slice]))];
        }

        var left = slices.ToDictionary(slice => NameOf(slice.Path), StringComparer.Ordinal);
        var pieces = new List<DatePiece>();
        foreach (var one in compacted.Where(one => one.Of.All(left.ContainsKey)))
        {
            pieces.Add(new(one, one.Slices));
            foreach (var name in one.Of)
            {
                left.Remove(name);
            }
        }

        pieces.AddRange(
            slices.Where(slice => left.ContainsKey(NameOf(slice.Path))).Select(slice => new DatePiece(null, [slice]))
        );
        return pieces;
    }

    /// <summary>The paths of these pieces.</summary>
    public List<string> PathsToRead(DateOnly date, IReadOnlyList<SliceEntry> slices) =>
        [.. Pieces(date, slices).SelectMany(piece => piece.Slices).Select(slice => slice.Path)];

    /// <summary>The name of a slice without its folder.</summary>
    internal static string NameOf(string path) => path[(path.LastIndexOf('/') + 1)..];

    /// <summary>What a date computed from such slices says it was computed from.</summary>
    /// <param name="sortedPaths">The slices' names, sorted. A slice's name stands for its content.</param>
    public static string Inputs(IEnumerable<string> sortedPaths) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', sortedPaths))));
}

/// <summary>Something that is read of a date.</summary>
/// <param name="Compacted">What was compacted; null for a slice of a source.</param>
/// <param name="Slices">Its slices.</param>
public sealed record DatePiece(CompactedEntry? Compacted, IReadOnlyList<SliceEntry> Slices)
{
    /// <summary>How many listens it holds.</summary>
    public long Listens { get; } = Slices.Sum(slice => slice.Listens);

    /// <summary>The names of the slices that it stands for, without their folder.</summary>
    public IEnumerable<string> Of => Compacted?.Of ?? Slices.Select(slice => LakeState.NameOf(slice.Path));
}

/// <summary>A source, and what became of it.</summary>
public sealed class SourceState
{
    /// <summary>The source as it was scanned, or what is left of it since users were forgotten.</summary>
    public required SourceEntry Entry { get; set; }

    /// <summary>When that was committed.</summary>
    public required DateTimeOffset ScannedAt { get; init; }

    /// <summary>The version of the ledger that says so.</summary>
    public long ScannedIn { get; init; }

    /// <summary>Where the file is now; null while it lies where it landed.</summary>
    public string? MovedTo { get; set; }

    /// <summary>The source that took its place.</summary>
    public string? RetractedBy { get; set; }

    /// <summary>The version of the ledger in which someone took its listens out; 0 while nobody has, or again.</summary>
    public long RetractedIn { get; set; }

    /// <summary>When that was.</summary>
    public DateTimeOffset? RetractedAt { get; set; }

    /// <summary>When its raw file was deleted because it is kept no longer; null while it is.</summary>
    public DateTimeOffset? RawDeletedAt { get; set; }

    /// <summary>When its slices were deleted, none of which counts any more.</summary>
    public DateTimeOffset? SlicesDeletedAt { get; set; }

    /// <summary>The version of the ledger in which they were taken back in.</summary>
    public long RestoredIn { get; set; }

    /// <summary>The version of the ledger in which users of it were forgotten; 0 when none were.</summary>
    public long RewrittenIn { get; set; }

    /// <summary>The size of its file as it is now.</summary>
    public long RawSize
    {
        get => field > 0 ? field : Entry.Size;
        set;
    }

    /// <summary>The content hash of its file as it is now.</summary>
    public string RawHash
    {
        get => field ?? Entry.Hash;
        set;
    }

    /// <summary>Whether it was quarantined and then put back to be scanned again.</summary>
    public bool Released { get; set; }

    /// <summary>How many of its rejected rows are in quarantine.</summary>
    public long OpenRejects { get; set; }

    /// <summary>Whether its listens are part of their dates.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool Counts => RetractedBy is null && !IsRetracted;

    /// <summary>Whether someone took its listens out.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool IsRetracted => RetractedIn > 0;

    /// <summary>Whether the whole file waits in quarantine for someone to act.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool IsQuarantined => Entry.Fault is not null && !Released && RetractedBy is null && RawDeletedAt is null;
}

/// <summary>A date, and what was found out about it since it was computed.</summary>
public sealed class DateState
{
    /// <summary>The date as it was computed.</summary>
    public required DateEntry Entry { get; set; }

    /// <summary>When that was committed.</summary>
    public required DateTimeOffset ComputedAt { get; init; }

    /// <summary>The version of the ledger that says so.</summary>
    public long ComputedIn { get; init; }

    /// <summary>Whether someone asked for it to be computed again, and it has not been yet.</summary>
    public bool IsWanted { get; set; }

    /// <summary>What it was made of when someone let it through, and what is left of that; null when nobody has.</summary>
    public string? ApprovedInputs { get; set; }

    /// <summary>When someone did.</summary>
    public DateTimeOffset? ApprovedOn { get; set; }

    /// <summary>When someone let it through, made of the slices that it is made of; null when nobody has.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public DateTimeOffset? ApprovedAt => ApprovedInputs == Entry.Inputs ? ApprovedOn : null;

    /// <summary>The last version of the songs in which its unknown tracks were looked for.</summary>
    public int SongsChecked { get; set; }

    /// <summary>The last version of the users in which its unknown users were looked for.</summary>
    public int UsersChecked { get; set; }
}
