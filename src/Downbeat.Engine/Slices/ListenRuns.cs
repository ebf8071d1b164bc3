using System.Runtime.CompilerServices;
using Downbeat.Engine.Listens;

namespace Downbeat.Engine.Slices;

/// <summary>
/// Merges sorted runs of listens in memory, two at a time. No step depends on a branch that cannot be foreseen, and
/// four places of the same two runs are merged side by side, so that the processor need not wait for one.
/// </summary>
static unsafe class ListenRuns
{
    /// <summary>Below so many listens, finding where to begin in several places costs more than it saves.</summary>
    const int FewListens = 256;

    const int Lanes = 4;

    /// <summary>Comes after every listen.</summary>
    public static Listen End => new(ulong.MaxValue, ulong.MaxValue);

    /// <summary>Merges two runs; the same listen comes out as often as it goes in.</summary>
    /// <param name="left">
    /// A run, and behind it a listen that comes after all of both, like <see cref="End"/>: so nobody asks whether a run
    /// is at its end.
    /// </param>
    /// <param name="right">Another one, likewise.</param>
    /// <param name="target">Room for the listens of both.</param>
    public static void Merge(ReadOnlySpan<Listen> left, ReadOnlySpan<Listen> right, Span<Listen> target)
    {
        target = target[..(left.Length + right.Length - 2)];

        // Pinned, because the distance between both is calculated with.
        fixed (
            Listen* l = left,
                r = right,
                t = target
        )
        {
            Merge(l, left.Length - 1, r, right.Length - 1, t);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Merge(Listen* left, int leftCount, Listen* right, int rightCount, Listen* target)
    {
        var count = leftCount + rightCount;
        nint part = count >= FewListens ? count / Lanes : 0;
        nint last = 0; // How many listens the last lane has taken from the left.
        nint at = 0;
        if (part > 0)
        {
            nint first = 0;
            nint second = Split(left, leftCount, right, rightCount, (int)part);
            nint third = Split(left, leftCount, right, rightCount, (int)(2 * part));
            last = Split(left, leftCount, right, rightCount, (int)(3 * part));
            var right2 = right + part;
            var target2 = target + part;
            var right3 = right2 + part;
            var target3 = target2 + part;
            var right4 = right3 + part;
            var target4 = target3 + part;
            for (; at < part; at++)
            {
                first = Step(left, right, target, first, at);
                second = Step(left, right2, target2, second, at);
                third = Step(left, right3, target3, third, at);
                last = Step(left, right4, target4, last, at);
            }

            at = Lanes * part;
        }

        for (; at < count; at++)
        {
            last = Step(left, right, target, last, at);
        }
    }

    /// <summary>Takes the listen for a place of the target.</summary>
    /// <returns>How many were taken from the left then; all others were taken from the right.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static nint Step(Listen* left, Listen* right, Listen* target, nint taken, nint at)
    {
        var ofLeft = left + taken;
        var ofRight = right + (at - taken);
        nint takeRight = Unsafe.BitCast<bool, byte>(IsBefore(*ofRight, *ofLeft));
        var distance = (byte*)ofRight - (byte*)ofLeft;
        target[at] = *(Listen*)((byte*)ofLeft + (distance & -takeRight));
        return taken + 1 - takeRight;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool IsBefore(in Listen one, in Listen other) =>
        one.User < other.User | (one.User == other.User & one.Rest < other.Rest);

    /// <summary>How many of the first so many listens of both are of the left run.</summary>
    static int Split(Listen* left, int leftCount, Listen* right, int rightCount, int count)
    {
        var low = Math.Max(0, count - rightCount);
        var high = Math.Min(count, leftCount);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (IsBefore(right[count - middle - 1], left[middle]))
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
}
