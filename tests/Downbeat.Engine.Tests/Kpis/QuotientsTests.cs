using System.Globalization;
using System.Numerics;
using Downbeat.Engine.Kpis;

namespace Downbeat.Engine.Tests.Kpis;

public sealed class QuotientsTests
{
    static readonly Int128[] Extremes =
    [
        1,
        2,
        3,
        7,
        10,
        1000,
        long.MaxValue,
        ulong.MaxValue,
        (Int128)1 << 64,
        (Int128)1 << 126,
        Int128.MaxValue,
        Int128.MaxValue - 1,
        (1L << 53) - 1,
        1L << 53,
        (1L << 53) + 1,
        (1L << 53) + 2,
        (1L << 54) - 1,
        1L << 54,
        (1L << 54) + 1,
        ((Int128)1 << 106) + 1,
    ];

    [Fact]
    public void TheDoubleIsTheNearestOfExtremeQuotients()
    {
        foreach (var numerator in Extremes)
        {
            foreach (var denominator in Extremes)
            {
                AssertNearest(numerator, denominator);
            }
        }
    }

    [Fact]
    public void AProductBelowGivesTheSameWithoutBeingMadeFirst() =>
        RandomRounds.Run(
            20_000,
            random =>
            {
                var (numerator, denominator) = (
                    random.NextInt64() >> random.Next(63),
                    1 + (random.NextInt64() >> random.Next(1, 63))
                );
                foreach (var times in (int[])[1, 3, 1000, int.MaxValue])
                {
                    Assert.Equal(
                        Quotients.Nearest((Int128)numerator, (Int128)denominator * times),
                        Quotients.Nearest(numerator, denominator, times)
                    );
                }
            }
        );

    [Fact]
    public void TheDoubleIsTheNearestOfRandomQuotients() =>
        RandomRounds.Run(20_000, random => AssertNearest(RandomInteger(random), RandomInteger(random)));

    [Fact]
    public void HalfwayBetweenTwoDoublesTheEvenOneIsTaken() =>
        RandomRounds.Run(
            5000,
            random =>
            {
                // An odd number of 54 bits lies halfway between two doubles; so does its product over what it was multiplied by.
                var halfway = (Int128)((1L << 53) | random.NextInt64(1L << 53) | 1);
                var factor = (Int128)(1 + random.NextInt64(1L << random.Next(1, 60)));
                foreach (var off in (int[])[-1, 0, 1])
                {
                    AssertNearest((halfway * factor) + off, factor);
                    AssertNearest((halfway * factor) + off, factor * 1024);
                }
            }
        );

    [Theory]
    [InlineData(0, 7, 0.0)]
    [InlineData(1, 3, 1 / 3.0)]
    [InlineData(7, 7, 1.0)]
    [InlineData(9007199254740993, 1, 9007199254740992.0)]
    [InlineData(9007199254740995, 1, 9007199254740996.0)]
    public void SomeQuotients(long numerator, long denominator, double quotient) =>
        Assert.Equal(quotient, Quotients.Nearest(numerator, denominator));

    [Fact]
    public void DividingOnceIsNotDividingTwice()
    {
        // What ms / 1000.0 / n gives differs in the last bit.
        var differing = Enumerable.Range(1, 10_000).Count(ms => ms / 1000.0 / 7 != Quotients.Nearest(ms, 7000));
        Assert.InRange(differing, 1, 9999);
        Assert.All(Enumerable.Range(1, 10_000), ms => Assert.Equal(ms / 7000.0, Quotients.Nearest(ms, 7000)));
    }

    [Theory]
    [InlineData(0, "0")]
    [InlineData(2, "2")]
    [InlineData(0.5, "0.5")]
    [InlineData(1 / 3.0, "0.3333333333333333")]
    [InlineData(0.1 + 0.2, "0.30000000000000004")]
    [InlineData(100, "100")]
    [InlineData(1e-5, "0.00001")]
    [InlineData(1.25e-7, "0.000000125")]
    [InlineData(123456789012345680, "123456789012345680")]
    [InlineData(1e15, "1000000000000000")]
    [InlineData(1e22, "10000000000000000000000")]
    [InlineData(1234567890123456.8, "1234567890123456.8")]
    [InlineData(9007199254740992, "9007199254740992")]
    [InlineData(-1.5e-9, "-0.0000000015")]
    [InlineData(-2e20, "-200000000000000000000")]
    public void TextIsPlain(double value, string text) => Assert.Equal(text, Quotients.Text(value));

