using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Downbeat.Engine.Listens;

namespace Downbeat.Engine.Slices;

/// <summary>
/// The numbers that the tracks of a slice have in a union of dictionaries. Slices of one date lack few tracks of it, and
/// mostly single ones. So of 32 tracks eight bytes tell the numbers: by how much that of the first is higher, and a bit for
/// each of the others before which the union has one more. The table stays in the nearest cache, which one with a number
/// for each track does not.
/// </summary>
sealed class TrackNumbers
{
    const int GroupShift = 5;
    const int GroupTracks = 1 << GroupShift;

    readonly ulong[] groups; // Empty when all tracks keep their numbers. The bits in the low half, how much higher in the high half.
    readonly int[] others; // By how much numbers are higher, of groups that lack more; those have the complement of where.

    /// <summary>Packs the numbers of all tracks, in ascending order.</summary>
    public TrackNumbers(int[] numbers)
    {
        groups = [];
        others = [];
        if (numbers.Length == 0 || numbers[^1] == numbers.Length - 1)
        {
            return;
        }

        groups = new ulong[(numbers.Length + GroupTracks - 1) / GroupTracks];
        var packed = new List<int>();
        for (var group = 0; group < groups.Length; group++)
        {
            var first = group * GroupTracks;
            groups[group] = Pack(numbers, first, Math.Min(first + GroupTracks, numbers.Length), packed);
        }

        others = [.. packed];
    }

    /// <summary>How much memory it takes.</summary>
    public long MemoryBytes => (sizeof(ulong) * (long)groups.Length) + (sizeof(int) * (long)others.Length);

    /// <summary>Gives the tracks of listens their numbers in the union.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Renumber(Span<Listen> listens)
    {
        if (groups.Length == 0)
        {
            return;
        }

        ref var group = ref MemoryMarshal.GetArrayDataReference(groups);
        foreach (ref var listen in listens)
        {
            var packed = Unsafe.Add(ref group, listen.Track >> GroupShift);
            var higher =
                (long)packed >= 0
                    ? (int)(packed >> 32)
                        + BitOperations.PopCount((uint)packed & (uint.MaxValue >> (~listen.Track & (GroupTracks - 1))))
                    : others[(int)~packed + (listen.Track & (GroupTracks - 1))];
            listen = new(listen.User, listen.Rest + ((ulong)(uint)higher << Listen.TrackShift));
        }
    }

    static ulong Pack(int[] numbers, int first, int end, List<int> packed)
    {
        var bits = 0U;
        for (var track = first + 1; track < end; track++)
        {
            var lacking = numbers[track] - numbers[track - 1] - 1;
            if (lacking > 1)
            {
                var at = packed.Count;
                for (track = first; track < end; track++)
                {
                    packed.Add(numbers[track] - track);
                }

                return ~(ulong)at;
            }

            bits |= (uint)lacking << (track - first);
        }

        return ((ulong)(uint)(numbers[first] - first) << 32) | bits;
    }
}
