using System.Globalization;
using System.Numerics;
using Downbeat.Connectors.DynamoDb;
using Downbeat.Engine.Kpis;
using Downbeat.Testing;

namespace Downbeat.Connectors.Tests.DynamoDb;

public sealed class SixPlacesTests
{
    [Theory]
    [InlineData(1, 2_000_000, "0.000001")] // Half away from zero.
    [InlineData(1, 2_000_001, "0")]
    [InlineData(3, 2_000_000, "0.000002")]
    [InlineData(2, 3, "0.666667")]
    [InlineData(7_391_630, 1000, "7391.63")]
    [InlineData(long.MaxValue, 1, "9223372036854775807")]
    [InlineData(0, 5, "0")]
    [InlineData(999_999_999, 1_000_000_000, "1")]
    public void AQuotientOfIntegersIsRoundedOnce(long numerator, long denominator, string expected) =>
        Assert.Equal(expected, SixPlaces.Of(numerator, denominator));

    [Theory]
    [InlineData(0.0000005, "0.000001")]
    [InlineData(0.0000004999, "0")]
    [InlineData(1.0000015, "1.000002")]
    [InlineData(2.5, "2.5")]
    [InlineData(0.9999996, "1")]
    [InlineData(1e-9, "0")]
    [InlineData(123456789012.34567, "123456789012.34567")]
    [InlineData(1e22, "10000000000000000000000")]
    public void ADoubleIsRoundedByItsShortestDigits(double quotient, string expected) =>
        Assert.Equal(expected, SixPlaces.Of(quotient));

    [Fact]
    public void TheIntegersAndTheNearestDoubleGiveTheSameButForWhatTheDoubleLost() =>
        RandomRounds.Run(
            20,
            random =>
            {
                for (var one = 0; one < 2000; one++)
                {
                    var (numerator, denominator) = (random.NextInt64(1L << 40), random.NextInt64(1, 1L << 20));
                    var exact = decimal.Parse(SixPlaces.Of(numerator, denominator), CultureInfo.InvariantCulture);
                    var millionths = new BigInteger(exact * 1_000_000);
                    var twice = 2 * 1_000_000 * (BigInteger)numerator;
                    Assert.True(
                        ((2 * millionths) - 1) * denominator <= twice && twice < ((2 * millionths) + 1) * denominator
                    );
                    var rounded = decimal.Parse(
                        SixPlaces.Of(Quotients.Nearest(numerator, denominator)),
                        CultureInfo.InvariantCulture
                    );
                    var lost = 0.000_001m + (exact * 0.000_000_000_000_000_23m); // The last of 53 bits.
                    Assert.InRange(rounded - exact, -lost, lost);
                }
            }
        );
}
