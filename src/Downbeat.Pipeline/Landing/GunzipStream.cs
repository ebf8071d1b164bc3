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
/// length of what came out. So these are looked for in the last bytes that it took.
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

            var read = member.Read(buffer);
            if (read > 0)
            {
                crc = Crc32.Add(crc, buffer[..read]);
                length += (uint)read;
                return read;
            }

            member.Dispose();
            member = null;
            EndMember();
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
        if (input.Take() != 0x1F || input.Take() != 0x8B || input.Take() != 8)
        {
            throw new InvalidDataException("what stands there is no gzip member.");
        }

        var flags = input.Take();
        if ((flags & Reserved) != 0)
        {
            throw new InvalidDataException("a gzip member has flags that nobody knows.");
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

        Skip((flags & HasHeaderCrc) != 0 ? 2 : 0);
    }

    void Skip(int bytes)
    {
        for (var skipped = 0; skipped < bytes; skipped++)
        {
            input.Take();
        }
    }

    void EndMember()
    {
        Span<byte> trailer = stackalloc byte[TrailerBytes];
        BinaryPrimitives.WriteUInt32LittleEndian(trailer, crc);
        BinaryPrimitives.WriteUInt32LittleEndian(trailer[4..], length);
        if (!input.TryGoBehind(trailer))
        {
            throw new InvalidDataException("it is cut off, or its checksum is wrong.");
        }
    }

    /// <summary>Hands the compressed bytes on in pieces, and keeps the last of them at hand.</summary>
    sealed class Input(Stream compressed) : ForwardStream
    {
        const int PieceBytes = 16 * 1024;

        readonly byte[] bytes = new byte[4 * PieceBytes];
        int start; // Of the bytes handed on last.
        int next; // The first byte not handed on.
        int end;

        public bool IsAtEnd() => next == end && !Fill();

        public int Take() =>
            IsAtEnd()
                ? throw new InvalidDataException("it is cut off within the header of a gzip member.")
                : bytes[next++];

        /// <summary>Goes behind a trailer among the bytes handed on last, or just behind them.</summary>
        public bool TryGoBehind(ReadOnlySpan<byte> trailer)
        {
            // Behind the right trailer comes the end or another member; a trailer of zeros is found too early otherwise.
            while (end - next < trailer.Length + 1 && Fill())
            {
                // As many bytes as there may be of it.
            }

            for (var from = start; ; from++)
            {
                var at = bytes.AsSpan(from, end - from).IndexOf(trailer);
                if (at < 0)
                {
                    return false;
                }

                from += at;
                var behind = from + trailer.Length;
                if (behind == end || bytes[behind] == 0x1F)
                {
                    start = next = behind;
                    return true;
                }
            }
        }

        public override int Read(Span<byte> buffer)
        {
            if (IsAtEnd())
            {
                return 0;
            }

            var length = Math.Min(Math.Min(buffer.Length, PieceBytes), end - next);
            bytes.AsSpan(next, length).CopyTo(buffer);
            start = next;
            next += length;
            return length;
        }

        /// <summary>Reads more behind the bytes handed on last.</summary>
        bool Fill()
        {
            bytes.AsSpan(start, end - start).CopyTo(bytes);
            (next, end, start) = (next - start, end - start, 0);
            var read = compressed.Read(bytes.AsSpan(end));
            end += read;
            return read > 0;
        }
    }
}
