using System.Collections.Frozen;
using Downbeat.Engine.Listens;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Ledger;

namespace Downbeat.Dashboard.Lakes;

/// <summary>What was published at one version of the ledger. An answer is made from one moment, and never mixes two.</summary>
sealed class LakeMoment
{
    readonly FrozenDictionary<DateOnly, PublishedDate> byDate;

    /// <summary>Copies what is needed of a state, which goes on to change.</summary>
    public LakeMoment(LakeFile file, LakeState state)
    {
        File = file;
        Version = state.Version;
        var all = state.Dates.Values.Select(date => new PublishedDate(date.Entry, date.ComputedAt, date.ApprovedAt));
        var hasTables = all.ToLookup(date => date.HasTables);
        (Dates, Hidden) = ([.. hasTables[true]], [.. hasTables[false]]);
        byDate = Dates.ToFrozenDictionary(date => date.Date);
    }

    /// <summary>The lake's id and time zone.</summary>
    public LakeFile File { get; }

    /// <summary>The last commit.</summary>
    public long Version { get; }

    /// <summary>The published dates, the oldest first.</summary>
    public IReadOnlyList<PublishedDate> Dates { get; }

    /// <summary>The dates that are held back and of which nothing was published before.</summary>
    public IReadOnlyList<PublishedDate> Hidden { get; }

    /// <summary>A date, if it is published.</summary>
    public PublishedDate? Find(DateOnly date) => byDate.GetValueOrDefault(date);

    /// <summary>The published dates of a range, both ends in it.</summary>
    public List<PublishedDate> Between(DateOnly from, DateOnly to) =>
        [.. Dates.SkipWhile(date => date.Date < from).TakeWhile(date => date.Date <= to)];

    /// <summary>Which dates there are, for messages.</summary>
    public string SayDates() =>
        Dates.Count == 0 ? "no dates are published yet"
        : Dates.Count == 1 ? $"there is only {ListenDate.Text(Dates[0].Date)}"
        : $"there are {Dates.Count} from {ListenDate.Text(Dates[0].Date)} to {ListenDate.Text(Dates[^1].Date)}";
}

/// <summary>A published date: its facts, and the hashes of its files.</summary>
/// <param name="Entry">Its facts; of a date that is held back, those of tables that nobody sees.</param>
/// <param name="ComputedAt">When it was computed.</param>
/// <param name="ApprovedAt">When someone let it through.</param>
sealed record PublishedDate(DateEntry Entry, DateTimeOffset ComputedAt, DateTimeOffset? ApprovedAt = null)
{
    /// <summary>The date.</summary>
    public DateOnly Date => Entry.Date;

    /// <summary>Whether there is more of it than what its checks say.</summary>
    public bool HasTables => Hash("daily").Length > 0;

    /// <summary>The hash of a table's file, in hex: the same rows have the same hash.</summary>
    public string Hash(string table)
    {
        foreach (var file in Entry.Files)
        {
            if (file.Table == table)
            {
                return file.Sha256;
            }
        }

        return "";
    }
}
