using System.ComponentModel;
using BenchmarkDotNet.Attributes;
using Downbeat.Engine.Catalogue;
using Downbeat.Engine.Days;
using Downbeat.Engine.Listens;
using Downbeat.Engine.Slices;

namespace Downbeat.Benchmarks.Days;

/// <summary>Counting a date that lies in memory as one slice.</summary>
[Description(
    "A listen of 4 M, decoded and counted by one worker; 1 M users with countries, 90,000 tracks, 114 genres."
)]
public class DayCountBenchmarks
{
    const int Listens = 1 << 22;

    Day? day;
    Songs? songs;
    SliceReader? users;

    /// <summary>Makes the date, the songs and the users.</summary>
    [GlobalSetup]
    public void Setup()
    {
        var tracks = Samples.Tracks(Samples.UsualTracks);
        day = new(Samples.Date, LakeZone.Utc, [Samples.Slice(Samples.SortedListens(Listens, tracks.Count), tracks)]);
        songs = Samples.Songs(tracks);
        users = Samples.AllUsers();
    }

    /// <summary>Counts it.</summary>
    [Benchmark(OperationsPerInvoke = Listens)]
    public long Count()
    {
        var listens = day!.Count(songs!, users!, workers: 1).Listens;
        return listens == Listens ? listens : throw new InvalidOperationException("Listens are missing.");
    }
}
