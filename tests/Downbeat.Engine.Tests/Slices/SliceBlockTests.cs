using System.Buffers.Binary;
using System.Numerics;
using Downbeat.Engine.Listens;
using Downbeat.Engine.Slices;

namespace Downbeat.Engine.Tests.Slices;

public sealed class SliceBlockTests
{
    [Fact]
    public void ABlockHoldsWhatWasPutInBitByBitAsDescribed() =>
        RandomRounds.Run(
            400,
            random =>
            {
                var tracks = 1 + random.Next(1 << random.Next(1, 30));
                var listens = SomeListens(random, random.Next(1, 1025), tracks);
                var block = Encode(listens, tracks);
                Assert.Equal(listens, DecodePlainly(block, listens[0].User, tracks, listens.Length));
                Assert.Equal(listens, Decode(block, listens[0].User, tracks, listens.Length));
            }
        );

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(9)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(1023)]
    [InlineData(1024)]
    public void BlocksOfAnySizeHoldTheLargestOfEverything(int count)
    {
        foreach (var tracks in (int[])[2, Listen.MaxTracks - 1])
        {
            // Users alternate between steps of one and of all there is room for.
            var listens = new Listen[count];
            for (var at = 0; at < count; at++)
            {
                var user = at == count - 1 && at > 0 ? long.MaxValue : (ulong)at / 2;
                listens[at] = new(
                    user,
                    at % 2 == 0 && user != long.MaxValue ? 0 : uint.MaxValue,
                    at % 2 == 0 ? 0 : tracks - 1,
                    (ListenFlags)(at % 4)
                );
            }

            var block = Encode(listens, tracks);
            Assert.Equal(listens, DecodePlainly(block, listens[0].User, tracks, count));
            Assert.Equal(listens, Decode(block, listens[0].User, tracks, count));
        }
    }

    [Fact]
    public void WhatIsNotInOrderIsRefused() =>
        RandomRounds.Run(
            400,
            random =>
            {
                var listens = SomeListens(random, random.Next(2, 1025), 100);
                var (one, other) = (random.Next(listens.Length - 1), random.Next(4));
                listens[one] = other switch
                {
                    0 => listens[one + 1].WithFlags((ListenFlags)random.Next(4)),
                    1 => new(listens[one + 1].User + 1, 0, 0, default),
                    2 => listens[one].WithTrack(100),
                    _ => new(listens[one + 1].User, listens[one + 1].Second + 1, listens[one + 1].Track, default),
                };
                Assert.Equal(0, SliceBlock.Encode(listens, 100, new byte[SliceBlock.MaxBytes]));
            }
        );

    [Fact]
    public void NoBytesLeadToAnythingButListensInOrder() =>
        RandomRounds.Run(
            4000,
            random =>
            {
                var tracks = 1 + random.Next(1 << random.Next(1, 20));
                var count = random.Next(1, random.Next(2) == 0 ? 20 : 1025);
                var block = new byte[random.Next(2500)];
                random.NextBytes(block);
                if (random.Next(4) > 0)
                {
                    block = Encode(SomeListens(random, count, tracks), tracks);
                    for (var change = random.Next(4); change >= 0; change--)
                    {
                        var at = random.Next(3) == 0 ? block.Length - 1 - random.Next(8) : random.Next(block.Length);
                        block[at] = (byte)(random.Next(2) == 0 ? random.Next(256) : block[at] ^ (1 << random.Next(8)));
                    }
                }

                var first = (ulong)random.NextInt64() >> random.Next(60);
                var listens = new Listen[count];
                if (SliceBlock.TryDecode(block, first, tracks, listens))
                {
                    Assert.Equal(first, listens[0].User);
                    Assert.All(listens, listen => Assert.InRange(listen.Track, 0, tracks - 1));
                    Assert.True(listens[^1].User <= long.MaxValue);
                    for (var at = 1; at < count; at++)
                    {
                        Assert.True(IsBefore(listens[at - 1], listens[at]));
                    }
                }
            }
        );

    [Fact]
    public void BitsAreGatheredAndSpreadAlikeOnAllMachines() =>
        RandomRounds.Run(
            200,
            random =>
            {
                for (var bits = 1; bits < 8; bits++)
                {
                    var (bytes, plain) = (0UL, 0UL);
                    for (var place = 0; place < 8; place++)
                    {
                        var value = (ulong)random.Next(1 << bits);
                        bytes |= value << (8 * place);
                        plain |= value << (bits * place);
                    }

                    Assert.Equal(plain, SliceBlock.Gather(bytes, bits));
                    Assert.Equal(plain, SliceBlock.GatherByHalves(bytes, bits));
                    plain |= (ulong)random.NextInt64() << (8 * bits); // The next eight.
                    Assert.Equal(bytes, SliceBlock.Spread(plain, bits));
                    Assert.Equal(bytes, SliceBlock.SpreadByHalves(plain, bits));
                }
            }
        );

    static byte[] Encode(Listen[] listens, int tracks)
    {
        var block = new byte[SliceBlock.MaxBytes];
        new Random(listens.Length).NextBytes(block); // What stood there before plays no part.
        var length = SliceBlock.Encode(listens, tracks, block);
        Assert.InRange(length, 1, block.Length);
        return block[..length];
    }

    static Listen[] Decode(byte[] block, ulong firstUser, int tracks, int count)
    {
        var listens = new Listen[count];
        Assert.True(SliceBlock.TryDecode(block, firstUser, tracks, listens));
        return listens;
    }

    /// <summary>Reads a block as docs/lake.md describes it, a bit at a time.</summary>
    static Listen[] DecodePlainly(byte[] block, ulong firstUser, int tracks, int count)
    {
        var trackBits = tracks == 1 ? 0 : BitOperations.Log2((uint)tracks - 1) + 1;
        var trailer = block.AsSpan(block.Length - 8);
        var lowestSecond = BinaryPrimitives.ReadUInt32LittleEndian(trailer);
        var (deltaBits, momentBits, flags) = (trailer[4], trailer[5], trailer[6]);
        Assert.Equal(0, trailer[7]);
        var at = 0; // In bits.
        var isNew = Bits(count);
        bool[] liked = (flags & 1) != 0 ? Bits(count) : new bool[count];
        bool[] shared = (flags & 2) != 0 ? Bits(count) : new bool[count];
        Assert.Equal((flags & 1) != 0, liked.Contains(true));
        Assert.Equal((flags & 2) != 0, shared.Contains(true));
        Assert.True(isNew[0]);
        var deltas = isNew.Skip(1).Where(bit => bit).Select(_ => Number(deltaBits)).ToList();
        ToByte();
        var moments = new ulong[count];
        var shift = 0;
        foreach (var width in (int[])[32, 16, 8])
        {
            if (momentBits - shift >= width)
            {
                for (var number = 0; number < count; number++)
                {
                    moments[number] |= Number(width) << shift;
                }

                shift += width;
            }
        }

        if (momentBits > shift)
        {
            for (var number = 0; number < (count + 7) / 8 * 8; number++)
            {
                var value = Number(momentBits - shift);
                if (number < count)
                {
                    moments[number] |= value << shift;
                }
                else
                {
                    Assert.Equal(0UL, value);
                }
            }
        }

        Assert.Equal(8 * (block.Length - 8), at);
        var listens = new Listen[count];
        var user = firstUser;
        var delta = 0;
        for (var number = 0; number < count; number++)
        {
            user += number > 0 && isNew[number] ? deltas[delta++] + 1 : 0;
            listens[number] = new(
                user,
                (uint)(moments[number] >> trackBits) + lowestSecond,
                (int)(moments[number] & ((1UL << trackBits) - 1)),
                (liked[number] ? ListenFlags.Liked : ListenFlags.None)
                    | (shared[number] ? ListenFlags.Shared : ListenFlags.None)
            );
        }

        return listens;

        bool[] Bits(int bits)
        {
            var read = Enumerable.Range(0, bits).Select(_ => Number(1) == 1).ToArray();
            ToByte();
            return read;
        }

        ulong Number(int bits)
        {
            var value = 0UL;
            for (var bit = 0; bit < bits; bit++, at++)
            {
                value |= (ulong)(block[at / 8] >> (at % 8) & 1) << bit;
            }

            return value;
        }

        void ToByte()
        {
            for (; at % 8 != 0; at++)
            {
                Assert.Equal(0, block[at / 8] >> (at % 8) & 1);
            }
        }
    }

    static bool IsBefore(Listen one, Listen other) =>
        one.User < other.User || (one.User == other.User && one.Moment < other.Moment);

    /// <summary>Sorted listens, whose users, seconds and tracks lie far apart or close together.</summary>
    static Listen[] SomeListens(Random random, int count, int tracks)
    {
        var step = 1L << random.Next(54);
        var seconds = 1L << random.Next(11, 33);
        var lowest = random.NextInt64((1L << 32) - seconds + 1);
        var (sameUser, flags) = (random.Next(5), random.Next(4));
        var user = (ulong)random.NextInt64() >> random.Next(2, 60);
        var listens = new List<Listen>();
        while (listens.Count < count)
        {
            var one = (uint)(lowest + random.NextInt64(seconds));
            var listen = new Listen(user, one, random.Next(tracks), (ListenFlags)(random.Next(4) & flags));
            if (listens.Count > 0 && !IsBefore(listens[^1], listen))
            {
                user += 1 + (ulong)random.NextInt64(step);
                listen = new(user, listen.Second, listen.Track, listen.Flags);
            }

            listens.Add(listen);
            user += random.Next(5) < sameUser ? 0 : 1 + (ulong)random.NextInt64(step);
            Assert.True(user <= long.MaxValue);
        }

        return [.. listens];
    }
}
