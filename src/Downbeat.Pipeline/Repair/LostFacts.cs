using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Downbeat.Engine.Scan;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Ledger;
using Downbeat.Pipeline.Quarantine;
using Downbeat.Pipeline.Runs;

namespace Downbeat.Pipeline.Repair;

/// <summary>
/// Finds again what lost commits said, from what lies in the lake. Only a raw file in <c>archive/streams/</c> is evidence that a
/// source counts: what a person took out lies in <c>retracted/streams/</c>, and stays out. Dates are computed anew where nothing is known of them.
/// </summary>
sealed class LostFacts(RunContext run, RepairLog log, SourceRepair sources)
{
    const int IdLetters = 24;

    readonly ILake lake = run.Lake;

    /// <summary>Whether a file that counted may be missing from the ledger still: then no date is to be computed.</summary>
    public bool IsIncomplete { get; private set; }

    /// <summary>Looks for facts, and commits them.</summary>
    public void Run(CancellationToken cancellationToken)
    {
        var state = run.Ledger.State;
        var facts = LakeLedger.Facts with
        {
            Songs = FindCatalogue("songs", state.Songs),
            Users = FindCatalogue("users", state.Users),
        };
        facts = AddSources(facts, state, cancellationToken);
        facts = AddWhereabouts(facts, state);
        if (!log.IsDryRun && facts != LakeLedger.Facts)
        {
            run.Ledger.Commit(_ => facts);
        }

        log.Note(
            LakePaths.Ledger,
            "some facts of lost commits are nowhere else",
            "when and why dates were last restated is as of now; wishes to rebuild are gone"
        );
    }

    /// <summary>The highest version that lies there is at least the last one that was committed. It is read again all the same.</summary>
    CatalogueEntry? FindCatalogue(string what, CatalogueEntry? known)
    {
        var prefix = $"{LakePaths.Catalogue}/{what}-";
        var found = lake.List(LakePaths.Catalogue)
            .Where(file => file.Path.StartsWith(prefix, StringComparison.Ordinal))
            .Select(file => (File: file, Parts: file.Path[prefix.Length..].Split('-', '.')))
            .Where(file => file.Parts is [_, { Length: 12 }, _] && file.Parts[2] == what)
            .Select(file =>
                (
                    file.File,
                    Sum: file.Parts[1],
                    Version: int.TryParse(
                        file.Parts[0],
                        NumberStyles.None,
                        CultureInfo.InvariantCulture,
                        out var number
                    )
                        ? number
                        : 0
                )
            )
            .Where(file => file.Version > (known?.Version ?? 0))
            .OrderByDescending(file => file.Version);
        foreach (var (file, start, version) in found)
        {
            using var stream = lake.Open(file);
            var sum = Convert.ToHexStringLower(SHA256.HashData(stream));
            if (sum.StartsWith(start, StringComparison.Ordinal))
            {
                log.Note(file.Path, "the commit that names it is lost", "taken as the last version, and read again");
                return new()
                {
                    Version = version,
                    Path = file.Path,
                    Sha256 = sum,
                    Files = [],
                    Rows = 0,
                    Rejected = 0,
                    Count = 0,
                };
            }
        }

        return null;
    }

