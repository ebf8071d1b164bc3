using Downbeat.Engine.Slices;
using Microsoft.Win32.SafeHandles;

namespace Downbeat.Pipeline.Landing;

/// <summary>
/// A local file's bytes in any order. The file is opened for each read: readers ask for large blocks, and a date may
/// have more slices than a process may have open files.
/// </summary>
/// <param name="name">What to call it in messages.</param>
/// <param name="file">The file.</param>
/// <param name="open">Opens it; null for what this process has made.</param>
public sealed class FileBytes(string name, string file, Func<SafeFileHandle>? open = null) : IByteSource
{
    /// <inheritdoc/>
    public string Name { get; } = name;

    /// <inheritdoc/>
    public long Length { get; } = new FileInfo(file).Length;

    /// <inheritdoc/>
    public void Read(long offset, Span<byte> destination)
    {
        using var handle =
            open?.Invoke() ?? File.OpenHandle(file, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
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
