using System.IO.Compression;

namespace Downbeat.Testing.Oracle;

/// <summary>
/// Decompresses RFC 1952: one or more members, one after the other, to the very end of the file. GZipStream is not
/// used because it takes what follows a member and is none for the end of the file, and so loses rows silently.
/// </summary>
static class Gunzip
{
    const uint HeaderCrcFlag = 0x02,
        ExtraFlag = 0x04,
        NameFlag = 0x08,
        CommentFlag = 0x10,
        ReservedFlags = 0xE0;

    /// <summary>Returns the content, or null when the file is no sound gzip from end to end.</summary>
    /// <param name="bytes">The file.</param>
    /// <param name="mostSkipped">
    /// So many bytes may stand between a member's data and its checksum and length; if any may, then these may also begin
    /// with the last bytes of the data, as they do where a byte between them was lost.
    /// </param>
    public static byte[]? TryDecompress(byte[] bytes, int mostSkipped = 0)
    {
        using var input = new OneByteStream(bytes);
        using var output = new MemoryStream();
        try
        {
            while (input.Position < bytes.Length)
            {
                SkipHeader(input, bytes);
                output.Write(ReadContent(input, mostSkipped));
            }

            return output.ToArray();
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    static void SkipHeader(OneByteStream input, byte[] bytes)
    {
        var start = (int)input.Position;
        Check(ReadNumber(input, byteCount: 2) == 0x8B1F, "magic number");
        Check(ReadNumber(input, byteCount: 1) == 8, "method");
        var flags = ReadNumber(input, byteCount: 1);
        Check((flags & ReservedFlags) == 0, "flag");
        ReadNumber(input, byteCount: 4); // Time.
        ReadNumber(input, byteCount: 2); // Extra flags, operating system.

        if ((flags & ExtraFlag) != 0)
        {
            for (var left = ReadNumber(input, byteCount: 2); left > 0; left--)
            {
                ReadNumber(input, byteCount: 1);
            }
        }

        if ((flags & NameFlag) != 0)
        {
            SkipText(input);
        }

        if ((flags & CommentFlag) != 0)
        {
            SkipText(input);
        }

        if ((flags & HeaderCrcFlag) != 0)
        {
            var crc = Crc32(bytes[start..(int)input.Position]);
            Check(ReadNumber(input, byteCount: 2) == (crc & 0xFFFF), "header checksum");
        }
    }

    static byte[] ReadContent(OneByteStream input, int mostSkipped)
    {
        var dataStart = input.Position;
        using var content = new MemoryStream();
        var buffer = new byte[1 << 16];
        using (var deflate = new DeflateStream(input, CompressionMode.Decompress, leaveOpen: true))
        {
            // CopyTo would take the whole input at once, members that follow included.
            for (var read = -1; read != 0; )
            {
                read = deflate.Read(buffer);
                content.Write(buffer.AsSpan(0, read));
            }
        }

        var bytes = content.ToArray();
        byte[] trailer = [.. BitConverter.GetBytes(Crc32(bytes)), .. BitConverter.GetBytes(bytes.Length)];
        var shared = mostSkipped == 0 ? 0 : (int)Math.Min(trailer.Length, input.Position - dataStart);
        var rest = new byte[shared + mostSkipped + trailer.Length];
        input.Position -= shared;
        var start = input.Position;
        var restLength = input.ReadAtLeast(rest, rest.Length, throwOnEndOfStream: false);
        input.Position = start + Math.Max(0, rest.AsSpan(0, restLength).IndexOf(trailer));
        Check(ReadNumber(input, byteCount: 4) == Crc32(bytes), "checksum");
        Check(ReadNumber(input, byteCount: 4) == (uint)bytes.Length, "length");
        return bytes;
    }

    static void SkipText(OneByteStream input)
    {
        while (ReadNumber(input, byteCount: 1) != 0)
        {
            // A zero byte ends a text.
        }
    }

    /// <summary>Reads a number, least significant byte first.</summary>
    static uint ReadNumber(OneByteStream input, int byteCount)
    {
        uint number = 0;
        for (var i = 0; i < byteCount; i++)
        {
            var read = input.ReadByte();
            Check(read >= 0, "end: it comes too early");
            number |= (uint)read << (8 * i);
        }

        return number;
    }

    static uint Crc32(byte[] bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ ((crc & 1) * 0xEDB88320);
            }
        }

        return ~crc;
    }

    static void Check(bool holds, string what)
    {
        if (!holds)
        {
            throw new InvalidDataException($"A gzip member has a wrong {what}.");
        }
    }

    /// <summary>Hands out one byte at a time, so that DeflateStream stops right behind the last one it needs.</summary>
    sealed class OneByteStream(byte[] bytes) : MemoryStream(bytes, writable: false)
    {
        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(count, 1));

        public override int Read(Span<byte> buffer) => base.Read(buffer[..Math.Min(buffer.Length, 1)]);
    }
}
