using Downbeat.Engine.Slices;

namespace Downbeat.Engine.Days;

/// <summary>Cuts the users of a date's slices into disjoint ranges with about as many listens each.</summary>
public static class UserRanges
{
    /// <summary>Below this many listens a range is not worth a worker.</summary>
    const long MinListens = 250_000;

    /// <summary>Cuts into at most so many ranges, both ends included, that cover all users.</summary>
    public static IReadOnlyList<(ulong FirstUser, ulong LastUser)> Split(IReadOnlyList<SliceReader> slices, int ranges)
    {
        ArgumentNullException.ThrowIfNull(slices);
        var listens = slices.Sum(slice => slice.Summary.Listens);
        ranges = (int)Math.Min(ranges, listens / MinListens);
        var split = new List<(ulong FirstUser, ulong LastUser)>();
        var first = 0UL;
        if (ranges > 1)
        {
            // A block's listens belong to about the user it begins with.
            var blocks = slices
                .SelectMany(slice =>
                    Enumerable
                        .Range(0, slice.BlockCount)
                        .Select(block => (User: slice.FirstUser(block), Listens: slice.BlockListens(block)))
                )
                .OrderBy(block => block.User);
            var before = 0L;
            foreach (var (user, count) in blocks)
            {
                if (before >= listens * (split.Count + 1) / ranges && user > first && split.Count < ranges - 1)
                {
                    split.Add((first, user - 1));
                    first = user;
                }

                before += count;
            }
        }

        split.Add((first, ulong.MaxValue));
        return split;
    }
}
