using Downbeat.Testing.Servers;

namespace Downbeat.Connectors.Tests;

/// <summary>Servers that a test cannot do without.</summary>
static class TestServers
{
    /// <summary>The server of a name; where it cannot be had the test is skipped, and fails where nothing may be missing.</summary>
    public static TestServer Need(string name)
    {
        var server = TestServer.Get(name);
        if (server.Missing is { } why)
        {
            Assert.False(Environment.GetEnvironmentVariable("CI") == "true", why);
            Assert.Skip(why);
        }

        return server;
    }
}
