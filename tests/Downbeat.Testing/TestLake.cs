using System.IO.Compression;
using System.Text;
using Downbeat.Connectors.Folder;
using Downbeat.Pipeline.Catalogue;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Ledger;
using Downbeat.Pipeline.Publish;
using Downbeat.Pipeline.Repair;
using Downbeat.Pipeline.Runs;
using Microsoft.Extensions.Logging.Abstractions;

namespace Downbeat.Testing;

/// <summary>A lake in a folder of its own, which goes away with it.</summary>
public sealed class TestLake : IDisposable
{
    /// <summary>When landed files arrive unless a test says otherwise: long ago, and after all listens of the tests.</summary>
    public static readonly DateTimeOffset Arrived = new(2024, 7, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Makes a lake.</summary>
    public TestLake(string timeZone = "UTC")
    {
        Folder = Directory.CreateTempSubdirectory("downbeat-test-").FullName;
        Lake = new FolderLake(Folder);
        LakeFile.Create(Lake, timeZone, Arrived);
    }

    TestLake(TestLake other)
    {
        Folder = Directory.CreateTempSubdirectory("downbeat-test-").FullName;
        Lake = new FolderLake(Folder);
        var scratch = Path.Combine(other.Folder, ".tmp"); // Which the other lake has locked.
        foreach (
            var file in Directory
                .EnumerateFiles(other.Folder, "*", SearchOption.AllDirectories)
                .Where(file => !file.StartsWith(scratch, StringComparison.Ordinal))
        )
        {
            Land(
                Path.GetRelativePath(other.Folder, file),
                File.ReadAllBytes(file),
                new(File.GetLastWriteTimeUtc(file))
            );
        }
    }

    /// <summary>Copies the lake, times of files too.</summary>
    public TestLake Copy() => new(this);

    /// <summary>The lake's folder.</summary>
    public string Folder { get; }

    /// <summary>The lake.</summary>
    public ILake Lake { get; }

    /// <summary>The lake's state as of now.</summary>
    public LakeState State => LakeLedger.Open(Lake, "test", TimeProvider.System).State;

    /// <summary>Lands a file of listens; a name that ends in <c>.gz</c> is compressed.</summary>
    public void LandStreams(string name, string csv, DateTimeOffset? arrived = null) =>
        Land(
            $"{LakePaths.Streams}/{name}",
            name.EndsWith(".gz", StringComparison.Ordinal) ? Gzip(csv) : Encoding.UTF8.GetBytes(csv),
            arrived
        );

    /// <summary>Lands songs and users.</summary>
    public void LandCatalogue(string songs, string users, DateTimeOffset? arrived = null)
    {
        Land($"{LakePaths.Songs}/songs.csv", Encoding.UTF8.GetBytes(songs), arrived);
        Land($"{LakePaths.Users}/users.csv", Encoding.UTF8.GetBytes(users), arrived);
    }

    /// <summary>Unfinished work that this process has left in the lake, but for the lock that says that the process lives.</summary>
    public IEnumerable<string> Unfinished() =>
        Directory
            .EnumerateFileSystemEntries(Lake.Scratch, "*", SearchOption.AllDirectories)
            .Where(file => Path.GetFileName(file) != ".lock");

    /// <summary>Lands a file anywhere in the lake, whole and with its time: somebody may be watching.</summary>
    public void Land(string path, byte[] bytes, DateTimeOffset? arrived = null)
    {
        var file = Path.Combine(Folder, path);
        var outside = $"{Folder}-{Guid.NewGuid():N}";
        File.WriteAllBytes(outside, bytes);
        File.SetLastWriteTimeUtc(outside, (arrived ?? Arrived).UtcDateTime);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.Move(outside, file, overwrite: true);
    }

    /// <summary>What tables are published to besides the lake's own files.</summary>
    public IReadOnlyList<IDestination> Destinations { get; set; } = [];

    /// <summary>The database that songs and users come from; null when they are landed.</summary>
    public ICatalogueSource? Source { get; set; }

    /// <summary>Runs once.</summary>
    public RunRecord Run(RunOptions? options = null, RunRequest? request = null, ILake? through = null) =>
        Reconciliation(through ?? Lake, options).Run(request);

    /// <summary>What a run would do.</summary>
    public RunPlan Plan(RunOptions? options = null) => Reconciliation(Lake, options).Plan();

    /// <summary>Repairs the lake, or only looks.</summary>
    public RepairReport Repair(RepairRequest? request = null, RunOptions? options = null, ILake? through = null) =>
        new LakeRepair(
            through ?? Lake,
            options ?? new(),
            TimeProvider.System,
            NullLogger.Instance,
            null,
            Destinations,
            Source
        ).Run(request);

    Reconciliation Reconciliation(ILake lake, RunOptions? options) =>
        new(lake, options ?? new(), TimeProvider.System, NullLogger.Instance, null, Destinations, Source);

    /// <summary>The lease names this process, which lives on: lets it name one that does not.</summary>
    public void BuryProcess()
    {
        var lease = Path.Combine(Folder, LakePaths.Lease);
        if (File.Exists(lease))
        {
            var text = File.ReadAllText(lease)
                .Replace(
                    $"\"processId\": {Environment.ProcessId}",
                    "\"processId\": 2147483646",
                    StringComparison.Ordinal
                );
            File.WriteAllText(lease, text);
        }
    }

    /// <summary>Every published file of listens, by its path below <c>kpis/</c>: they depend on the set of listens alone.</summary>
    public SortedDictionary<string, string> Kpis() => Read(ListenTables(Lake));

    /// <summary>Every published file of <c>quality_daily</c>: they depend on the files that listens come in.</summary>
    public SortedDictionary<string, string> Quality() => Read(Lake.List(LakePaths.Kpis).Where(IsQuality));

    /// <summary>The published files of listens in a lake: all but those of <c>quality_daily</c>.</summary>
    public static IEnumerable<LakeObject> ListenTables(ILake lake) =>
        lake.List(LakePaths.Kpis).Where(file => !IsQuality(file));

    static bool IsQuality(LakeObject file) =>
        file.Path.StartsWith($"{LakePaths.Kpis}/quality_daily/", StringComparison.Ordinal);

    SortedDictionary<string, string> Read(IEnumerable<LakeObject> files)
    {
        var kpis = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var file in files)
        {
            kpis.Add(file.Path[(LakePaths.Kpis.Length + 1)..], File.ReadAllText(Path.Combine(Folder, file.Path)));
        }

        return kpis;
    }

    /// <summary>Compresses a text.</summary>
    public static byte[] Gzip(string text)
    {
        using var bytes = new MemoryStream();
        using (var gzip = new GZipStream(bytes, CompressionLevel.Fastest))
        {
            gzip.Write(Encoding.UTF8.GetBytes(text));
        }

        return bytes.ToArray();
    }

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
