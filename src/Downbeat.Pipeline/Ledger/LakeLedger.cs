using System.Diagnostics;
using Downbeat.Engine;
using Downbeat.Engine.Slices;
using Downbeat.Pipeline.Landing;

namespace Downbeat.Pipeline.Ledger;

/// <summary>
/// The lake's state and the one rule that changes it: a commit is a new object with the next number, put only if
/// absent. Whoever loses the race reads the winner's commit and tries again, so that any number of runs are safe
/// together without trusting clocks.
/// </summary>
public sealed class LakeLedger
{
    /// <summary>A checkpoint is written after so many commits: opening a lake then costs a few reads.</summary>
    const int CommitsPerCheckpoint = 50;

    readonly ILake lake;
    readonly string run;
    readonly TimeProvider clock;
    readonly Lock writing = new();
    long checkpoint;
    long copied; // Up to this version every commit has its copy, as far as this process sees to it.

    LakeLedger(ILake lake, string run, TimeProvider clock)
    {
        this.lake = lake;
        this.run = run;
        this.clock = clock;
    }

    /// <summary>What is true now, as far as this process has read.</summary>
    public LakeState State { get; private set; } = new();

    /// <summary>Reads the last checkpoint and all commits behind it.</summary>
    /// <param name="lake">The lake.</param>
    /// <param name="run">The run that commits will carry.</param>
    /// <param name="clock">The time that commits will carry.</param>
    /// <exception cref="DamagedObjectException">A commit is not as it was written.</exception>
    public static LakeLedger Open(ILake lake, string run, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(lake);
        var ledger = new LakeLedger(lake, run, clock);
        if (LakeBytes.TryRead(lake, LakePaths.Checkpoint) is { } checkpoint)
        {
            ledger.State = Sealed.Read(checkpoint, LakePaths.Checkpoint, LakeJson.Default.LakeState);
        }

        ledger.checkpoint = ledger.State.Version;
        ledger.ReadAll();
        ledger.AssertLast();
        return ledger;
    }

    /// <summary>A ledger whose state was found otherwise, for those who only read.</summary>
    internal static LakeLedger Of(ILake lake, string run, TimeProvider clock, LakeState state) =>
        new(lake, run, clock) { State = state, checkpoint = state.Version };

    /// <summary>Reads the commits that others wrote meanwhile.</summary>
    public void Refresh()
    {
        lock (writing)
        {
            while (TryRead(LakePaths.Commit(State.Version + 1)) is { } commit)
            {
                State = State.After(commit);
            }
        }
    }

    /// <summary>Commits facts.</summary>
    /// <param name="propose">
    /// Says what is to be committed, given the state at that moment: called again when another commit came first.
    /// The version, nonce, run and time are filled in. Null: there is nothing to commit any more.
    /// </param>
    /// <returns>The commit as it was written, or null.</returns>
    public Commit? Commit(Func<LakeState, Commit?> propose)
    {
        ArgumentNullException.ThrowIfNull(propose);
        lock (writing)
        {
            lake.Flush(); // What a commit names must survive whatever the commit survives.
            while (propose(State) is { } facts)
            {
                var commit = facts with
                {
                    Version = State.Version + 1,
                    Nonce = Guid.NewGuid().ToString("N"),
                    Run = run,
                    At = clock.GetUtcNow(),
                };
                CopyLast();
                var bytes = Sealed.Write(commit, LakeJson.Default.Commit);
                var won = lake.PutIfAbsent(LakePaths.Commit(commit.Version), bytes);
                var stands = won ? commit : TryRead(LakePaths.Commit(commit.Version))!;
                State = State.After(stands);

                // A put may be reported refused although it was done: the nonce tells.
                if (stands.Nonce == commit.Nonce)
                {
                    Copy(bytes);
                    WriteCheckpointIfDue();
                    return commit;
                }
            }

            return null;
        }
    }

    /// <summary>A commit without facts, to say them with <c>with</c>.</summary>
    public static Commit Facts { get; } =
        new()
        {
            Version = 0,
            Nonce = "",
            Run = "",
            At = default,
        };

