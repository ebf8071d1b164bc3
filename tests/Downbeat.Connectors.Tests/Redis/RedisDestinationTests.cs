using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Downbeat.Connectors.Redis;
using Downbeat.Connectors.Tests.Publish;
using Downbeat.Engine.Kpis;
using Downbeat.Engine.Listens;
using Downbeat.Pipeline.Publish;
using Downbeat.Testing;
using Downbeat.Testing.Servers;
using StackExchange.Redis;

namespace Downbeat.Connectors.Tests.Redis;

public sealed class RedisDestinationTests : DestinationContract, IDisposable
{
    const string Password = "secret of redis";
    const string WrongPassword = "marked-wrong-secret";

    static int number;

    readonly TestServer server = TestServers.Need("redis");
    readonly RedisOptions options;
    readonly LinesLogger logger = new();
    readonly HurriedClock clock = new();
    readonly ConnectionMultiplexer multiplexer;
    readonly IDatabase raw;

    public RedisDestinationTests()
    {
        options = new()
        {
            Host = "127.0.0.1",
            Port = server.Port,
            User = "app",
            Database = 3,
            Prefix = string.Create(CultureInfo.InvariantCulture, $"downbeat:{Interlocked.Increment(ref number)}:"),
        };
        multiplexer = ConnectionMultiplexer.Connect(
            new ConfigurationOptions
            {
                EndPoints = { { "127.0.0.1", server.Port } },
                Password = Password,
                DefaultDatabase = 3,
                AllowAdmin = true,
                SyncTimeout = 20_000,
            }
        );
        raw = multiplexer.GetDatabase();
    }

    protected override IDestination Create() => Of(options);

    protected override IDestination CreateThatDies(int afterSteps)
    {
        var steps = 0;
        return new RedisDestination(options, Password, logger, clock)
        {
            BeforeCommand = () =>
            {
                if (steps++ >= afterSteps)
                {
                    throw new DestinationException("It died.");
                }
            },
        };
    }

    protected override void AssertHolds(DateTables expected)
    {
        var day = ListenDate.Text(expected.Date);
        var keys = new HashSet<string>(StringComparer.Ordinal);
        foreach (
            var (table, name, keyed) in new[]
            {
                ("daily", "date", false),
                ("genre_daily", "genre", true),
                ("hourly", "hour", true),
                ("country_daily", "country", true),
                ("quality_daily", "quality", true),
            }
        )
        {
            var columns = expected.Table(table).Schema.Columns;
            foreach (var row in expected.Table(table).Rows)
            {
                var key = Key(name, day, keyed ? Text(row[0], columns[1]) : null);
                var fields = row.Select((cell, place) => (columns[place + 1].Name, Text(cell, columns[place + 1])))
                    .Skip(keyed ? 1 : 0)
                    .Append(("version", expected.Version.ToString(CultureInfo.InvariantCulture)));
                Assert.Equal(
                    fields.OrderBy(field => field.Item1, StringComparer.Ordinal),
                    raw.HashGetAll(key)
                        .Select(field => ((string)field.Name, (string)field.Value))
                        .OrderBy(field => field.Item1, StringComparer.Ordinal)
                );
                keys.Add(key);
            }
        }

        foreach (
            var (table, name, keyed, member) in new[]
            {
                ("top_tracks", "top_tracks", true, "track_id"),
                ("top_genres", "top_genres", false, "track_genre"),
                ("top_artists_daily", "top_artists", false, "artist"),
                ("top_artists_hourly", "top_artists", true, "artist"),
            }
        )
        {
            var schema = expected.Table(table).Schema;
            var names = schema.Columns.Select(column => column.Name).ToList();
            foreach (
                var ranking in expected
                    .Table(table)
                    .Rows.GroupBy(
                        row => Key(name, day, keyed ? Text(row[0], schema.Columns[1]) : null),
                        StringComparer.Ordinal
                    )
            )
            {
                var scores = new Dictionary<string, double>(StringComparer.Ordinal);
                foreach (var row in ranking)
                {
                    scores[Text(row[names.IndexOf(member) - 1], schema.Columns[names.IndexOf(member)])] = row[
                        names.IndexOf("listen_count") - 1
                    ].Integer;
                }

                Assert.Equal(
                    scores.OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => (one.Key, one.Value)),
                    raw.SortedSetRangeByRankWithScores(ranking.Key)
                        .Select(one => ((string)one.Element, one.Score))
                        .OrderBy(one => one.Item1, StringComparer.Ordinal)
                );
                keys.Add(ranking.Key);
            }
        }

