using System.Text;
using Downbeat.Engine.Listens;
using Downbeat.Engine.Scan;

namespace Downbeat.Engine.Tests.Scan;

public sealed class CsvHeaderTests
{
    [Theory]
    [InlineData("one,two,may", 0, 1, 2)]
    [InlineData("MAY,x,Two,y,oNe", 4, 2, 0)]
    [InlineData("one,two", 0, 1, -1)]
    [InlineData("two,one,may,may", 1, 0, 2)]
    [InlineData("x,\"one\",\"two\",x", 1, 2, -1)]
    [InlineData("\n\r\none,two", 0, 1, -1)]
    public void ColumnsAreFoundInAnyOrderAndCase(string file, int one, int two, int may)
    {
        var header = Read(file, out var fault);
        Assert.Null(fault);
        Assert.Equal((one, two, may), (header![0], header[1], header[2]));
        Assert.Equal(file.Trim('\r', '\n').Count(',') + 1, header.FieldCount);
    }

    [Fact]
    public void TheHeaderKeepsItsBytesButNoMarkAndNoLineEnd() =>
        Assert.Equal("One,\"two\",é"u8, Read("\uFEFFOne,\"two\",é\r\n1,2,3\n", out _)!.Raw);

    [Theory]
    [InlineData("", FileFaultKind.NoHeader)]
    [InlineData("\n\r\n", FileFaultKind.NoHeader)]
    [InlineData("\uFEFF", FileFaultKind.NoHeader)]
    [InlineData("one,may", FileFaultKind.MissingColumn)]
    [InlineData("1,2", FileFaultKind.MissingColumn)]
    [InlineData("one, two", FileFaultKind.MissingColumn)]
    [InlineData("one,tw\u00F3", FileFaultKind.MissingColumn)]
    [InlineData("\"one\"x,two", FileFaultKind.MissingColumn)]
    [InlineData("one,two,ONE", FileFaultKind.RepeatedColumn)]
    [InlineData("one,\"two", FileFaultKind.UnclosedQuote)]
    public void AFileWithoutAUsableHeaderSaysWhy(string file, FileFaultKind expected)
    {
        Assert.Null(Read(file, out var fault));
        Assert.Equal(expected, fault?.Kind);
        Assert.NotEmpty(fault!.Detail);
    }

    [Fact]
    public void AHeaderThatIsNotUtf8IsTheFaultOfTheFile()
    {
        var header = CsvHeader.Read(new(new MemoryStream([.. "one,two\n"u8, 0xFF])), ["one"], [], out var fault);
        Assert.Null(header);
        Assert.Equal(FileFaultKind.NotUtf8, fault?.Kind);
    }

    [Fact]
    public void AMessageShowsNoControlCharactersAndNotTooMuch()
    {
        Read($"a\rb,{new string('x', 1000)}", out var fault);
        Assert.DoesNotContain('\r', fault!.Detail);
        Assert.True(fault.Detail.Length < 250);
    }

    static CsvHeader? Read(string file, out FileFault? fault) =>
        CsvHeader.Read(new(new MemoryStream(Encoding.UTF8.GetBytes(file))), ["one", "two"], ["may"], out fault);
}
