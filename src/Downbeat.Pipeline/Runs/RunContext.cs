using Downbeat.Engine;
using Downbeat.Engine.Catalogue;
using Downbeat.Engine.Listens;
using Downbeat.Engine.Slices;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Ledger;
using Microsoft.Extensions.Logging;

namespace Downbeat.Pipeline.Runs;

/// <summary>What the stages of one run share.</summary>
sealed class RunContext(
    ILake lake,
    LakeZone zone,
    LakeLedger ledger,
    RunOptions options,
    TimeProvider clock,
    ILogger logger,
    IProgress<RunProgress>? progress
)
{
    readonly Lock reporting = new();
    (int Version, Songs Songs)? songs;
    (int Version, SliceReader Users)? users;

    public ILake Lake { get; } = lake;

    public LakeZone Zone { get; } = zone;

    public LakeLedger Ledger { get; } = ledger;

    public RunOptions Options { get; } = options;

    public TimeProvider Clock { get; } = clock;

    public ILogger Logger { get; } = logger;

    /// <summary>What failed so far; the rest of the run goes on.</summary>
    public List<string> Errors { get; } = [];

    /// <summary>The songs as last read; the ledger knows some.</summary>
    public Songs Songs()
    {
        var entry = Ledger.State.Songs!;
        if (songs?.Version != entry.Version)
        {
            songs = (entry.Version, SongsFile.Read(Lake.OpenBytes(entry.Path)));
        }

        return songs!.Value.Songs;
    }

    /// <summary>Keeps songs that were just read and committed, so that nobody has to load them.</summary>
    public void Remember(int version, Songs read) => songs = (version, read);

    /// <summary>The users as last read; the ledger knows some.</summary>
    public SliceReader Users()
    {
        var entry = Ledger.State.Users!;
        if (users?.Version != entry.Version)
        {
            users = (entry.Version, new SliceReader(Lake.OpenBytes(entry.Path)));
        }

        return users!.Value.Users;
    }

    /// <summary>Opens slices, several at once where the lake is far away.</summary>
    public SliceReader[] OpenSlices(IReadOnlyList<string> paths)
    {
        var slices = new SliceReader[paths.Count];
        Workers.Run(paths.Count, Lake.Concurrency, number => slices[number] = new(Lake.OpenBytes(paths[number])));
        return slices;
    }

    /// <summary>Songs and users as last read, with the versions they have.</summary>
    public CatalogueSnapshot Catalogue()
    {
        _ = Songs();
        _ = Users();
        return new(songs!.Value.Version, songs.Value.Songs, users!.Value.Version, users.Value.Users);
    }

    /// <summary>Notes a failure that leaves the rest of the run to be done.</summary>
    public void Fail(string what, Exception error)
    {
        lock (reporting)
        {
            var message = $"{what}: {error.Message}";
            Errors.Add(message);
            Logger.Failed(message);
        }
    }

    /// <summary>Says how far a stage has come.</summary>
    public void Report(string stage, long done, long total, string unit, long rows = 0) =>
        progress?.Report(new(stage, done, total, unit, rows));

    /// <summary>What goes wrong with one file or one date, and not with the program.</summary>
    public static bool IsExpected(Exception error) => error is IOException or UnauthorizedAccessException;
}

/// <summary>Songs and users of one moment.</summary>
sealed record CatalogueSnapshot(int SongsVersion, Songs Songs, int UsersVersion, SliceReader Users);
