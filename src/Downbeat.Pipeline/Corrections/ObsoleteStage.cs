using Downbeat.Pipeline.Ledger;
using Downbeat.Pipeline.Runs;

namespace Downbeat.Pipeline.Corrections;

/// <summary>
/// Deletes objects that a commit has called obsolete, or puts others in their place. Every run does so before all else: a process
/// that died after such a commit leaves no more to do than this, and for this nobody has to be known.
/// </summary>
static class ObsoleteStage
{
    /// <summary>Does it; says how many objects there were.</summary>
    public static int Run(RunContext run)
    {
        run.Ledger.Refresh(); // What another run has done, and made anew since, must not go.
        var obsolete = run.Ledger.State.Obsolete.ToList();
        if (obsolete.Count == 0)
        {
            return 0;
        }

        run.Lake.Delete([.. obsolete.Where(one => one.Value is null).Select(one => one.Key)]);
        foreach (var (path, by) in obsolete)
        {
            // Where it is not there any more, it has taken the place already.
            if (by is not null && run.Lake.Find(by) is { } other)
            {
                run.Lake.Delete(path);
                run.Lake.Move(other, null, path);
            }
        }

        run.Ledger.Commit(_ => LakeLedger.Facts with { Gone = obsolete.ConvertAll(one => one.Key) });
        return obsolete.Count;
    }
}
