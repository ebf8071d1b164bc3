using System.Globalization;
using Downbeat.Engine;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Ledger;

namespace Downbeat.Pipeline.Repair;

/// <summary>
/// Makes the ledger whole. Every commit is kept twice, so that one that is damaged or gone is put again as it was. Where both
/// are, the checkpoint says what they said, as long as it is behind them. Where that does not help either, the number is filled
/// with a commit that says that facts are lost, and <see cref="LostFacts"/> looks for them in the lake.
/// </summary>
sealed class LedgerRepair(ILake lake, RepairLog log, TimeProvider clock)
{
    const string By = "repair";

    /// <summary>So many commits are read at a time.</summary>
    const int Chunk = 256;

    /// <summary>Whether commits are lost that nothing in the lake says again.</summary>
    public bool HasLost { get; private set; }

    /// <summary>Mends the ledger, and says what is true of the lake.</summary>
    public LakeState Run(CancellationToken cancellationToken)
    {
        var commits = Versions(LakePaths.Ledger, cancellationToken);
        var copies = Versions(LakePaths.LedgerCopies, cancellationToken);
        var (checkpoint, isDamaged) = ReadCheckpoint();
        var last = commits.Concat(copies).Append(checkpoint?.Version ?? 0).Max();
        HasLost =
            last == 0
            && (
                lake.List(LakePaths.Slices, cancellationToken).Count > 0
                || lake.List(LakePaths.Kpis, cancellationToken).Count > 0
            );
        if (HasLost)
        {
            log.Note(
                LakePaths.Ledger,
                "it is gone, and so are the copies of its commits",
                "its facts are looked for in the lake"
            );
        }

        var state = checkpoint ?? new();
        var uncopied = 0;
        for (var first = 1L; first <= last; first += Chunk)
        {
            var read = new (Commit? Commit, byte[]? Bytes, Commit? Copy, byte[]? CopyBytes)[
                Math.Min(Chunk, last - first + 1)
            ];
            Workers.Run(
                read.Length,
                lake.Concurrency,
                number => read[number] = Read(first + number),
                cancellationToken
            );
            for (var at = 0; at < read.Length; at++)
            {
                var (version, found) = (first + at, read[at]);
                var stands = Mend(
                    version,
                    found.Commit,
                    found.Bytes,
                    found.Copy,
                    found.CopyBytes,
                    checkpoint,
                    ref uncopied
                );
                if (version > state.Version)
                {
                    state = state.After(stands);
                }
            }

            log.Report("ledger", first + read.Length - 1, last, "commits");
        }

        if (uncopied > 0)
        {
            // Not damage: earlier versions kept no copies, and a run may die between the two.
            log.Note(
                LakePaths.LedgerCopies,
                string.Create(CultureInfo.InvariantCulture, $"{uncopied} commits had no copy"),
                log.IsDryRun ? "to be copied" : "copied"
            );
        }

        if (isDamaged)
        {
            log.Mend(
                LakePaths.Checkpoint,
                "it is damaged: it does not fit its checksum",
                "made again from the commits",
                () => lake.Put([(LakePaths.Checkpoint, Sealed.Write(state, LakeJson.Default.LakeState))])
            );
        }

        return state;
    }

    (Commit? Commit, byte[]? Bytes, Commit? Copy, byte[]? CopyBytes) Read(long version)
    {
        var (commit, copy) = (
            log.TryRead(lake, LakePaths.Commit(version)),
            log.TryRead(lake, LakePaths.CommitCopy(version))
        );
        return (Parse(commit, version), commit, Parse(copy, version), copy);
    }

    static Commit? Parse(byte[]? bytes, long version) =>
        bytes is not null && Sealed.TryRead(bytes, LakeJson.Default.Commit) is { } commit && commit.Version == version
            ? commit
            : null;

    /// <summary>Sees to it that a commit is there twice, and says what it says.</summary>
    Commit Mend(
        long version,
        Commit? commit,
        byte[]? bytes,
        Commit? copy,
        byte[]? copyBytes,
        LakeState? checkpoint,
        ref int uncopied
    )
    {
        var (path, copyPath) = (LakePaths.Commit(version), LakePaths.CommitCopy(version));
        var wrong = bytes is null ? "it is missing" : "it is damaged: it does not fit its checksum";
        if (commit is not null)
        {
            if (copyBytes is null)
            {
                uncopied++;
                if (!log.IsDryRun)
                {
                    lake.Put([(copyPath, bytes!)]);
                }
            }
            else if (!copyBytes.AsSpan().SequenceEqual(bytes))
            {
                log.Mend(
                    copyPath,
                    "it is not the copy of its commit",
                    $"copied from {path}",
                    () => lake.Put([(copyPath, bytes!)])
                );
            }

            return commit;
        }

        if (copy is not null)
        {
            log.Mend(path, wrong, $"copied from {copyPath}", () => lake.Put([(path, copyBytes!)]));
            return copy;
        }

        if (checkpoint is not null && version <= checkpoint.Version)
        {
            var restored = New(version) with { Folded = checkpoint };
            log.Mend(
                path,
                $"{wrong}, and so is its copy",
                $"replaced by what {LakePaths.Checkpoint} says of the lake",
                () => Put(restored)
            );
            return restored;
        }

        HasLost = true;
        var lost = New(version) with { Lost = true };
        log.Mend(
            path,
            $"{wrong}, and so is its copy",
            "replaced by an empty one; its facts are looked for in the lake",
            () => Put(lost)
        );
        return lost;
    }

    Commit New(long version) =>
        LakeLedger.Facts with
        {
            Version = version,
            Nonce = Guid.NewGuid().ToString("N"),
            Run = By,
            At = clock.GetUtcNow(),
        };

    void Put(Commit commit)
    {
        var bytes = Sealed.Write(commit, LakeJson.Default.Commit);
        lake.Put([(LakePaths.Commit(commit.Version), bytes), (LakePaths.CommitCopy(commit.Version), bytes)]);
    }

    (LakeState? State, bool IsDamaged) ReadCheckpoint()
    {
        if (log.TryRead(lake, LakePaths.Checkpoint) is not { } bytes)
        {
            return (null, false); // After few commits there is none, and it may be deleted.
        }

        var state = Sealed.TryRead(bytes, LakeJson.Default.LakeState);
        return (state, state is null);
    }

    List<long> Versions(string folder, CancellationToken cancellationToken)
    {
        var versions = new List<long>();
        foreach (var file in lake.List(folder, cancellationToken))
        {
            var name = file.Path[(folder.Length + 1)..];
            if (
                name.Length == 25
                && name.EndsWith(".json", StringComparison.Ordinal)
                && long.TryParse(name[..20], NumberStyles.None, CultureInfo.InvariantCulture, out var version)
            )
            {
                versions.Add(version);
            }
        }

        return versions;
    }
}
