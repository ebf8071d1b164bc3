using Downbeat.Pipeline.Landing;

namespace Downbeat.Testing;

/// <summary>
/// A lake whose process dies at a chosen write: before it is done, or after it was done and before anybody knows. From
/// then on nothing gets through any more, as for a process that is gone.
/// </summary>
public sealed class FaultyLake(ILake inner, int diesAt, bool afterwards) : ForwardingLake(inner)
{
    int writes;

    /// <summary>How many writes there were.</summary>
    public int Writes => writes;

    /// <summary>Whether the process has died.</summary>
    public bool IsDead { get; private set; }

    /// <inheritdoc/>
    public override IReadOnlyList<LakeObject> PutSeen(IReadOnlyList<(string Path, byte[] Bytes)> objects)
    {
        var seen = new List<LakeObject>();
        // One by one: a process may die between any two of them.
        foreach (var put in objects ?? throw new ArgumentNullException(nameof(objects)))
        {
            Write(() => seen.AddRange(base.PutSeen([put])));
        }

        return seen;
    }

    /// <inheritdoc/>
    public override void PutScratch(string path, string scratchFile) => Write(() => base.PutScratch(path, scratchFile));

    /// <inheritdoc/>
    public override bool PutIfAbsent(string path, byte[] bytes)
    {
        var won = false;
        Write(() => won = base.PutIfAbsent(path, bytes));
        return won;
    }

    /// <inheritdoc/>
    public override bool Move(LakeObject read, string? hash, string target)
    {
        var moved = false;
        Write(() => moved = base.Move(read, hash, target));
        return moved;
    }

    /// <inheritdoc/>
    public override void Delete(string path) => Write(() => base.Delete(path));

    /// <inheritdoc/>
    public override void DeleteScratch() => Write(base.DeleteScratch);

    void Write(Action write)
    {
        if (IsDead)
        {
            throw new DeadException();
        }

        var number = Interlocked.Increment(ref writes);
        if (number == diesAt)
        {
            IsDead = true;
            if (afterwards)
            {
                write();
            }

            throw new DeadException();
        }

        write();
    }

    /// <summary>What a dead process does: nothing that anybody could catch.</summary>
    public sealed class DeadException() : InvalidOperationException("The process died here.");
}
