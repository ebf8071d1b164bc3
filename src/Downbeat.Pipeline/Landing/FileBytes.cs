using Downbeat.Engine.Slices;

namespace Downbeat.Pipeline.Landing;

/// <summary>
/// A local file's bytes in any order. The file is opened for each read: readers ask for large blocks, and a date may
/// have more slices than a process may have open files.
/// </summary>
/// <param name="name">What to call it in messages.</param>
/// <param name="file">The file.</param>
public sealed class FileBytes(string name, string file) : IByteSource
{
    /// <inheritdoc/>
    public string Name { get; } = name;

    /// <inheritdoc/>
    public long Length { get; } = new FileInfo(file).Length;

    /// <inheritdoc/>
    public void Read(long offset, Span<byte> destination)
    {
        using var handle = File.OpenHandle(file, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
        while (!destination.IsEmpty)
        {
            var read = RandomAccess.Read(handle, destination, offset);
            if (read == 0)
            {
                throw new EndOfStreamException($"{Name} ended at byte {offset}.");
            }

            destination = destination[read..];
            offset += read;
        }
    }
}
