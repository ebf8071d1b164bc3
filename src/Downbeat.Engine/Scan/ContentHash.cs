using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;

namespace Downbeat.Engine.Scan;

/// <summary>
/// What tells the bytes of one file from those of another: a tree of <see cref="XxHash3"/>, whose blocks can be hashed by
/// different workers in any order. It is the hash of the hashes of all blocks, in their order and 16 bytes each with the
/// highest first, followed by the length of the file as 8 bytes with the lowest first.
/// </summary>
public static class ContentHash
{
    /// <summary>The size of every block but the last, which may be shorter. An empty file has no block.</summary>
    public const int BlockBytes = 1 << 20;

    const int HashBytes = 16;

    /// <summary>How many blocks so many bytes have.</summary>
    public static long BlockCount(long length) => (length + BlockBytes - 1) / BlockBytes;

    /// <summary>The hash of one block, which only the last may have less than <see cref="BlockBytes"/>.</summary>
    public static UInt128 OfBlock(ReadOnlySpan<byte> block)
    {
        Debug.Assert(block.Length is > 0 and <= BlockBytes, "Longer content has several blocks, and none has none.");
        return XxHash3.Hash(block);
    }

    /// <summary>The content hash, in hex, of a file that has these blocks.</summary>
    /// <param name="blocks">The hashes of the blocks in their order.</param>
    /// <param name="length">The length of the file in bytes.</param>
    public static string Combine(ReadOnlySpan<UInt128> blocks, long length)
    {
        if (blocks.Length != BlockCount(length))
        {
            throw new ArgumentException($"{blocks.Length} blocks are not those of {length} bytes.", nameof(blocks));
        }

        var root = new XxHash3Stream();
        Span<byte> bytes = stackalloc byte[HashBytes];
        foreach (var block in blocks)
        {
            BinaryPrimitives.WriteUInt128BigEndian(bytes, block);
            root.Append(bytes);
        }

        BinaryPrimitives.WriteInt64LittleEndian(bytes, length);
        root.Append(bytes[..sizeof(long)]);
        return root.Hash().ToString("x32", CultureInfo.InvariantCulture);
    }

    /// <summary>The content hash, in hex, of what is left in a stream.</summary>
    public static string Of(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        var hash = new Sequential();
        var buffer = ArrayPool<byte>.Shared.Rent(256 * 1024);
        try
        {
            for (int read; (read = stream.Read(buffer)) > 0; )
            {
                hash.Append(buffer.AsSpan(0, read));
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return hash.Finish();
    }

    /// <summary>The content hash of bytes that come in order, in pieces of any size; and of their first so many.</summary>
    public sealed class Sequential
    {
        readonly XxHash3Stream block = new();
        readonly List<UInt128> blocks = [];
        readonly SortedSet<long> marks;
        readonly Dictionary<long, string> prefixes = [];

        /// <summary>Begins with nothing.</summary>
        /// <param name="prefixSizes">The sizes of which <see cref="Prefix"/> will be asked.</param>
        public Sequential(params IEnumerable<long> prefixSizes)
        {
            marks = [.. prefixSizes];
            Mark();
        }

        /// <summary>How many bytes were appended.</summary>
        public long Length { get; private set; }

        /// <summary>Appends the next bytes.</summary>
        public void Append(ReadOnlySpan<byte> bytes)
        {
            while (!bytes.IsEmpty)
            {
                var fitting = (int)Math.Min(bytes.Length, BlockBytes - block.Length);
                if (marks.Count > 0)
                {
                    fitting = (int)Math.Min(fitting, marks.Min - Length);
                }

                block.Append(bytes[..fitting]);
                Length += fitting;
                bytes = bytes[fitting..];
                if (block.Length == BlockBytes)
                {
                    blocks.Add(block.Hash());
                    block.Reset();
                }

                Mark();
            }
        }

        /// <summary>The content hash of the first so many bytes, in hex, if they came and were asked for at the start.</summary>
        public string? Prefix(long size) => prefixes.GetValueOrDefault(size);

        /// <summary>The hashes of the blocks so far, that of the last one shorter if its bytes are; more may follow.</summary>
        public UInt128[] Blocks => block.Length > 0 ? [.. blocks, block.Hash()] : [.. blocks];

        /// <summary>The content hash of all bytes so far, in hex; more may follow.</summary>
        public string Finish() => Combine(Blocks, Length);

        void Mark()
        {
            while (marks.Count > 0 && marks.Min == Length)
            {
                prefixes[Length] = Finish();
                marks.Remove(Length);
            }
        }
    }
}
