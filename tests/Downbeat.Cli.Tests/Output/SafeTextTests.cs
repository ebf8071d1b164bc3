using Downbeat.Cli.Output;

namespace Downbeat.Cli.Tests.Output;

public sealed class SafeTextTests
{
    [Theory]
    [InlineData("plain text, 100 %", "plain text, 100 %")]
    [InlineData("Não Vá Embora ミドリ公園 😀", "Não Vá Embora ミドリ公園 😀")]
    [InlineData("\u001b[31mred", @"\x1b[31mred")]
    [InlineData("a\nb\r\tc", @"a\nb\r\tc")]
    [InlineData("\0\u0007\u007f\u009b", @"\x00\x07\x7f\x9b")]
    [InlineData("txt\u202Evsc.exe", @"txt\u202evsc.exe")]
    [InlineData("a\u2028b\u2066c\uFEFF", @"a\u2028b\u2066c\ufeff")]
    [InlineData("[red]markup[/]", "[red]markup[/]")]
    public void WhatATerminalWouldObeyIsWrittenOut(string text, string safe) => Assert.Equal(safe, SafeText.Of(text));

    [Theory]
    [InlineData("a\u200Bb\u2060c\u00ADd", @"a\u200bb\u2060c\xadd")]
    [InlineData("paypal\u200D.csv", @"paypal\u200d.csv")]
    [InlineData("\u200D", @"\u200d")]
    [InlineData("tag \U000E0041", @"tag \udb40\udc41")]
    [InlineData("می\u200Cخواهم 👩\u200D👩\u200D👧", "می\u200Cخواهم 👩\u200D👩\u200D👧")] // Joined letters are text.
    public void WhatTakesNoPlaceIsWrittenOut(string text, string safe) => Assert.Equal(safe, SafeText.Of(text));

    [Fact]
    public void JsonMeansTheSameAfterwards()
    {
        const string Json = "[\n  \"txt\u202Evsc\u200B \U000E0041 é \\u001b\"\n]";
        var safe = SafeText.OfJson(Json);
        Assert.Equal("[\n  \"txt\\u202evsc\\u200b \\udb40\\udc41 é \\u001b\"\n]", safe);
        Assert.Equal(
            System.Text.Json.JsonDocument.Parse(Json).RootElement[0].GetString(),
            System.Text.Json.JsonDocument.Parse(safe).RootElement[0].GetString()
        );
    }

    [Fact]
    public void HalvesOfCharactersAreWrittenOut() => Assert.Equal(@"a\ud83db\ude00", SafeText.Of("a\ud83db\ude00"));

    [Fact]
    public void LongTextIsShortenedBetweenCharacters()
    {
        Assert.Equal("abc…", SafeText.Of("abcdef", 4));
        Assert.Equal("abcd", SafeText.Of("abcd", 4));
        Assert.Equal("ab…", SafeText.Of("ab😀def", 4));
    }

    [Theory]
    [InlineData("./demo-lake", "./demo-lake")]
    [InlineData("my lake", "'my lake'")]
    [InlineData("it's", @"'it'\''s'")]
    [InlineData("$HOME", "'$HOME'")]
    [InlineData("", "''")]
    public void APathCanBePastedIntoAShell(string path, string quoted) => Assert.Equal(quoted, SafeText.Quoted(path));
}
