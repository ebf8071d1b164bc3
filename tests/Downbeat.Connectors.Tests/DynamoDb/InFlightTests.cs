using Downbeat.Connectors.DynamoDb;

namespace Downbeat.Connectors.Tests.DynamoDb;

public sealed class InFlightTests
{
    [Fact]
    public async Task ItGrowsByOneARoundAndIsHalvedOnceByABurst()
    {
        var inFlight = new InFlight(64);
        var before = inFlight.Allowed;
        for (var round = 0; round < 10; round++)
        {
            var tickets = await Enter(inFlight, inFlight.Allowed);
            tickets.ForEach(cuts => inFlight.Leave(cuts, throttled: false));
        }

        var grown = inFlight.Allowed;
        Assert.InRange(grown, before + 8, before + 11);
        var burst = await Enter(inFlight, grown);
        burst.ForEach(cuts => inFlight.Leave(cuts, throttled: true));
        Assert.InRange(inFlight.Allowed, grown / 2, (grown / 2) + 1);
        for (var cut = 0; cut < 10; cut++)
        {
            inFlight.Leave((await Enter(inFlight, 1))[0], throttled: true);
        }

        Assert.Equal(1, inFlight.Allowed);
        for (var one = 0; one < 10_000; one++)
        {
            inFlight.Leave((await Enter(inFlight, 1))[0], throttled: false);
        }

        Assert.Equal(64, inFlight.Allowed);
    }

    [Fact]
    public async Task WhoWaitsGoesWhenAnotherLeavesOrGivesUp()
    {
        var inFlight = new InFlight(1);
        var cuts = await inFlight.EnterAsync(TestContext.Current.CancellationToken);
        using var impatient = new CancellationTokenSource();
        var givesUp = inFlight.EnterAsync(impatient.Token);
        var waits = inFlight.EnterAsync(TestContext.Current.CancellationToken);
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => givesUp);
        Assert.False(waits.IsCompleted);
        inFlight.Leave(cuts, throttled: false);
        await waits;
    }

    static async Task<List<int>> Enter(InFlight inFlight, int count)
    {
        var tickets = new List<int>();
        for (var one = 0; one < count; one++)
        {
            tickets.Add(await inFlight.EnterAsync(TestContext.Current.CancellationToken));
        }

        return tickets;
    }
}
