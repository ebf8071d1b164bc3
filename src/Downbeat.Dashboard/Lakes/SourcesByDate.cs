using System.Text.Json;
using Downbeat.Pipeline.Ledger;

namespace Downbeat.Dashboard.Lakes;

/// <summary>Which files made which date, as the ledger says. Found when asked for, and kept until the ledger says more.</summary>
sealed class SourcesByDate(LakeFollower follower)
{
    readonly Lock finding = new();
    long version = -1;
    string lake = "";
    ILookup<DateOnly, SourceOfDate> byDate = Array.Empty<SourceOfDate>().ToLookup(_ => default(DateOnly));

    /// <summary>The files that hold listens of a date, in the order they were scanned.</summary>
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

    /// <summary>Writes how complete a date is.</summary>
    public void WriteDate(Utf8JsonWriter json, PublishedDate date)
    {
        var known = Find(date.Date).Where(source => source.Counts).ToList();
        var isUpToDate =
            date.Entry.Inputs
            == LakeState.Inputs(known.SelectMany(source => source.Slices).Order(StringComparer.Ordinal));
        json.WriteNumber(
            "files",
            isUpToDate ? known.Count : known.Count(source => source.ScannedAt <= date.ComputedAt)
        );
        json.WriteNumber("filesKnown", known.Count);
        json.WriteNumber("delivered", known.Sum(source => source.Listens));
        json.WriteNumber("listens", date.Entry.Listens);
        json.WriteNumber("rejected", known.Sum(source => source.Entry.Rejected));
        json.WriteNumber("duplicates", known.Sum(source => source.Entry.Duplicates));
        json.WriteNumber("unknownTrackListens", date.Entry.UnknownTrackListens);
        json.WriteNumber("unknownUsers", date.Entry.UnknownUsers);
        json.WriteString("restatedAt", date.Entry.RestatedAt.UtcDateTime);
        json.WriteString("restatedWhy", date.Entry.RestatedWhy);
    }

    static ILookup<DateOnly, SourceOfDate> Find(LakeState state) =>
        state
            .Sources.Values.OrderBy(source => source.ScannedAt)
            .ThenBy(source => source.Entry.Key, StringComparer.Ordinal)
            .SelectMany(source =>
                source
                    .Entry.Slices.GroupBy(slice => slice.Date)
                    .Select(slices => new SourceOfDate(
                        slices.Key,
                        source.Entry,
                        source.ScannedAt,
                        [.. slices.Select(slice => slice.Path)],
                        slices.Sum(slice => slice.Listens),
                        source.RetractedBy is { } by ? state.Sources[by].Entry.Key : null,
                        source.Counts
                    ))
            )
            .ToLookup(source => source.Date);
}

/// <summary>A file that holds listens of a date.</summary>
/// <param name="Date">The date.</param>
/// <param name="Entry">The file as it was scanned, whole.</param>
/// <param name="ScannedAt">When it was.</param>
/// <param name="Slices">What holds its listens of the date.</param>
/// <param name="Listens">How many they are.</param>
/// <param name="ReplacedBy">The file that took its place.</param>
/// <param name="Counts">Whether its listens are part of the date: nothing took its place, and nobody took it out.</param>
sealed record SourceOfDate(
    DateOnly Date,
    SourceEntry Entry,
    DateTimeOffset ScannedAt,
    IReadOnlyList<string> Slices,
    long Listens,
    string? ReplacedBy,
    bool Counts
);