    Commit AddSources(Commit facts, LakeState state, CancellationToken cancellationToken)
    {
        var folders = state
            .Sources.Values.Select(source => source.Entry.Key[..(source.Entry.Key.LastIndexOf('/') + 1)])
            .Append($"{LakePaths.Streams}/")
            .Concat(ReadRuns(cancellationToken))
            .Distinct(StringComparer.Ordinal)
            .ToList();
        var found = new List<(LakeObject File, string Id, string Name, QuarantinedSourceFile? About)>();
        foreach (var folder in (string[])[LakePaths.Archive, LakePaths.Retracted])
        {
            foreach (var file in lake.List(folder, cancellationToken))
            {
                var name = file.Path[(folder.Length + 1)..];
                if (name.Length > IdLetters + 1 && name[IdLetters] == '-' && IsId(name[..IdLetters]))
                {
                    found.Add((file, name[..IdLetters], name[(IdLetters + 1)..], ReadAbout(name[..IdLetters])));
                }
            }
        }

        foreach (var file in lake.List(LakePaths.Quarantine, cancellationToken))
        {
            if (
                file.Path.Split('/') is [_, var id, var name]
                && IsId(id)
                && name is not "source.json" and not "rejects.csv"
            )
            {
                found.Add((file, id, name, ReadAbout(id)));
            }
        }

        // The earlier first: a later one may be its continuation.
        var entries = new List<SourceEntry>();
        var moved = new List<MovedEntry>();
        var open = new List<OpenRejectsEntry>();
        var retracted = new List<string>();
        var unknown = found.Where(one => !state.Sources.ContainsKey(one.Id)).OrderBy(one => one.File.Modified).ToList();
        for (var number = 0; number < unknown.Count; number++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var (file, id, name, about) = unknown[number];
            if (FindIdentity(file, id, name, about, folders) is not { } identity)
            {
                IsIncomplete = true;
                log.CannotMend(
                    file.Path,
                    "the ledger lost it, and nothing that its name stands for says under which key it landed",
                    $"land it again before the next run: cp -p '{Path.Join(lake.Name, file.Path)}' '{Path.Join(lake.Name, LakePaths.Streams)}/{name}'; until then dates keep their tables"
                );
                continue;
            }

            log.Mend(
                file.Path,
                "the ledger lost that it was scanned",
                "scanned again where it lies",
                () =>
                {
                    var versions = state
                        .Sources.Values.Select(source => source.Entry)
                        .Concat(entries)
                        .Where(other => other.Key == identity.Path && other.Id != id && other.Fault is null)
                        .ToList();
                    var isQuarantined = file.Path.StartsWith(LakePaths.Quarantine, StringComparison.Ordinal);
                    using var made = new RescanLake(lake, identity, file);
                    var entry = sources.Rescan(made, identity, id, isQuarantined, versions, cancellationToken)!;
                    entries.Add(
                        about?.Fault is null
                            ? entry
                            : entry with
                            {
                                Fault = about.Fault,
                                FaultDetail = about.FaultDetail,
                            }
                    );
                    moved.Add(new(id, file.Path));
                    if (file.Path.StartsWith(LakePaths.Retracted, StringComparison.Ordinal))
                    {
                        retracted.Add(id);
                    }

                    if (entry.Rejected > 0)
                    {
                        open.Add(new(id, CountRejects(id)));
                    }
                }
            );
            log.Report("lost files", number + 1, unknown.Count, "files");
        }

        // What says that it takes the place of one of these says it once more, behind it.
        var ids = entries.Select(entry => entry.Id).ToHashSet(StringComparer.Ordinal);
        foreach (var later in state.Sources.Values.Where(source => source.Entry.Retracts.Any(ids.Contains)).ToList())
        {
            entries.Add(later.Entry);
            moved.AddRange(later.MovedTo is { } path ? [new MovedEntry(later.Entry.Id, path)] : []);
            open.Add(new(later.Entry.Id, later.OpenRejects));
            retracted.AddRange(later.IsRetracted ? [later.Entry.Id] : []);
        }

        return entries.Count == 0
            ? facts
            : facts with
            {
                Sources = entries,
                Moved = moved,
                OpenRejects = open,
                Retracted = retracted,
            };
    }

