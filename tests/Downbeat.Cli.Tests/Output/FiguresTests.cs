using Downbeat.Cli.Output;

namespace Downbeat.Cli.Tests.Output;

public sealed class FiguresTests
{
    [Theory]
    [InlineData(0, "0 bytes")]
    [InlineData(999, "999 bytes")]
    [InlineData(1000, "1.0 kB")]
    [InlineData(41_234_567, "41.2 MB")]
    [InlineData(123_456_789_012, "123 GB")]
    public void BytesHaveAUnit(double bytes, string text) => Assert.Equal(text, Figures.Bytes(bytes));

    [Theory]
    [InlineData(12_000_000, 2, "6.0 million rows/s")]
    [InlineData(123_456, 1, "123,000 rows/s")]
    [InlineData(50, 10, "5.0 rows/s")]
    [InlineData(50, 0, "")]
    public void RatesAreRounded(double amount, double seconds, string text) =>
        Assert.Equal(text, Figures.Rate(amount, seconds, "rows"));

    [Theory]
    [InlineData(0.25, "0.25 s")]
    [InlineData(42, "42 s")]
    [InlineData(200, "3 min 20 s")]
    public void TimesAreReadable(double seconds, string text) => Assert.Equal(text, Figures.Seconds(seconds));

    [Fact]
    public void ReasonsComeTheMostFrequentFirst() =>
        Assert.Equal(
            "b 1,000, a 2, …",
            Figures.Reasons(
                new Dictionary<string, long>
                {
                    ["a"] = 2,
                    ["b"] = 1000,
                    ["c"] = 1,
                },
                2
            )
        );
}
