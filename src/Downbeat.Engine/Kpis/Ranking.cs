using System.Runtime.CompilerServices;

namespace Downbeat.Engine.Kpis;

/// <summary>
/// The best few of many: by a measure, the highest first, then by name and id, the lowest first. Candidates of equal
/// measure are told apart by a comparison that never says they are the same.
/// </summary>
public sealed class Ranking(int places, Comparison<int> tie)
{
    readonly List<(long Measure, int Candidate)> best = new(Math.Min(places, 16) + 1);
    long least = 1; // A lower measure has no place.

    /// <summary>The best, in order; fewer than there are places when there were fewer candidates.</summary>
    public IReadOnlyList<(long Measure, int Candidate)> Best => best;

    /// <summary>Takes a candidate; one without any measure is none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(long measure, int candidate)
    {
        if (measure >= least)
        {
            Place(measure, candidate);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void Place(long measure, int candidate)
    {
        var place = best.Count;
        while (place > 0 && IsBetter(measure, candidate, best[place - 1]))
        {
            place--;
        }

        if (place == places)
        {
            return;
        }

        if (best.Count == places)
        {
            best.RemoveAt(places - 1);
        }

        best.Insert(place, (measure, candidate));
        least = best.Count == places ? best[^1].Measure : 1;
    }

    bool IsBetter(long measure, int candidate, (long Measure, int Candidate) other) =>
        measure != other.Measure ? measure > other.Measure : tie(candidate, other.Candidate) < 0;
}
