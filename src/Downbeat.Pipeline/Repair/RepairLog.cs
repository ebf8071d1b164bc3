using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Runs;

namespace Downbeat.Pipeline.Repair;

/// <summary>Collects what a repair finds, and lets nothing be changed by one that only looks. Safe to use from many threads.</summary>
sealed class RepairLog(bool dryRun, IProgress<RunProgress>? progress)
{
    readonly Lock adding = new();
    readonly List<RepairFinding> findings = [];
    long objects;
    long bytes;

    public bool IsDryRun => dryRun;

    public IReadOnlyList<RepairFinding> Findings
    {
        get
        {
            lock (adding)
            {
                return [.. findings];
            }
        }
    }

    public long Objects => objects;

    public long Bytes => bytes;

    /// <summary>Notes that an object was looked at.</summary>
    public void Saw(long size)
    {
        Interlocked.Increment(ref objects);
        Interlocked.Add(ref bytes, size);
    }

    /// <summary>Mends something, or says that it would be mended.</summary>
    /// <param name="path">Where.</param>
    /// <param name="wrong">What is wrong.</param>
    /// <param name="cure">What mends it, as something that was done: <c>made again from …</c>.</param>
    /// <param name="mend">Does so.</param>
    /// <returns>Whether it is mended now.</returns>
    public bool Mend(string path, string wrong, string cure, Action mend)
    {
        if (dryRun)
        {
            Add(new(path, wrong, $"to be {cure}", RepairOutcome.ToMend));
            return false;
        }

        try
        {
            mend();
        }
        catch (Exception error) when (RunContext.IsExpected(error))
        {
            Add(new(path, wrong, $"was to be {cure}, and that failed: {error.Message}", RepairOutcome.NotMended));
            return false;
        }

        Add(new(path, wrong, cure, RepairOutcome.Mended));
        return true;
    }

    /// <summary>Notes what only a person can mend.</summary>
    public void CannotMend(string path, string wrong, string todo) =>
        Add(new(path, wrong, todo, RepairOutcome.NotMended));

    /// <summary>Notes what does no harm.</summary>
    public void Note(string path, string wrong, string cure) => Add(new(path, wrong, cure, RepairOutcome.Noted));

    /// <summary>Says how far it has come.</summary>
    public void Report(string stage, long done, long total, string unit) =>
        progress?.Report(new(stage, done, total, unit, 0));

    /// <summary>All bytes of an object; null where there is none.</summary>
    public byte[]? TryRead(ILake lake, string path)
    {
        var found = LakeBytes.TryRead(lake, path);
        if (found is not null)
        {
            Saw(found.Length);
        }

        return found;
    }

    void Add(RepairFinding finding)
    {
        lock (adding)
        {
            findings.Add(finding);
        }
    }
}
