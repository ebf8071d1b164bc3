using System.Globalization;
using Downbeat.Engine;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Ledger;
using Downbeat.Pipeline.Runs;

namespace Downbeat.Pipeline.Archive;

/// <summary>
/// Moves landed files that the ledger knows out of the landing area: to the archive, or to quarantine. Exactly the bytes
/// that were scanned move; a file that was replaced meanwhile stays, and is a new source.
/// </summary>
sealed class MoveStage(RunContext run)
{
    /// <summary>Moves what is to be moved.</summary>
    /// <returns>How many files moved to the archive, and how many to quarantine.</returns>
    public (int Archived, int Quarantined) Run(CancellationToken cancellationToken)
    {
        var known = new LandedStreams(run.Ledger.State);
        var moved = new List<MovedEntry>();
        var quarantined = 0;
        try
        {
            var files = LandedStreams
                .List(run.Lake, cancellationToken)
                .Where(file => known.Find(file) is not null)
                .ToList();
            Workers.Run(
                files.Count,
                run.Lake.Concurrency,
                number =>
                {
                    var source = known.Find(files[number])!;
                    var target = Move(files[number], source);
                    lock (moved)
                    {
                        if (target is not null)
                        {
                            moved.Add(new(source.Entry.Id, target));
                            quarantined += source.Entry.Fault is null ? 0 : 1;
                        }

                        run.Report("archive", moved.Count, files.Count, "files");
                    }
                },
                cancellationToken
            );

            // A run that died between moving and committing left this to be said.
            foreach (var source in run.Ledger.State.Sources.Values.Where(source => source.MovedTo is null))
            {
                if (
                    moved.TrueForAll(entry => entry.Source != source.Entry.Id)
                    && run.Lake.Find(Target(source)) is not null
                )
                {
                    moved.Add(new(source.Entry.Id, Target(source)));
                }
            }
        }
        finally
        {
            if (moved.Count > 0)
            {
                run.Ledger.Commit(_ => LakeLedger.Facts with { Moved = moved });
            }
        }

        return (moved.Count - quarantined, quarantined);
    }

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
            if (run.Lake.Move(file, source.Entry.Hash, target))
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
        source.Entry.Fault is null
            ? LakePaths.Archived(source.Entry.Id, source.Entry.Key)
            : LakePaths.QuarantinedFile(source.Entry.Id, source.Entry.Key);
}