    /// <summary>Where the files of sources that are known lie now, which says whether they count, and how many of their rejects are left.</summary>
    Commit AddWhereabouts(Commit facts, LakeState state)
    {
        var moved = facts.Moved.ToList();
        var open = facts.OpenRejects.ToList();
        var (released, retracted, restored) = (new List<string>(), facts.Retracted.ToList(), new List<string>());
        foreach (
            var source in state.Sources.Values.Where(source => moved.TrueForAll(one => one.Source != source.Entry.Id))
        )
        {
            var entry = source.Entry;
            var target = entry.Fault is null
                ? LakePaths.Archived(entry.Id, entry.Key)
                : LakePaths.QuarantinedFile(entry.Id, entry.Key);
            var takenOut = LakePaths.RetractedFile(entry.Id, entry.Key);
            if (source.Counts && entry.Fault is null && lake.Find(takenOut) is not null && lake.Find(target) is null)
            {
                retracted.Add(entry.Id);
                moved.Add(new(entry.Id, takenOut));
                log.Note(takenOut, "the commit that took its listens out is lost", "it does not count");
            }
            else if (source.IsRetracted && lake.Find(takenOut) is null && lake.Find(target) is not null)
            {
                restored.Add(entry.Id);
                moved.Add(new(entry.Id, target));
                log.Note(target, "the commit that took its listens back in is lost", "it counts");
            }
            else if (source.IsRetracted && source.MovedTo != takenOut && lake.Find(takenOut) is not null)
            {
                moved.Add(new(entry.Id, takenOut));
            }
            else if ((source.MovedTo is null || source.MovedTo == takenOut) && lake.Find(target) is not null)
            {
                moved.Add(new(entry.Id, target));
            }
            else if (source.IsQuarantined && source.MovedTo is { } gone && lake.Find(gone) is null)
            {
                released.Add(entry.Id);
            }

            if (
                entry.Fault is null
                && source.OpenRejects > 0
                && CountRejects(entry.Id) is var left
                && left != source.OpenRejects
            )
            {
                open.Add(new(entry.Id, left));
            }
        }

        return moved.Count == facts.Moved.Count && released.Count == 0 && open.Count == facts.OpenRejects.Count
            ? facts
            : facts with
            {
                Moved = moved,
                Released = released,
                OpenRejects = open,
                Retracted = retracted,
                Restored = restored,
            };
    }

    /// <summary>Key and time of a file whose content is known, proven by the id that they make.</summary>
    LakeObject? FindIdentity(
        LakeObject file,
        string id,
        string name,
        QuarantinedSourceFile? about,
        IReadOnlyList<string> folders
    )
    {
        log.Saw(file.Size);
        string hash;
        using (var stream = lake.Open(file))
        {
            hash = ContentHash.Of(stream);
        }

        var keys = folders.Select(folder => folder + name).Prepend(about?.Path).OfType<string>();
        var times = new[] { about?.Arrived, file.Modified }.OfType<DateTimeOffset>().ToList();
        return keys.SelectMany(key => times.Select(arrived => new LakeObject(key, file.Size, arrived)))
            .FirstOrDefault(landed => LandedSource.Ids(landed, hash).Take(LandedSource.MaxSweeps).Contains(id, StringComparer.Ordinal));
    }

    /// <summary>
    /// The folders of files that records of runs tell of. No run decides anything by them; here an id proves that they are right.
    /// </summary>
    HashSet<string> ReadRuns(CancellationToken cancellationToken)
    {
        var folders = new HashSet<string>(StringComparer.Ordinal);
        foreach (var file in lake.List(LakePaths.Runs, cancellationToken))
        {
            try
            {
                var record = log.TryRead(lake, file.Path) is { } bytes
                    ? JsonSerializer.Deserialize(bytes, LakeJson.Readable.RunRecord)
                    : null;
                folders.UnionWith(
                    record?.Scanned.Select(scanned => scanned.Path[..(scanned.Path.LastIndexOf('/') + 1)]) ?? []
                );
            }
            catch (JsonException)
            {
                // One that says nothing.
            }
        }

        return folders;
    }

    QuarantinedSourceFile? ReadAbout(string id)
    {
        try
        {
            return log.TryRead(lake, LakePaths.QuarantinedSource(id)) is { } bytes
                ? JsonSerializer.Deserialize(bytes, LakeJson.Readable.QuarantinedSourceFile)
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Rows that were landed again are gone from there.</summary>
    long CountRejects(string id)
    {
        try
        {
            using var stream = lake.Open(LakePaths.Rejects(id));
            return RejectsFile.Read(stream).LongCount();
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException or LakeException)
        {
            return 0;
        }
    }

    static bool IsId(string text) => text.Length == IdLetters && text.All(char.IsAsciiHexDigitLower);
}
