using System.Globalization;
using System.Text;
using Downbeat.Engine.Listens;

namespace Downbeat.Engine.Tests.Listens;

public sealed class UserIdTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("7", 7)]
    [InlineData("000", 0)]
    [InlineData("0042", 42)]
    [InlineData("999999999999999999", 999_999_999_999_999_999)]
    [InlineData("1000000000000000000", 1_000_000_000_000_000_000)]
    [InlineData("9223372036854775807", long.MaxValue)]
    [InlineData("0009223372036854775807", long.MaxValue)]
    [InlineData("00000000000000000000000000000000000000000000000000000000000000000000000000000005", 5)]
    [InlineData("00000000000000000000", 0)]
    public void DigitsAreANumber(string text, long value)
    {
        Assert.True(UserId.TryParse(Encoding.UTF8.GetBytes(text), out var id));
        Assert.Equal((ulong)value, id.Value);
    }

    [Theory]
    [InlineData("")]
    [InlineData("9223372036854775808")]
    [InlineData("18446744073709551615")]
    [InlineData("18446744073709551617")]
    [InlineData("10000000000000000000")]
    [InlineData("99999999999999999999999999999999")]
    [InlineData("-1")]
    [InlineData("-0")]
    [InlineData("+1")]
    [InlineData(" 1")]
    [InlineData("1 ")]
    [InlineData("1\t")]
    [InlineData("1.0")]
    [InlineData("1e3")]
    [InlineData("0x10")]
    [InlineData("1,000")]
    [InlineData("1_000")]
    [InlineData("/")]
    [InlineData(":")]
    [InlineData("12:")]
    [InlineData("٣")]
    [InlineData("１")]
    [InlineData("-000000000000000000001")]
    [InlineData("+000000000000000000001")]
    [InlineData("00000000000000000001 ")]
    [InlineData("0000000000000000000a")]
    [InlineData("1000000000000000000.0")]
    public void AnythingElseIsNone(string text)
    {
        Assert.False(UserId.TryParse(Encoding.UTF8.GetBytes(text), out var id));
        Assert.Equal(0UL, id.Value);
    }

    /// <summary>Digits are read eight at a time: every length, and at every place every byte.</summary>
    [Fact]
    public void OneByteThatIsNoDigitSpoilsANumberOfAnyLength()
    {
        for (var length = 1; length <= 20; length++)
        {
            var text = Encoding.UTF8.GetBytes("01234567890123456789"[..length]);
            for (var at = 0; at < length; at++)
            {
                var digit = text[at];
                for (var value = 0; value < 256; value++)
                {
                    text[at] = (byte)value;
                    var valid =
                        char.IsAsciiDigit((char)value)
                        && (UInt128.Parse(text, CultureInfo.InvariantCulture) <= long.MaxValue);
                    Assert.Equal(valid, UserId.TryParse(text, out var id));
                    Assert.Equal(valid ? ulong.Parse(text, CultureInfo.InvariantCulture) : 0, id.Value);
                }

                text[at] = digit;
            }
        }
    }

    [Fact]
    public void EveryNumberIsReadBack() =>
        RandomRounds.Run(
            2000,
            random =>
            {
                var value = random.NextInt64() >> random.Next(63);
                var text = value.ToString(CultureInfo.InvariantCulture).PadLeft(random.Next(25), '0');
                Assert.True(UserId.TryParse(Encoding.UTF8.GetBytes(text), out var id), text);
                Assert.Equal((ulong)value, id.Value);
            }
        );
}
