using Downbeat.Engine.Listens;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Ledger;
using Downbeat.Pipeline.Quality;

namespace Downbeat.Pipeline.Runs;

/// <summary>Which files made a date, and when and why it was last restated.</summary>
public sealed record DateExplanation
{
    /// <summary>The date.</summary>
    public required DateOnly Date { get; init; }

    /// <summary>Its distinct listens; null when it was never computed.</summary>
    public long? Listens { get; init; }

    /// <summary>Listens of tracks that the songs did not know when it was computed.</summary>
    public long? UnknownTrackListens { get; init; }

    /// <summary>Users who were not in the users when it was computed.</summary>
    public long? UnknownUsers { get; init; }

    /// <summary>When it was last computed.</summary>
    public DateTimeOffset? ComputedAt { get; init; }

    /// <summary>Why it was.</summary>
    public string? ComputedWhy { get; init; }

    /// <summary>When its numbers last changed.</summary>
    public DateTimeOffset? RestatedAt { get; init; }

    /// <summary>Why they did.</summary>
    public string? RestatedWhy { get; init; }

    /// <summary>The fingerprint of its tables.</summary>
    public string? Fingerprint { get; init; }

    /// <summary>The versions of songs and users that it was computed with.</summary>
    public int? SongsVersion { get; init; }

    /// <inheritdoc cref="SongsVersion"/>
    public int? UsersVersion { get; init; }

    /// <summary>What its checks say, and whether it is held back; null when it was never computed.</summary>
    public DateQuality? Quality { get; init; }

    /// <summary>The files that made it, in the order they were scanned.</summary>
    public required IReadOnlyList<ExplainedSource> Sources { get; init; }

    /// <summary>Explains a date; changes nothing.</summary>
    /// <exception cref="LakeException">There is no lake, or the lake knows nothing of the date.</exception>
    public static DateExplanation Read(ILake lake, DateOnly date, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(lake);
        LakeFile.Read(lake);
        var state = LakeLedger.Open(lake, "explain", clock).State;
        var sources = state
            .Sources.Values.Where(source => source.Entry.Slices.Any(slice => slice.Date == date))
            .OrderBy(source => source.ScannedAt)
            .ThenBy(source => source.Entry.Key, StringComparer.Ordinal)
            .Select(source => new ExplainedSource(
                source.Entry.Id,
                source.Entry.Key,
                source.RawDeletedAt is null ? source.MovedTo : null,
                source.Entry.Arrived,
                source.ScannedAt,
                source.Entry.Slices.Where(slice => slice.Date == date).Sum(slice => slice.Listens),
                source.Entry.Rows,
                source.Entry.Accepted,
                source.Entry.Duplicates,
                source.Entry.Rejected,
                source.RetractedBy is { } by ? state.Sources[by].Entry.Key : null,
                source.IsRetracted
            ))
            .ToList();
        state.Dates.TryGetValue(date, out var computed);
        if (computed is null && sources.Count == 0)
        {
            var range =
                state.Dates.Count == 0
                    ? "it has no dates yet; `downbeat plan` shows what waits"
                    : $"it has {ListenDate.Text(state.Dates.Keys.First())} to {ListenDate.Text(state.Dates.Keys.Last())}";
            throw new LakeException($"{lake.Name} has no listens of {ListenDate.Text(date)}: {range}.");
        }

        return new()
        {
            Date = date,
            Listens = computed?.Entry.Listens,
            UnknownTrackListens = computed?.Entry.UnknownTrackListens,
            UnknownUsers = computed?.Entry.UnknownUsers,
            ComputedAt = computed?.ComputedAt,
            ComputedWhy = computed?.Entry.Why,
            RestatedAt = computed?.Entry.RestatedAt,
            RestatedWhy = computed?.Entry.RestatedWhy,
            Fingerprint = computed?.Entry.Fingerprint,
            SongsVersion = computed?.Entry.Songs,
            UsersVersion = computed?.Entry.Users,
            Quality = computed is null ? null : DateQuality.Of(computed),
            Sources = sources,
        };
    }
}

/// <summary>A file that holds listens of a date. Rows, duplicates and rejects are those of the whole file.</summary>
/// <param name="Source">Its id.</param>
/// <param name="Path">Where it landed.</param>
/// <param name="MovedTo">Where it is now.</param>
/// <param name="Arrived">When it was last written.</param>
/// <param name="Scanned">When it was scanned.</param>
/// <param name="ListensOfDate">Its distinct listens of the date.</param>
/// <param name="Rows">Its rows.</param>
/// <param name="Accepted">Its distinct listens of all dates.</param>
/// <param name="Duplicates">Rows that repeat a listen of the same file.</param>
/// <param name="Rejected">Rows that are no listens.</param>
/// <param name="ReplacedBy">The file that took its place, so that its listens no longer count.</param>
/// <param name="Retracted">Whether someone took its listens out.</param>
public sealed record ExplainedSource(
    string Source,
    string Path,
    string? MovedTo,
    DateTimeOffset Arrived,
    DateTimeOffset Scanned,
    long ListensOfDate,
    long Rows,
    long Accepted,
    long Duplicates,
    long Rejected,
    string? ReplacedBy,
    bool Retracted
);
