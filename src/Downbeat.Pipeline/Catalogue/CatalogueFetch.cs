using Downbeat.Engine.Scan;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Ledger;
using Downbeat.Pipeline.Runs;

namespace Downbeat.Pipeline.Catalogue;

/// <summary>
/// Songs and users as a database held them at one moment, in scratch files that are read like landed ones. Where the database
/// tells changes, only those came over the network, and were merged into the rows that the ledger names.
/// </summary>
sealed class CatalogueFetch : IDisposable
{
    readonly List<string> files = [];

    CatalogueFetch() { }

    /// <summary>The songs; null when <see cref="Empty"/> says that there are none, or the last ones are used instead.</summary>
    public FetchedRows? Songs { get; private set; }

    /// <summary>The users; null as the songs.</summary>
    public FetchedRows? Users { get; private set; }

    /// <summary>Which table is empty, for people; null when none is.</summary>
    public string? Empty { get; private set; }

    /// <summary>What is used instead and why, for people; null when the database gave what it has.</summary>
    public string? Fallback { get; private set; }

    /// <summary>Whether the ledger is to learn something from it.</summary>
    public bool IsNews { get; private set; }

    /// <summary>Fetches.</summary>
    /// <param name="run">The run.</param>
    /// <param name="source">The database.</param>
    /// <param name="all">Whether all rows are wanted and not only changed ones.</param>
    /// <param name="cancellationToken">Stops in the middle.</param>
    /// <exception cref="CatalogueException">That failed, and there is nothing to use instead.</exception>
    public static CatalogueFetch Run(
        RunContext run,
        ICatalogueSource source,
        bool all,
        CancellationToken cancellationToken
    )
    {
        var fetch = new CatalogueFetch();
        try
        {
            fetch.Fetch(run, source, all, cancellationToken);
            return fetch;
        }
        catch (CatalogueException error)
            when (error.IsTransient && run.Options.CatalogueFallback && FindKept(run) is { } kept)
        {
            fetch.Fallback = $"Songs and users of the last snapshot are used, {kept}: {error.Message}";
            run.Logger.FellBack(kept, error.Message);
            return fetch;
        }
        catch
        {
            fetch.Dispose();
            throw;
        }
    }

    /// <summary>Deletes the scratch files that are left.</summary>
    public void Dispose() => files.ForEach(File.Delete);

    void Fetch(RunContext run, ICatalogueSource source, bool all, CancellationToken cancellationToken)
    {
        var state = run.Ledger.State;
        var now = run.Clock.GetUtcNow();
        var (songs, users) = (NewFile(run), NewFile(run));
        var (knownSongs, knownUsers) = (Known(state.Songs), Known(state.Users));
        var (songsTable, usersTable) = source.Fetch(
            new(songs, knownSongs),
            new(users, knownUsers),
            (done, total) => run.Report("catalogue", done, total, "rows"),
            cancellationToken
        );
        var empty = new[] { songsTable.IsEmpty ? "songs" : null, usersTable.IsEmpty ? "users" : null };
        if (songsTable.IsEmpty || usersTable.IsEmpty)
        {
            Empty = $"{source.Place} has no {string.Join(" and no ", empty.OfType<string>())}";
            return;
        }

        Songs = Keep("songs", songs, songsTable, knownSongs);
        Users = Keep("users", users, usersTable, knownUsers);
        IsNews = Songs.Origin != state.Songs?.Origin || Users.Origin != state.Users?.Origin;

        CatalogueOriginEntry? Known(CatalogueEntry? entry) =>
            !all
            && entry?.Origin is { Path: { } path, ReadInFull: { } readInFull } origin
            && now - readInFull < TimeSpan.FromHours(run.Options.CatalogueFullHours)
            && run.Lake.Find(path) is not null
                ? origin
                : null;

        FetchedRows Keep(string what, string file, FetchedTable table, CatalogueOriginEntry? known)
        {
            var origin = new CatalogueOriginEntry
            {
                Place = source.Place,
                Shape = table.Shape,
                Hash = "",
            };
            if (table.Watermark is null)
            {
                using var rows = File.OpenRead(file);
                return new($"{what} in {source.Place}", file, 0, origin with { Hash = ContentHash.Of(rows) });
            }

            var merged = NewFile(run);
            long tooLong;
            using (var before = table.IsChangesOnly ? run.Lake.Open(known!.Path!) : null)
            using (var changed = File.OpenRead(file))
            using (var output = new ScratchStream(merged))
            {
                (var hash, tooLong) = RowsMerge.Run(before, changed, table.KeyIsNumber, output, cancellationToken);
                origin = origin with
                {
                    Hash = hash,
                    Watermark = table.Watermark,
                    ReadInFull = table.IsChangesOnly ? known!.ReadInFull : now,
                };
            }

            File.Delete(file);
            origin = origin with { Path = $"{LakePaths.Catalogue}/{what}-{origin.Hash[..24]}.rows.csv" };
            return new($"{what} in {source.Place}", merged, tooLong, origin);
        }
    }

    static string? FindKept(RunContext run)
    {
        var state = run.Ledger.State;
        return
            state is { Songs: { } songs, Users: { } users }
            && run.Lake.Find(songs.Path) is not null
            && run.Lake.Find(users.Path) is not null
            ? $"version {songs.Version} of the songs and {users.Version} of the users"
            : null;
    }

    string NewFile(RunContext run)
    {
        files.Add(ScratchStream.NewName(run.Lake.Scratch));
        return files[^1];
    }
}

/// <summary>Songs or users that were fetched.</summary>
/// <param name="Name">What they are called in messages.</param>
/// <param name="File">The scratch file that holds all rows.</param>
/// <param name="TooLong">Rows that are too long to be any, and are not in the file.</param>
/// <param name="Origin">What the ledger is to know about them.</param>
sealed record FetchedRows(string Name, string File, long TooLong, CatalogueOriginEntry Origin);
