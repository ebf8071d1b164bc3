using Downbeat.Engine.Slices;

namespace Downbeat.Pipeline.Landing;

/// <summary>A range of an object's bytes, front to back.</summary>
/// <param name="bytes">The object.</param>
/// <param name="from">The first byte.</param>
/// <param name="to">The byte behind the last.</param>
sealed class RangeStream(IByteSource bytes, long from, long to) : ForwardStream
{
    long position = from;

    public override int Read(Span<byte> buffer)
    {
        buffer = buffer[..(int)Math.Min(buffer.Length, to - position)];
        if (buffer.IsEmpty)
        {
            return 0; // Reading nothing would open the file all the same.
        }

        bytes.Read(position, buffer);
        position += buffer.Length;
        return buffer.Length;
    }
}
