using Downbeat.Engine.Catalogue;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Runs;

namespace Downbeat.Pipeline.Quality;

/// <summary>Finds out when users signed up, from their files as they lie in the landing area.</summary>
static class SignupFiles
{
    /// <summary>Reads the files; null when nothing is known, as of users of a database.</summary>
    public static SignupScan? Read(RunContext run, CancellationToken cancellationToken)
    {
        if (run.Ledger.State.Users?.Origin is not null)
        {
            return null;
        }

        var scan = new SignupScan(run.Zone);
        foreach (
            var file in run
                .Lake.List(LakePaths.Users, cancellationToken)
                .Where(file => LandedStreams.WhyNoInput(file.Path) is null)
        )
        {
            using var raw = run.Lake.Open(file);
            using var csv = LandedStreams.IsCompressed(file.Path) ? new GunzipStream(raw) : null;
            try
            {
                _ = scan.Scan((Stream?)csv ?? raw, cancellationToken); // A fault was told when users were read.
            }
            catch (InvalidDataException)
            {
                // Likewise.
            }
        }

        return scan.Users == 0 ? null : scan;
    }
}
