using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Downbeat.Engine.Scan;

/// <summary>
/// Finds the bytes at which CSV may be cut: commas and line feeds. It does not know of quotes, and says whether there
/// are any. Every kernel says the same; the words it starts with and the room it writes to need no alignment.
/// </summary>
public static partial class Delimiters
{
    /// <summary>How many bytes a word of a mask stands for.</summary>
    const int WordBytes = 64;

    /// <summary>How many words a mask of so many bytes has.</summary>
    public static int WordCount(int bytes) => (int)(((uint)bytes + WordBytes - 1) / WordBytes);

    /// <summary>
    /// Marks commas and line feeds: bit i of word w stands for byte 64 w + i. Bits behind the last byte are 0.
    /// </summary>
    /// <param name="bytes">What to look through.</param>
    /// <param name="commas">Room for <see cref="WordCount"/> words.</param>
    /// <param name="lineFeeds">Room for as many.</param>
    /// <returns>What else occurs among the bytes.</returns>
    public static DelimiterKinds Find(ReadOnlySpan<byte> bytes, Span<ulong> commas, Span<ulong> lineFeeds) =>
        Find(bytes, commas, lineFeeds, ScanKernels.Chosen);

    /// <summary>Finds the places of commas and line feeds, ascending.</summary>
    /// <param name="bytes">What to look through.</param>
    /// <param name="positions">Room for as many places as there are bytes; what lies behind the last place found may be overwritten.</param>
    /// <param name="kinds">What else occurs among the bytes.</param>
    /// <returns>How many places were found.</returns>
    public static int Locate(ReadOnlySpan<byte> bytes, Span<int> positions, out DelimiterKinds kinds) =>
        Locate(bytes, positions, out kinds, ScanKernels.Chosen);

    /// <summary>As above, by the kernel named, which this machine must have.</summary>
    internal static DelimiterKinds Find(
        ReadOnlySpan<byte> bytes,
        Span<ulong> commas,
        Span<ulong> lineFeeds,
        ScanKernel kernel
    )
    {
        // Kernels write without looking at the length.
        var words = WordCount(bytes.Length);
        commas = commas[..words];
        lineFeeds = lineFeeds[..words];
        return kernel switch
        {
            ScanKernel.Avx512 => Find<Avx512Kinds>(bytes, commas, lineFeeds),
            ScanKernel.Avx2 => Find<Avx2Kinds>(bytes, commas, lineFeeds),
            ScanKernel.Vector128 => Find<Vector128Kinds>(bytes, commas, lineFeeds),
            _ => FindScalar(bytes, commas, lineFeeds),
        };
    }

