using System.Globalization;
using Downbeat.Engine;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Ledger;
using Downbeat.Pipeline.Runs;

namespace Downbeat.Pipeline.Archive;

/// <summary>
/// Moves landed files that the ledger knows out of the landing area: to the archive, to quarantine, or to those that were
/// retracted; and from the archive those that were retracted later. Exactly the bytes that were scanned move; a file that was
/// replaced meanwhile stays, and is a new source.
/// </summary>
sealed class MoveStage(RunContext run)
{
    /// <summary>Moves what is to be moved.</summary>
    /// <returns>How many files moved to the archive, to quarantine, and to those that were retracted.</returns>
    public (int Archived, int Quarantined, int Retracted) Run(CancellationToken cancellationToken)
    {
        var state = run.Ledger.State;
        var known = new LandedStreams(state);
        var moved = new List<(SourceState Source, string Path)>();
        try
        {
            var files = LandedStreams
                .List(run.Lake, cancellationToken)
                .Select(file => (File: file, Source: known.Find(file)!))
                .Where(file => file.Source is not null)
                .Concat(FindMisplaced(run.Lake, state))
                .ToList();
            Workers.Run(
                files.Count,
                run.Lake.Concurrency,
                number =>
                {
                    var (file, source) = files[number];
                    var target = Move(file, source);
                    lock (moved)
                    {
                        if (target is not null)
                        {
                            moved.Add((source, target));
                        }

                        run.Report("archive", moved.Count, files.Count, "files");
                    }
                },
                cancellationToken
            );

            moved.AddRange(
                FindUnsaid(run.Lake, state, [.. moved.Select(entry => entry.Source)])
                    .Select(entry => (entry.Source, entry.File.Path))
            );
        }
        finally
        {
            if (moved.Count > 0)
            {
                run.Ledger.Commit(_ =>
                    LakeLedger.Facts with
                    {
                        Moved = moved.ConvertAll(entry => new MovedEntry(entry.Source.Entry.Id, entry.Path)),
                    }
                );
            }
        }

        var quarantined = moved.Count(entry => entry.Source.Entry.Fault is not null);
        var retracted = moved.Count(entry => IsBelow(entry.Path, LakePaths.Retracted));
        return (moved.Count - quarantined - retracted, quarantined, retracted);
    }

    /// <summary>Files in the archive whose sources were retracted, and the other way round.</summary>
    public static IEnumerable<(LakeObject File, SourceState Source)> FindMisplaced(ILake lake, LakeState state) =>
        state
            .Sources.Values.Where(IsMisplaced)
            .Select(source => (File: lake.Find(source.MovedTo!)!, Source: source))
            .Where(file => file.File is not null);

    /// <summary>Files that have moved, of which a run could not say so any more: it died, or could not write to the ledger.</summary>
    /// <param name="lake">The lake.</param>
    /// <param name="state">What is said.</param>
    /// <param name="others">Sources of which it is known where their files are.</param>
    public static IEnumerable<(LakeObject File, SourceState Source)> FindUnsaid(
        ILake lake,
        LakeState state,
        HashSet<SourceState> others
    ) =>
        state
            .Sources.Values.Where(source =>
                !others.Contains(source)
                && (source.MovedTo is not { } left || (IsMisplaced(source) && lake.Find(left) is null))
            )
            .Select(source => (File: lake.Find(Target(source))!, Source: source))
            .Where(file => file.File is not null);

    static bool IsMisplaced(SourceState source) =>
        source is { MovedTo: { } path, Entry.Fault: null, RawDeletedAt: null }
        && source.IsRetracted != IsBelow(path, LakePaths.Retracted);

    static bool IsBelow(string path, string folder) => path.StartsWith(folder + "/", StringComparison.Ordinal);

    string? Move(LakeObject file, SourceState source)
    {
        var target = Target(source);
        for (var number = 2; run.Lake.Find(target) is { } there && !IsCopy(there, file); number++)
        {
            // The same file was delivered again, or put back: raw files are never deleted, so both are kept.
            var slash = Target(source).LastIndexOf('/') + 1;
            target = Target(source).Insert(slash, string.Create(CultureInfo.InvariantCulture, $"{number}-"));
        }

        try
        {
            if (run.Lake.Move(file, source.RawHash, target))
            {
                return target;
            }

            run.Logger.Left(file.Path, "it was replaced after it was scanned");
        }
        catch (FileNotFoundException)
        {
            // Another run moved it first.
        }
        catch (Exception error) when (RunContext.IsExpected(error))
        {
            run.Fail($"{file.Path} was scanned but not moved to {target}; the next run tries again", error);
        }

        return null;
    }

    /// <summary>A run that died between copying and deleting left a copy, where a lake moves in these two steps.</summary>
    static bool IsCopy(LakeObject there, LakeObject file) =>
        there.Version is not null && there.Version == file.Version && there.Size == file.Size;

    static string Target(SourceState source) =>
        source.Entry.Fault is not null ? LakePaths.QuarantinedFile(source.Entry.Id, source.Entry.Key)
        : source.IsRetracted ? LakePaths.RetractedFile(source.Entry.Id, source.Entry.Key)
        : LakePaths.Archived(source.Entry.Id, source.Entry.Key);
}
