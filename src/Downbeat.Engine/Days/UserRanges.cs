using System.Runtime.CompilerServices;
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
        var (listens, lastUser) = (0L, 0UL);
        foreach (var slice in slices)
        {
            listens += slice.Summary.Listens;
            lastUser = Math.Max(lastUser, slice.Summary.LastUser);
        }

        ranges = (int)Math.Min(ranges, listens / MinListens);
        var split = new List<(ulong FirstUser, ulong LastUser)>();
        var first = 0UL;
        for (var range = 1; range < ranges; range++)
        {
            var user = FindUser(slices, listens / ranges * range, first, lastUser);
            if (user > first && user <= lastUser)
            {
                split.Add((first, user - 1));
                first = user;
            }
        }

        split.Add((first, ulong.MaxValue));
        return split;
    }

    /// <summary>The first user who has so many listens before; the one behind the last user when there is none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static ulong FindUser(IReadOnlyList<SliceReader> slices, long listensBefore, ulong from, ulong lastUser)
    {
        var (low, high) = (from, lastUser + 1);
        while (low < high)
        {
            var middle = low + ((high - low) / 2);
            var before = 0L;
            foreach (var slice in slices)
            {
                before += ListensBefore(slice, middle);
            }

            if (before >= listensBefore)
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }

        return low;
    }

    /// <summary>About how many listens of a slice are of users before one: blocks hold as many each, and are not cut.</summary>
    static long ListensBefore(SliceReader slice, ulong user) =>
        user > slice.Summary.LastUser
            ? slice.Summary.Listens
            : slice.Summary.Listens / slice.BlockCount * slice.FindBlock(user);
}
