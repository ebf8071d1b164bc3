namespace Downbeat.Engine.Tests;

public sealed class WarmUpTests
{
    [Fact]
    public void TheWarmUpGetsAsFarAsTables()
    {
        var tables = WarmUp.Run();

        Assert.All(tables, table => Assert.NotEmpty(table.Rows));
    }
}
