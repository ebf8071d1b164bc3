using Downbeat.Engine.Listens;
using Downbeat.Engine.Scan;

namespace Downbeat.Engine.Tests.Scan;

public sealed class KeyLayoutTests
{
    const int PlaceShift = 50; // Of an entry.

    [Fact]
    public void AKeyHas64BitsAtMost()
    {
        // 63 bits of a user, 1 of a track, and at least 1 of a date.
        Assert.False(Layout(1, 1, ulong.MaxValue >> 1, ListenFlags.None, 5, 5).IsNarrow);
        Assert.True(Layout(1, 1, ulong.MaxValue >> 2, ListenFlags.None, 5, 5).IsNarrow);
        Assert.True(Layout(2, 2, ulong.MaxValue >> 2, ListenFlags.None, 5, 5).IsNarrow);
        Assert.False(Layout(3, 2, ulong.MaxValue >> 2, ListenFlags.None, 5, 5).IsNarrow);
        Assert.False(Layout(2, 3, ulong.MaxValue >> 2, ListenFlags.None, 5, 5).IsNarrow);
        Assert.False(Layout(2, 2, ulong.MaxValue >> 2, ListenFlags.None, 5, 6).IsNarrow);
        Assert.False(Layout(2, 2, ulong.MaxValue >> 2, ListenFlags.Liked, 5, 5).IsNarrow);
        Assert.False(Layout(2, 2, ulong.MaxValue >> 1, ListenFlags.None, 5, 5).IsNarrow);
    }

    [Fact]
    public void KeysOrderAsListensDoAndStandForThem() =>
        RandomRounds.Run(
            2000,
            random =>
            {
                // Of dates, users, seconds and tracks. What is too wide is made to fit just so.
                int[] bits = [random.Next(1, 15), random.Next(64), random.Next(19), random.Next(1, 29)];
                var withFlags = random.Next(2) == 0;
                var most = 64 - (withFlags ? Listen.FlagBits : 0);
                while (bits.Sum() > most)
                {
                    ref var some = ref bits[random.Next(bits.Length)];
                    some -= some > 1 ? 1 : 0;
                }

                var dates = 1 << bits[0];
                var tracks = 1 << bits[3];
                var lowest = (uint)random.Next(187_200 - Math.Min(187_199, (1 << bits[2]) - 1));
                var entries = new (int Place, Listen Listen)[random.Next(1, 300)];
                foreach (ref var entry in entries.AsSpan())
                {
                    entry = (
                        RandomUpTo(random, dates - 1),
                        new(
                            bits[1] == 0 ? 0 : RandomWord(random, bits[1]),
                            Math.Min(187_199, lowest + (uint)RandomUpTo(random, (1 << bits[2]) - 1)),
                            RandomUpTo(random, tracks - 1),
                            withFlags ? (ListenFlags)random.Next(4) : ListenFlags.None
                        )
                    );
                }

                var bounds = Bounds.None;
                foreach (var (_, listen) in entries)
                {
                    bounds = bounds.With(new(listen.User, listen.Flags, listen.Second, listen.Second));
                }

                var layout = KeyLayout.Of(dates, tracks, bounds);
                Assert.True(layout.IsNarrow);
                AssertRoundTrip(entries, layout);
            }
        );

    /// <summary>Packs over the entries themselves, as the buffer does.</summary>
    static void AssertRoundTrip((int Place, Listen Listen)[] entries, KeyLayout layout)
    {
        var memory = new Listen[entries.Length];
        for (var at = 0; at < memory.Length; at++)
        {
            var (place, listen) = entries[at];
            memory[at] = new(listen.User, listen.Rest | ((ulong)place << PlaceShift));
        }

        var keys = System.Runtime.InteropServices.MemoryMarshal.Cast<Listen, ulong>(memory.AsSpan())[..memory.Length];
        layout.Pack(memory, keys, PlaceShift);
        for (var at = 0; at < entries.Length; at++)
        {
            Assert.Equal(entries[at].Listen, layout.Unpack(keys[at]));
            Assert.Equal(entries[at].Listen.Track, layout.TrackOf(keys[at]));
            Assert.Equal((ulong)entries[at].Place, keys[at] >> layout.PlaceShift);
        }

        var expected = entries
            .OrderBy(entry => entry.Place)
            .ThenBy(entry => entry.Listen.User)
            .ThenBy(entry => entry.Listen.Rest)
            .ToList();
        ulong[] sorted = [.. keys.ToArray().Order()];
        Assert.Equal(expected.Select(entry => entry.Listen), sorted.Select(key => layout.Unpack(key)));
        for (var from = 0; from < sorted.Length; )
        {
            var count = layout.CountOfPlace(sorted.AsSpan(from));
            var place = expected[from].Place;
            Assert.Equal(expected.Skip(from).TakeWhile(entry => entry.Place == place).Count(), count);
            from += count;
        }
    }

    static KeyLayout Layout(int dates, int tracks, ulong users, ListenFlags flags, uint first, uint last) =>
        KeyLayout.Of(dates, tracks, new(users, flags, first, last));

    static int RandomUpTo(Random random, int most) =>
        random.Next(4) switch
        {
            0 => most,
            1 => 0,
            _ => (int)random.NextInt64((long)most + 1),
        };

    static ulong RandomWord(Random random, int bits) =>
        random.Next(4) == 0 ? ulong.MaxValue >> (64 - bits) : (ulong)random.NextInt64() >> (63 - bits);
}
