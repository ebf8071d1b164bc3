using System.Globalization;
using Downbeat.Engine.Kpis;
using Downbeat.Pipeline.Archive;
using Downbeat.Pipeline.Quality;

namespace Downbeat.Pipeline.Runs;

/// <summary>How a run works. Each setting has a working default, and is checked where it is set.</summary>
public sealed record RunOptions
{
    /// <summary>How long a landed file must have been left alone before it is read, in seconds, 0 to 86,400.</summary>
    public int SettleSeconds
    {
        get;
        init => field = Within(value, 0, 86_400, "settleSeconds");
    }

    /// <summary>The share of rejected rows, 0 to 1, above which a whole file is quarantined.</summary>
    public double MaxRejectedShare
    {
        get;
        init =>
            field = value is >= 0 and <= 1
                ? value
                : throw new ArgumentOutOfRangeException(nameof(value), value, "maxRejectedShare lies between 0 and 1.");
    } = 0.05;

    /// <summary>What <see cref="MaxDatesPerFile"/> may be at most.</summary>
    public const int MostDatesPerFile = 100_000;

    /// <summary>A file whose listens are of more dates is quarantined whole, 1 to 100,000: every date of a file makes a slice.</summary>
    public int MaxDatesPerFile
    {
        get;
        init => field = Within(value, 1, MostDatesPerFile, "maxDatesPerFile");
    } = 1000;

    /// <summary>How much memory sorting may take, in MiB, 16 to 262,144. All workers share it.</summary>
    public int SortBufferMb
    {
        get;
        init => field = Within(value, 16, 262_144, "sortBufferMb");
    } = 256;

    /// <summary>How many threads work at once, 1 to 256.</summary>
    public int Workers
    {
        get;
        init => field = Within(value, 1, 256, "workers");
    } = Math.Clamp(Environment.ProcessorCount, 1, 256);

    /// <summary>Where the lease is kept; null for the lake.</summary>
    public ILeaseStore? LeaseStore { get; init; }

    /// <summary>How long a lease lasts without renewal, in seconds, 5 to 3,600.</summary>
    public int LeaseSeconds
    {
        get;
        init => field = Within(value, 5, 3600, "leaseSeconds");
    } = 20;

    /// <summary>Whether songs and users of the last snapshot are used when their database cannot be reached.</summary>
    public bool CatalogueFallback { get; init; }

    /// <summary>After how many hours all rows of songs and users are read again, and not only changed ones, 1 to 10,000.</summary>
    public int CatalogueFullHours
    {
        get;
        init => field = Within(value, 1, 10_000, "catalogueFullHours");
    } = 24;

    /// <summary>
    /// Sections of a file make runs of their own, and merging the runs of smaller ones would cost more than they gain. Less
    /// than this only in tests.
    /// </summary>
    internal long MinSectionBytes { get; init; } = 64 << 20;

    /// <summary>
    /// A date of more small slices than this is compacted before it is computed: opening so many takes about as long as
    /// writing one that holds them all. Another number only in tests.
    /// </summary>
    internal int CompactSlices { get; init; } = 64;

    /// <summary>What <c>downbeat sweep</c> keeps, and for how long.</summary>
    public KeepOptions Keep { get; init; } = new();

    /// <summary>What shapes the tables.</summary>
    public KpiOptions Kpis { get; init; } = new();

    /// <summary>From which values on people are warned, and dates held back.</summary>
    public QualityOptions Quality { get; init; } = new();

    static int Within(int value, int from, int to, string name) =>
        value >= from && value <= to
            ? value
            : throw new ArgumentOutOfRangeException(
                name,
                value,
                string.Create(CultureInfo.InvariantCulture, $"{name} lies between {from} and {to}.")
            );
}