        var trackNames = expected
            .Table("top_tracks")
            .Rows.GroupBy(row => Encoding.UTF8.GetString(row[2].Text.Span), StringComparer.Ordinal)
            .ToDictionary(
                same => same.Key,
                same => Encoding.UTF8.GetString(same.Last()[3].Text.Span),
                StringComparer.Ordinal
            );
        Assert.Equal(
            trackNames,
            raw.HashGetAll(Key("track_names", day, null))
                .ToDictionary(one => (string)one.Name, one => (string)one.Value, StringComparer.Ordinal)
        );
        if (trackNames.Count > 0)
        {
            keys.Add(Key("track_names", day, null));
        }

        if (keys.Count > 0)
        {
            keys.Add(Key("keys", day, null));
        }

        // And nothing else of that date.
        Assert.Equal(
            keys.Order(StringComparer.Ordinal),
            Keys()
                .Where(key => key.Contains($":{day}", StringComparison.Ordinal))
                .Where(key => !key.Contains(":stage:", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal)
        );
    }

    public void Dispose() => multiplexer.Dispose();

    [Fact]
    public void TheConnectionMayBreakAtAnyByte()
    {
        var before = Tables(3, genres: 3);
        Publish(before);
        var after = Tables(4, genres: 4);
        var random = new Random(after.Fingerprint.GetHashCode(StringComparison.Ordinal));
        for (var bytes = 0; ; bytes += random.Next(1, 4000))
        {
            using var proxy = new ByteCuttingProxy(server.Port, bytes);
            var died = false;
            try
            {
                using var dying = Of(options with { Port = proxy.Port });
                dying.Prepare(new(Lake));
                dying.Publish([after]);
            }
            catch (DestinationException error)
            {
                Assert.True(error.IsTransient, error.Message);
                died = true;
            }

            using var destination = Create();
            AssertHolds(destination.Find(Lake)[First].Version == 3 ? before : after);
            if (!died)
            {
                break;
            }
        }

        AssertHolds(after);

        // What was left half way goes by itself.
        Assert.All(
            Keys().Where(key => key.Contains(":stage:", StringComparison.Ordinal)),
            key => Assert.InRange(raw.KeyTimeToLive(key)!.Value, TimeSpan.FromMinutes(1), TimeSpan.FromHours(1))
        );
    }

