using Downbeat.Engine.Slices;

namespace Downbeat.Pipeline.Tests.Landing;

/// <summary>A file that lies in memory.</summary>
sealed class MemoryBytes(byte[] bytes) : IByteSource
{
    public string Name => "a file in memory";

    public long Length => bytes.Length;

    public void Read(long offset, Span<byte> destination)
    {
        if (offset + destination.Length > bytes.Length)
        {
            throw new EndOfStreamException($"It ended at byte {offset}.");
        }

        bytes.AsSpan((int)offset, destination.Length).CopyTo(destination);
    }
}
