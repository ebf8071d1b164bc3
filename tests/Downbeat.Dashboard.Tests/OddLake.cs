using System.Globalization;
using System.Text;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Runs;
using Downbeat.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Downbeat.Dashboard.Tests;

/// <summary>A lake of four dates whose genres, tracks, artists and countries are called what nobody should be called, and its server.</summary>
public sealed class OddLake : IAsyncLifetime
{
    /// <summary>Names that break pages and paths that do not take care.</summary>
    public static readonly string[] Names =
    [
        "<script>alert(1)</script>",
        "r&b / soul",
        "=50% off?x=1#y",
        "\"quoted\", and more",
        "two\nlines",
        "a;b='c' OR 1=1--",
        "مرحبا بالعالم",
        "ミドリ公園",
        "👩‍👩‍👧 emoji",
        "..",
        "%2F",
        " leading and trailing ",
        "back\\slash",
        new string('x', 300),
    ];

    /// <summary>The first of its dates.</summary>
    public static readonly DateOnly First = new(2024, 6, 24);

    readonly TestLake lake = new();

    /// <summary>The lake.</summary>
    public TestLake Lake => lake;

    /// <summary>The server.</summary>
    public DashboardServer Server { get; private set; } = null!;

    /// <summary>Asks it.</summary>
    public HttpClient Client { get; private set; } = null!;

    /// <summary>Starts a server for a lake.</summary>
    public static Task<DashboardServer> ServeAsync(
        ILake lake,
        DashboardOptions? options = null,
        RunOptions? run = null
    ) =>
        DashboardServer.StartAsync(
            lake,
            run ?? new(),
            (options ?? new()) with
            {
                Listen = new(options?.Listen.Address ?? System.Net.IPAddress.Loopback, 0),
            },
            TimeProvider.System,
            NullLogger.Instance
        );

    /// <summary>A client that does nothing by itself.</summary>
    public static HttpClient ClientOf(DashboardServer server) =>
        new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = server.Address };

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        var songs = new StringBuilder("track_id,artists,album_name,track_name,popularity,duration_ms,track_genre\n");
        var users = new StringBuilder("user_id,user_name,user_age,user_country,created_at\n");
        for (var number = 0; number < Names.Length * 3; number++)
        {
            var (name, other) = (Names[number % Names.Length], Names[(number * 5 + 1) % Names.Length]);
            songs.Append(
                CultureInfo.InvariantCulture,
                $"t{number},{Quoted(other.Replace(';', ','))},Album,{(number % 7 == 0 ? "" : Quoted(name))},{number},{1000 + (number * 777)},{Quoted(name)}\n"
            );
            users.Append(CultureInfo.InvariantCulture, $"{number},Name,30,{Quoted(other)},2024-01-01\n");
        }

        lake.LandCatalogue(songs.ToString(), users.ToString());
        var random = new Random(7);
        var rows = new StringBuilder("user_id,track_id,listen_time,liked,shared\n");
        for (var row = 0; row < 4000; row++)
        {
            var time = First.ToDateTime(default).AddSeconds(random.Next(4 * 86_400));
            rows.Append(
                CultureInfo.InvariantCulture,
                $"{random.Next(50)},t{random.Next((Names.Length * 3) + 2)},{time:yyyy-MM-dd HH:mm:ss},{random.Next(2)},0\n"
            );
        }

        rows.Append(
            "<script>alert(2)</script>,t1,2024-06-24 10:00:00,0,0\n-5,t1,2024-06-24 10:00:00,0,0\n1,t1,yesterday,0,0\n"
        );
        lake.LandStreams("listens.csv", rows.ToString());
        lake.LandStreams("broken.csv", "user,song\n1,<b>2</b>\n");
        Assert.Equal(RunOutcome.Done, lake.Run().Outcome);
        Server = await ServeAsync(lake.Lake);
        Client = ClientOf(Server);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Server.DisposeAsync();
        lake.Dispose();
    }

    static string Quoted(string text) => $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
