using System.Globalization;
using Downbeat.Connectors.Redis;
using Downbeat.Testing.Servers;

namespace Downbeat.Connectors.Tests.Redis;

public sealed class RedisLeaseStoreTests
{
    static int number;

    readonly TestServer server = TestServers.Need("redis");
    readonly string lakeId = string.Create(CultureInfo.InvariantCulture, $"lake {Interlocked.Increment(ref number)}");

    RedisLeaseStore Store =>
        new RedisLeaseStore(
            new()
            {
                Host = "127.0.0.1",
                Port = server.Port,
                User = "app",
                Database = 4,
            },
            "secret of redis",
            lakeId
        );

    [Fact]
    public void OfManyWhoPutItOneHasIt()
    {
        Assert.Null(Store.Read());
        var won = new int[16];
        Parallel.For(0, won.Length, one => won[one] = Store.PutIfAbsent([(byte)('a' + one)]) ? 1 : 0);
        Assert.Equal(1, won.Sum());
        Assert.Equal([(byte)('a' + Array.IndexOf(won, 1))], Store.Read()!);
    }

    [Fact]
    public void OfManyWhoReplaceItOneDoes()
    {
        Assert.True(Store.PutIfAbsent("old"u8.ToArray()));
        var won = new int[16];
        Parallel.For(0, won.Length, one => won[one] = Store.Replace("old"u8.ToArray(), [(byte)('a' + one)]) ? 1 : 0);
        Assert.Equal(1, won.Sum());
        Assert.Equal([(byte)('a' + Array.IndexOf(won, 1))], Store.Read()!);
    }

    [Fact]
    public void OnlyWhatWasReadIsDeleted()
    {
        Assert.True(Store.PutIfAbsent("theirs"u8.ToArray()));
        Store.Delete("mine"u8.ToArray());
        Assert.Equal("theirs"u8.ToArray(), Store.Read()!);
        Store.Delete("theirs"u8.ToArray());
        Assert.Null(Store.Read());
        Assert.False(Store.Replace("theirs"u8.ToArray(), "mine"u8.ToArray()));
    }

    [Fact]
    public void WhereRedisDoesNotAnswerItIsSaid()
    {
        var store = new RedisLeaseStore(new() { Host = "127.0.0.1", Port = TestServer.FreePort() }, null, lakeId);
        Assert.Contains(
            "The lease is kept in Redis 127.0.0.1",
            Assert.Throws<IOException>(() => store.Read()).Message,
            StringComparison.Ordinal
        );
    }
}