    [Fact]
    public void ReadersNeverSeeTwoVersionsInOneHashNorAHashThatIsMissing()
    {
        var dates = Enumerable.Range(1, 30).Select(version => Tables(version, genres: 5)).ToList();
        Publish(dates[0]);
        var names = raw.SetMembers(Key("keys", "2024-06-25", null))
            .Select(name => options.Prefix + (string)name)
            .ToList();
        var hashes = names
            .Where(name =>
                raw.KeyType(name) == RedisType.Hash && !name.Contains("track_names", StringComparison.Ordinal)
            )
            .ToList();
        var expected = new Dictionary<string, HashSet<string>>(StringComparer.Ordinal);
        var seen = new List<(string Key, string Text)>();
        using var done = new CancellationTokenSource();
        var reading = new Thread(() =>
        {
            var random = new Random(1);
            while (!done.IsCancellationRequested)
            {
                var key = hashes[random.Next(hashes.Count)];
                seen.Add((key, TextOf(key)));
            }
        });
        reading.Start();
        foreach (var date in dates)
        {
            Publish(date);
            foreach (var key in hashes)
            {
                (expected.TryGetValue(key, out var texts) ? texts : expected[key] = new(StringComparer.Ordinal)).Add(
                    TextOf(key)
                );
            }
        }

        done.Cancel();
        reading.Join();
        Assert.NotEmpty(seen);
        Assert.All(seen, one => Assert.Contains(one.Text, expected[one.Key]));

        string TextOf(string key) =>
            string.Join('|', raw.HashGetAll(key).Select(field => field.ToString()).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void TheLatestDateAndHourArePointedTo()
    {
        Publish(Tables(1, day: 1), Tables(1));
        Assert.Equal("2024-06-26", (string)raw.StringGet(options.Prefix + "latest"));
        Assert.Equal("2024-06-26:23", (string)raw.StringGet(options.Prefix + "latest:hour"));
        Publish(DateTables.Empty(First.AddDays(1), 2));
        Assert.Equal("2024-06-25", (string)raw.StringGet(options.Prefix + "latest"));
        Publish(DateTables.Empty(First, 3));
        Assert.False(raw.KeyExists(options.Prefix + "latest"));
        Assert.False(raw.KeyExists(options.Prefix + "latest:hour"));
    }

    [Fact]
    public void DatesExpireAndAreNotBehindForThat()
    {
        var today = DateOnly.FromDateTime(DateTime.UtcNow);
        var expiring = options with { ExpireDays = 30 };
        var (kept, old) = (
            TestTables.Of(today.AddDays(-1), 2, new Random(1)),
            TestTables.Of(today.AddDays(-31), 2, new Random(2))
        );
        using (var destination = Of(options))
        {
            destination.Prepare(new(Lake));
            destination.Publish([TestTables.Of(today.AddDays(-31), 1, new Random(3))]);
        }

        using (var destination = Of(expiring))
        {
            destination.Prepare(new(Lake));
            destination.Publish([kept, old]);
            Assert.Equal(
                [(old.Date, new HeldDate(2, old.Fingerprint)), (kept.Date, new(2, kept.Fingerprint))],
                destination.Find(Lake).OrderBy(date => date.Key).Select(date => (date.Key, date.Value))
            );
        }

        AssertHolds(kept);
        AssertHolds(DateTables.Empty(old.Date, 2));
        var day = ListenDate.Text(kept.Date);
        Assert.All(
            Keys(),
            key =>
            {
                var left = raw.KeyTimeToLive(key);
                if (key.Contains(day, StringComparison.Ordinal) || key.Contains("latest", StringComparison.Ordinal))
                {
                    Assert.InRange(left!.Value, TimeSpan.FromDays(28.9), TimeSpan.FromDays(30.1));
                }
                else
                {
                    Assert.Null(left);
                }
            }
        );

        // Without expiry again, what is published next stays.
        Publish(TestTables.Of(kept.Date, 3, new Random(4)));
        Assert.All(Keys(), key => Assert.Null(raw.KeyTimeToLive(key)));
    }

    [Fact]
    public void AWrongPasswordIsSaidAndNotRepeated()
    {
        foreach (var user in new[] { "app", null })
        {
            using var destination = new RedisDestination(options with { User = user }, WrongPassword, logger, clock);
            var error = Assert.Throws<DestinationException>(() => destination.Find(Lake));
            Assert.False(error.IsTransient);
            Assert.Contains("DOWNBEAT_REDIS_PASSWORD", error.Message, StringComparison.Ordinal);
            var finding = Assert.Single(destination.Check(Lake));
            Assert.All(
                logger.Lines.Concat([error.ToString(), finding.Problem!, destination.Place, options.ToString()]),
                text => Assert.DoesNotContain("marked", text, StringComparison.Ordinal)
            );
        }

        using var nobody = new RedisDestination(options with { User = null }, null, logger, clock);
        Assert.Contains(
            "DOWNBEAT_REDIS_PASSWORD",
            Assert.Throws<DestinationException>(() => nobody.Find(Lake)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void AUserWhoMayOnlyReadIsToldSo()
    {
        Publish(Tables(1));
        using var destination = Of(options with { User = "reader" });
        Assert.Single(destination.Find(Lake));
        var error = Assert.Throws<DestinationException>(() => destination.Prepare(new(Lake)));
        Assert.Contains("may not do what publishing needs", error.Message, StringComparison.Ordinal);
        Assert.Equal(
            [("connect", true), ("read", true), ("write", false)],
            destination.Check(Lake).Select(one => (one.What, one.Problem is null))
        );
    }

    [Fact]
    public void AKeyInTheWayIsSaid()
    {
        raw.StringSet(options.Prefix + "dates", "mine");
        var error = Assert.Throws<DestinationException>(() => Publish(Tables(1)));
        Assert.Contains("redisPrefix", error.Message, StringComparison.Ordinal);
        Assert.Equal("mine", (string)raw.StringGet(options.Prefix + "dates"));
    }

    [Fact]
    public void ByTlsItTrustsNobodyWhomTheSystemDoesNot()
    {
        using var own = X509CertificateLoader.LoadCertificateFromFile(Path.Combine(server.Directory, "server.crt"));
        var port = int.Parse(File.ReadAllText(Path.Combine(server.Directory, "tls")), CultureInfo.InvariantCulture);
        var byTls = options with { Port = port, Tls = true, Host = "localhost" };
        using (var destination = Of(byTls))
        {
            var error = Assert.Throws<DestinationException>(() => destination.Find(Lake));
            Assert.False(error.IsTransient);
            Assert.Contains("TLS failed", error.Message, StringComparison.Ordinal);
        }

        using (
            var destination = new RedisDestination(byTls, Password, logger, clock)
            {
                Trust = (_, shown, _, _) => shown!.GetCertHashString() == own.GetCertHashString(),
            }
        )
        {
            var tables = Tables(1);
            destination.Prepare(new(Lake));
            destination.Publish([tables]);
            AssertHolds(tables);
        }
    }

    [Fact]
    public void WhereNobodyAnswersItIsSaidAndTheNextRunTries()
    {
        using var destination = Of(options with { Port = TestServer.FreePort() });
        var error = Assert.Throws<DestinationException>(() => destination.Find(Lake));
        Assert.True(error.IsTransient);
        Assert.Contains("the connection failed: Connection refused", error.Message, StringComparison.Ordinal);
        Assert.Equal(6, logger.Lines.Count);
    }

    [Theory]
    [InlineData("redis://host", "Redis host:6379/0, keys downbeat:*")]
    [InlineData("rediss://me@host:7000/5", "Redis host:7000/5 by TLS, keys downbeat:*")]
    [InlineData("redis://[::1]:7000", "Redis ::1:7000/0, keys downbeat:*")]
    [InlineData("redis://user:password@host", null)]
    [InlineData("redis://:password@host", null)]
    [InlineData("redis://host/x", null)]
    [InlineData("redis://host/0?password=x", null)]
    [InlineData("http://host", null)]
    [InlineData("host:6379", null)]
    [InlineData("redis:", null)]
    public void AnAddressIsRead(string address, string? place) =>
        Assert.Equal(place, RedisOptions.Parse(address)?.Place);

    RedisDestination Of(RedisOptions other) => new(other, Password, logger, clock);

    List<string> Keys() =>
        [
            .. multiplexer
                .GetServer("127.0.0.1", server.Port)
                .Keys(3, options.Prefix + "*", 10_000)
                .Select(key => (string)key),
        ];

    string Key(string name, string day, string? key) => $"{options.Prefix}{name}:{day}{(key is null ? "" : $":{key}")}";

    static string Text(KpiCell cell, KpiColumn column) =>
        column.Type switch
        {
            KpiType.Integer => cell.Integer.ToString(CultureInfo.InvariantCulture),
            KpiType.Quotient => Quotients.Text(cell.Quotient),
            _ => Encoding.UTF8.GetString(cell.Text.Span),
        };
}
