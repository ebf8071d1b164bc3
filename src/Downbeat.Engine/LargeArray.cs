using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Downbeat.Engine;

/// <summary>
/// Makes arrays that are read and written all over: tables and sort buffers. Linux is asked for pages of 2 MiB for
/// them, because looking up where a page of 4 KiB lies costs more than what is done there; it may decline.
/// </summary>
static unsafe partial class LargeArray
{
    const int HugePageBytes = 2 << 20;
    const int WantHugePages = 14; // MADV_HUGEPAGE

    /// <summary>Makes an array; the values in it are anything.</summary>
    public static T[] Make<T>(int length)
        where T : unmanaged
    {
        // Pinned, so that the collector neither moves nor copies it.
        var array = GC.AllocateUninitializedArray<T>(length, pinned: true);
        var first = (nint)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(array));
        var from = (first + HugePageBytes - 1) & -HugePageBytes;
        var to = (first + ((nint)length * sizeof(T))) & -HugePageBytes;
        if (OperatingSystem.IsLinux() && to > from)
        {
            _ = Advise(from, to - from, WantHugePages);
        }

        return array;
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(nint start, nint length, int advice);
}
