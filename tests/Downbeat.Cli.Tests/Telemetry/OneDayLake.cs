using Downbeat.Testing;

namespace Downbeat.Cli.Tests.Telemetry;

/// <summary>A lake with a file of listens, one with rejects, and one that is none; made by the program.</summary>
sealed class OneDayLake : IDisposable
{
    readonly TemporaryFolder folder = new();

    public OneDayLake()
    {
        Cli = new(folder.Path);
        Assert.Equal(0, Cli.Run("init", "lake").ExitCode);
        folder.Write(
            "lake/landing/songs/songs.csv",
            "track_id,artists,track_name,popularity,duration_ms,track_genre\nt1,One,First,1,1000,rock\nt2,Two,Second,1,2000,pop\n"
        );
        folder.Write("lake/landing/users/users.csv", "user_id,user_country\n7001,DE\n7002,FR\n");
        folder.Write(
            "lake/landing/streams/good.csv",
            "user_id,track_id,listen_time\n7001,t1,2024-06-25 10:00:00\n7001,t1,2024-06-25 10:00:00\n7002,t2,2024-06-26 11:00:00\n"
        );
        var rows = string.Concat(Enumerable.Range(0, 40).Select(row => $"7001,t2,2024-06-25 12:{row:00}:00\n"));
        folder.Write("lake/landing/streams/rejects.csv", $"user_id,track_id,listen_time\n{rows}7002,t2,nonsense\n");
        folder.Write("lake/landing/streams/faulty.csv", "user_id,song,when\n1,a,b\n");
    }

    public CliRunner Cli { get; }

    public string Folder => Path.Combine(folder.Path, "lake");

    /// <summary>Lands one more file.</summary>
    public void Land(string name) =>
        folder.Write($"lake/landing/streams/{name}", "user_id,track_id,listen_time\n7002,t1,2024-06-27 10:00:00\n");

    public string Write(string name, string text) => folder.Write(name, text);

    public void Dispose() => folder.Dispose();
}
