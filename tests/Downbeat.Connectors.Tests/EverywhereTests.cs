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
}
