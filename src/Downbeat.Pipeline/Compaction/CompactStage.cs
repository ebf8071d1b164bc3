using System.Security.Cryptography;
using System.Text;
using Downbeat.Engine;
using Downbeat.Engine.Listens;
using Downbeat.Engine.Slices;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Ledger;
using Downbeat.Pipeline.Runs;

namespace Downbeat.Pipeline.Compaction;

/// <summary>
/// Writes the listens of many small slices of a date once more, in one that is read in their place. The small ones stay: they
/// are what counts, and what it is made of again when one of them counts no more. So it can be left out, lost or done twice,
/// and no table changes.
/// </summary>
sealed class CompactStage(RunContext run)
{
    /// <summary>Opening a slice takes about as long as merging and writing half of this: with more, it seldom pays.</summary>
    const long TinyListens = 1 << 12;

    /// <summary>A slice of so many listens takes little memory beside them, and is always left alone.</summary>
    const long SmallListens = 1 << 20;

    /// <summary>So many are open at once: each takes some 28 KiB, a worker.</summary>
    const int MaxSlices = 1024;

    const long MergeBufferBytes = 16 << 20;
    const int IdLetters = 24;

    /// <summary>Compacts dates that are going to be computed, as far as that is worth it.</summary>
    public void Run(IEnumerable<DateOnly> dates, CancellationToken cancellationToken)
    {
        var state = run.Ledger.State;
        var slices = state.SlicesByDate();
        var version = state.Version;
        var work = new List<Compacting>();
        var useless = new List<CompactedEntry>();
        foreach (var date in dates)
        {
            var pieces = state.Pieces(date, slices.GetValueOrDefault(date)?.ConvertAll(slice => slice.Slice) ?? []);
            useless.AddRange(FindUseless(state, date, pieces));
            work.AddRange(Choose(pieces, run.Options.CompactSlices).Select(chosen => new Compacting(date, chosen)));
        }

        var done = 0;
        Workers.Run(
            work.Count,
            Math.Max(run.Options.Workers, 1),
            number =>
            {
                Make(work[number], state);
                run.Report("compact", Interlocked.Increment(ref done), work.Count, "slices");
            },
            cancellationToken
        );
        Commit(work.FindAll(one => one.Made is not null), useless, version);
    }

    /// <summary>What was compacted and stands for a slice that does not count any more, or that is part of something larger.</summary>
    public static IEnumerable<CompactedEntry> FindUseless(LakeState state, DateOnly date, List<DatePiece> pieces) =>
        state.Compacted.Values.Where(one => one.Date == date && !pieces.Exists(piece => piece.Compacted == one));

    /// <summary>
    /// The groups of pieces that are to become one each; none where there are few small ones. The smallest are taken, and larger ones as long
    /// as what is made is half as large again at least: so a listen is written again only a few times, about a logarithm of how
    /// many come, however many small files come one by one.
    /// </summary>
    public static IEnumerable<List<DatePiece>> Choose(IEnumerable<DatePiece> pieces, int most)
    {
        var small = pieces.Where(piece => piece.Listens < SmallListens).OrderBy(piece => piece.Listens).ToList();
        var tiny = small.FindAll(piece => piece.Listens < TinyListens);
        (small, most) = small.Count > MaxSlices ? (small, Math.Min(most, MaxSlices)) : (tiny, most);
        if (small.Count <= most)
        {
            return [];
        }

        var count = Math.Max(2, small.Count - (most / 2));
        var listens = small.Take(count).Sum(piece => piece.Listens);
        for (; count < small.Count && small[count].Listens <= 2 * listens; count++)
        {
            listens += small[count].Listens;
        }

        var groups = (count + MaxSlices - 1) / MaxSlices;
        return small.Take(count).Chunk((count + groups - 1) / groups).Select(group => group.ToList());
    }

