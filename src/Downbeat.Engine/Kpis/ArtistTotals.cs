using System.Buffers;
using System.Runtime.CompilerServices;
using Downbeat.Engine.Days;

namespace Downbeat.Engine.Kpis;

/// <summary>A day's listens by artist and hour.</summary>
sealed class ArtistTotals
{
    readonly int artists;
    readonly uint[] listens; // Artist after artist, an hour each.

    public ArtistTotals(int artists)
    {
        this.artists = artists;
        listens = ArrayPool<uint>.Shared.Rent(artists * DayCounts.Hours);
        Array.Clear(listens);
    }

    /// <summary>Adds listens of one of the artist's tracks.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(int artist, in HourCounts hours) =>
        hours.AddTo(listens.AsSpan(artist * DayCounts.Hours, DayCounts.Hours));

    /// <summary>The artists with the most listens, of the day and of each hour. Nothing can be added any more.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public (
        IReadOnlyList<(long Measure, int Candidate)> OfDay,
        IReadOnlyList<IReadOnlyList<(long Measure, int Candidate)>> OfHours
    ) Rank(int placesOfDay, int placesOfHour)
    {
        // Artists are numbered in the order of their names.
        Comparison<int> byName = (left, right) => left.CompareTo(right);
        var ofDay = new Ranking(placesOfDay, byName);
        var ofHours = Enumerable.Range(0, DayCounts.Hours).Select(_ => new Ranking(placesOfHour, byName)).ToArray();
        for (var artist = 0; artist < artists; artist++)
        {
            var sum = 0L;
            for (var hour = 0; hour < ofHours.Length; hour++)
            {
                var count = listens[(artist * DayCounts.Hours) + hour];
                ofHours[hour].Add(count, artist);
                sum += count;
            }

            ofDay.Add(sum, artist);
        }

        ArrayPool<uint>.Shared.Return(listens);
        return (ofDay.Best, [.. ofHours.Select(hour => hour.Best)]);
    }
}
