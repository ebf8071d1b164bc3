using Downbeat.Cli.Output;

namespace Downbeat.Cli.Tests.Output;

public sealed class CsvTextTests
{
    [Theory]
    [InlineData("=1+1", "'=1+1")]
    [InlineData("=HYPERLINK(\"http://x\",\"y\")", "'=HYPERLINK(\"http://x\",\"y\")")]
    [InlineData("+49 30 1234", "'+49 30 1234")]
    [InlineData("-2+3+cmd|' /C calc'!A0", "'-2+3+cmd|' /C calc'!A0")]
    [InlineData("@SUM(A1)", "'@SUM(A1)")]
    [InlineData("\t=1", "'\t=1")]
    [InlineData("\r=1", "'\r=1")]
    [InlineData("\n=1", "'\n=1")]
    [InlineData("＝1", "'＝1")]
    [InlineData("＋1", "'＋1")]
    [InlineData("－1", "'－1")]
    [InlineData("＠x", "'＠x")]
    [InlineData("  =1", "'  =1")]
    [InlineData("\uFEFF=1", "'\uFEFF=1")]
    [InlineData("-", "'-")]
    [InlineData("-1", "-1")]
    [InlineData("+1.5", "+1.5")]
    [InlineData("-1.5E-7", "-1.5E-7")]
    [InlineData("a=1", "a=1")]
    [InlineData("", "")]
    [InlineData("'t Hooft", "'t Hooft")]
    public void NoTextIsTakenForAFormula(string text, string safe) => Assert.Equal(safe, CsvText.WithoutFormula(text));

    [Fact]
    public void WhatNeedsQuotesHasThem() =>
        Assert.Equal(
            "a,\"b,c\",\"d\"\"e\",\"f\ng\",\"h\ri\",;\n",
            CsvText.Line(["a", "b,c", "d\"e", "f\ng", "h\ri", ";"])
        );
}