    /// <summary>Reads the commits that there are, several at once where the lake is far away, and then understands them, which takes longer.</summary>
    void ReadAll()
    {
        var next = LakePaths.Commit(State.Version + 1);
        var paths = lake.ListBehind(LakePaths.Ledger, LakePaths.Commit(State.Version))
            .Select(found => found.Path)
            .Where(path => path == next || IsLaterCommit(path, next))
            .ToList();
        var found = new byte[]?[paths.Count];
        Workers.Run(paths.Count, lake.Concurrency, number => found[number] = LakeBytes.TryRead(lake, paths[number]));
        var commits = new Commit?[paths.Count];
        Workers.Run(
            paths.Count,
            Environment.ProcessorCount,
            number => commits[number] = found[number] is { } bytes ? Read(bytes, paths[number]) : null
        );
        foreach (var commit in commits)
        {
            if (commit?.Version == State.Version + 1)
            {
                State = State.After(commit);
            }
        }

        // Who lists while others commit may see a commit and not the one before.
        if (commits.Length > 0 && State.Version != commits.Max(commit => commit?.Version))
        {
            Refresh();
            AssertComplete(paths);
        }
    }

    /// <summary>A number that is missing before others was deleted, and with it facts that the others build on.</summary>
    void AssertComplete(List<string> listed)
    {
        var next = LakePaths.Commit(State.Version + 1);
        if (listed.Exists(path => IsLaterCommit(path, next)) && lake.Find(next) is null)
        {
            throw new DamagedObjectException(
                $"{next} is missing, and there are later commits. `downbeat repair` mends it."
            );
        }
    }

    /// <summary>Nothing lies behind the last commit to tell that it is missing; but its copy was put after it.</summary>
    void AssertLast()
    {
        var next = State.Version + 1;
        if (lake.Find(LakePaths.CommitCopy(next)) is not null && lake.Find(LakePaths.Commit(next)) is null)
        {
            throw new DamagedObjectException(
                $"{LakePaths.Commit(next)} is missing, and {LakePaths.CommitCopy(next)} is there. `downbeat repair` mends it."
            );
        }
    }

    /// <summary>A writer that died behind its commit left it without a copy: whoever commits next makes it.</summary>
    void CopyLast()
    {
        var last = State.Version;
        if (last <= copied || lake.Find(LakePaths.CommitCopy(last)) is not null)
        {
            return;
        }

        try
        {
            using var stream = lake.Open(LakePaths.Commit(last));
            using var bytes = new MemoryStream();
            stream.CopyTo(bytes);
            Copy(bytes.ToArray());
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // As below.
        }
    }

    /// <summary>
    /// Keeps the bytes of the last commit a second time. The commit stands whether that succeeds or not: repair, or whoever
    /// commits next, finds out.
    /// </summary>
    void Copy(byte[] bytes)
    {
        try
        {
            var scratch = ScratchStream.NewName(lake.Scratch);
            File.WriteAllBytes(scratch, bytes);
            lake.PutScratch(LakePaths.CommitCopy(State.Version), scratch);
            copied = State.Version;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Said above.
        }
    }

    static bool IsLaterCommit(string path, string next) =>
        path.Length == next.Length && string.CompareOrdinal(path, next) > 0;

    void WriteCheckpointIfDue()
    {
        if (State.Version - checkpoint < CommitsPerCheckpoint)
        {
            return;
        }

        // An older checkpoint that overwrites a newer one does no harm: more commits are read behind it.
        lake.Put([(LakePaths.Checkpoint, Sealed.Write(State, LakeJson.Default.LakeState))]);
        checkpoint = State.Version;
    }

    Commit? TryRead(string path) => LakeBytes.TryRead(lake, path) is { } bytes ? Read(bytes, path) : null;

    static Commit Read(byte[] bytes, string path)
    {
        var commit = Sealed.Read(bytes, path, LakeJson.Default.Commit);
        Debug.Assert(LakePaths.Commit(commit.Version) == path, "A commit has the number it is named after.");
        return commit;
    }
}
