using System.Globalization;
using System.Text;
using Downbeat.Engine.Listens;

namespace Downbeat.Engine.Tests.Listens;

public sealed class ListenTimeTests
{
    [Theory]
    [InlineData("1970-01-01 00:00:00", 0, null)]
    [InlineData("1970-01-01T00:00:00", 0, null)]
    [InlineData("1970-01-01 00:00:01Z", 1, 0)]
    [InlineData("1970-01-01T00:00:01.5Z", 1, 0)]
    [InlineData("1970-01-01 00:00:01.999999999999999999999", 1, null)]
    [InlineData("1969-12-31 23:59:59", -1, null)]
    [InlineData("1969-12-31 23:59:59.9", -1, null)]
    [InlineData("1970-01-01 00:00:00+00:00", 0, 0)]
    [InlineData("1970-01-01 00:00:00-00:00", 0, 0)]
    [InlineData("1970-01-01 00:00:00+05:30", 0, 19_800)]
    [InlineData("1970-01-01 00:00:00-03:30", 0, -12_600)]
    [InlineData("1970-01-01 00:00:00.25+14:00", 0, 50_400)]
    [InlineData("1970-01-01 00:00:00-14:00", 0, -50_400)]
    [InlineData("1970-01-01 00:00:00+00:59", 0, 3540)]
    [InlineData("2000-02-29 12:34:56", 951_827_696, null)]
    [InlineData("2024-02-29 23:59:59", 1_709_251_199, null)]
    [InlineData("2024-06-25 00:00:00", 1_719_273_600, null)]
    [InlineData("0001-01-01 00:00:00", -62_135_596_800, null)]
    [InlineData("9999-12-31 23:59:59", 253_402_300_799, null)]
    public void EveryFormIsRead(string text, long localSecond, int? offsetSeconds)
    {
        Assert.True(ListenTime.TryParse(Encoding.UTF8.GetBytes(text), out var time));
        Assert.Equal(new(localSecond, offsetSeconds), time);
    }

    [Theory]
    [InlineData("")]
    [InlineData("2024-06-25")]
    [InlineData("2024-06-25 10:00")]
    [InlineData("2024-06-25 10:00:0")]
    [InlineData("2024-06-25  10:00:00")]
    [InlineData(" 2024-06-25 10:00:00")]
    [InlineData("2024-06-25 10:00:00 ")]
    [InlineData("2024-06-25t10:00:00")]
    [InlineData("2024-06-25_10:00:00")]
    [InlineData("2024/06/25 10:00:00")]
    [InlineData("2024-06/25 10:00:00")]
    [InlineData("2024-06-25 10.00:00")]
    [InlineData("2024-06-25 10:00.00")]
    [InlineData("20240625 10:00:00Z")]
    [InlineData("+024-06-25 10:00:00")]
    [InlineData("-024-06-25 10:00:00")]
    [InlineData("2024-+6-25 10:00:00")]
    [InlineData("2024-6-025 10:00:00")]
    [InlineData("2 24-06-25 10:00:00")]
    [InlineData("20a4-06-25 10:00:00")]
    [InlineData("2024-0a-25 10:00:00")]
    [InlineData("2024-06-a5 10:00:00")]
    [InlineData("2024-06-25 a0:00:00")]
    [InlineData("2024-06-25 10:/0:00")]
    [InlineData("2024-06-25 10:00::0")]
    [InlineData("0000-06-25 10:00:00")]
    [InlineData("2024-00-25 10:00:00")]
    [InlineData("2024-13-25 10:00:00")]
    [InlineData("2024-06-00 10:00:00")]
    [InlineData("2024-06-31 10:00:00")]
    [InlineData("2024-01-32 10:00:00")]
    [InlineData("2023-02-29 10:00:00")]
    [InlineData("1900-02-29 10:00:00")]
    [InlineData("2024-02-30 10:00:00")]
    [InlineData("2024-06-25 24:00:00")]
    [InlineData("2024-06-25 10:60:00")]
    [InlineData("2024-06-25 23:59:60")]
    [InlineData("2024-06-25 10:00:00.")]
    [InlineData("2024-06-25 10:00:00.Z")]
    [InlineData("2024-06-25 10:00:00,5")]
    [InlineData("2024-06-25 10:00:00.5.5")]
    [InlineData("2024-06-25 10:00:00.5 ")]
    [InlineData("2024-06-25 10:00:00z")]
    [InlineData("2024-06-25 10:00:00 Z")]
    [InlineData("2024-06-25 10:00:00ZZ")]
    [InlineData("2024-06-25 10:00:00Z+01:00")]
    [InlineData("2024-06-25 10:00:00+1:00")]
    [InlineData("2024-06-25 10:00:00+01")]
    [InlineData("2024-06-25 10:00:00+0100")]
    [InlineData("2024-06-25 10:00:00 +01:00")]
    [InlineData("2024-06-25 10:00:00+01:00:00")]
    [InlineData("2024-06-25 10:00:00+01-00")]
    [InlineData("2024-06-25 10:00:00*01:00")]
    [InlineData("2024-06-25 10:00:00+a1:00")]
    [InlineData("2024-06-25 10:00:00+01:0a")]
    [InlineData("2024-06-25 10:00:00+01:60")]
    [InlineData("2024-06-25 10:00:00+14:01")]
    [InlineData("2024-06-25 10:00:00-14:01")]
    [InlineData("2024-06-25 10:00:00+15:00")]
    [InlineData("2024-06-25 10:00:00+99:00")]
    [InlineData("2024-06-25 10:00:00−01:00")]
    [InlineData("２024-06-25 10:00:00")]
    [InlineData("2024-06-25 10:00:00\0")]
    [InlineData("25.06.2024 10:00:00")]
    [InlineData("1719273600")]
    public void NearMissesAreNone(string text)
    {
        Assert.False(ListenTime.TryParse(Encoding.UTF8.GetBytes(text), out var time));
        Assert.Equal(default, time);
    }

