using System.Text.Json;
using Downbeat.Dashboard.Pages;
using Downbeat.Pipeline.Ledger;

namespace Downbeat.Dashboard.Lakes;

/// <summary>Which files made which date, as the ledger says. Found when asked for, and kept until the ledger says more.</summary>
sealed class SourcesByDate(LakeFollower follower)
{
    readonly Lock finding = new();
    long version = -1;
    string lake = "";
    ILookup<DateOnly, SourceOfDate> byDate = Array.Empty<SourceOfDate>().ToLookup(_ => default(DateOnly));

    /// <summary>The files that hold listens of a date, in the order they were scanned; those that do not count any more, too.</summary>
    public IReadOnlyList<SourceOfDate> Find(DateOnly date)
    {
        lock (finding)
        {
            var now = follower.Now;
            if (version != now.Version || lake != now.File.Id)
            {
                byDate = follower.Look(Find);
                (version, lake) = (now.Version, now.File.Id);
            }

            return [.. byDate[date]];
        }
    }

    /// <summary>
    /// Writes how complete a date is: of the files that count, how many are in its numbers. A file that came since is not; one
    /// that was taken back since still is, until the next run. Of a date that is held back all this is of what was computed and is not shown.
    /// </summary>
    public void WriteDate(Utf8JsonWriter json, PublishedDate date)
    {
        var all = Find(date.Date);
        var counting = all.Where(source => source.Counts).ToList();
        var isStale = date.Entry.Inputs != Inputs(counting);
        var used = isStale ? all.Where(source => source.CountedIn(date.ComputedIn)).ToList() : counting;
        var isKnown = !isStale || date.Entry.Inputs == Inputs(used); // Not when users were forgotten in them since.
        json.WriteNumber("files", counting.Count(used.Contains));
        json.WriteNumber("filesKnown", counting.Count);
        json.WriteNumber("filesOut", used.Count(source => !source.Counts));
        json.WriteBoolean("stale", isStale);
        json.WriteNumberOrNull(
            "twice",
            isKnown && !date.IsHeld ? used.Sum(source => source.Listens) - date.Entry.Listens : null
        );
        json.WriteNumber("delivered", used.Sum(source => source.Listens));
        json.WriteNumber("listens", date.Entry.Listens);
        json.WriteNumber("rejected", used.Sum(source => source.Entry.Rejected));
        json.WriteNumber("duplicates", used.Sum(source => source.Entry.Duplicates));
        json.WriteNumber("unknownTrackListens", date.Entry.UnknownTrackListens);
        json.WriteNumber("unknownUsers", date.Entry.UnknownUsers);
        json.WriteInstant("restatedAt", date.Entry.RestatedAt);
        json.WriteString("restatedWhy", date.Entry.RestatedWhy);
    }

    static string Inputs(IEnumerable<SourceOfDate> sources) =>
        LakeState.Inputs(sources.SelectMany(source => source.Slices).Order(StringComparer.Ordinal));

    static ILookup<DateOnly, SourceOfDate> Find(LakeState state) =>
        state
            .Sources.Values.OrderBy(source => source.ScannedAt)
            .ThenBy(source => source.Entry.Key, StringComparer.Ordinal)
            .SelectMany(source =>
            {
                var by = source.RetractedBy is { } id ? state.Sources.GetValueOrDefault(id) : null;
                return source
                    .Entry.Slices.GroupBy(slice => slice.Date)
                    .Select(slices => new SourceOfDate(
                        slices.Key,
                        source.Entry,
                        source.ScannedAt,
                        [.. slices.Select(slice => slice.Path)],
                        slices.Sum(slice => slice.Listens),
                        Since: Math.Max(source.ScannedIn, source.RestoredIn),
                        Until: source.RetractedBy is not null ? by?.ScannedIn ?? 0
                            : source.IsRetracted ? source.RetractedIn
                            : long.MaxValue,
                        What: source.RetractedBy is not null ? "replaced"
                            : source.IsRetracted ? "retracted"
                            : source.RawDeletedAt is not null ? "swept"
                            : source.RewrittenIn > 0 ? "rewritten"
                            : null
                    ));
            })
            .ToLookup(source => source.Date);
}

/// <summary>A file that holds listens of a date.</summary>
/// <param name="Date">The date.</param>
/// <param name="Entry">The file as it was scanned, whole, or what is left of it since users were forgotten.</param>
/// <param name="ScannedAt">When it was scanned.</param>
/// <param name="Slices">What holds its listens of the date.</param>
/// <param name="Listens">How many they are.</param>
/// <param name="Since">The version of the ledger since which it counts.</param>
/// <param name="Until">The one from which on it does not.</param>
/// <param name="What">What became of it, in a word; null when nothing did.</param>
sealed record SourceOfDate(
    DateOnly Date,
    SourceEntry Entry,
    DateTimeOffset ScannedAt,
    IReadOnlyList<string> Slices,
    long Listens,
    long Since,
    long Until,
    string? What
)
{
    /// <summary>Whether its listens are part of the date.</summary>
    public bool Counts => Until == long.MaxValue;

    /// <summary>Whether they were when a version of the ledger was written.</summary>
    public bool CountedIn(long version) => Since < version && version <= Until;
}
