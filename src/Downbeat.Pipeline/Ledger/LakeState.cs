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

    /// <summary>Whether an object that was made when the state had a version was swept since.</summary>
    public bool IsSwept(string path, long madeAtVersion) =>
        Swept.TryGetValue(path, out var sweptAt) && sweptAt > madeAtVersion;

    /// <summary>Adds the next commit.</summary>
    public void Apply(Commit commit)
    {
        ArgumentNullException.ThrowIfNull(commit);
        Version = commit.Version;
        foreach (var source in commit.Sources)
        {
            Sources[source.Id] = new()
            {
                Entry = source,
                ScannedAt = commit.At,
                OpenRejects = source.Rejected,
            };
            foreach (var slice in source.Slices)
            {
                Swept.Remove(slice.Path);
            }

            foreach (var old in source.Retracts)
            {
                Sources[old].RetractedBy = source.Id;
            }
        }

        foreach (var moved in commit.Moved)
        {
            Sources[moved.Source].MovedTo = moved.Path;
        }

        foreach (var released in commit.Released)
        {
            Sources[released].Released = true;
        }

        foreach (var open in commit.OpenRejects)
        {
            Sources[open.Source].OpenRejects = open.Count;
        }

        Songs = commit.Songs ?? Songs;
        Users = commit.Users ?? Users;
        foreach (var date in commit.Dates)
        {
            Dates[date.Date] = new()
            {
                Entry = date,
                ComputedAt = commit.At,
                ComputedIn = commit.Version,
                SongsChecked = date.Songs,
                UsersChecked = date.Users,
            };
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

        foreach (var path in commit.Swept)
        {
            Swept[path] = commit.Version;
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

    /// <summary>What a date computed from such slices says it was computed from.</summary>
    /// <param name="sortedPaths">The slices' names, sorted. A slice's name stands for its content.</param>
    public static string Inputs(IEnumerable<string> sortedPaths) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', sortedPaths))));
}

/// <summary>A source, and what became of it.</summary>
public sealed class SourceState
{
    /// <summary>The source as it was scanned.</summary>
    public required SourceEntry Entry { get; init; }

    /// <summary>When that was committed.</summary>
    public required DateTimeOffset ScannedAt { get; init; }

    /// <summary>Where the file is now; null while it lies where it landed.</summary>
    public string? MovedTo { get; set; }

    /// <summary>The source that took its place.</summary>
    public string? RetractedBy { get; set; }

    /// <summary>Whether it was quarantined and then put back to be scanned again.</summary>
    public bool Released { get; set; }

    /// <summary>How many of its rejected rows are in quarantine.</summary>
    public long OpenRejects { get; set; }

    /// <summary>Whether its listens are part of their dates.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool Counts => RetractedBy is null;

    /// <summary>Whether the whole file waits in quarantine for someone to act.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool IsQuarantined => Entry.Fault is not null && !Released && RetractedBy is null;
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

    /// <summary>The last version of the songs in which its unknown tracks were looked for.</summary>
    public int SongsChecked { get; set; }

    /// <summary>The last version of the users in which its unknown users were looked for.</summary>
    public int UsersChecked { get; set; }
}