    [Fact]
    public void EveryDateOfTheCalendarHasItsNumber()
    {
        // Every day of the 400 years after which the calendar repeats itself, and the first and last of all other months.
        var text = "yyyy-MM-dd 00:00:01"u8.ToArray();
        for (var number = 0; number <= DateOnly.MaxValue.DayNumber; number++)
        {
            var day = DateOnly.FromDayNumber(number);
            if ((day.Year is <= 1800 or > 2200) && day.Day is > 1 and < 28)
            {
                continue;
            }

            Assert.True(day.TryFormat(text, out _, "yyyy-MM-dd", CultureInfo.InvariantCulture));
            if (
                !ListenTime.TryParse(text, out var time)
                || time.LocalSecond != ((long)ListenDate.ToDay(day) * 86_400) + 1
            )
            {
                Assert.Fail($"{day:o} is {time}.");
            }
        }
    }

    [Fact]
    public void EverySecondOfADayIsRead()
    {
        for (var second = 0; second < 86_400; second++)
        {
            var text = $"2024-06-25 {second / 3600:00}:{second / 60 % 60:00}:{second % 60:00}";
            if (
                !ListenTime.TryParse(Encoding.UTF8.GetBytes(text), out var time)
                || time.LocalSecond != 1_719_273_600 + second
            )
            {
                Assert.Fail($"{text} is {time}.");
            }
        }
    }

    [Fact]
    public void OneWrongLetterAnywhereIsNoticed()
    {
        var right = "2024-06-25T10:21:33.123+10:15"u8.ToArray();
        Assert.True(ListenTime.TryParse(right, out _));
        for (var at = 0; at < right.Length; at++)
        {
            for (var letter = 0; letter < 256; letter++)
            {
                var isRight = char.IsAsciiDigit((char)right[at])
                    ? char.IsAsciiDigit((char)letter)
                    : letter == right[at];
                isRight |= (at == 10 && letter == ' ') || (at == 23 && letter == '-');
                var text = right.ToArray();
                text[at] = (byte)letter;
                if (ListenTime.TryParse(text, out _) && !isRight)
                {
                    Assert.Fail($"{Given.Latin1(text)} was read.");
                }
            }
        }
    }
}
