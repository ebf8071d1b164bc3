using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Downbeat.Engine.Scan;

/// <content>Four vectors of 16 bytes a word, on any machine that has such vectors.</content>
public static partial class Delimiters
{
    struct Vector128Kinds : IKernel
    {
        uint quotes; // Not 0 when there were some. Vectors of them would live in memory, which costs half as much again.
        uint returns;
        uint nonAscii;

        public readonly DelimiterKinds Kinds
        {
            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            get =>
                (quotes == 0 ? DelimiterKinds.None : DelimiterKinds.Quotes)
                | (returns == 0 ? DelimiterKinds.None : DelimiterKinds.CarriageReturns)
                | (nonAscii == 0 ? DelimiterKinds.None : DelimiterKinds.NonAscii);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Look(ref byte first, out ulong commas, out ulong lineFeeds)
        {
            var (a, b, c, d) = Load(ref first);
            var comma = Vector128.Create((byte)',');
            var lineFeed = Vector128.Create((byte)'\n');
            commas = Mask(
                Vector128.Equals(a, comma),
                Vector128.Equals(b, comma),
                Vector128.Equals(c, comma),
                Vector128.Equals(d, comma)
            );
            lineFeeds = Mask(
                Vector128.Equals(a, lineFeed),
                Vector128.Equals(b, lineFeed),
                Vector128.Equals(c, lineFeed),
                Vector128.Equals(d, lineFeed)
            );
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public int Put(ref byte first, ref int places, int at)
        {
            var (a, b, c, d) = Load(ref first);
            return Delimiters.Put(Mask(Cuts(a), Cuts(b), Cuts(c), Cuts(d)), ref places, at);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        (Vector128<byte> A, Vector128<byte> B, Vector128<byte> C, Vector128<byte> D) Load(ref byte first)
        {
            var a = Vector128.LoadUnsafe(ref first);
            var b = Vector128.LoadUnsafe(ref first, 16);
            var c = Vector128.LoadUnsafe(ref first, 32);
            var d = Vector128.LoadUnsafe(ref first, 48);
            quotes |= Any(a, b, c, d, Vector128.Create((byte)'"'));
            returns |= Any(a, b, c, d, Vector128.Create((byte)'\r'));
            nonAscii |= (a | b | c | d).ExtractMostSignificantBits();
            return (a, b, c, d);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static Vector128<byte> Cuts(Vector128<byte> bytes) =>
            Vector128.Equals(bytes, Vector128.Create((byte)','))
            | Vector128.Equals(bytes, Vector128.Create((byte)'\n'));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static uint Any(
            Vector128<byte> a,
            Vector128<byte> b,
            Vector128<byte> c,
            Vector128<byte> d,
            Vector128<byte> wanted
        ) =>
            (
                (Vector128.Equals(a, wanted) | Vector128.Equals(b, wanted))
                | (Vector128.Equals(c, wanted) | Vector128.Equals(d, wanted))
            ).ExtractMostSignificantBits();

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static ulong Mask(Vector128<byte> a, Vector128<byte> b, Vector128<byte> c, Vector128<byte> d) =>
            a.ExtractMostSignificantBits()
            | (b.ExtractMostSignificantBits() << 16)
            | ((ulong)(c.ExtractMostSignificantBits() | (d.ExtractMostSignificantBits() << 16)) << 32);
    }
}
