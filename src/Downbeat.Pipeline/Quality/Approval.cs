using Downbeat.Engine.Listens;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Ledger;

namespace Downbeat.Pipeline.Quality;

/// <summary>
/// Lets dates through that are held back, as they are now: made of these files and no others. It is one commit, by which the
/// dates become stale, so that any run publishes them.
/// </summary>
public static class Approval
{
    /// <summary>Says whether dates can be let through; changes nothing.</summary>
    /// <exception cref="LakeException">One is not held back.</exception>
    public static void Check(ILake lake, IReadOnlyList<DateOnly> dates, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(lake);
        ArgumentNullException.ThrowIfNull(dates);
        LakeFile.Read(lake);
        var state = LakeLedger.Open(lake, "approve", clock).State;
        foreach (var date in dates)
        {
            if (state.Dates.GetValueOrDefault(date)?.Entry.IsHeld != true)
            {
                var held = state.Dates.Values.Where(one => one.Entry.IsHeld).Select(one => one.Entry.Date).ToList();
                throw new LakeException(
                    $"{ListenDate.Text(date)} is not held back, so that there is nothing to approve; {(held.Count == 0 ? "no date is" : $"held back {(held.Count == 1 ? "is" : "are")} {string.Join(", ", held.Select(ListenDate.Text))}")}."
                );
            }
        }
    }

    internal static void Commit(LakeLedger ledger, IReadOnlyList<DateOnly> dates) =>
        ledger.Commit(state =>
        {
            var held = dates
                .Select(date => state.Dates.GetValueOrDefault(date))
                .OfType<DateState>()
                .Where(date => date.Entry.IsHeld && date.ApprovedAt is null)
                .Select(date => new ApprovedEntry(date.Entry.Date, date.Entry.Inputs))
                .ToList();
            return held.Count == 0 ? null : LakeLedger.Facts with { Approved = held };
        });
}
