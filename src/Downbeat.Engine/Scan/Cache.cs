using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Downbeat.Engine.Scan;

/// <summary>Asks the processor to bring memory near before it is needed.</summary>
static unsafe class Cache
{
    /// <summary>
    /// Begins to fetch the line of memory in which a value lies; does nothing where the runtime offers no such instruction. Should
    /// the collector move the value meanwhile, the wrong line is fetched, and nothing else goes wrong.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch<T>(ref T value)
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch0(Unsafe.AsPointer(ref value));
        }
    }

    /// <summary>How many bytes behind a value, which is pinned, the next line of so many bytes begins.</summary>
    public static nint BytesToLine<T>(ref T value, int lineBytes) =>
        -(nint)Unsafe.AsPointer(ref value) & (lineBytes - 1);
}
