using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
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

    /// <summary>Encodes a block.</summary>
    /// <param name="listens">1 to 1,024 listens, sorted and each once.</param>
    /// <param name="trackBits">What <see cref="SliceFormat.TrackBits"/> says of the dictionary.</param>
    /// <param name="block">Room for <see cref="MaxBytes"/>.</param>
    /// <returns>How many bytes the block takes.</returns>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int Encode(ReadOnlySpan<Listen> listens, int trackBits, Span<byte> block)
    {
        _ = block[MaxBytes - 1];
        ref var start = ref MemoryMarshal.GetReference(block);
        Span<ulong> deltas = stackalloc ulong[SliceFormat.BlockListens + 1];
        var deltaCount = MarkNewUsers(listens, ref start, deltas, out var bounds);
        deltas = deltas[1..deltaCount]; // The first user stands in the index.
        var maskBytes = (listens.Length + 7) / 8;
        var at = maskBytes;
        for (var flag = 0; flag < Listen.FlagBits; flag++)
        {
            if ((bounds.AnyRest >> flag & 1) != 0)
            {
                PutFlags(listens, flag, ref Unsafe.Add(ref start, at));
                at += maskBytes;
            }
        }

        var deltaBits = PackedBits(deltas);
        at += PutPacked(deltas, deltaBits, ref Unsafe.Add(ref start, at));

        Span<ulong> moments = stackalloc ulong[SliceFormat.BlockListens];
        var lowestSecond = (uint)(bounds.LowestRest >> Listen.SecondShift);
        var highest = 0UL;
        var trackMask = (1UL << trackBits) - 1;
        for (var number = 0; number < listens.Length; number++)
        {
            var rest = listens[number].Rest;
            var second = (rest >> Listen.SecondShift) - lowestSecond;
            var moment = (second << trackBits) | ((rest >> Listen.TrackShift) & trackMask);
            highest |= moment;
            moments[number] = moment;
        }

        moments[listens.Length..((listens.Length + 7) & ~7)].Clear();
        var momentBits = 64 - BitOperations.LeadingZeroCount(highest);
        at += PutMoments(moments[..listens.Length], momentBits, ref Unsafe.Add(ref start, at));

        var trailer = block.Slice(at, TrailerBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(trailer, lowestSecond);
        trailer[4] = (byte)deltaBits;
        trailer[5] = (byte)momentBits;
        trailer[6] = (byte)(bounds.AnyRest & 3);
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

        GetMoments(ref Unsafe.Add(ref start, momentsAt), momentBits, moments[..listens.Length]);
        if (!Join(ref start, users, moments, lowestSecond, tracks, listens))
        {
            return false;
        }

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
        public ulong LowestRest;
        public ulong AnyRest;
    }

    /// <summary>Sets the bits of new users, and takes the differences to the users before.</summary>
    /// <returns>How many new users there are.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static int MarkNewUsers(ReadOnlySpan<Listen> listens, ref byte bits, Span<ulong> deltas, out Bounds bounds)
    {
        var count = 0;
        var before = ~listens[0].User; // Any other.
        var lowestRest = ulong.MaxValue;
        var anyRest = 0UL;
        for (var from = 0; from < listens.Length; from += 64)
        {
            var word = 0UL;
            var some = listens[from..Math.Min(from + 64, listens.Length)];
            for (var number = 0; number < some.Length; number++)
            {
                var user = some[number].User;
                var rest = some[number].Rest;
                lowestRest = Math.Min(lowestRest, rest);
                anyRest |= rest;
                deltas[count] = user - before - 1;
                var isNew = user != before;
                count += AsBit(isNew);
                word |= (ulong)AsBit(isNew) << number;
                before = user;
            }

            Put(ref Unsafe.Add(ref bits, from / 8), word);
        }

        bounds = new() { LowestRest = lowestRest, AnyRest = anyRest };
        return count;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void PutFlags(ReadOnlySpan<Listen> listens, int flag, ref byte bits)
    {
        for (var from = 0; from < listens.Length; from += 64)
        {
            var word = 0UL;
            var some = listens[from..Math.Min(from + 64, listens.Length)];
            for (var number = 0; number < some.Length; number++)
            {
                word |= (some[number].Rest >> flag & 1) << number;
            }

            Put(ref Unsafe.Add(ref bits, from / 8), word);
        }
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
        ref var to = ref target;
        var shift = 0;
        if (bits - shift >= 32)
        {
            for (var number = 0; number < moments.Length; number++)
            {
                Put(ref Unsafe.Add(ref to, number * sizeof(uint)), (uint)(moments[number] >> shift));
            }

            to = ref Unsafe.Add(ref to, moments.Length * sizeof(uint));
            shift += 32;
        }

        if (bits - shift >= 16)
        {
            for (var number = 0; number < moments.Length; number++)
            {
                Put(ref Unsafe.Add(ref to, number * sizeof(ushort)), (ushort)(moments[number] >> shift));
            }

            to = ref Unsafe.Add(ref to, moments.Length * sizeof(ushort));
            shift += 16;
        }

        if (bits - shift >= 8)
        {
            for (var number = 0; number < moments.Length; number++)
            {
                Unsafe.Add(ref to, number) = (byte)(moments[number] >> shift);
            }

            to = ref Unsafe.Add(ref to, moments.Length);
            shift += 8;
        }

        if (bits - shift > 0)
        {
            // Those behind the last listen are 0.
            ref var first = ref MemoryMarshal.GetReference(moments);
            for (var number = 0; number < moments.Length; number += 8)
            {
                var bytes = 0UL;
                for (var place = 0; place < 8; place++)
                {
                    bytes |= Unsafe.Add(ref first, number + place) >> shift << (8 * place);
                }

                Put(ref to, Gather(bytes, bits - shift));
                to = ref Unsafe.Add(ref to, bits - shift);
            }
        }

        return (int)Unsafe.ByteOffset(ref target, ref to);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void GetMoments(ref byte from, int bits, Span<ulong> moments)
    {
        var shift = 0;
        if (bits >= 32)
        {
            for (var number = 0; number < moments.Length; number++)
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
            for (var number = 0; number < moments.Length; number++)
            {
                moments[number] |= (ulong)Unsafe.Add(ref from, number) << shift;
            }

            from = ref Unsafe.Add(ref from, moments.Length);
            shift += 8;
        }

        var rest = bits - shift;
        if (rest > 0)
        {
            ref var first = ref MemoryMarshal.GetReference(moments);
            for (var number = 0; number < moments.Length; number += 8)
            {
                var bytes = Spread(Get(ref from), rest);
                from = ref Unsafe.Add(ref from, rest);
                var count = Math.Min(8, moments.Length - number);
                for (var place = 0; place < count; place++)
                {
                    Unsafe.Add(ref first, number + place) |= (bytes >> (8 * place) & 0xFF) << shift;
                }
            }
        }
    }

    /// <summary>Makes listens of users and moments; false when they are not sorted, or there is no such track or second.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static bool Join(
        ref byte newUsers,
        ReadOnlySpan<ulong> users,
        ReadOnlySpan<ulong> moments,
        uint lowestSecond,
        int tracks,
        Span<Listen> listens
    )
    {
        var trackBits = SliceFormat.TrackBits(tracks);
        var trackMask = (1UL << trackBits) - 1;
        var lastTrack = (ulong)Math.Max(0, tracks - 1);
        ref var target = ref Unsafe.As<Listen, ulong>(ref MemoryMarshal.GetReference(listens));
        ref var moment = ref MemoryMarshal.GetReference(moments);
        ref var user = ref Unsafe.Subtract(ref MemoryMarshal.GetReference(users), 1);
        var before = 0UL;
        var bad = tracks == 0 ? 1UL << 63 : 0;
        var anySecond = 0UL;
        for (var from = 0; from < listens.Length; from += 64)
        {
            var word = Get(ref Unsafe.Add(ref newUsers, from / 8));
            var to = Math.Min(from + 64, listens.Length);
            for (var number = from; number < to; number++)
            {
                var value = Unsafe.Add(ref moment, number);
                var second = (value >> trackBits) + lowestSecond;
                var track = value & trackMask;
                var rest = (second << Listen.SecondShift) | (track << Listen.TrackShift);
                user = ref Unsafe.Add(ref user, (nint)(word & 1));
                anySecond |= second;
                bad |= lastTrack - track; // The highest bit says that there is no such track.
                bad |= (ulong)AsBit(rest <= before) << 63 & ~(word << 63);
                before = rest;
                word >>= 1;
                Unsafe.Add(ref target, 2 * number) = user;
                Unsafe.Add(ref target, (2 * number) + 1) = rest;
            }
        }

        return anySecond <= uint.MaxValue && (long)bad >= 0;
    }

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
    internal static ulong Gather(ulong bytes, int bits)
    {
        var one = ((1UL << bits) - 1) * 0x0001_0001_0001_0001;
        var two = ((1UL << (2 * bits)) - 1) * 0x0000_0001_0000_0001;
        bytes = (bytes & one) | (bytes >> (8 - bits) & (one << bits));
        bytes = (bytes & two) | (bytes >> (16 - (2 * bits)) & (two << (2 * bits)));
        return (uint)bytes | (bytes >> 32 << (4 * bits));
    }

    /// <summary>The other way round, whatever stands in higher bits.</summary>
    internal static ulong Spread(ulong gathered, int bits)
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