    [Fact]
    public void TheTextOfTheSmallestDoubleIsPlainToo() =>
        Assert.Equal($"0.{new string('0', 323)}5", Quotients.Text(double.Epsilon));

    [Fact]
    public void TextReadsBackAsTheSameDouble() =>
        RandomRounds.Run(
            20_000,
            random =>
            {
                var value = RandomDouble(random);
                var text = Quotients.Text(value);
                Assert.Equal(
                    BitConverter.DoubleToInt64Bits(value),
                    BitConverter.DoubleToInt64Bits(double.Parse(text, CultureInfo.InvariantCulture))
                );
                Assert.Matches(@"^-?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?$", text);

                // No shorter digits read back: those of "R" are the shortest there are.
                var digits = text.Replace(".", "", StringComparison.Ordinal).Trim('-').Trim('0');
                var shortest = value.ToString("E16", CultureInfo.InvariantCulture);
                for (var places = 0; places <= 16; places++)
                {
                    shortest = value.ToString($"E{places}", CultureInfo.InvariantCulture);
                    if (double.Parse(shortest, CultureInfo.InvariantCulture) == value)
                    {
                        break;
                    }
                }

                Assert.Equal(
                    shortest[..shortest.IndexOf('E', StringComparison.Ordinal)]
                        .Replace(".", "", StringComparison.Ordinal)
                        .Trim('-')
                        .Trim('0')
                        .Length,
                    digits.Length
                );
            }
        );

    /// <summary>Of all doubles none is nearer to the quotient, and of two as near it is the even one: by exact fractions.</summary>
    static void AssertNearest(Int128 numerator, Int128 denominator)
    {
        var found = Quotients.Nearest(numerator, denominator);
        var distance = Distance(found, numerator, denominator);
        foreach (var neighbour in (double[])[Math.BitDecrement(found), Math.BitIncrement(found)])
        {
            // Distances have denominators that differ by powers of two only, and come scaled to one.
            var order = distance.CompareTo(Distance(neighbour, numerator, denominator));
            var isEven = (BitConverter.DoubleToInt64Bits(found) & 1) == 0;
            Assert.True(
                order < 0 || (order == 0 && isEven),
                $"{numerator} / {denominator} is not {found:R}: {neighbour:R} is nearer."
            );
        }
    }

    /// <summary>|value - numerator / denominator|, times denominator and 2^1100.</summary>
    static BigInteger Distance(double value, Int128 numerator, Int128 denominator)
    {
        const int Scale = 1100;
        var bits = BitConverter.DoubleToInt64Bits(value);
        var exponent = (int)((bits >> 52) & 0x7FF);
        BigInteger mantissa = (bits & ((1L << 52) - 1)) | (exponent > 0 ? 1L << 52 : 0);
        var scaled = mantissa << (Math.Max(exponent, 1) - 1075 + Scale);
        return BigInteger.Abs((scaled * denominator) - ((BigInteger)numerator << Scale));
    }

    static Int128 RandomInteger(Random random)
    {
        var bits = new Int128((ulong)random.NextInt64(), (ulong)random.NextInt64(long.MinValue, long.MaxValue));
        var any = bits >> random.Next(127);
        return random.Next(4) == 0 ? Extremes[random.Next(Extremes.Length)] : any + (any == 0 ? 1 : 0);
    }

    /// <summary>Any finite double; mostly of the sizes that occur.</summary>
    static double RandomDouble(Random random)
    {
        var value = random.Next(4) switch
        {
            0 => BitConverter.Int64BitsToDouble(random.NextInt64(long.MinValue, long.MaxValue)),
            1 => random.NextInt64(1L << random.Next(1, 62)),
            2 => Math.Round(random.NextDouble() * Math.Pow(10, random.Next(20)), random.Next(6)),
            _ => random.NextInt64(1L << random.Next(1, 50)) / (double)(1 + random.NextInt64(1L << random.Next(1, 50))),
        };
        return double.IsFinite(value) ? value : 0;
    }
}
