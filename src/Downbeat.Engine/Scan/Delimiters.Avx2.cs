using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Downbeat.Engine.Scan;

/// <content>Two vectors of 32 bytes a word.</content>
public static partial class Delimiters
{
    struct Avx2Kinds : IKernel
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
            var (low, high) = Load(ref first);
            var comma = Vector256.Create((byte)',');
            var lineFeed = Vector256.Create((byte)'\n');
            commas = Mask(Vector256.Equals(low, comma), Vector256.Equals(high, comma));
            lineFeeds = Mask(Vector256.Equals(low, lineFeed), Vector256.Equals(high, lineFeed));
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public int Put(ref byte first, ref int places, int at)
        {
            var (low, high) = Load(ref first);
            return Delimiters.Put(Mask(Cuts(low), Cuts(high)), ref places, at);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        (Vector256<byte> Low, Vector256<byte> High) Load(ref byte first)
        {
            var low = Vector256.LoadUnsafe(ref first);
            var high = Vector256.LoadUnsafe(ref first, 32);
            var quote = Vector256.Create((byte)'"');
            quotes |= (Vector256.Equals(low, quote) | Vector256.Equals(high, quote)).ExtractMostSignificantBits();
            var @return = Vector256.Create((byte)'\r');
            returns |= (Vector256.Equals(low, @return) | Vector256.Equals(high, @return)).ExtractMostSignificantBits();
            nonAscii |= (low | high).ExtractMostSignificantBits();
            return (low, high);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static Vector256<byte> Cuts(Vector256<byte> bytes) =>
            Vector256.Equals(bytes, Vector256.Create((byte)','))
            | Vector256.Equals(bytes, Vector256.Create((byte)'\n'));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static ulong Mask(Vector256<byte> low, Vector256<byte> high) =>
            low.ExtractMostSignificantBits() | ((ulong)high.ExtractMostSignificantBits() << 32);
    }
}
