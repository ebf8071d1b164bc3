using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Downbeat.Engine.Listens;

namespace Downbeat.Engine.Slices;

/// <summary>
/// The bytes of a block of up to 1,024 listens. What is alike of all of them stands side by side, in planes:
/// <code>
/// new users    a bit a listen, lowest first: 1 where the user is not that of the listen before; the first is 1
/// liked        a bit a listen, where any listen of the block is liked
/// shared       a bit a listen, where any is shared
/// user deltas  user - user before - 1 of every new user but the first, which the index has; of the block's width in bits
/// moments      (second - lowest second of the block) in the bits above those of the track, of the block's width:
///                bits 0-31 as u32, if the width is at least 32; of what is left the next 16 as u16, if it is at least
///                16; the next 8 as a byte, if it is at least 8; and the last 1 to 7 of 8 listens in as many bytes,
///                those of the first listen lowest
/// trailer      8 bytes: lowest second u32, width of user deltas u8, width of moments u8, 1: liked + 2: shared u8, 0 u8
/// </code>
/// A plane ends with a whole byte, whose last bits are 0. The trailer stands last so that eight bytes may be read at any place in a plane.
/// </summary>
static class SliceBlock
{
    /// <summary>No block takes more, and as many may be written to while it is made.</summary>
    public const int MaxBytes =
        (3 * SliceFormat.BlockListens / 8) + (SliceFormat.BlockListens * (8 + 8)) + TrailerBytes;

    const int TrailerBytes = 8;

    /// <summary>Above, and eight bytes from the byte of its first bit on do not hold a delta: it takes all 64.</summary>
    const int MaxPackedBits = 56;

    const ulong Flags = (1UL << Listen.FlagBits) - 1;

