using System.Net;
using System.Net.Sockets;
using System.Text;
using Downbeat.Dashboard.Lakes;
using Downbeat.Dashboard.Safety;
using Downbeat.Engine.Kpis;
using Downbeat.Testing;

namespace Downbeat.Dashboard.Tests;

/// <summary>Who is answered, and what no answer gives away.</summary>
public sealed class SafetyTests(OddLake odd) : IClassFixture<OddLake>
{
    const string Token = "correct-horse-battery-staple";

    static readonly string[] Everything =
    [
        "/",
        "/api/v1/tables",
        "/api/v1/dates",
        "/api/v1/hourly/2024-06-25",
        "/api/v1/hourly/2024-06-25/12",
        "/api/v1/hourly/2030-06-25",
        "/api/v1/openapi.json",
        "/view/lake",
        "/nonsense",
    ];

    [Theory]
    [InlineData("localhost", true)]
    [InlineData("localhost:5080", true)]
    [InlineData("127.0.0.1", true)]
    [InlineData("[::1]:5080", true)]
    [InlineData("evil.example", false)]
    [InlineData("evil.example:5080", false)]
    [InlineData("127.0.0.1.evil.example", false)]
    [InlineData("localhost.evil.example", false)]
    [InlineData("192.168.0.1", false)]
    public async Task OnlyWhoMeansThisMachineIsAnswered(string host, bool isAnswered)
    {
        foreach (var address in Everything.Append("/healthz"))
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, address) { Headers = { Host = host } };
            using var response = await odd.Client.SendAsync(request);
            Assert.Equal(!isAnswered, response.StatusCode == HttpStatusCode.MisdirectedRequest);
        }
    }

    [Fact]
    public async Task EveryAnswerForbidsWhatPagesDoNotNeed()
    {
        foreach (var address in Everything.Append("/healthz"))
        {
            using var response = await odd.Client.GetAsync(address);
            var policy = response.Headers.GetValues("Content-Security-Policy").Single();
            Assert.Contains("default-src 'none'", policy, StringComparison.Ordinal);
            Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
            Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
            Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
            Assert.False(response.Headers.Contains("Server"));
            Assert.False(response.Headers.Contains("Access-Control-Allow-Origin"));
        }
    }

    [Fact]
    public async Task WithATokenWhoDoesNotKnowItLearnsNothing()
    {
        await using var server = await OddLake.ServeAsync(odd.Lake.Lake, new() { Token = Token });
        using var client = OddLake.ClientOf(server);
        foreach (var address in Everything)
        {
            foreach (
                var sent in (string?[])
                    [null, "", "Bearer", "Bearer x", $"Bearer {Token}x", $"Bearer {Token[..^1]}", $"Basic {Token}"]
            )
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, address);
                if (sent is not null)
                {
                    request.Headers.TryAddWithoutValidation("Authorization", sent);
                }

                using var response = await client.SendAsync(request);
                if (
                    address.StartsWith("/api", StringComparison.Ordinal)
                    || address.StartsWith("/view", StringComparison.Ordinal)
                )
                {
                    Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
                    Assert.Equal("Bearer", response.Headers.WwwAuthenticate.Single().Scheme);
                }
                else
                {
                    Assert.Equal(HttpStatusCode.Redirect, response.StatusCode);
                    Assert.StartsWith(
                        "/login?next=",
                        response.Headers.Location!.OriginalString,
                        StringComparison.Ordinal
                    );
                }
            }
        }

        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/healthz")).StatusCode);
        client.DefaultRequestHeaders.Authorization = new("Bearer", Token);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/api/v1/dates")).StatusCode);
    }

    [Fact]
    public async Task LoggingInGivesACookieThatEndsWithTheToken()
    {
        await using var server = await OddLake.ServeAsync(odd.Lake.Lake, new() { Token = Token });
        using var client = OddLake.ClientOf(server);
        using var wrong = await LogInAsync(client, "/login", Token + "x");
        Assert.Equal(HttpStatusCode.Redirect, wrong.StatusCode);
        Assert.False(wrong.Headers.Contains("Set-Cookie"));

        using var right = await LogInAsync(client, "/login?next=%2Fgenres%3Ffrom%3D2024-06-24", Token);
        Assert.Equal("/genres?from=2024-06-24", right.Headers.Location!.OriginalString);
        var cookie = right.Headers.GetValues("Set-Cookie").Single();
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=strict", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(Token, cookie, StringComparison.Ordinal);
        var value = cookie[..cookie.IndexOf(';', StringComparison.Ordinal)];
        Assert.Equal(HttpStatusCode.OK, await AskWithAsync(client, value));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskWithAsync(client, value[..^1]));
        Assert.Equal(
            HttpStatusCode.Unauthorized,
            await AskWithAsync(client, value.Replace("downbeat=1", "downbeat=9", StringComparison.Ordinal))
        );

        await using var another = await OddLake.ServeAsync(odd.Lake.Lake, new() { Token = Token + "-new" });
        using var anotherClient = OddLake.ClientOf(another);
        Assert.Equal(HttpStatusCode.Unauthorized, await AskWithAsync(anotherClient, value));
    }

    [Theory]
    [InlineData("//evil.example", false)]
    [InlineData("https://evil.example", false)]
    [InlineData("/\\evil.example", false)]
    [InlineData("/a\r\nSet-Cookie: x=1", false)]
    [InlineData("", false)]
    [InlineData("/genres?genre=a%20b", true)]
    public void LoggingInLeadsNowhereElse(string next, bool isOwn) => Assert.Equal(isOwn, Access.IsOwnPath(next));

    [Fact]
    public void OtherMachinesNeedATokenOrAWord()
    {
        var anywhere = new IPEndPoint(IPAddress.Any, 5080);
        Assert.Null(new DashboardOptions().Problem);
        Assert.Contains("--token-file", new DashboardOptions { Listen = anywhere }.Problem, StringComparison.Ordinal);
        Assert.Null(new DashboardOptions { Listen = anywhere, IsPublic = true }.Problem);
        Assert.Null(new DashboardOptions { Listen = anywhere, Token = Token }.Problem);
        Assert.Throws<ArgumentException>(() => new DashboardOptions { Token = "short" });
    }

    [Fact]
    public async Task RequestsOfAnyLengthAreRefused()
    {
        using var longLine = await odd.Client.GetAsync("/api/v1/hourly?from=" + new string('x', 9000));
        Assert.Equal(HttpStatusCode.RequestUriTooLong, longLine.StatusCode);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/healthz");
        request.Headers.Add("X-Long", new string('x', 20_000));
        using var longHeaders = await odd.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.RequestHeaderFieldsTooLarge, longHeaders.StatusCode);

        await using var server = await OddLake.ServeAsync(odd.Lake.Lake, new() { Token = Token });
        using var client = OddLake.ClientOf(server);
        using var form = await LogInAsync(client, "/login", new string('x', 20_000));
        Assert.Equal(HttpStatusCode.BadRequest, form.StatusCode);
    }

    [Fact]
    public async Task WhatIsNoHttpDoesNoHarm()
    {
        foreach (
            var garbage in (string[])
                [
                    "GET /\r\n\r\n",
                    "\0\0\0\0",
                    "GET /%00%ff HTTP/1.1\r\nHost: localhost\r\n\r\n",
                    "GET /api/v1/%zz/.. HTTP/1.1\r\nHost: localhost\r\n\r\n",
                    "GET * HTTP/1.1\r\nHost: localhost\r\n\r\n",
                ]
        )
        {
            using var socket = new TcpClient();
            await socket.ConnectAsync(IPAddress.Loopback, odd.Server.Address.Port);
            var stream = socket.GetStream();
            await stream.WriteAsync(Encoding.Latin1.GetBytes(garbage));
            using var reader = new StreamReader(stream);
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2));
            var answer = await reader.ReadLineAsync(patience.Token) ?? "";
            Assert.DoesNotContain(" 200 ", answer, StringComparison.Ordinal);
            Assert.DoesNotContain(" 500 ", answer, StringComparison.Ordinal);
        }

        Assert.Equal(HttpStatusCode.OK, (await odd.Client.GetAsync("/healthz")).StatusCode);
    }

    [Fact]
    public async Task ALakeThatIsGoneIsSaidWithoutItsPath()
    {
        var lake = new TestLake();
        lake.LandCatalogue(TestListens.Songs, TestListens.Users);
        lake.LandStreams("a.csv", TestListens.Csv(new TestListens(3).Rows(500)));
        lake.Run();
        await using var server = await OddLake.ServeAsync(lake.Lake);
        using var client = OddLake.ClientOf(server);
        var known = await client.GetStringAsync("/api/v1/daily/2024-06-24");
        lake.Dispose();
        Assert.Equal(known, await client.GetStringAsync("/api/v1/daily/2024-06-24"));
        using var unknown = await client.GetAsync("/api/v1/hourly/2024-06-24");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, unknown.StatusCode);
        Assert.DoesNotContain(lake.Folder, await unknown.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        var patience = DateTime.UtcNow.AddSeconds(30);
        while (!(await client.GetStringAsync("/healthz")).Contains("stale", StringComparison.Ordinal))
        {
            Assert.True(DateTime.UtcNow < patience, "Nobody noticed.");
            await Task.Delay(50);
        }
    }

    [Fact]
    public void TablesTakeNoMoreMemoryThanTheyMay()
    {
        var dates = odd.Lake.State.Dates.Values.Select(date => new PublishedDate(date.Entry, date.ComputedAt)).ToList();
        var largest = dates.Max(date =>
            new TableCache(odd.Lake.Lake, long.MaxValue).Read(KpiTables.Schemas[0], date).Bytes
        );
        var cache = new TableCache(odd.Lake.Lake, 2 * largest);
        foreach (var schema in KpiTables.Schemas)
        {
            foreach (var date in dates)
            {
                Assert.Equal(schema.Name, cache.Read(schema, date).Schema.Name);
                Assert.InRange(cache.Bytes, 1, 2 * largest);
            }
        }
    }

    [Theory]
    [InlineData("cannot read /srv/music/lake/kpis/daily.csv: denied", "cannot read …/daily.csv: denied")]
    [InlineData("/lake is full, ~/.pgpass is not there", "…/lake is full, …/.pgpass is not there")]
    [InlineData("C:\\lake\\x.csv is locked", "… is locked")]
    [InlineData(
        "postgres did not take 2024-06-25: PostgreSQL postgresql://writer@db.example.com:5432/music: no answer in time.",
        "postgres did not take 2024-06-25: PostgreSQL …: no answer in time."
    )]
    [InlineData("redis at cache.internal:6379, 10.1.2.3:6379 and [fe80::1]:80: lost", "redis at …, … and …: lost")]
    [InlineData("db.eu-west-1.example.com refuses reader@example", "… refuses …")]
    [InlineData("role arn:aws:iam::123456789012:role/x may not", "role … may not")]
    [InlineData("s3://bucket/prefix/ledger/1.json is gone.", "the lake/ledger/1.json is gone.")]
    [InlineData(
        "Another run works on s3://bucket/prefix: 20240625T1-x, process 17 on build-7. Try again.",
        "Another run works on the lake: 20240625T1-x, process 17 elsewhere. Try again."
    )]
    [InlineData(
        "new: streams-0001.csv.gz, at 2024-06-25T14:02:11Z and 14:02, and/or r&b / soul: 3.5 % of landing/streams/a.csv",
        "new: streams-0001.csv.gz, at 2024-06-25T14:02:11Z and 14:02, and/or r&b / soul: 3.5 % of landing/streams/a.csv"
    )]
    public void TextsLoseWhatIsNobodysBusiness(string text, string told) =>
        Assert.Equal(told, Redaction.Of(text, "s3://bucket/prefix"));

    [Fact]
    public void ALakeInTheCurrentFolderTakesNoPointsOutOfSentences() =>
        Assert.Equal("The songs are missing. Land them.", Redaction.Of("The songs are missing. Land them.", "."));

    static Task<HttpResponseMessage> LogInAsync(HttpClient client, string address, string token) =>
        client.PostAsync(address, new FormUrlEncodedContent([new("token", token)]));

    static async Task<HttpStatusCode> AskWithAsync(HttpClient client, string cookie)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/dates")
        {
            Headers = { { "Cookie", cookie } },
        };
        using var response = await client.SendAsync(request);
        return response.StatusCode;
    }
}
