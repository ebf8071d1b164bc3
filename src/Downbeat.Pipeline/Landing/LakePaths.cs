using System.Globalization;
using Downbeat.Engine.Listens;
using Downbeat.Pipeline.Runs;

namespace Downbeat.Pipeline.Landing;

/// <summary>Where things lie in a lake. All names there are, in one place; <c>docs/lake.md</c> explains them.</summary>
public static class LakePaths
{
    /// <summary>What is fixed when the lake is made.</summary>
    public const string Lake = "lake.json";

    /// <summary>Who may run now.</summary>
    public const string Lease = "lease.json";

    /// <summary>Who scans which share of the landed files now.</summary>
    public const string ShardLeases = "leases";

    /// <summary>What people were told of the lake.</summary>
    public const string Alerts = "alerts.json";

    /// <summary>Who tells them now.</summary>
    public const string AlertsLease = "alerts.lease.json";

    /// <summary>When a report was last mailed.</summary>
    public const string Report = "report.json";

    /// <summary>Settings that go with the lake.</summary>
    public const string Settings = "downbeat.json";

    /// <summary>The embedded warehouse of a lake in a folder.</summary>
    public const string Warehouse = "warehouse.db";

    /// <summary>Where producers drop listens.</summary>
    public const string Streams = "landing/streams";

    /// <summary>Where songs lie.</summary>
    public const string Songs = "landing/songs";

    /// <summary>Where users lie.</summary>
    public const string Users = "landing/users";

    /// <summary>Slices.</summary>
    public const string Slices = "slices";

    /// <summary>Commits.</summary>
    public const string Ledger = "ledger";

    /// <summary>All commits up to one of them, folded.</summary>
    public const string Checkpoint = "ledger/checkpoint.json";

    /// <summary>Every commit a second time, to mend what is damaged.</summary>
    public const string LedgerCopies = "ledger-copies";

    /// <summary>Songs and users as last read.</summary>
    public const string Catalogue = "catalogue";

    /// <summary>Published tables.</summary>
    public const string Kpis = "kpis";

    /// <summary>Rejected rows and quarantined files.</summary>
    public const string Quarantine = "quarantine";

    /// <summary>Raw files whose listens are in slices.</summary>
    public const string Archive = "archive/streams";

    /// <summary>Raw files whose listens someone took out again.</summary>
    public const string Retracted = "retracted/streams";

    /// <summary>What is to take the place of files that hold users who are forgotten.</summary>
    public const string Forgetting = "forgetting";

    /// <summary>What runs did.</summary>
    public const string Runs = "runs";

    /// <summary>Who scans a share of the landed files now.</summary>
    public static string ShardLease(Shard shard)
    {
        ArgumentNullException.ThrowIfNull(shard);
        return string.Create(CultureInfo.InvariantCulture, $"{ShardLeases}/scan-{shard.Number}of{shard.Count}.json");
    }

    /// <summary>A commit.</summary>
    public static string Commit(long version) =>
        string.Create(CultureInfo.InvariantCulture, $"{Ledger}/{version:D20}.json");

    /// <summary>The same bytes as <see cref="Lake"/>.</summary>
    public const string LakeCopy = "ledger-copies/lake.json";

    /// <summary>The same bytes as a commit.</summary>
    public static string CommitCopy(long version) =>
        string.Create(CultureInfo.InvariantCulture, $"{LedgerCopies}/{version:D20}.json");

    /// <summary>A part of the listens of a source and a date.</summary>
    public static string Slice(string source, DateOnly date, int part) =>
        string.Create(CultureInfo.InvariantCulture, $"{Slices}/date={ListenDate.Text(date)}/{source}-{part}.slice");

    /// <summary>The same without users who were forgotten: what it holds is part of the name.</summary>
    public static string Slice(string source, DateOnly date, int part, string sum) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{Slices}/date={ListenDate.Text(date)}/{source}-{part}-{sum}.slice"
        );

    /// <summary>A part of what stands for many slices of a date.</summary>
    public static string Compacted(string id, DateOnly date, int part) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{Slices}/date={ListenDate.Text(date)}/compacted-{id}-{part}.slice"
        );

    /// <summary>A table of a date.</summary>
    public static string Kpi(string table, DateOnly date) => $"{Kpis}/{table}/date={ListenDate.Text(date)}.csv";

    /// <summary>The rejected rows of a source.</summary>
    public static string Rejects(string source) => $"{Quarantine}/{source}/rejects.csv";

    /// <summary>What is known of a source of which something is in quarantine.</summary>
    public static string QuarantinedSource(string source) => $"{Quarantine}/{source}/source.json";

    /// <summary>A quarantined file.</summary>
    public static string QuarantinedFile(string source, string key) => $"{Quarantine}/{source}/{FileName(key)}";

    /// <summary>An archived file: the source's id before its name keeps names apart.</summary>
    public static string Archived(string source, string key) => $"{Archive}/{source}-{FileName(key)}";

    /// <summary>A file that was retracted.</summary>
    public static string RetractedFile(string source, string key) => $"{Retracted}/{source}-{FileName(key)}";

    /// <summary>A run's record.</summary>
    public static string Run(string id) => $"{Runs}/{id}.json";

    /// <summary>Whether a path stays below the lake, whatever it names there.</summary>
    public static bool IsInside(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return path.Length > 0
            && !path.Contains('\0', StringComparison.Ordinal)
            && !path.StartsWith('/')
            && path.Split('/').All(part => part is not ("." or ".."));
    }

    /// <summary>What is thrown for a path that does not.</summary>
    public static UnauthorizedAccessException LeadsOut(string path, string lake) =>
        new($"{path} leads out of the lake {lake}, and nothing was done there. One of the lake's own files names it.");

    /// <summary>The last part of a key, shortened from the front to what file systems take beside a source's id.</summary>
    static string FileName(string key)
    {
        var name = key[(key.LastIndexOf('/') + 1)..];
        while (System.Text.Encoding.UTF8.GetByteCount(name) > 200)
        {
            name = name[(char.IsHighSurrogate(name[0]) ? 2 : 1)..];
        }

        return name;
    }
}