    /// <summary>Encodes a block.</summary>
    /// <param name="listens">1 to 1,024 listens.</param>
    /// <param name="tracks">How many tracks the dictionary names.</param>
    /// <param name="block">Room for <see cref="MaxBytes"/>.</param>
    /// <returns>How many bytes the block takes; 0 when listens are not sorted and each once, or are of no such track.</returns>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int Encode(ReadOnlySpan<Listen> listens, int tracks, Span<byte> block)
    {
        _ = block[MaxBytes - 1];
        ref var start = ref MemoryMarshal.GetReference(block);
        Span<ulong> users = stackalloc ulong[1 + SliceFormat.BlockListens];
        Span<ulong> moments = stackalloc ulong[SliceFormat.BlockListens];
        Span<ulong> deltas = stackalloc ulong[SliceFormat.BlockListens];
        users[0] = ~listens[0].User; // Any other.
        users = users.Slice(1, listens.Length);
        moments = moments[..listens.Length];
        Part(listens, users, moments);
        var maskBytes = MarkNewUsers(ref users[0], users.Length, ref start);
        if (users[^1] > SliceFormat.MaxUser || !IsSorted(users, moments, ref start))
        {
            return 0;
        }

        var trackBits = SliceFormat.TrackBits(tracks);
        var bounds = TurnIntoMoments(moments, trackBits, ref Unsafe.Add(ref start, maskBytes));
        if (bounds.HighestTrack >= (uint)tracks)
        {
            return 0;
        }

        var at = maskBytes + (BitOperations.PopCount(bounds.Flags) * maskBytes);
        deltas = deltas[..FindDeltas(users, ref start, deltas)];
        var deltaBits = PackedBits(deltas);
        at += PutPacked(deltas, deltaBits, ref Unsafe.Add(ref start, at));
        var momentBits = 64 - BitOperations.LeadingZeroCount(bounds.HighestMoment);
        at += PutMoments(moments, momentBits, ref Unsafe.Add(ref start, at));

        var trailer = block.Slice(at, TrailerBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(trailer, bounds.LowestSecond);
        trailer[4] = (byte)deltaBits;
        trailer[5] = (byte)momentBits;
        trailer[6] = (byte)bounds.Flags;
        trailer[7] = 0;
        return at + TrailerBytes;
    }

    /// <summary>Decodes a block.</summary>
    /// <param name="block">Its bytes.</param>
    /// <param name="firstUser">Its first user, below 2^63.</param>
    /// <param name="tracks">How many tracks the dictionary names.</param>
    /// <param name="listens">As many as it holds, 1 to 1,024.</param>
    /// <returns>False when these are not the bytes of a block of as many listens, sorted and each once.</returns>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static bool TryDecode(ReadOnlySpan<byte> block, ulong firstUser, int tracks, Span<Listen> listens)
    {
        var maskBytes = (listens.Length + 7) / 8;
        if (block.Length < maskBytes + TrailerBytes)
        {
            return false;
        }

        var trailer = block[^TrailerBytes..];
        var lowestSecond = BinaryPrimitives.ReadUInt32LittleEndian(trailer);
        int deltaBits = trailer[4];
        int momentBits = trailer[5];
        int flags = trailer[6];
        var newUsers = CountBits(block[..maskBytes]);
        var trackBits = SliceFormat.TrackBits(tracks);
        if (
            deltaBits is > MaxPackedBits and not 64
            || momentBits > trackBits + 32
            || flags >= 1 << Listen.FlagBits
            || (block[0] & 1) == 0
            || newUsers > listens.Length
        )
        {
            return false;
        }

        var flagsAt = maskBytes;
        var deltasAt = flagsAt + (BitOperations.PopCount((uint)flags) * maskBytes);
        var momentsAt = deltasAt + PackedBytes(newUsers - 1, deltaBits);
        if (block.Length != momentsAt + MomentBytes(listens.Length, momentBits) + TrailerBytes)
        {
            return false;
        }

        ref var start = ref MemoryMarshal.GetReference(block);
        Span<ulong> users = stackalloc ulong[SliceFormat.BlockListens];
        Span<ulong> moments = stackalloc ulong[SliceFormat.BlockListens];
        users[0] = firstUser;
        if (!GetUsers(ref Unsafe.Add(ref start, deltasAt), deltaBits, users[..newUsers]))
        {
            return false;
        }

        moments = moments[..listens.Length];
        GetMoments(ref Unsafe.Add(ref start, momentsAt), momentBits, moments);
        if (!TryTurnIntoRests(moments, ref start, lowestSecond, tracks))
        {
            return false;
        }

        Join(ref start, users, moments, listens);

        for (var flag = 0; flag < Listen.FlagBits; flag++)
        {
            if ((flags >> flag & 1) != 0)
            {
                GetFlags(block.Slice(flagsAt, maskBytes), flag, listens);
                flagsAt += maskBytes;
            }
        }

        return true;
    }

    /// <summary>What encoding needs to know of all listens of a block.</summary>
    struct Bounds
    {
        public uint LowestSecond;
        public uint HighestTrack;
        public ulong HighestMoment;
        public uint Flags;
    }

    /// <summary>Parts listens into users and the rest.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Part(ReadOnlySpan<Listen> listens, Span<ulong> users, Span<ulong> rests)
    {
        ref var from = ref Unsafe.As<Listen, ulong>(ref MemoryMarshal.GetReference(listens));
        ref var user = ref MemoryMarshal.GetReference(users);
        ref var rest = ref MemoryMarshal.GetReference(rests);
        var number = 0;
        if (Vector256.IsHardwareAccelerated)
        {
            for (; number + 2 <= listens.Length; number += 2)
            {
                var two = Vector256.LoadUnsafe(ref from, 2 * (nuint)number);
                two = Vector256.Shuffle(two, Vector256.Create(0UL, 2, 1, 3));
                two.GetLower().StoreUnsafe(ref user, (nuint)number);
                two.GetUpper().StoreUnsafe(ref rest, (nuint)number);
            }
        }

        for (; number < listens.Length; number++)
        {
            Unsafe.Add(ref user, number) = Unsafe.Add(ref from, 2 * number);
            Unsafe.Add(ref rest, number) = Unsafe.Add(ref from, (2 * number) + 1);
        }
    }

    /// <summary>Sets the bits of new users; says how many bytes hold them.</summary>
    /// <param name="user">The first of the users, before which any other stands.</param>
    /// <param name="count">How many listens there are.</param>
    /// <param name="bits">Where the bits go.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static int MarkNewUsers(ref ulong user, int count, ref byte bits)
    {
        var number = 0;
        for (; number + 8 <= count; number += 8)
        {
            Unsafe.Add(ref bits, number / 8) = (byte)
                ~Compare<Same>(ref Unsafe.Add(ref user, number), ref Unsafe.Add(ref user, number - 1));
        }

        if (number < count)
        {
            var last = 0;
            for (var place = 0; number + place < count; place++)
            {
                ref var some = ref Unsafe.Add(ref user, number + place);
                last |= AsBit(some != Unsafe.Subtract(ref some, 1)) << place;
            }

            Unsafe.Add(ref bits, number / 8) = (byte)last;
        }

        return (count + 7) / 8;
    }

    /// <summary>Whether users come in order, and every listen of one is later than the one before.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static bool IsSorted(ReadOnlySpan<ulong> users, ReadOnlySpan<ulong> rests, ref byte newUsers)
    {
        ref var user = ref MemoryMarshal.GetReference(users);
        ref var rest = ref MemoryMarshal.GetReference(rests);
        var bad = 0U;
        var number = 1;
        for (; number + 8 <= users.Length; number += 8)
        {
            // Listens of the same user with the same moment are as bad, whatever their flags.
            bad |= Compare<Less>(ref Unsafe.Add(ref user, number), ref Unsafe.Add(ref user, number - 1));
            bad |=
                Compare<NotLater>(ref Unsafe.Add(ref rest, number), ref Unsafe.Add(ref rest, number - 1))
                & ~NewUsers(ref newUsers, number);
        }

        for (; number < users.Length; number++)
        {
            bad |= (uint)AsBit(users[number] < users[number - 1]);
            bad |=
                (uint)AsBit((rests[number] | Flags) <= (rests[number - 1] | Flags)) & ~NewUsers(ref newUsers, number);
        }

        return (bad & 0xFF) == 0;
    }

    /// <summary>Turns rests into moments, and sets the bits of flags that there are.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static Bounds TurnIntoMoments(Span<ulong> rests, int trackBits, ref byte flagBits)
    {
        ref var first = ref MemoryMarshal.GetReference(rests);
        var lowest = Vector256.Create(ulong.MaxValue);
        var highest = Vector256<ulong>.Zero;
        var any = Vector256<ulong>.Zero;
        var highestTracks = Vector256<ulong>.Zero;
        var lows = Vector256.Create((ulong)uint.MaxValue);
        var number = 0;
        for (; number + 4 <= rests.Length; number += 4)
        {
            var some = Vector256.LoadUnsafe(ref first, (nuint)number);
            lowest = Vector256.Min(lowest, some);
            highest = Vector256.Max(highest, some);
            any |= some;
            highestTracks = Vector256.Max(highestTracks, some & lows);
        }

        var (low, high) = (ulong.MaxValue, 0UL);
        var (anyRest, highestTrack) = (0UL, 0UL);
        for (var lane = 0; lane < 4; lane++)
        {
            low = Math.Min(low, lowest[lane]);
            high = Math.Max(high, highest[lane]);
            anyRest |= any[lane];
            highestTrack = Math.Max(highestTrack, highestTracks[lane]);
        }

        for (var at = number; at < rests.Length; at++)
        {
            low = Math.Min(low, rests[at]);
            high = Math.Max(high, rests[at]);
            anyRest |= rests[at];
            highestTrack = Math.Max(highestTrack, (uint)rests[at]);
        }

        var flags = (uint)(anyRest & Flags);
        for (var flag = 0; flag < Listen.FlagBits; flag++)
        {
            if ((flags >> flag & 1) != 0)
            {
                PutFlags(rests, flag, ref flagBits);
                flagBits = ref Unsafe.Add(ref flagBits, (rests.Length + 7) / 8);
            }
        }

        var lowestSecond = low >> Listen.SecondShift;
        var trackMask = (1UL << trackBits) - 1;
        var trackMasks = Vector256.Create(trackMask);
        var lowestSeconds = Vector256.Create(lowestSecond);
        for (var at = 0; at < number; at += 4)
        {
            var some = Vector256.LoadUnsafe(ref first, (nuint)at);
            var seconds = (some >> Listen.SecondShift) - lowestSeconds;
            ((seconds << trackBits) | (some >> Listen.TrackShift & trackMasks)).StoreUnsafe(ref first, (nuint)at);
        }

        for (; number < rests.Length; number++)
        {
            rests[number] = Moment(rests[number]);
        }

        return new()
        {
            LowestSecond = (uint)lowestSecond,
            HighestTrack = (uint)highestTrack >> Listen.TrackShift,
            HighestMoment = Moment(high),
            Flags = flags,
        };

        ulong Moment(ulong rest) =>
            ((rest >> Listen.SecondShift) - lowestSecond) << trackBits | (rest >> Listen.TrackShift & trackMask);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void PutFlags(ReadOnlySpan<ulong> rests, int flag, ref byte bits)
    {
        ref var first = ref MemoryMarshal.GetReference(rests);
        var from = 0;
        for (; from + 8 <= rests.Length; from += 8)
        {
            var low = Vector256.LoadUnsafe(ref first, (nuint)from) << (63 - flag);
            var high = Vector256.LoadUnsafe(ref first, (nuint)from + 4) << (63 - flag);
            Unsafe.Add(ref bits, from / 8) = (byte)(
                low.ExtractMostSignificantBits() | (high.ExtractMostSignificantBits() << 4)
            );
        }

        if (from < rests.Length)
        {
            var last = 0UL;
            for (var number = from; number < rests.Length; number++)
            {
                last |= (rests[number] >> flag & 1) << (number - from);
            }

            Unsafe.Add(ref bits, from / 8) = (byte)last;
        }
    }

    /// <summary>Takes the differences of new users but the first to the users before; says how many.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static int FindDeltas(ReadOnlySpan<ulong> users, ref byte newUsers, Span<ulong> deltas)
    {
        ref var user = ref MemoryMarshal.GetReference(users);
        ref var delta = ref MemoryMarshal.GetReference(deltas);
        var before = user;
        var number = 0;
        for (; number + 8 <= users.Length; number += 8)
        {
            nuint bits = Unsafe.Add(ref newUsers, number / 8);
            bits = number == 0 ? bits & ~(nuint)1 : bits;
            delta = ref PutDelta(ref delta, user - before, bits & 1);
            delta = ref PutDelta(ref delta, Unsafe.Add(ref user, 1) - user, bits >> 1 & 1);
            delta = ref PutDelta(ref delta, Unsafe.Add(ref user, 2) - Unsafe.Add(ref user, 1), bits >> 2 & 1);
            delta = ref PutDelta(ref delta, Unsafe.Add(ref user, 3) - Unsafe.Add(ref user, 2), bits >> 3 & 1);
            delta = ref PutDelta(ref delta, Unsafe.Add(ref user, 4) - Unsafe.Add(ref user, 3), bits >> 4 & 1);
            delta = ref PutDelta(ref delta, Unsafe.Add(ref user, 5) - Unsafe.Add(ref user, 4), bits >> 5 & 1);
            delta = ref PutDelta(ref delta, Unsafe.Add(ref user, 6) - Unsafe.Add(ref user, 5), bits >> 6 & 1);
            before = Unsafe.Add(ref user, 7);
            delta = ref PutDelta(ref delta, before - Unsafe.Add(ref user, 6), bits >> 7);
            user = ref Unsafe.Add(ref user, 8);
        }

        for (; number < users.Length; number++)
        {
            delta = ref PutDelta(ref delta, user - before, NewUsers(ref newUsers, number) & (number == 0 ? 0U : 1));
            before = user;
            user = ref Unsafe.Add(ref user, 1);
        }

        return (int)(Unsafe.ByteOffset(ref MemoryMarshal.GetReference(deltas), ref delta) / sizeof(ulong));
    }

    /// <summary>Puts a difference where the next goes, too, if the user is not new.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static ref ulong PutDelta(ref ulong target, ulong difference, nuint isNew)
    {
        target = difference - 1;
        return ref Unsafe.Add(ref target, isNew);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void GetFlags(ReadOnlySpan<byte> bits, int flag, Span<Listen> listens)
    {
        for (var number = 0; number < listens.Length; number++)
        {
            var bit = (ulong)(bits[number / 8] >> (number % 8)) & 1;
            Rest(ref listens[number]) |= bit << flag;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static int PackedBits(ReadOnlySpan<ulong> values)
    {
        var any = 0UL;
        foreach (var value in values)
        {
            any |= value;
        }

        var bits = 64 - BitOperations.LeadingZeroCount(any);
        return bits > MaxPackedBits ? 64 : bits;
    }

    static int PackedBytes(int count, int bits) => ((count * bits) + 7) / 8;

    /// <summary>Packs values of so many bits, lowest first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static int PutPacked(ReadOnlySpan<ulong> values, int bits, ref byte target)
    {
        if (bits == 64)
        {
            for (var number = 0; number < values.Length; number++)
            {
                Put(ref Unsafe.Add(ref target, number * sizeof(ulong)), values[number]);
            }

            return values.Length * sizeof(ulong);
        }

        var open = 0UL; // Bits that do not fill a byte yet.
        var fill = 0;
        var at = 0;
        foreach (var value in values)
        {
            open |= value << fill;
            Put(ref Unsafe.Add(ref target, at), open);
            fill += bits;
            at += fill >> 3;
            open >>= fill & ~7;
            fill &= 7;
        }

        return PackedBytes(values.Length, bits);
    }

    /// <summary>Sums up users behind the first; false when they are too large.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static bool GetUsers(ref byte packed, int bits, Span<ulong> users)
    {
        var user = users[0];
        if (bits <= 52)
        {
            // The sum of all cannot pass 2^64.
            var mask = (1UL << bits) - 1;
            var at = 0;
            for (var number = 1; number < users.Length; number++)
            {
                user += ((Get(ref Unsafe.Add(ref packed, at >> 3)) >> (at & 7)) & mask) + 1;
                users[number] = user;
                at += bits;
            }

            return user <= SliceFormat.MaxUser;
        }

        for (var number = 1; number < users.Length; number++)
        {
            var at = (number - 1) * bits;
            var delta = Get(ref Unsafe.Add(ref packed, at >> 3)) >> (at & 7) & (ulong.MaxValue >> (64 - bits));
            if (delta >= SliceFormat.MaxUser - user)
            {
                return false;
            }

            user += delta + 1;
            users[number] = user;
        }

        return true;
    }

    static int MomentBytes(int count, int bits) => (count * (bits / 8)) + ((count + 7) / 8 * (bits % 8));

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static int PutMoments(ReadOnlySpan<ulong> moments, int bits, ref byte target)
    {
        ref var from = ref MemoryMarshal.GetReference(moments);
        ref var to = ref target;
        var shift = 0;
        if (bits >= 32)
        {
            var number = 0;
            for (; BitConverter.IsLittleEndian && number + 8 <= moments.Length; number += 8)
            {
                Narrow(ref Unsafe.Add(ref from, number), 0)
                    .StoreUnsafe(ref Unsafe.As<byte, uint>(ref Unsafe.Add(ref to, number * sizeof(uint))));
            }

            for (; number < moments.Length; number++)
            {
                Put(ref Unsafe.Add(ref to, number * sizeof(uint)), (uint)Unsafe.Add(ref from, number));
            }

            to = ref Unsafe.Add(ref to, moments.Length * sizeof(uint));
            shift = 32;
        }

        if (bits - shift >= 16)
        {
            for (var number = 0; number < moments.Length; number++)
            {
                Put(ref Unsafe.Add(ref to, number * sizeof(ushort)), (ushort)(Unsafe.Add(ref from, number) >> shift));
            }

            to = ref Unsafe.Add(ref to, moments.Length * sizeof(ushort));
            shift += 16;
        }

        if (bits - shift >= 8)
        {
            for (var number = 0; number < moments.Length; number++)
            {
                Unsafe.Add(ref to, number) = (byte)(Unsafe.Add(ref from, number) >> shift);
            }

            to = ref Unsafe.Add(ref to, moments.Length);
            shift += 8;
        }

        return (int)Unsafe.ByteOffset(ref target, ref to) + PutHighest(moments, shift, bits - shift, ref to);
    }

    /// <summary>Puts 0 to 7 bits of each moment, of eight listens in as many bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static int PutHighest(ReadOnlySpan<ulong> moments, int shift, int bits, ref byte target)
    {
        if (bits == 0)
        {
            return 0;
        }

        ref var from = ref MemoryMarshal.GetReference(moments);
        var at = 0;
        var number = 0;
        for (; number + 8 <= moments.Length; number += 8)
        {
            var eight = Narrow(ref Unsafe.Add(ref from, number), shift);
            var shorts = Vector128.Narrow(eight.GetLower(), eight.GetUpper());
            var bytes = Vector128.Narrow(shorts, shorts).AsUInt64().ToScalar();
            Put(ref Unsafe.Add(ref target, at), Gather(bytes, bits));
            at += bits;
        }

        if (number < moments.Length)
        {
            var bytes = 0UL;
            for (var place = 0; number < moments.Length; place += 8)
            {
                bytes |= moments[number++] >> shift << place;
            }

            Put(ref Unsafe.Add(ref target, at), Gather(bytes, bits));
            at += bits;
        }

        return at;
    }

    /// <summary>The lowest 32 bits each of eight moments shifted down.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<uint> Narrow(ref ulong moments, int shift) =>
        Vector256.Narrow(Vector256.LoadUnsafe(ref moments) >> shift, Vector256.LoadUnsafe(ref moments, 4) >> shift);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void GetMoments(ref byte from, int bits, Span<ulong> moments)
    {
        ref var to = ref MemoryMarshal.GetReference(moments);
        var shift = 0;
        if (bits >= 32)
        {
            var number = 0;
            for (; BitConverter.IsLittleEndian && number + 8 <= moments.Length; number += 8)
            {
                ref var eight = ref Unsafe.As<byte, uint>(ref Unsafe.Add(ref from, number * sizeof(uint)));
                var (low, high) = Vector256.Widen(Vector256.LoadUnsafe(ref eight));
                low.StoreUnsafe(ref to, (nuint)number);
                high.StoreUnsafe(ref to, (nuint)number + 4);
            }

            for (; number < moments.Length; number++)
            {
                moments[number] = Get32(ref Unsafe.Add(ref from, number * sizeof(uint)));
            }

            from = ref Unsafe.Add(ref from, moments.Length * sizeof(uint));
            shift = 32;
        }
        else
        {
            moments.Clear();
        }

        if (bits - shift >= 16)
        {
            for (var number = 0; number < moments.Length; number++)
            {
                moments[number] |= (ulong)Get16(ref Unsafe.Add(ref from, number * sizeof(ushort))) << shift;
            }

            from = ref Unsafe.Add(ref from, moments.Length * sizeof(ushort));
            shift += 16;
        }

        if (bits - shift >= 8)
        {
            for (var number = 0; number < moments.Length; number += 8)
            {
                AddBytes(Get(ref Unsafe.Add(ref from, number)), shift, moments, number);
            }

            from = ref Unsafe.Add(ref from, moments.Length);
            shift += 8;
        }

        if (bits - shift > 0)
        {
            for (var number = 0; number < moments.Length; number += 8)
            {
                AddBytes(Spread(Get(ref from), bits - shift), shift, moments, number);
                from = ref Unsafe.Add(ref from, bits - shift);
            }
        }
    }

    /// <summary>Adds a byte each to up to eight moments.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void AddBytes(ulong bytes, int shift, Span<ulong> moments, int number)
    {
        if (number + 8 <= moments.Length)
        {
            ref var to = ref Unsafe.Add(ref MemoryMarshal.GetReference(moments), number);
            var shorts = Vector128.WidenLower(Vector128.CreateScalar(bytes).AsByte());
            var (low, high) = Vector256.Widen(
                Vector256.Create(Vector128.WidenLower(shorts), Vector128.WidenUpper(shorts))
            );
            ((low << shift) | Vector256.LoadUnsafe(ref to)).StoreUnsafe(ref to);
            ((high << shift) | Vector256.LoadUnsafe(ref to, 4)).StoreUnsafe(ref to, 4);
            return;
        }

        for (; number < moments.Length; number++)
        {
            moments[number] |= (bytes & 0xFF) << shift;
            bytes >>= 8;
        }
    }

    /// <summary>Turns moments into what listens hold of them; false when they are not sorted, or too large.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static bool TryTurnIntoRests(Span<ulong> moments, ref byte newUsers, uint lowestSecond, int tracks)
    {
        var trackBits = SliceFormat.TrackBits(tracks);
        var trackMask = (1UL << trackBits) - 1;
        ref var first = ref MemoryMarshal.GetReference(moments);
        var number = 0;
        var highestSeconds = Vector256<ulong>.Zero;
        var highestTracks = Vector256<ulong>.Zero;
        var trackMasks = Vector256.Create(trackMask);
        var lowestSeconds = Vector256.Create((ulong)lowestSecond);
        for (; number + 4 <= moments.Length; number += 4)
        {
            var values = Vector256.LoadUnsafe(ref first, (nuint)number);
            var seconds = (values >> trackBits) + lowestSeconds;
            var numbers = values & trackMasks;
            highestSeconds |= seconds;
            highestTracks = Vector256.Max(highestTracks, numbers);
            ((seconds << Listen.SecondShift) | (numbers << Listen.TrackShift)).StoreUnsafe(ref first, (nuint)number);
        }

        var anySecond = highestSeconds[0] | highestSeconds[1] | highestSeconds[2] | highestSeconds[3];
        var highestTrack = Math.Max(
            Math.Max(highestTracks[0], highestTracks[1]),
            Math.Max(highestTracks[2], highestTracks[3])
        );
        for (; number < moments.Length; number++)
        {
            var second = (moments[number] >> trackBits) + lowestSecond;
            var track = moments[number] & trackMask;
            anySecond |= second;
            highestTrack = Math.Max(highestTrack, track);
            moments[number] = (second << Listen.SecondShift) | (track << Listen.TrackShift);
        }

        return anySecond <= uint.MaxValue && highestTrack < (ulong)tracks && IsSorted(moments, ref newUsers);
    }

    /// <summary>Whether every listen but those of new users comes later than the one before.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static bool IsSorted(ReadOnlySpan<ulong> rests, ref byte newUsers)
    {
        ref var first = ref MemoryMarshal.GetReference(rests);
        var bad = 0U;
        var number = 1;
        for (; number + 8 <= rests.Length; number += 8)
        {
            bad |=
                Compare<NotLater>(ref Unsafe.Add(ref first, number), ref Unsafe.Add(ref first, number - 1))
                & ~NewUsers(ref newUsers, number);
        }

        for (; number < rests.Length; number++)
        {
            bad |= (uint)AsBit(rests[number] <= rests[number - 1]) & ~NewUsers(ref newUsers, number);
        }

        return (bad & 0xFF) == 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Join(ref byte newUsers, ReadOnlySpan<ulong> users, ReadOnlySpan<ulong> rests, Span<Listen> listens)
    {
        ref var target = ref Unsafe.As<Listen, ulong>(ref MemoryMarshal.GetReference(listens));
        ref var rest = ref MemoryMarshal.GetReference(rests);
        ref var user = ref Unsafe.Subtract(ref MemoryMarshal.GetReference(users), 1);
        var number = 0;
        for (; number + 8 <= listens.Length; number += 8)
        {
            // Eight at a time, because counting would cost as much as copying.
            nuint bits = Unsafe.Add(ref newUsers, number / 8);
            Put(ref target, ref rest, user = ref Unsafe.Add(ref user, bits & 1), 0);
            Put(ref target, ref rest, user = ref Unsafe.Add(ref user, bits >> 1 & 1), 1);
            Put(ref target, ref rest, user = ref Unsafe.Add(ref user, bits >> 2 & 1), 2);
            Put(ref target, ref rest, user = ref Unsafe.Add(ref user, bits >> 3 & 1), 3);
            Put(ref target, ref rest, user = ref Unsafe.Add(ref user, bits >> 4 & 1), 4);
            Put(ref target, ref rest, user = ref Unsafe.Add(ref user, bits >> 5 & 1), 5);
            Put(ref target, ref rest, user = ref Unsafe.Add(ref user, bits >> 6 & 1), 6);
            Put(ref target, ref rest, user = ref Unsafe.Add(ref user, bits >> 7), 7);
            target = ref Unsafe.Add(ref target, 16);
            rest = ref Unsafe.Add(ref rest, 8);
        }

        for (; number < listens.Length; number++)
        {
            user = ref Unsafe.Add(ref user, NewUsers(ref newUsers, number) & 1);
            listens[number] = new(user, rests[number]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Put(ref ulong target, ref ulong rest, ulong user, int place)
    {
        Unsafe.Add(ref target, 2 * place) = user;
        Unsafe.Add(ref target, (2 * place) + 1) = Unsafe.Add(ref rest, place);
    }

    interface IComparison
    {
        static abstract Vector256<ulong> Of(Vector256<ulong> some, Vector256<ulong> before);
    }

    readonly struct Same : IComparison
    {
        public static Vector256<ulong> Of(Vector256<ulong> some, Vector256<ulong> before) =>
            Vector256.Equals(some, before);
    }

    readonly struct Less : IComparison
    {
        public static Vector256<ulong> Of(Vector256<ulong> some, Vector256<ulong> before) =>
            Vector256.LessThan(some, before);
    }

    readonly struct NotLater : IComparison
    {
        public static Vector256<ulong> Of(Vector256<ulong> some, Vector256<ulong> before)
        {
            var flags = Vector256.Create(Flags);
            return Vector256.LessThanOrEqual(some | flags, before | flags);
        }
    }

    /// <summary>Compares eight numbers to eight others; a bit for each, lowest first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static uint Compare<TComparison>(ref ulong some, ref ulong before)
        where TComparison : IComparison
    {
        var low = TComparison.Of(Vector256.LoadUnsafe(ref some), Vector256.LoadUnsafe(ref before));
        var high = TComparison.Of(Vector256.LoadUnsafe(ref some, 4), Vector256.LoadUnsafe(ref before, 4));
        return low.ExtractMostSignificantBits() | (high.ExtractMostSignificantBits() << 4);
    }

    /// <summary>The bits of new users from a listen on, eight at least.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static uint NewUsers(ref byte bits, int number) =>
        (uint)Get16(ref Unsafe.Add(ref bits, number >> 3)) >> (number & 7);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static int CountBits(ReadOnlySpan<byte> bytes)
    {
        var count = 0;
        foreach (var word in MemoryMarshal.Cast<byte, ulong>(bytes))
        {
            count += BitOperations.PopCount(word);
        }

        foreach (var last in bytes[(bytes.Length & ~7)..])
        {
            count += BitOperations.PopCount(last);
        }

        return count;
    }

    /// <summary>Puts the lowest bits of each of eight bytes side by side.</summary>
    /// <param name="bytes">Below 2^<paramref name="bits"/> each.</param>
    /// <param name="bits">1 to 7.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ulong Gather(ulong bytes, int bits) =>
        Bmi2.X64.IsSupported ? Bmi2.X64.ParallelBitExtract(bytes, Lowest(bits)) : GatherByHalves(bytes, bits);

    /// <summary>The other way round, whatever stands in higher bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ulong Spread(ulong gathered, int bits) =>
        Bmi2.X64.IsSupported ? Bmi2.X64.ParallelBitDeposit(gathered, Lowest(bits)) : SpreadByHalves(gathered, bits);

    /// <summary>So many bits of each byte.</summary>
    static ulong Lowest(int bits) => ((1UL << bits) - 1) * 0x0101_0101_0101_0101;

    /// <summary>What <see cref="Gather"/> does, on any machine.</summary>
    internal static ulong GatherByHalves(ulong bytes, int bits)
    {
        var one = ((1UL << bits) - 1) * 0x0001_0001_0001_0001;
        var two = ((1UL << (2 * bits)) - 1) * 0x0000_0001_0000_0001;
        bytes = (bytes & one) | (bytes >> (8 - bits) & (one << bits));
        bytes = (bytes & two) | (bytes >> (16 - (2 * bits)) & (two << (2 * bits)));
        return (uint)bytes | (bytes >> 32 << (4 * bits));
    }

    /// <summary>What <see cref="Spread"/> does, on any machine.</summary>
    internal static ulong SpreadByHalves(ulong gathered, int bits)
    {
        var one = ((1UL << bits) - 1) * 0x0001_0001_0001_0001;
        var two = ((1UL << (2 * bits)) - 1) * 0x0000_0001_0000_0001;
        var four = (1UL << (4 * bits)) - 1;
        gathered = (gathered & four) | ((gathered >> (4 * bits) & four) << 32);
        gathered = (gathered & two) | (gathered << (16 - (2 * bits)) & (two << 16));
        return (gathered & one) | (gathered << (8 - bits) & (one << 8));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int AsBit(bool value) => Unsafe.BitCast<bool, byte>(value);

    static ref ulong Rest(ref Listen listen) => ref Unsafe.Add(ref Unsafe.As<Listen, ulong>(ref listen), 1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static ulong Get(ref byte at)
    {
        var value = Unsafe.ReadUnaligned<ulong>(ref at);
        return BitConverter.IsLittleEndian ? value : BinaryPrimitives.ReverseEndianness(value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static uint Get32(ref byte at)
    {
        var value = Unsafe.ReadUnaligned<uint>(ref at);
        return BitConverter.IsLittleEndian ? value : BinaryPrimitives.ReverseEndianness(value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static ushort Get16(ref byte at)
    {
        var value = Unsafe.ReadUnaligned<ushort>(ref at);
        return BitConverter.IsLittleEndian ? value : BinaryPrimitives.ReverseEndianness(value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Put(ref byte at, ulong value) =>
        Unsafe.WriteUnaligned(ref at, BitConverter.IsLittleEndian ? value : BinaryPrimitives.ReverseEndianness(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Put(ref byte at, uint value) =>
        Unsafe.WriteUnaligned(ref at, BitConverter.IsLittleEndian ? value : BinaryPrimitives.ReverseEndianness(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Put(ref byte at, ushort value) =>
        Unsafe.WriteUnaligned(ref at, BitConverter.IsLittleEndian ? value : BinaryPrimitives.ReverseEndianness(value));
}
