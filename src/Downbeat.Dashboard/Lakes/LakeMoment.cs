using System.Collections.Frozen;
using Downbeat.Engine.Kpis;
using Downbeat.Engine.Listens;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Ledger;

namespace Downbeat.Dashboard.Lakes;

/// <summary>What was published at one version of the ledger. An answer is made from one moment, and never mixes two.</summary>
sealed class LakeMoment
{
    readonly FrozenDictionary<DateOnly, PublishedDate> byDate;
    readonly List<PublishedDate> judged;

    /// <summary>Copies what is needed of a state, which goes on to change.</summary>
    public LakeMoment(LakeFile file, LakeState state)
    {
        File = file;
        Version = state.Version;
        Known =
        [
            .. state.Dates.Values.Select(date => new PublishedDate(
                date.Entry,
                date.ComputedAt,
                date.ApprovedAt,
                date.ComputedIn
            )),
        ];
        Dates = [.. Known.Where(date => date.HasTables)];
        judged = [.. Known.Where(date => date.Hash(QualityDaily.Schema.Name).Length > 0)];
        byDate = Known.ToFrozenDictionary(date => date.Date);
    }

    /// <summary>The lake's id and time zone.</summary>
    public LakeFile File { get; }

    /// <summary>The last commit.</summary>
    public long Version { get; }

    /// <summary>The dates whose tables of listens are published, the oldest first.</summary>
    public IReadOnlyList<PublishedDate> Dates { get; }

    /// <summary>These, and dates that are held back and have shown nothing yet but their checks.</summary>
    public IReadOnlyList<PublishedDate> Known { get; }

    /// <summary>The dates that are held back and have shown nothing yet but their checks.</summary>
    public IEnumerable<PublishedDate> Hidden => Known.Where(date => !date.HasTables);

    /// <summary>A date, if its tables of listens are published.</summary>
    public PublishedDate? Find(DateOnly date) => FindKnown(date) is { HasTables: true } shown ? shown : null;

    /// <summary>A date, if that table of it is published.</summary>
    public PublishedDate? Find(DateOnly date, KpiSchema table) =>
        FindKnown(date) is { } known && known.Hash(table.Name).Length > 0 ? known : null;

    /// <summary>A date, if anything is known of it.</summary>
    public PublishedDate? FindKnown(DateOnly date) => byDate.GetValueOrDefault(date);

    /// <summary>The dates of a range whose tables of listens are published, both ends in it.</summary>
    public List<PublishedDate> Between(DateOnly from, DateOnly to) => Between(Dates, from, to);

    /// <summary>The dates of a range of which that table is published.</summary>
    public List<PublishedDate> Between(DateOnly from, DateOnly to, KpiSchema table) =>
        Between(table == QualityDaily.Schema ? judged : Dates, from, to);

    /// <summary>The dates of a range of which anything is known.</summary>
    public List<PublishedDate> KnownBetween(DateOnly from, DateOnly to) => Between(Known, from, to);

    /// <summary>Which dates there are, for messages.</summary>
    public string SayDates() =>
        Dates.Count == 0 ? "no dates are published yet"
        : Dates.Count == 1 ? $"there is only {ListenDate.Text(Dates[0].Date)}"
        : $"there are {Dates.Count} from {ListenDate.Text(Dates[0].Date)} to {ListenDate.Text(Dates[^1].Date)}";

    static List<PublishedDate> Between(IReadOnlyList<PublishedDate> dates, DateOnly from, DateOnly to) =>
        [.. dates.SkipWhile(date => date.Date < from).TakeWhile(date => date.Date <= to)];
}

/// <summary>A date: its facts, and the hashes of its files.</summary>
/// <param name="Entry">The date as it was computed last: of one that is held back that is not what is shown.</param>
/// <param name="ComputedAt">When that was.</param>
/// <param name="ApprovedAt">When someone let it through; null when nobody has.</param>
/// <param name="ComputedIn">The version of the ledger that says so.</param>
sealed record PublishedDate(
    DateEntry Entry,
    DateTimeOffset ComputedAt,
    DateTimeOffset? ApprovedAt = null,
    long ComputedIn = 0
)
{
    /// <summary>The date.</summary>
    public DateOnly Date => Entry.Date;

    /// <summary>Whether its tables of listens are published: those of now, or of before when it is held back.</summary>
    public bool HasTables { get; } = Entry.Files.Any(file => file.Table == "daily");

    /// <summary>Whether its checks hold it back.</summary>
    public bool IsHeld => Entry.IsHeld;

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
