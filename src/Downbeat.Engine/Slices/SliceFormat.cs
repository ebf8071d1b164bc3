using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Downbeat.Engine.Slices;

/// <summary>
/// The bytes of a slice, little-endian throughout; <see cref="SliceBlock"/> has those of a block:
/// <code>
/// magic        8 bytes "DBSLICE2"
/// blocks       each 1,024 listens, the last the rest; a block is read without the one before
/// dictionary   length LEB128 and id, for every track, in the order of the bytes
/// index        24 bytes a block: first user u64, offset u64, listens u16, 0 u16, CRC-32C u32
/// footer       64 bytes: date i32 (days since 1970-01-01), blocks i32, listens i64, first user u64, last user u64,
///              dictionary offset i64, index offset i64, tracks i32, CRC-32C of the dictionary u32,
///              CRC-32C of the index u32, CRC-32C of the 60 bytes before u32
/// </code>
/// </summary>
static class SliceFormat
{
    public const int BlockListens = 1024;
    public const int IndexEntryBytes = 24;
    public const int FooterBytes = 64;

    /// <summary>Users lie below 2^63, so that sums of them show when they are too large.</summary>
    public const ulong MaxUser = long.MaxValue;

    public static ReadOnlySpan<byte> Magic => "DBSLICE2"u8;

    /// <summary>How many bits the numbers of so many tracks need.</summary>
    public static int TrackBits(int tracks) => tracks <= 1 ? 0 : BitOperations.Log2((uint)tracks - 1) + 1;

    /// <summary>CRC-32C (Castagnoli): one instruction for eight bytes on the machines this runs on.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="before">The sum of what stands before them.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static uint Crc32C(ReadOnlySpan<byte> bytes, uint before = 0)
    {
        var crc = ~before;
        foreach (var word in MemoryMarshal.Cast<byte, ulong>(bytes))
        {
            crc = BitOperations.Crc32C(
                crc,
                BitConverter.IsLittleEndian ? word : BinaryPrimitives.ReverseEndianness(word)
            );
        }

        foreach (var last in bytes[(bytes.Length & ~7)..])
        {
            crc = BitOperations.Crc32C(crc, last);
        }

        return ~crc;
    }
}
