using System.Globalization;
using System.Security.Cryptography;
using Downbeat.Engine.Catalogue;
using Downbeat.Engine.Listens;
using Downbeat.Engine.Scan;
using Downbeat.Engine.Slices;
using Downbeat.Pipeline.Catalogue;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Ledger;
using Downbeat.Pipeline.Runs;

namespace Downbeat.Pipeline.Repair;

/// <summary>
/// Looks at songs and users as last read. They are made again from what they were read from, and from the version before, which
/// says since when a track is known: then they are what they were. Where that cannot be had, they are read anew, under the next
/// version.
/// </summary>
sealed class CatalogueRepair(RunContext run, RepairLog log, ICatalogueSource? source)
{
    const long UsersBufferBytes = 64 << 20;

    readonly ILake lake = run.Lake;

    /// <summary>Looks, and mends.</summary>
    public void Run(CancellationToken cancellationToken)
    {
        var state = run.Ledger.State;
        Check("songs", state.Songs, MakeSongs, cancellationToken);
        Check("users", state.Users, MakeUsers, cancellationToken);
        foreach (var entry in new[] { state.Songs, state.Users }.OfType<CatalogueEntry>())
        {
            CheckRows(entry);
        }
    }

    void Check(
        string what,
        CatalogueEntry? entry,
        Func<CatalogueEntry, Stream, CancellationToken, bool> make,
        CancellationToken cancellationToken
    )
    {
        log.Report("catalogue", 0, 1, "files");
        if (entry is null || WhyDamaged(entry.Path, entry.Sha256) is not { } wrong)
        {
            return;
        }

        if (MakeAgain(entry, make, cancellationToken) is { } made)
        {
            using (made)
            {
                log.Mend(
                    entry.Path,
                    wrong,
                    "made again from what it was read from",
                    () => lake.PutScratch(entry.Path, made.File)
                );
            }
        }
        else if (entry.Origin is { } origin && source is null)
        {
            log.CannotMend(
                entry.Path,
                wrong,
                $"it comes from {origin.Place}, and no database is set: repair again with the setting cataloguePostgres"
            );
        }
        else
        {
            // Gone, it is read again: what reads it looks whether it is there.
            log.Mend(
                entry.Path,
                wrong,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"deleted, to be read again as version {entry.Version + 1} from {entry.Origin?.Place ?? $"landing/{what}"}; dates with unknown tracks or users are looked at again"
                ),
                () => lake.Delete(entry.Path)
            );
        }
    }

    /// <summary>The rows into which changes of a database are merged; without them all rows are read.</summary>
    void CheckRows(CatalogueEntry entry)
    {
        if (entry.Origin is not { Path: { } path } origin)
        {
            return;
        }

        if (lake.Find(path) is not { } found)
        {
            log.Note(path, "it is missing", "the next run reads all rows");
            return;
        }

        log.Saw(found.Size);
        if (!HasContent(found, origin.Hash))
        {
            log.Mend(
                path,
                "it is damaged: it does not fit its content hash",
                "deleted; the next run reads all rows",
                () => lake.Delete(path)
            );
        }
    }

    bool HasContent(LakeObject file, string hash)
    {
        using var stream = lake.Open(file);
        return ContentHash.Of(stream) == hash;
    }

    string? WhyDamaged(string path, string sum)
    {
        if (lake.Find(path) is not { } found)
        {
            return "it is missing";
        }

        log.Saw(found.Size);
        using var stream = lake.Open(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream)) == sum
            ? null
            : "it is damaged: it does not fit its checksum";
    }

    /// <summary>Songs or users as they were; null when they come out otherwise, or what they were read from is not there.</summary>
    Scratch? MakeAgain(
        CatalogueEntry entry,
        Func<CatalogueEntry, Stream, CancellationToken, bool> make,
        CancellationToken cancellationToken
    )
    {
        if (Inputs(entry) is null)
        {
            return null;
        }

        var made = new Scratch(lake);
        try
        {
            using (var sum = SHA256.Create())
            {
                using (var output = new CryptoStream(File.Create(made.File), sum, CryptoStreamMode.Write))
                {
                    if (!make(entry, output, cancellationToken))
                    {
                        made.Dispose();
                        return null;
                    }
                }

                if (Convert.ToHexStringLower(sum.Hash!) == entry.Sha256)
                {
                    return made;
                }
            }
        }
        catch (Exception error) when (RunContext.IsExpected(error))
        {
            // Then it is read anew.
        }
        catch
        {
            made.Dispose();
            throw;
        }

        made.Dispose();
        return null;
    }

    /// <summary>What it was read from, if that is still there as it was.</summary>
    List<LakeObject>? Inputs(CatalogueEntry entry)
    {
        if (entry.Origin is { } origin)
        {
            return origin.Path is { } path && lake.Find(path) is { } rows && HasContent(rows, origin.Hash)
                ? [rows]
                : null;
        }

        var files = entry.Files.Select(file => lake.Find(file.Key)).OfType<LakeObject>().ToList();
        return files.Count == entry.Files.Count && files.Select(CatalogueInput.Entry).SequenceEqual(entry.Files)
            ? files
            : null;
    }

    bool MakeSongs(CatalogueEntry entry, Stream output, CancellationToken cancellationToken)
    {
        var scan = new SongsScan((in _, _) => { });
        if (!Scan(entry, scan.Scan, cancellationToken))
        {
            return false;
        }

        var before = Before("songs", entry.Version, path => SongsFile.Read(lake.OpenBytes(path)));
        SongsFile.Write(scan.Build(entry.Version, before), output);
        return true;
    }

    bool MakeUsers(CatalogueEntry entry, Stream output, CancellationToken cancellationToken)
    {
        var runs = new List<Scratch>();
        try
        {
            var scan = new UsersScan(
                UsersBufferBytes,
                () =>
                {
                    runs.Add(new(lake));
                    return File.Create(runs[^1].File);
                },
                (in _, _) => { }
            );
            if (!Scan(entry, scan.Scan, cancellationToken))
            {
                return false;
            }

            scan.Finish();
            var before = Before("users", entry.Version, OpenUsers);
            scan.Write(
                [.. runs.Select(file => new SliceReader(new FileBytes(file.File, file.File)))],
                output,
                entry.Version,
                before
            );
            return true;
        }
        finally
        {
            runs.ForEach(file => file.Dispose());
        }
    }

    SliceReader OpenUsers(string path)
    {
        var users = new SliceReader(lake.OpenBytes(path));
        SourceRepair.ReadAll(users);
        return users;
    }

    bool Scan(
        CatalogueEntry entry,
        Func<Stream, CancellationToken, FileFault?> scan,
        CancellationToken cancellationToken
    )
    {
        foreach (var file in Inputs(entry)!)
        {
            using var raw = lake.Open(file);
            using var csv = LandedStreams.IsCompressed(file.Path) ? new GunzipStream(raw) : null;
            try
            {
                if (scan((Stream?)csv ?? raw, cancellationToken) is not null)
                {
                    return false;
                }
            }
            catch (InvalidDataException)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The last version before one that is still kept, and whole.</summary>
    T? Before<T>(string what, int version, Func<string, T> read)
        where T : class
    {
        for (var older = version - 1; older > 0; older--)
        {
            foreach (var file in Versions(lake, what, older))
            {
                try
                {
                    return read(file.Path);
                }
                catch (DamagedObjectException)
                {
                    // Then an older one; whether that is right, the checksum tells.
                }
            }
        }

        return null;
    }

    /// <summary>The files of a version of songs or users; mostly one or none.</summary>
    public static IEnumerable<LakeObject> Versions(ILake lake, string what, int version)
    {
        var prefix = string.Create(CultureInfo.InvariantCulture, $"{LakePaths.Catalogue}/{what}-{version}-");
        return lake.List(LakePaths.Catalogue)
            .Where(file =>
                file.Path.StartsWith(prefix, StringComparison.Ordinal)
                && file.Path.EndsWith($".{what}", StringComparison.Ordinal)
            );
    }

    /// <summary>A scratch file, which is gone with it if nobody has moved it.</summary>
    sealed class Scratch(ILake lake) : IDisposable
    {
        public string File { get; } = ScratchStream.NewName(lake.Scratch);

        public void Dispose() => System.IO.File.Delete(File);
    }
}