    /// <summary>As above, by the kernel named, with places counted from another than the first byte's.</summary>
    internal static int Locate(
        ReadOnlySpan<byte> bytes,
        Span<int> positions,
        out DelimiterKinds kinds,
        ScanKernel kernel,
        int from = 0
    )
    {
        positions = positions[..bytes.Length];
        return kernel switch
        {
            ScanKernel.Avx512 => Locate<Avx512Kinds>(bytes, positions, from, out kinds),
            ScanKernel.Avx2 => Locate<Avx2Kinds>(bytes, positions, from, out kinds),
            ScanKernel.Vector128 => Locate<Vector128Kinds>(bytes, positions, from, out kinds),
            _ => LocateScalar(bytes, positions, from, out kinds),
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static DelimiterKinds Find<TKernel>(ReadOnlySpan<byte> bytes, Span<ulong> commas, Span<ulong> lineFeeds)
        where TKernel : struct, IKernel
    {
        var kernel = new TKernel();
        ref var first = ref MemoryMarshal.GetReference(bytes);
        ref var firstComma = ref MemoryMarshal.GetReference(commas);
        ref var firstLineFeed = ref MemoryMarshal.GetReference(lineFeeds);
        var word = 0;
        for (; word < bytes.Length / WordBytes; word++)
        {
            kernel.Look(
                ref Unsafe.Add(ref first, word * WordBytes),
                out Unsafe.Add(ref firstComma, word),
                out Unsafe.Add(ref firstLineFeed, word)
            );
        }

        if (bytes.Length % WordBytes != 0)
        {
            Span<byte> rest = stackalloc byte[WordBytes];
            rest.Clear();
            bytes[(word * WordBytes)..].CopyTo(rest);
            kernel.Look(ref MemoryMarshal.GetReference(rest), out commas[word], out lineFeeds[word]);
        }

        return kernel.Kinds;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static int Locate<TKernel>(ReadOnlySpan<byte> bytes, Span<int> positions, int from, out DelimiterKinds kinds)
        where TKernel : struct, IKernel
    {
        var kernel = new TKernel();
        ref var first = ref MemoryMarshal.GetReference(bytes);
        ref var places = ref MemoryMarshal.GetReference(positions);
        var count = 0;
        var at = 0;
        for (; at <= bytes.Length - WordBytes; at += WordBytes)
        {
            count += kernel.Put(ref Unsafe.Add(ref first, at), ref Unsafe.Add(ref places, count), from + at);
        }

        if (at < bytes.Length)
        {
            Span<byte> rest = stackalloc byte[WordBytes];
            rest.Clear();
            bytes[at..].CopyTo(rest);
            kernel.Look(ref MemoryMarshal.GetReference(rest), out var commas, out var lineFeeds);
            for (var found = commas | lineFeeds; found != 0; found &= found - 1)
            {
                positions[count++] = from + at + BitOperations.TrailingZeroCount(found);
            }
        }

        kinds = kernel.Kinds;
        return count;
    }

    /// <summary>Writes the places of a mask's bits, plus <paramref name="at"/>; writes over what lies behind them, up to 64 places in all.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int Put(ulong found, ref int places, int at)
    {
        // Always the same number of writes where there are few: a branch that is guessed wrong costs more than four of them.
        var count = BitOperations.PopCount(found);
        for (var put = 0; ; )
        {
            Unsafe.Add(ref places, put) = at + BitOperations.TrailingZeroCount(found);
            found &= found - 1;
            Unsafe.Add(ref places, put + 1) = at + BitOperations.TrailingZeroCount(found);
            found &= found - 1;
            Unsafe.Add(ref places, put + 2) = at + BitOperations.TrailingZeroCount(found);
            found &= found - 1;
            Unsafe.Add(ref places, put + 3) = at + BitOperations.TrailingZeroCount(found);
            found &= found - 1;
            Unsafe.Add(ref places, put + 4) = at + BitOperations.TrailingZeroCount(found);
            found &= found - 1;
            Unsafe.Add(ref places, put + 5) = at + BitOperations.TrailingZeroCount(found);
            found &= found - 1;
            Unsafe.Add(ref places, put + 6) = at + BitOperations.TrailingZeroCount(found);
            found &= found - 1;
            Unsafe.Add(ref places, put + 7) = at + BitOperations.TrailingZeroCount(found);
            found &= found - 1;
            put += 8;
            if (put >= count)
            {
                return count;
            }
        }
    }

    /// <summary>Looks at 64 bytes at a time, and remembers what else occurred.</summary>
    interface IKernel
    {
        /// <summary>What occurred in the words looked at.</summary>
        DelimiterKinds Kinds { get; }

        /// <summary>Marks the commas and line feeds of 64 bytes.</summary>
        void Look(ref byte first, out ulong commas, out ulong lineFeeds);

        /// <summary>Writes the places of the commas and line feeds of 64 bytes, counted from <paramref name="at"/>; returns how many there are.</summary>
        int Put(ref byte first, ref int places, int at);
    }
}

/// <summary>What occurs among bytes besides delimiters.</summary>
[Flags]
public enum DelimiterKinds
{
    /// <summary>Nothing of note.</summary>
    None = 0,

    /// <summary>A quote: delimiters may be part of a field.</summary>
    Quotes = 1,

    /// <summary>A byte from 0x80: the bytes are not ASCII, and need a check that they are UTF-8.</summary>
    NonAscii = 2,

    /// <summary>A carriage return: lines may end in two bytes.</summary>
    CarriageReturns = 4,
}
