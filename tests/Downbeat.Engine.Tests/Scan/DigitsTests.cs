using System.Globalization;
using System.Runtime.Intrinsics;
using System.Text;
using Downbeat.Engine.Listens;
using Downbeat.Engine.Scan;

namespace Downbeat.Engine.Tests.Scan;

/// <summary>Numbers and clock times read a word at a time are what their twins read byte by byte.</summary>
public sealed class DigitsTests
{
    /// <summary>Digits, their neighbours, and bytes that carry or borrow into the next one if they are not looked at.</summary>
    static readonly byte[] Telling =
    [
        .. "0123456789/:-+ ,.eE\0"u8,
        0x01,
        0x0A,
        0x10,
        0x2F,
        0x3A,
        0x3B,
        0x3F,
        0x46,
        0x70,
        0x76,
        0x7F,
        0x80,
        0x89,
        0x8A,
        0xB0,
        0xB9,
        0xC6,
        0xCF,
        0xD0,
        0xFF,
    ];

    [Theory]
    [InlineData("0", 0L)]
    [InlineData("00000000", 0L)]
    [InlineData("99999999", 99_999_999L)]
    [InlineData("100000000", 100_000_000L)]
    [InlineData("0000000000000001", 1L)]
    [InlineData("9999999999999999", 9_999_999_999_999_999)]
    [InlineData("1234567890123456", 1_234_567_890_123_456)]
    [InlineData("", null)]
    [InlineData("12345678901234567", null)]
    public void ANumberHasOneToSixteenDigits(string text, long? expected)
    {
        Assert.Equal(expected is not null, TryParse(Encoding.UTF8.GetBytes(text), 0, out var value));
        Assert.Equal((ulong?)expected, expected is null ? null : value);
    }

    [Fact]
    public void EveryByteAtEveryPlaceIsADigitOrNone()
    {
        for (var length = 1; length <= Digits.MaxDigits; length++)
        {
            for (var place = 0; place < length; place++)
            {
                for (var value = 0; value < 256; value++)
                {
                    foreach (var other in "059"u8)
                    {
                        var text = new byte[length];
                        text.AsSpan().Fill(other);
                        text[place] = (byte)value;
                        AssertNumber(text, 0xFF);
                    }
                }
            }
        }
    }

    [Fact]
    public void NumbersAreReadAsUserIdsAre() =>
        RandomRounds.Run(
            30_000,
            random =>
            {
                var text = new byte[random.Next(1, 25)];
                var share = random.Next(3) == 0 ? 0 : Math.Pow(random.NextDouble(), 3);
                Fill(random, text, share);
                AssertNumber(text, Telling[random.Next(Telling.Length)]);
            }
        );

    [Fact]
    public void EveryByteAtEveryPlaceIsPartOfAClockTimeOrNone()
    {
        foreach (var clock in (string[])["00:00:00", "23:59:59", "09:10:08", "19:59:00"])
        {
            for (var place = 0; place < clock.Length; place++)
            {
                for (var value = 0; value < 256; value++)
                {
                    var text = Encoding.UTF8.GetBytes(clock);
                    text[place] = (byte)value;
                    AssertClock(text);
                }
            }
        }
    }

    [Fact]
    public void EverySecondOfADayIsReadAndNoOther()
    {
        for (var hour = 0; hour < 100; hour++)
        {
            for (var minute = 0; minute < 100; minute++)
            {
                for (var second = 0; second < 100; second += minute % 20 == 0 || second > 57 ? 1 : 19)
                {
                    AssertClock(
                        Encoding.UTF8.GetBytes(
                            string.Create(CultureInfo.InvariantCulture, $"{hour:d2}:{minute:d2}:{second:d2}")
                        )
                    );
                }
            }
        }
    }

