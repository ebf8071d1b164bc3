using System.ComponentModel;
using BenchmarkDotNet.Attributes;

namespace Downbeat.Benchmarks.Scan;

/// <summary>Sorting keys of 64 bits.</summary>
[Description("A key of 64 bits: 20 of the user, 17 of the second, 17 of the track.")]
public class RadixSortBenchmarks
{
    readonly ulong[] unsorted = new ulong[SortedKeys.All];
    readonly ulong[] keys = new ulong[SortedKeys.All];
    readonly ulong[] scratch = new ulong[SortedKeys.All];

    /// <summary>How many keys are sorted at a time.</summary>
    [Params(SortedKeys.Few, SortedKeys.Many, SortedKeys.All)]
    public int Keys { get; set; }

    /// <summary>Who listens how much.</summary>
    [ParamsAllValues]
    public KeySkew Users { get; set; }

    /// <summary>Makes the keys.</summary>
    [GlobalSetup]
    public void Setup()
    {
        var random = new Random(1);
        foreach (ref var key in unsorted.AsSpan())
        {
            var user = SortedKeys.User(random, Users);
            key = (user << 34) | ((ulong)random.Next(86_400) << 17) | (uint)random.Next(Samples.UsualTracks);
        }
    }

    /// <summary>Brings them out of order again.</summary>
    [IterationSetup]
    public void Unsort() => unsorted.CopyTo(keys, 0);

    /// <summary>The framework's sort.</summary>
    [Benchmark(OperationsPerInvoke = SortedKeys.All, Baseline = true)]
    public void SpanSort()
    {
        for (var at = 0; at < SortedKeys.All; at += Keys)
        {
            keys.AsSpan(at, Keys).Sort();
        }
    }

    /// <summary>Ours.</summary>
    [Benchmark(OperationsPerInvoke = SortedKeys.All)]
    public void RadixSort()
    {
        for (var at = 0; at < SortedKeys.All; at += Keys)
        {
            Engine.Scan.RadixSort.Sort(keys.AsSpan(at, Keys), scratch.AsSpan(at, Keys));
        }
    }
}