    void Make(Compacting work, LakeState state)
    {
        var parts = new List<string>();
        try
        {
            var summaries = SliceParts.Merge(
                run.OpenSlices([.. work.Pieces.SelectMany(piece => piece.Slices).Select(slice => slice.Path)]),
                MergeBufferBytes,
                _ =>
                {
                    parts.Add(ScratchStream.NewName(run.Lake.Scratch));
                    return new ScratchStream(parts[^1]);
                }
            );
            var of = work.Pieces.SelectMany(piece => piece.Of).Order(StringComparer.Ordinal).ToList();
            var id = Ids(work.Date, of).First(id => !state.Swept.ContainsKey(LakePaths.Compacted(id, work.Date, 0)));
            var slices = new List<SliceEntry>();
            foreach (var (file, summary) in parts.Zip(summaries))
            {
                var path = LakePaths.Compacted(id, work.Date, slices.Count);
                run.Lake.PutScratch(path, file);
                slices.Add(new(path, work.Date, summary.Listens, summary.Bytes));
            }

            work.Made = new(id, work.Date, slices, of);
        }
        catch (Exception error) when (RunContext.IsExpected(error))
        {
            // Whoever computes the date says what is wrong, or does not need it. What was put is a leftover.
            parts.ForEach(File.Delete);
        }
    }

    /// <summary>The same slices make the same under the same name, but for names that were deleted: who deletes may have stalled.</summary>
    static IEnumerable<string> Ids(DateOnly date, List<string> of)
    {
        var text = $"{ListenDate.Text(date)}\n{string.Join('\n', of)}"; // A source has slices of one name for each date.
        while (true)
        {
            yield return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..IdLetters];
            text += "\nagain";
        }
    }

    void Commit(List<Compacting> made, List<CompactedEntry> useless, long version)
    {
        if (made.Count + useless.Count == 0)
        {
            return;
        }

        var commit = run.Ledger.Commit(state =>
        {
            var slices = state.SlicesByDate();
            var kept = new List<CompactedEntry>();
            var swept = new HashSet<string>(StringComparer.Ordinal);
            foreach (var date in made.GroupBy(one => one.Date))
            {
                // Another run may have taken some of it out meanwhile, or compacted it.
                var now = state
                    .Pieces(date.Key, slices.GetValueOrDefault(date.Key)?.ConvertAll(slice => slice.Slice) ?? [])
                    .SelectMany(piece => piece.Slices.Select(slice => slice.Path))
                    .ToHashSet(StringComparer.Ordinal);
                foreach (var one in date)
                {
                    var paths = one.Made!.Slices.Select(slice => slice.Path).ToList();
                    var old = one.Pieces.SelectMany(piece => piece.Slices).Select(slice => slice.Path);
                    if (old.All(now.Contains) && !paths.Exists(path => state.IsSwept(path, version)))
                    {
                        kept.Add(one.Made);
                        swept.UnionWith(
                            one.Pieces.Where(piece => piece.Compacted is not null)
                                .SelectMany(piece => piece.Slices.Select(slice => slice.Path))
                        );
                    }
                    else if (!state.Compacted.ContainsKey(one.Made.Id))
                    {
                        swept.UnionWith(paths.Where(path => !state.IsSwept(path, version)));
                    }
                }
            }

            swept.UnionWith(
                useless
                    .Where(one => state.Compacted.ContainsKey(one.Id))
                    .SelectMany(one => one.Slices.Select(slice => slice.Path))
            );
            return kept.Count + swept.Count == 0
                ? null
                : LakeLedger.Facts with
                {
                    Compacted = kept,
                    Swept = [.. swept.Order(StringComparer.Ordinal)],
                };
        });
        if (commit is { Swept.Count: > 0 })
        {
            run.Lake.Delete(commit.Swept);
        }
    }

    sealed record Compacting(DateOnly Date, List<DatePiece> Pieces)
    {
        /// <summary>What was made; null where that failed.</summary>
        public CompactedEntry? Made { get; set; }
    }
}
