using Downbeat.Samples;

namespace Downbeat.Connectors.Tests;

public sealed class EverywhereTests
{
    [Fact]
    public void EveryDestinationHoldsTheSame()
    {
        foreach (var server in Everywhere.Servers)
        {
            TestServers.Need(server);
        }

        using var output = new StringWriter();
        var exitCode = Everywhere.Run(20_000, keepUntil: null, output);
        TestContext.Current.SendDiagnosticMessage(output.ToString());
        Assert.True(exitCode == 0, output.ToString());
        Assert.Equal(
            6,
            output.ToString().Split('\n').Count(line => line.TrimEnd().EndsWith(" equal", StringComparison.Ordinal))
        );
        Assert.Contains("run: nothing to do", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void WhatIsMissingOrTooMuchOrTwiceDiffers()
    {
        List<string> expected = ["2024-06-25 a", "2024-06-25 b", "2024-06-26 c"];
        Assert.Equal("equal", Compare([.. expected.AsEnumerable().Reverse()]));
        Assert.Equal("differs: 1 missing, 0 extra", Compare(expected[1..]));
        Assert.Equal("differs: 0 missing, 1 extra", Compare([.. expected, "2024-06-25 a"]));
        Assert.Equal("differs: 1 missing, 1 extra", Compare([.. expected[1..], "2024-06-25 A"]));
        Assert.Equal("differs: 3 missing, 0 extra", Compare([]));

        string Compare(List<string> found)
        {
            using var output = new StringWriter();
            var isEqual = Comparison.Write([new("somewhere", "rows", expected, found)], output);
            var line = output
                .ToString()
                .Split('\n')
                .First(line => line.StartsWith("somewhere", StringComparison.Ordinal));
            Assert.Equal(isEqual, line.TrimEnd().EndsWith("equal", StringComparison.Ordinal));
            return line[(line.IndexOf("rows", StringComparison.Ordinal) + 4)..].Trim();
        }
    }
}
