using System.Buffers.Binary;
using Downbeat.Engine.Listens;
using Downbeat.Engine.Slices;

namespace Downbeat.Engine.Tests.Slices;

/// <summary>Whatever happens to the bytes of a slice, reading it says so, and nothing else.</summary>
public sealed class SliceDamageTests
{
    [Fact]
    public void EveryFlippedBitIsNoticed()
    {
        foreach (var bytes in Small())
        {
            for (var bit = 0; bit < bytes.Length * 8; bit++)
            {
                bytes[bit / 8] ^= (byte)(1 << (bit % 8));
                AssertNoticed(bytes, $"bit {bit} of {bytes.Length} bytes");
                bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            }

            ReadAll(bytes);
        }
    }

    [Fact]
    public void EveryBurstOfBitsIsNoticed() =>
        RandomRounds.Run(
            300,
            random =>
            {
                // A checksum of 32 bits notices everything that spans no more, and nearly everything else.
                var bytes = Given.SliceBytes(Given.SomeListens(random, random.Next(1, 60)));
                var at = random.Next(bytes.Length);
                var length = Math.Min(bytes.Length - at, random.Next(1, 5));
                for (var number = at; number < at + length; number++)
                {
                    bytes[number] ^= (byte)random.Next(number == at ? 1 : 0, 256);
                }

                AssertNoticed(bytes, $"{length} bytes at {at}");
            }
        );

    [Fact]
    public void ATruncatedSliceIsNoticed()
    {
        foreach (var bytes in Small())
        {
            for (var length = 0; length < bytes.Length; length++)
            {
                AssertNoticed(bytes[..length], $"the first {length} bytes");
                AssertNoticed(bytes[(length + 1)..], $"without the first {length + 1} bytes");
            }
        }
    }

    [Fact]
    public void BytesPutInOrTakenOutAreNoticed()
    {
        var bytes = Small()[0];
        for (var at = 0; at <= bytes.Length; at++)
        {
            AssertNoticed([.. bytes[..at], 0, .. bytes[at..]], $"a zero at {at}");
            AssertNoticed([.. bytes[..at], .. bytes.Skip(at + 1)], $"no byte {at}", unless: at == bytes.Length);
        }
    }

    [Fact]
    public void WhatIsNoSliceIsNoticed()
    {
        AssertNoticed(new byte[1000], "zeros");
        AssertNoticed(
            "user_id,track_id,listen_time\n1,t,2024-06-25 00:00:00\n2,t,2024-06-25 00:00:00\n"u8.ToArray(),
            "a CSV"
        );
        AssertNoticed([.. "DBSLICE2"u8, .. new byte[64]], "a beginning and zeros");
    }

    [Fact]
    public void TheMessageNamesTheSlice()
    {
        var exception = Assert.Throws<DamagedObjectException>(() => Given.Slice(Array.Empty<byte>()));
        Assert.StartsWith("the slice under test is damaged: ", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void BytesWhoseChecksumsFitAreReadOrRefused() =>
        RandomRounds.Run(
            3000,
            random =>
            {
                var bytes =
                    random.Next(3) == 0 ? Small()[1] : Given.SliceBytes(Given.SomeListens(random, random.Next(60)));
                for (var change = random.Next(3); change >= 0; change--)
                {
                    // Mostly where the structure is: the index and the footer.
                    var at =
                        random.Next(3) == 0
                            ? random.Next(bytes.Length)
                            : bytes.Length - 1 - random.Next(Math.Min(120, bytes.Length));
                    bytes[at] = (byte)(random.Next(2) == 0 ? random.Next(256) : bytes[at] ^ (1 << random.Next(8)));
                }

                Seal(bytes);
                var exception = Record.Exception(() => ReadAll(bytes));
                Assert.True(exception is null or DamagedObjectException, exception?.ToString());
            }
        );

    /// <summary>Makes all checksums fit, as far as what they cover can be found.</summary>
    internal static void Seal(byte[] bytes)
    {
        var footer = bytes.AsSpan(bytes.Length - 64);
        var blocks = BinaryPrimitives.ReadInt32LittleEndian(footer[4..]);
        var dictionary = BinaryPrimitives.ReadInt64LittleEndian(footer[32..]);
        var index = BinaryPrimitives.ReadInt64LittleEndian(footer[40..]);
        if (dictionary >= 8 && index >= dictionary && index <= bytes.Length - 64)
        {
            for (var entry = index; entry / 24 < index / 24 + blocks && entry + 24 <= bytes.Length - 64; entry += 24)
            {
                var from = BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan((int)entry + 8));
                var to =
                    entry + 48 <= bytes.Length - 64
                        ? BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan((int)entry + 32))
                        : dictionary;
                if (from >= 0 && from <= to && to <= bytes.Length)
                {
                    Put(bytes.AsSpan((int)entry + 20), bytes.AsSpan((int)from, (int)(to - from)));
                }
            }

            Put(footer[52..], bytes.AsSpan((int)dictionary, (int)(index - dictionary)));
            Put(footer[56..], bytes.AsSpan((int)index, bytes.Length - 64 - (int)index));
        }

        Put(footer[60..], footer[..60]);

        static void Put(Span<byte> sum, ReadOnlySpan<byte> covered) =>
            BinaryPrimitives.WriteUInt32LittleEndian(sum, SliceFormat.Crc32C(covered));
    }

    /// <summary>One of a few listens with flags; one of two blocks, of which only one has flags.</summary>
    static byte[][] Small() =>
        [
            Given.SliceBytes([
                new(1, 2, "a", ListenFlags.Liked),
                new(1, 3, "bc", ListenFlags.None),
                new(1, 300_000, "a", ListenFlags.None),
                new(1UL << 40, 0, "a", ListenFlags.Shared),
                new(long.MaxValue, 5, new('z', 64), ListenFlags.None),
            ]),
            Given.SliceBytes(
                Enumerable
                    .Range(0, 1030)
                    .Select(number => new NamedListen(
                        (ulong)number,
                        1,
                        "t",
                        number > 1024 ? ListenFlags.Liked : ListenFlags.None
                    ))
            ),
        ];

    static void AssertNoticed(byte[] bytes, string what, bool unless = false)
    {
        var exception = Record.Exception(() => ReadAll(bytes));
        Assert.True(
            unless || exception is DamagedObjectException,
            $"{what}: {exception?.ToString() ?? "read without complaint"}"
        );
    }

    static void ReadAll(byte[] bytes) => Given.ListensOf(new SliceMerge([Given.Slice(bytes)], 4096));
}
