namespace Downbeat.Engine.Kpis;

/// <summary>
/// The best few of many: by a measure, the highest first, then by name and id, the lowest first. Candidates of equal
/// measure are told apart by a comparison that never says they are the same.
/// </summary>
public sealed class Ranking(int places, Comparison<int> tie)
{
    readonly List<(long Measure, int Candidate)> best = new(Math.Min(places, 16) + 1);

    /// <summary>The best, in order; fewer than there are places when there were fewer candidates.</summary>
    public IReadOnlyList<(long Measure, int Candidate)> Best => best;

    /// <summary>Takes a candidate; one without any measure is none.</summary>
    public void Add(long measure, int candidate)
    {
        if (measure == 0 || (best.Count == places && !IsBetter(measure, candidate, best[^1])))
        {
            return;
        }

        var place = best.Count;
        while (place > 0 && IsBetter(measure, candidate, best[place - 1]))
        {
            place--;
        }

        best.Insert(place, (measure, candidate));
        if (best.Count > places)
        {
            best.RemoveAt(places);
        }
    }

    bool IsBetter(long measure, int candidate, (long Measure, int Candidate) other) =>
        measure != other.Measure ? measure > other.Measure : tie(candidate, other.Candidate) < 0;
}
