using System.Buffers.Binary;
using System.IO.Compression;
using Downbeat.Engine.Scan;

namespace Downbeat.Pipeline.Landing;

/// <summary>
/// Decompresses a gzip file (RFC 1952) of one or more members to its very end. The framework's <c>GZipStream</c> takes a
/// file that was cut off for one that ended, and loses rows silently; here that is an <see cref="InvalidDataException"/>,
/// and so is anything behind a member that is no other member.
/// </summary>
/// <remarks>
/// <c>DeflateStream</c> does not say where the data that it needed ended. But what stands there is known: checksum and
/// length of what came out. So these are looked for in the last bytes that it took. It is given few bytes at a time, and of a
/// small member even fewer, so that nothing else among them can look so, but what was made on purpose.
/// </remarks>
sealed class GunzipStream(Stream compressed) : ForwardStream
{
    const int TrailerBytes = 8;

    readonly Input input = new(compressed);
    DeflateStream? member;
    uint crc;
    uint length;

    public override int Read(Span<byte> buffer)
    {
        while (true)
        {
            if (member is null)
            {
                if (input.IsAtEnd())
                {
                    return 0;
                }

                ReadHeader();
                (crc, length) = (0, 0);
                member = new(input, CompressionMode.Decompress, leaveOpen: true);
            }

            var read = Inflate(buffer);
            if (read > 0)
            {
                crc = Crc32.Add(crc, buffer[..read]);
                length += (uint)read;
                return read;
            }

            EndMember();
            member.Dispose();
            member = null;
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            member?.Dispose();
            input.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>Skips the header of a member: 10 bytes, and what its flags announce.</summary>
    void ReadHeader()
    {
        const int HasHeaderCrc = 2;
        const int HasExtra = 4;
        const int HasName = 8;
        const int HasComment = 16;
        const int Reserved = 224;
        var start = input.BytesTaken;
        input.HeaderCrc = 0;
        if (input.Take() != 0x1F || input.Take() != 0x8B)
        {
            throw new InvalidDataException(
                start == 0
                    ? "it is no gzip file: it does not begin as one."
                    : $"behind its last gzip member, from byte {start} on, stands something else."
            );
        }

        if (input.Take() != 8)
        {
            throw new InvalidDataException(
                $"its gzip member at byte {start} is compressed in a way that nobody knows."
            );
        }

        var flags = input.Take();
        if ((flags & Reserved) != 0)
        {
            throw new InvalidDataException($"its gzip member at byte {start} has flags that nobody knows.");
        }

        Skip(6); // Time, extra flags, operating system.
        if ((flags & HasExtra) != 0)
        {
            Skip(input.Take() | (input.Take() << 8));
        }

        foreach (var text in (ReadOnlySpan<int>)[HasName, HasComment])
        {
            while ((flags & text) != 0 && input.Take() != 0)
            {
                // A zero ends a text.
            }
        }

        var sum = input.HeaderCrc & 0xFFFF;
        if ((flags & HasHeaderCrc) != 0 && (input.Take() | (input.Take() << 8)) != sum)
        {
            throw new InvalidDataException($"the checksum of the header of its gzip member at byte {start} is wrong.");
        }
    }

    void Skip(int bytes)
    {
        for (var skipped = 0; skipped < bytes; skipped++)
        {
            input.Take();
        }
    }

    int Inflate(Span<byte> buffer)
    {
        try
        {
            return member!.Read(buffer);
        }
        catch (InvalidDataException)
        {
            throw input.WasAskedAtEnd
                ? CutOff()
                : new($"the compressed data of a gzip member is damaged before byte {input.BytesTaken}.");
        }
    }

    InvalidDataException CutOff() => new($"it is cut off: its {input.BytesTaken} bytes end within a gzip member.");

    void EndMember()
    {
        if (input.WasAskedAtEnd)
        {
            throw CutOff();
        }

        Span<byte> trailer = stackalloc byte[TrailerBytes];
        BinaryPrimitives.WriteUInt32LittleEndian(trailer, crc);
        BinaryPrimitives.WriteUInt32LittleEndian(trailer[4..], length);
        if (!input.TryGoBehind(trailer))
        {
            throw new InvalidDataException(
                $"the checksum of what came out of the gzip member that ends near byte {input.BytesTaken} is wrong, or the file is cut off there."
            );
        }
    }

    /// <summary>Hands the compressed bytes on in pieces, and keeps the last of them at hand.</summary>
    sealed class Input(Stream compressed) : ForwardStream
    {
        const int FirstPieceBytes = 8;
        const int PieceBytes = 1024; // Half of it takes longer.

        readonly byte[] bytes = new byte[64 * 1024];
        int handedOn; // Bytes of this member's data, as far as it matters.
        int start; // Of the bytes handed on last.
        int next; // The first byte not handed on.
        int end;
        long before; // Bytes of the file before those at hand.

        /// <summary>How many bytes of the file were handed on.</summary>
        public long BytesTaken => before + next;

        /// <summary>Whether more compressed bytes were asked for than there are: what was to be decompressed has no end.</summary>
        public bool WasAskedAtEnd { get; private set; }

        /// <summary>Of all bytes taken since it was set to 0.</summary>
        public uint HeaderCrc { get; set; }

        public bool IsAtEnd() => next == end && !Fill();

        public int Take()
        {
            if (IsAtEnd())
            {
                throw new InvalidDataException(
                    $"it is cut off: its {BytesTaken} bytes end within the header of a gzip member."
                );
            }

            HeaderCrc = Crc32.Add(HeaderCrc, bytes.AsSpan(next, 1));
            start = next + 1; // A header may be longer than all bytes at hand.
            return bytes[next++];
        }

        /// <summary>Goes behind a trailer that begins among the bytes handed on last, or just behind them.</summary>
        public bool TryGoBehind(ReadOnlySpan<byte> trailer)
        {
            while (end - next < trailer.Length && Fill())
            {
                // As many bytes as there may be of it.
            }

            var last = Math.Min(end, next + trailer.Length);
            var at = bytes.AsSpan(start, last - start).IndexOf(trailer);
            if (at < 0)
            {
                return false;
            }

            var found = start + at + trailer.Length;
            while (found < last && bytes[found] == 0 && !trailer.ContainsAnyExcept((byte)0))
            {
                found++; // The data of a member without content ends in zeros, too.
            }

            start = next = found;
            handedOn = 0;
            return true;
        }

        public override int Read(Span<byte> buffer)
        {
            if (IsAtEnd())
            {
                WasAskedAtEnd = true;
                return 0;
            }

            var piece = Math.Clamp(handedOn / 2, FirstPieceBytes, PieceBytes);
            var length = Math.Min(Math.Min(buffer.Length, piece), end - next);
            handedOn = Math.Min(handedOn + length, 2 * PieceBytes);
            bytes.AsSpan(next, length).CopyTo(buffer);
            start = next;
            next += length;
            return length;
        }

        /// <summary>Reads more behind the bytes handed on last.</summary>
        bool Fill()
        {
            bytes.AsSpan(start, end - start).CopyTo(bytes);
            before += start;
            (next, end, start) = (next - start, end - start, 0);
            var read = compressed.Read(bytes.AsSpan(end));
            end += read;
            return read > 0;
        }
    }
}
