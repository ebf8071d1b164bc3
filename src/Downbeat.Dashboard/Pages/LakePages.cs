using Downbeat.Dashboard.Api;
using Downbeat.Dashboard.Lakes;
using Downbeat.Pipeline.Runs;

namespace Downbeat.Dashboard.Pages;

/// <summary>What the pages show, in the form they need it: <c>/view/…</c>. No promise to others, unlike the API.</summary>
sealed class LakePages(LakeFollower follower, TableCache tables, RunOptions run, TimeProvider clock)
{
    /// <summary>Answers a page.</summary>
    public Task SendAsync(HttpContext context, LakeMoment moment)
    {
        _ = (follower, tables, run, clock);
        throw Problem.Missing("There is no such view.");
    }
}
