using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Downbeat.Engine.Listens;

namespace Downbeat.Engine.Slices;

/// <summary>
/// Merges sorted runs of listens in memory, two at a time. No step depends on a branch that cannot be foreseen, and
/// three places of the same two runs are merged side by side, so that the processor need not wait for one: 1.1 ns a
/// listen instead of 3.4.
/// </summary>
static unsafe class ListenRuns
{
    /// <summary>Below so many listens, finding where to begin in several places costs more than it saves.</summary>
    const int FewListens = 192;

    /// <summary>A run so many times longer than the other is copied piece by piece.</summary>
    const int ManyTimes = 16;

    const int Lanes = 3;

    /// <summary>Comes after every listen: no slice has as many tracks.</summary>
    public static Listen End => new(SliceFormat.MaxUser, ulong.MaxValue);

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
        if (left.Length / ManyTimes > right.Length)
        {
            MergeFew(left[..^1], right[..^1], target);
        }
        else if (right.Length / ManyTimes > left.Length)
        {
            MergeFew(right[..^1], left[..^1], target);
        }
        else
        {
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
    }

    /// <summary>Merges a few listens among many.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void MergeFew(ReadOnlySpan<Listen> many, ReadOnlySpan<Listen> few, Span<Listen> target)
    {
        foreach (ref readonly var listen in few)
        {
            // Look ahead in ever larger steps, then between the last two.
            var (low, high) = (0, 1);
            while (high < many.Length && IsBefore(many[high], listen))
            {
                (low, high) = (high, 2 * high);
            }

            high = Math.Min(high, many.Length);
            while (low < high)
            {
                var middle = (low + high) >>> 1;
                if (IsBefore(many[middle], listen))
                {
                    low = middle + 1;
                }
                else
                {
                    high = middle;
                }
            }

            many[..low].CopyTo(target);
            target[low] = listen;
            many = many[low..];
            target = target[(low + 1)..];
        }

        many.CopyTo(target);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Merge(Listen* left, int leftCount, Listen* right, int rightCount, Listen* target)
    {
        var count = leftCount + rightCount;
        var part = count >= FewListens ? count / Lanes : 0;
        nint last = 0; // How many bytes the last lane has taken from the left.
        nint at = 0;
        if (part > 0)
        {
            nint first = 0;
            nint second = Split(left, leftCount, right, rightCount, part) * sizeof(Listen);
            last = Split(left, leftCount, right, rightCount, 2 * part) * sizeof(Listen);
            var (right2, target2) = ((nint)(right + part), (nint)(target + part));
            var (right3, target3) = ((nint)(right + (2 * part)), (nint)(target + (2 * part)));
            nint end = part * sizeof(Listen);
            for (; at < end; at += sizeof(Listen))
            {
                first = Step((byte*)left, (byte*)right, (byte*)target, first, at);
                second = Step((byte*)left, (byte*)right2, (byte*)target2, second, at);
                last = Step((byte*)left, (byte*)right3, (byte*)target3, last, at);
            }

            at = Lanes * end;
        }

        for (; at < (nint)count * sizeof(Listen); at += sizeof(Listen))
        {
            last = Step((byte*)left, (byte*)right, (byte*)target, last, at);
        }
    }

    /// <summary>Takes the listen for a place of the target; all places are in bytes.</summary>
    /// <returns>How much was taken from the left then; the rest was taken from the right.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static nint Step(byte* left, byte* right, byte* target, nint taken, nint at)
    {
        var ofLeft = left + taken;
        var ofRight = right + (at - taken);

        // Users lie below 2^63, so that the sign of a difference tells. The lowest flag need not be in order.
        var byUser = (long)(*(ulong*)ofRight - *(ulong*)ofLeft);
        var byRest = (long)((*((ulong*)ofRight + 1) >> 1) - (*((ulong*)ofLeft + 1) >> 1));
        var difference = byUser == 0 ? byRest : byUser;
        var isRight = (nint)(difference >> 63); // All bits or none.
        Vector128.Store(Vector128.Load(ofLeft + ((ofRight - ofLeft) & isRight)), target + at);
        return taken + (sizeof(Listen) & ~isRight);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool IsBefore(in Listen one, in Listen other) =>
        one.User < other.User || (one.User == other.User && one.Rest >> 1 < other.Rest >> 1);

    /// <summary>How many of the first so many listens of both are of the left run.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
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

    /// <summary>Makes one of the same listens that stand side by side, with the flags of all; says how many are left.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int FoldSame(Span<Listen> listens)
    {
        const int Step = 8;
        ref var first = ref MemoryMarshal.GetReference(listens);
        nint last = 0; // The place of the last one that is left.
        nint at = 1;
        while (at < listens.Length)
        {
            // Nearly always eight listens differ from those before them.
            if (at + Step <= listens.Length && !HasSame(ref Unsafe.Add(ref first, at)))
            {
                if (last + 1 < at)
                {
                    MemoryMarshal
                        .CreateSpan(ref Unsafe.Add(ref first, at), Step)
                        .CopyTo(MemoryMarshal.CreateSpan(ref Unsafe.Add(ref first, last + 1), Step));
                }

                at += Step;
                last += Step;
                continue;
            }

            // Where some are the same, no branch could be foreseen.
            var (user, rest) = (Unsafe.Add(ref first, last).User, Unsafe.Add(ref first, last).Rest);
            for (var end = Math.Min(at + Step, listens.Length); at < end; at++)
            {
                var next = Unsafe.Add(ref first, at);
                nint isSame = Unsafe.BitCast<bool, byte>(next.User == user & (next.Rest ^ rest) <= Flags);
                rest = next.Rest | (rest & Flags & (ulong)-isSame);
                user = next.User;
                last += 1 - isSame;
                Unsafe.Add(ref first, last) = new(user, rest);
            }
        }

        return (int)last + Math.Min(1, listens.Length);
    }

    const ulong Flags = (1UL << Listen.FlagBits) - 1;

    /// <summary>Whether one of eight listens is the same as the one before it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool HasSame(ref Listen listens)
    {
        ref var some = ref Unsafe.As<Listen, ulong>(ref listens);
        ref var before = ref Unsafe.Subtract(ref some, 2);
        var flags = Vector256.Create(0UL, Flags, 0UL, Flags);
        var same = 0U;
        for (nuint at = 0; at < 16; at += 4)
        {
            // Of each listen two bits: for the user, and for the rest.
            var difference = Vector256.LoadUnsafe(ref some, at) ^ Vector256.LoadUnsafe(ref before, at);
            var bits = Vector256.Equals(Vector256.AndNot(difference, flags), default).ExtractMostSignificantBits();
            same |= bits & (bits >> 1) & 0b0101;
        }

        return same != 0;
    }
}