    [Fact]
    public void ClockTimesAreReadAsListenTimesAre() =>
        RandomRounds.Run(
            30_000,
            random =>
            {
                var text = Encoding.UTF8.GetBytes(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{random.Next(30):d2}:{random.Next(70):d2}:{random.Next(70):d2}"
                    )
                );
                for (var times = random.Next(4); times > 0; times--)
                {
                    text[random.Next(text.Length)] = Telling[random.Next(Telling.Length)];
                }

                AssertClock(text);
            }
        );

    [Fact]
    public void ManyNumbersAreReadAsEachByItselfUpToTheFirstThatIsNone() =>
        RandomRounds.Run(
            3_000,
            random =>
            {
                var count = random.Next(1, 20);
                var digits = new ulong[2 * count];
                var expected = new List<ulong>();
                var isCut = false;
                for (var at = 0; at < count; at++)
                {
                    var bytes = new byte[40];
                    random.NextBytes(bytes);
                    var length = random.Next(1, 17);
                    var text = bytes.AsSpan(20 - length, length);
                    Fill(random, text, random.Next(8) == 0 ? 0.2 : 0);
                    Digits.Last16(ref bytes[20], text.Length).CopyTo(digits.AsSpan(2 * at));
                    isCut |= !Digits.TryParse(ref bytes[20], text.Length, out var value);
                    if (!isCut)
                    {
                        expected.Add(value);
                    }
                }

                var numbers = new ulong[count];
                var parsed = Digits.ParseMany(digits, numbers, out var seen);
                Assert.Equal(expected, numbers[..parsed]);
                Assert.Equal(expected.Aggregate(0UL, (all, one) => all | one), seen);
            }
        );

    [Fact]
    public void ManyClockTimesAreReadAsEachByItselfUpToTheFirstThatIsNone() =>
        RandomRounds.Run(
            10_000,
            random =>
            {
                var count = random.Next(1, 20);
                var clocks = new ulong[count];
                var moments = new ulong[count];
                var expected = new List<ulong>();
                var isCut = false;
                for (var at = 0; at < count; at++)
                {
                    var text = Encoding.UTF8.GetBytes(
                        string.Create(
                            CultureInfo.InvariantCulture,
                            $"{random.Next(random.Next(20) == 0 ? 30 : 24):d2}:{random.Next(60):d2}:{random.Next(60):d2}"
                        )
                    );
                    if (random.Next(15) == 0)
                    {
                        text[random.Next(text.Length)] = Telling[random.Next(Telling.Length)];
                    }

                    clocks[at] = Digits.Word(ref text[0]);
                    moments[at] = (ulong)random.NextInt64(1 << 20) << 40 | 3;
                    isCut |= !Digits.TryParseClock(clocks[at], out var second);
                    if (!isCut)
                    {
                        expected.Add(moments[at] + ((ulong)second << 32));
                    }
                }

                Assert.Equal(expected, moments[..Digits.AddClocks(clocks, moments)]);
            }
        );

    [Fact]
    public void EveryByteAtEveryPlaceOfManyIsReadAsByItself()
    {
        var clocks = new ulong[4];
        for (var place = 0; place < 8; place++)
        {
            for (var value = 0; value < 256; value++)
            {
                foreach (var clock in (string[])["00:00:00", "23:59:59", "19:00:30"])
                {
                    var text = Encoding.UTF8.GetBytes(clock);
                    clocks.AsSpan().Fill(Digits.Word(ref text[0]));
                    text[place] = (byte)value;
                    clocks[value & 3] = Digits.Word(ref text[0]);
                    var moments = new ulong[4];
                    var isTime = Digits.TryParseClock(clocks[value & 3], out var second);
                    Assert.Equal(isTime ? 4 : value & 3, Digits.AddClocks(clocks, moments));
                    Assert.True(!isTime || moments[value & 3] >> 32 == second);
                }
            }
        }
    }

    static void Fill(Random random, Span<byte> text, double share)
    {
        foreach (ref var letter in text)
        {
            letter = random.NextDouble() < share ? Telling[random.Next(Telling.Length)] : (byte)('0' + random.Next(10));
        }
    }

    static void AssertNumber(ReadOnlySpan<byte> text, byte before)
    {
        var isNumber = UserId.TryParse(text, out var expected) && text.Length <= Digits.MaxDigits;
        var shown = Convert.ToHexString(text);
        Assert.True(isNumber == TryParse(text, before, out var value), $"{shown} is taken otherwise.");
        Assert.True(!isNumber || expected.Value == value, $"{shown} is {expected.Value} and not {value}.");
    }

    /// <summary>Reads a number with other bytes before it, which are read too and must not matter.</summary>
    static bool TryParse(ReadOnlySpan<byte> text, byte before, out ulong value)
    {
        Span<byte> bytes = stackalloc byte[48];
        bytes.Fill(before);
        text.CopyTo(bytes[^(text.Length + 1)..]);
        return Digits.TryParse(ref bytes[^1], text.Length, out value);
    }

    static void AssertClock(byte[] text)
    {
        var isTime = ListenTime.TryParse([.. "1970-01-01 "u8, .. text], out var expected);
        var shown = Convert.ToHexString(text);
        Assert.True(
            isTime == Digits.TryParseClock(Digits.Word(ref text[0]), out var second),
            $"{shown} is taken otherwise."
        );
        Assert.True(!isTime || expected.LocalSecond == second, $"{shown} is {expected} and not {second}.");
    }
}
