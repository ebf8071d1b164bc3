using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Downbeat.Pipeline.Landing;

/// <summary>
/// Writes a new local file front to back. A large one is written past the page cache where Linux and the file system
/// can: nobody reads a slice of millions of listens while it is made, and the copy in the cache would cost more time than
/// making the slice (<c>docs/performance.md</c>). While one block is on its way to the disk, the next is filled.
/// </summary>
public sealed unsafe partial class ScratchStream : Stream
{
    const int BlockBytes = 1 << 20;
    const int Alignment = 4096; // Of memory, places and lengths, for writing past the cache.

    static readonly ConcurrentBag<byte[]> Memory = [];

    readonly string path;
    byte[] memory;
    int buffered;
    long written; // Behind that lies what is in the buffer.
    SafeFileHandle? file;
    Task<byte[]>? writing; // Gives back its memory.
    bool isClosed;
    bool hasToldFailure; // Then nothing more is written, not even at the end: who was told closes this, too.

    /// <summary>Names the file, which is made by the first write that does not fit the buffer, or at the end.</summary>
    public ScratchStream(string path)
    {
        this.path = path;
        memory = TakeMemory();
    }

    /// <summary>A name for a new file in a folder.</summary>
    public static string NewName(string folder) => Path.Combine(folder, Guid.NewGuid().ToString("N"));

    /// <inheritdoc/>
    public override bool CanRead => false;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Length => written + buffered;

    /// <inheritdoc/>
    public override long Position
    {
        get => Length;
        set => throw new NotSupportedException();
    }

    Span<byte> Buffer => Aligned(memory);

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            var taken = Math.Min(buffer.Length, BlockBytes - buffered);
            buffer[..taken].CopyTo(Buffer[buffered..]);
            buffered += taken;
            buffer = buffer[taken..];
            if (buffered == BlockBytes)
            {
                WriteBlock();
            }
        }
    }

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override void Flush() { }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing && !isClosed)
        {
            isClosed = true;
            try
            {
                if (!hasToldFailure)
                {
                    WriteEnd();
                }
            }
            finally
            {
                file?.Dispose();
                Memory.Add(memory);
            }
        }

        base.Dispose(disposing);
    }

    void WriteBlock()
    {
        try
        {
            file ??= OpenPastCache() ?? Open();
            EndWriting();
        }
        catch
        {
            hasToldFailure = true;
            throw;
        }

        WriteMeanwhile();
    }

    /// <summary>Begins to write the buffer, which is full, and goes on with another.</summary>
    void WriteMeanwhile()
    {
        var (full, offset) = (memory, written);
        writing = Task.Run(() =>
        {
            WriteAt(offset, Aligned(full));
            return full;
        });
        written += BlockBytes;
        buffered = 0;
        memory = TakeMemory();
    }

    void EndWriting()
    {
        if (writing is not null)
        {
            var ended = writing;
            writing = null;
            Memory.Add(ended.GetAwaiter().GetResult());
        }
    }

    void WriteEnd()
    {
        EndWriting();
        if (file is null)
        {
            file = Open();
            WriteAt(0, Buffer[..buffered]);
            return;
        }

        // What is written past the cache has whole pages: the last is filled up, and cut off again.
        var padded = (buffered + Alignment - 1) & -Alignment;
        Buffer[buffered..padded].Clear();
        WriteAt(written, Buffer[..padded]);
        RandomAccess.SetLength(file, Length);
        WriteBoundary.Cross(nameof(ScratchStream));
    }

    void WriteAt(long offset, ReadOnlySpan<byte> bytes)
    {
        WriteBoundary.Cross(nameof(ScratchStream));
        try
        {
            RandomAccess.Write(file!, bytes, offset);
        }
        catch (Exception error) when (FileFaults.IsKnown(error))
        {
            throw FileFaults.Explain(error, path);
        }

        WriteBoundary.Cross(nameof(ScratchStream));
    }

    /// <summary>Pinned, so that it stays aligned.</summary>
    static byte[] TakeMemory() =>
        Memory.TryTake(out var used) ? used : GC.AllocateUninitializedArray<byte>(BlockBytes + Alignment, pinned: true);

    static Span<byte> Aligned(byte[] memory)
    {
        var address = (nint)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(memory));
        return memory.AsSpan((int)(((address + Alignment - 1) & -Alignment) - address), BlockBytes);
    }

    SafeFileHandle Open()
    {
        try
        {
            return File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.None);
        }
        catch (Exception error) when (FileFaults.IsKnown(error))
        {
            throw FileFaults.Explain(error, path);
        }
    }

    /// <summary>Null where there is no such way, as on a file system in memory.</summary>
    SafeFileHandle? OpenPastCache()
    {
        const int WriteOnly = 1;
        const int Create = 0x40;
        const int Exclusive = 0x80;
        const int CloseOnExec = 0x8_0000;
        const int InvalidArgument = 22; // EINVAL: the file system knows no such way.
        int direct;
        switch (RuntimeInformation.ProcessArchitecture)
        {
            case Architecture.X64:
                direct = 0x4000; // O_DIRECT
                break;
            case Architecture.Arm64:
                direct = 0x1_0000;
                break;
            default:
                return null;
        }

        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        var descriptor = OpenFile(path, WriteOnly | Create | Exclusive | CloseOnExec | direct, 0x1A4); // rw-r--r--
        if (descriptor >= 0)
        {
            return new(descriptor, ownsHandle: true);
        }

        if (Marshal.GetLastPInvokeError() == InvalidArgument)
        {
            File.Delete(path); // Some file systems make the file before they refuse.
        }

        return null;
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenFile(string path, int flags, int mode);
}
