using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Downbeat.Engine.Scan;

/// <content>One vector of 64 bytes a word; places come from compressing the numbers 0 to 63, where the machine can.</content>
public static partial class Delimiters
{
    struct Avx512Kinds : IKernel
    {
        ulong quotes; // Where some were, in any word.
        ulong returns;
        ulong nonAscii;

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
            var bytes = Load(ref first);
            commas = Vector512.Equals(bytes, Vector512.Create((byte)',')).ExtractMostSignificantBits();
            lineFeeds = Vector512.Equals(bytes, Vector512.Create((byte)'\n')).ExtractMostSignificantBits();
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public int Put(ref byte first, ref int places, int at)
        {
            var bytes = Load(ref first);
            var cuts =
                Vector512.Equals(bytes, Vector512.Create((byte)','))
                | Vector512.Equals(bytes, Vector512.Create((byte)'\n'));
            var found = cuts.ExtractMostSignificantBits();
            if (!Avx512Vbmi2.IsSupported)
            {
                return Delimiters.Put(found, ref places, at);
            }

            var count = BitOperations.PopCount(found);
            var numbers = Avx512Vbmi2.Compress(Vector512<byte>.Zero, cuts, Vector512<byte>.Indices);
            Store(numbers.GetLower().GetLower(), ref places, at);
            if (count > 16)
            {
                Store(numbers.GetLower().GetUpper(), ref Unsafe.Add(ref places, 16), at);
                Store(numbers.GetUpper().GetLower(), ref Unsafe.Add(ref places, 32), at);
                Store(numbers.GetUpper().GetUpper(), ref Unsafe.Add(ref places, 48), at);
            }

            return count;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static void Store(Vector128<byte> numbers, ref int places, int at) =>
            (Avx512F.ConvertToVector512Int32(numbers) + Vector512.Create(at)).StoreUnsafe(ref places);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        Vector512<byte> Load(ref byte first)
        {
            var bytes = Vector512.LoadUnsafe(ref first);
            quotes |= Vector512.Equals(bytes, Vector512.Create((byte)'"')).ExtractMostSignificantBits();
            returns |= Vector512.Equals(bytes, Vector512.Create((byte)'\r')).ExtractMostSignificantBits();
            nonAscii |= bytes.ExtractMostSignificantBits();
            return bytes;
        }
    }
}
