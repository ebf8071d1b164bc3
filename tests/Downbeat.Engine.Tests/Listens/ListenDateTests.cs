using Downbeat.Engine.Listens;

namespace Downbeat.Engine.Tests.Listens;

public sealed class ListenDateTests
{
    [Theory]
    [InlineData(0, "1970-01-01")]
    [InlineData(-1, "1969-12-31")]
    [InlineData(19_899, "2024-06-25")]
    [InlineData(-719_162, "0001-01-01")]
    [InlineData(2_932_896, "9999-12-31")]
    public void DaysCountFrom1970(int day, string text)
    {
        var date = ListenDate.FromDay(day);
        Assert.Equal(text, ListenDate.Text(date));
        Assert.Equal(day, ListenDate.ToDay(date));
    }

    [Fact]
    public void TheSpanOfADateHoldsItInEveryZone()
    {
        const int Day = 19_899;
        const long Midnight = Day * 86_400L;
        var first = Midnight - ListenDate.MaxOffsetSeconds - ListenDate.SpanStart(Day);
        var last = Midnight + 86_399 + ListenDate.MaxOffsetSeconds - ListenDate.SpanStart(Day);
        Assert.Equal(0, first);
        Assert.Equal(187_199, last);
        Assert.True(last < 1 << ListenDate.SecondBits);
    }
}
