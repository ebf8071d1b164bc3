using Downbeat.Engine.Slices;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Ledger;
using Downbeat.Pipeline.Runs;

namespace Downbeat.Pipeline.Corrections;

/// <summary>
/// Takes the listens of a source out again, those that no other source delivered, and takes them back in. All that is done to
/// that end is one commit, which says that the source does not count: the dates concerned are stale then, and the file is not
/// where it belongs. Any run does the rest. The slices stay, so that a source can be taken back in.
/// </summary>
public sealed class Retraction(ILake lake, TimeProvider clock)
{
    const long MergeBufferBytes = 16 << 20;
    const int ShortestBeginning = 4; // Of an id: a letter may be a slip.

    /// <summary>The one source that an id, the beginning of one, a key or a file's name means; changes nothing.</summary>
    /// <param name="source">What to look for. Of several of that name those are meant that can be retracted, or restored.</param>
    /// <param name="restore">Whether it is to be taken back in.</param>
    /// <exception cref="LakeException">None or several are meant, or its listens do not count anyway.</exception>
    public RetractionPlan Find(string source, bool restore)
    {
        ArgumentException.ThrowIfNullOrEmpty(source);
        LakeFile.Read(lake);
        var state = LakeLedger.Open(lake, "retract", clock).State;
        var found = state
            .Sources.Values.Where(known =>
                source.Length >= ShortestBeginning && known.Entry.Id.StartsWith(source, StringComparison.Ordinal)
            )
            .ToList();
        if (found.Count == 0)
        {
            found =
            [
                .. state.Sources.Values.Where(known =>
                    known.Entry.Key == source || known.Entry.Key.EndsWith("/" + source, StringComparison.Ordinal)
                ),
            ];
        }

        var meant = found.Count > 1 ? found.FindAll(known => restore ? known.IsRetracted : known.Counts) : found;
        meant = meant.Count == 0 ? found : meant;
        return meant switch
        {
            [var only] => WhyNot(only, state, restore) is { } why
                ? throw new LakeException($"{only.Entry.Key} ({only.Entry.Id}) {why}")
                : Plan(only, state),
            [] => throw new LakeException(
                $"No file that was scanned is called {source}: `downbeat explain DATE` shows the files of a date and their ids."
            ),
            _ => throw new LakeException(
                $"{source} means several: {string.Join(", ", meant.Select(known => $"{known.Entry.Id} ({known.Entry.Key}, arrived {known.Entry.Arrived.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC)"))}. Give the id, or four letters or more of its beginning."
            ),
        };
    }

    /// <summary>What the dates of a source have with it and without it. Reads all slices of these dates; changes nothing.</summary>
    public RetractionPlan Measure(RetractionPlan plan, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(plan);
        var state = LakeLedger.Open(lake, "retract", clock).State;
        var slices = state.SlicesByDate();
        var own = state.Sources[plan.Source].Entry.Slices.ToLookup(slice => slice.Date, slice => slice.Path);
        return plan with { Dates = [.. plan.Dates.Select(WithAndWithout)] };

        RetractedDate WithAndWithout(RetractedDate date)
        {
            var others =
                slices.GetValueOrDefault(date.Date)?.FindAll(slice => slice.Source.Entry.Id != plan.Source) ?? [];
            var without = Count(others.ConvertAll(slice => slice.Slice.Path));
            var with = Count([.. others.Select(slice => slice.Slice.Path), .. own[date.Date]]);
            return date with { ListensWith = with, ListensWithout = without };
        }

        long Count(List<string> paths)
        {
            var merge = new SliceMerge(
                paths.ConvertAll(path => new SliceReader(lake.OpenBytes(path))),
                MergeBufferBytes
            );
            var listens = 0L;
            for (var next = merge.Next(); !next.IsEmpty; next = merge.Next())
            {
                cancellationToken.ThrowIfCancellationRequested();
                listens += next.Length;
            }

            return listens;
        }
    }

    /// <summary>Says in the ledger what someone wishes, so that whatever happens then, the next run goes on with it.</summary>
    internal static void Commit(LakeLedger ledger, RunRequest request) =>
        ledger.Commit(state =>
            request.Retract is { } unwanted && !state.Sources[unwanted].IsRetracted
                ? LakeLedger.Facts with
                {
                    Retracted = [unwanted],
                }
            : request.Restore is { } wanted && state.Sources[wanted] is { IsRetracted: true, SlicesDeletedAt: null }
                ? LakeLedger.Facts with
                {
                    Restored = [wanted],
                }
            : null
        );

    static string? WhyNot(SourceState source, LakeState state, bool restore) =>
        source.Entry.Fault is not null ? "was quarantined whole: none of its rows count."
        : source.RetractedBy is { } by
            ? $"does not count: {by} took its place, a later version of the file that begins with all of it. Name that one."
        : restore && source.SlicesDeletedAt is { } deleted
            ? $"cannot be taken back in: its slices and its raw file were deleted by `downbeat sweep` (keepRetractedDays) on {deleted.UtcDateTime:yyyy-MM-dd}. Deliver the file again."
        : restore && !source.IsRetracted ? "was not retracted: its listens count."
        : null;

    static RetractionPlan Plan(SourceState source, LakeState state)
    {
        var entry = source.Entry;
        return new()
        {
            Source = entry.Id,
            Path = entry.Key,
            Arrived = entry.Arrived,
            IsRetracted = source.IsRetracted,
            Listens = entry.Accepted,
            Dates =
            [
                .. entry
                    .Slices.GroupBy(slice => slice.Date, slice => slice.Listens)
                    .OrderBy(date => date.Key)
                    .Select(date => new RetractedDate(date.Key, date.Sum())),
            ],
            Mended =
            [
                .. state
                    .Sources.Values.Where(other =>
                        other.Counts
                        && other.Entry.Key.StartsWith(
                            $"{LakePaths.Streams}/retry-{entry.Id}-",
                            StringComparison.Ordinal
                        )
                    )
                    .Select(other => other.Entry.Key)
                    .Order(StringComparer.Ordinal),
            ],
            Replaced = [.. entry.Retracts],
        };
    }
}

/// <summary>What retracting a source, or taking it back in, would change.</summary>
public sealed record RetractionPlan
{
    /// <summary>The source's id.</summary>
    public required string Source { get; init; }

    /// <summary>Where the file landed.</summary>
    public required string Path { get; init; }

    /// <summary>When it was last written.</summary>
    public required DateTimeOffset Arrived { get; init; }

    /// <summary>Whether it is retracted now.</summary>
    public required bool IsRetracted { get; init; }

    /// <summary>Its distinct listens, which other files may hold as well.</summary>
    public required long Listens { get; init; }

    /// <summary>Its dates.</summary>
    public required IReadOnlyList<RetractedDate> Dates { get; init; }

    /// <summary>Files of rows that were rejected in it and mended: they are sources of their own, and go on counting.</summary>
    public required IReadOnlyList<string> Mended { get; init; }

    /// <summary>Ids of older versions whose place it took. They do not come back: it begins with all their bytes.</summary>
    public required IReadOnlyList<string> Replaced { get; init; }
}

/// <summary>A date of a source that is retracted or taken back in.</summary>
/// <param name="Date">The date.</param>
/// <param name="Listens">The source's listens of that date.</param>
/// <param name="ListensWith">The date's distinct listens with the source; null where they were not counted.</param>
/// <param name="ListensWithout">The date's distinct listens without it.</param>
public sealed record RetractedDate(DateOnly Date, long Listens, long? ListensWith = null, long? ListensWithout = null);
