using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Downbeat.Engine.Slices;

/// <summary>
/// The bytes of a slice, little-endian throughout:
/// <code>
/// magic        8 bytes "DBSLICE1"
/// blocks       each up to 1,024 listens, sorted; its first listen stands alone, so a block is read without the one before:
///                user - user before   LEB128   (the first: user)
///                second - before      LEB128   when the user is the one before, else second
///                track                LEB128   the number in the dictionary
///              and behind them, where any listen of the block has flags: 2 bits a listen, lowest first
/// dictionary   length i32 and id, for every track, in the order of the bytes
/// index        24 bytes a block: first user u64, offset u64, listens u16, flags u8 (1: has flags), 0 u8, CRC-32C u32
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

    /// <summary>No listen takes more: 10 + 3 + 4 bytes of LEB128, and 2 bits of flags.</summary>
    public const int MaxBlockBytes = (BlockListens * 17) + (BlockListens / 4);

    public static ReadOnlySpan<byte> Magic => "DBSLICE1"u8;

    /// <summary>CRC-32C (Castagnoli): one instruction for eight bytes on the machines this runs on.</summary>
    public static uint Crc32C(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
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
