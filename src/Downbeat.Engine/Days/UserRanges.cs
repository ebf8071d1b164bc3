using Downbeat.Engine.Slices;

namespace Downbeat.Engine.Days;

/// <summary>Cuts the users of a date's slices into disjoint ranges with about as many listens each.</summary>
public static class UserRanges
{
    /// <summary>Below this many listens a range is not worth a worker.</summary>
    const long MinListens = 250_000;

    /// <summary>How many places of each slice are looked at for every range: ranges differ by a small part of themselves.</summary>
    const int PlacesOfRange = 64;

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
            var (users, counts) = Places(slices, ranges * PlacesOfRange);
            var before = 0L;
            for (var place = 0; place < users.Length; place++)
            {
                if (
                    before >= listens * (split.Count + 1) / ranges
                    && users[place] > first
                    && split.Count < ranges - 1
                )
                {
                    split.Add((first, users[place] - 1));
                    first = users[place];
                }

                before += counts[place];
            }
        }

        split.Add((first, ulong.MaxValue));
        return split;
    }

    /// <summary>Users in ascending order, and about how many listens lie between each and the next.</summary>
    static (ulong[] Users, long[] Listens) Places(IReadOnlyList<SliceReader> slices, int placesOfSlice)
    {
        var users = new List<ulong>();
        var listens = new List<long>();
        foreach (var slice in slices)
        {
            // The listens of a few blocks belong to about the user they begin with.
            var blocks = Math.Max(1, slice.BlockCount / placesOfSlice);
            for (var block = 0; block < slice.BlockCount; block += blocks)
            {
                users.Add(slice.FirstUser(block));
                var end = Math.Min(block + blocks, slice.BlockCount);
                listens.Add(Enumerable.Range(block, end - block).Sum(number => (long)slice.BlockListens(number)));
            }
        }

        var (sortedUsers, sortedListens) = (users.ToArray(), listens.ToArray());
        Array.Sort(sortedUsers, sortedListens);
        return (sortedUsers, sortedListens);
    }
}
