using Downbeat.Engine.Slices;

namespace Downbeat.Engine.Tests;

/// <summary>A file that lies in memory.</summary>
sealed class ByteArraySource(byte[] bytes, string name = "the slice under test") : IByteSource
{
    public string Name => name;

    public long Length => bytes.Length;

    public void Read(long offset, Span<byte> destination)
    {
        if (offset < 0 || offset + destination.Length > bytes.Length)
        {
            throw new EndOfStreamException();
        }

        bytes.AsSpan((int)offset, destination.Length).CopyTo(destination);
    }
}
