using System.ComponentModel;
using BenchmarkDotNet.Attributes;
using Downbeat.Engine.Listens;

namespace Downbeat.Benchmarks.Scan;

/// <summary>Sorting listens whose keys do not fit in 64 bits.</summary>
[Description("A listen of 128 bits.")]
public class RadixSortListensBenchmarks
{
    readonly Listen[] unsorted = new Listen[SortedKeys.All];
    readonly Listen[] listens = new Listen[SortedKeys.All];
    readonly Listen[] scratch = new Listen[SortedKeys.All];

    /// <summary>How many listens are sorted at a time.</summary>
    [Params(SortedKeys.Few, SortedKeys.Many, SortedKeys.All)]
    public int Listens { get; set; }

    /// <summary>Who listens how much.</summary>
    [ParamsAllValues]
    public KeySkew Users { get; set; }

    /// <summary>Makes the listens; user ids are spread over 63 bits.</summary>
    [GlobalSetup]
    public void Setup()
    {
        var random = new Random(1);
        foreach (ref var listen in unsorted.AsSpan())
        {
            var user = SortedKeys.User(random, Users) * 0x9E37_79B9_7F4A_7C15 >> 1;
            listen = new(user, (uint)random.Next(86_400), random.Next(Samples.UsualTracks), ListenFlags.None);
        }
    }

    /// <summary>Brings them out of order again.</summary>
    [IterationSetup]
    public void Unsort() => unsorted.CopyTo(listens, 0);

    /// <summary>The framework's sort.</summary>
    [Benchmark(OperationsPerInvoke = SortedKeys.All, Baseline = true)]
    public void SpanSort()
    {
        for (var at = 0; at < SortedKeys.All; at += Listens)
        {
            listens
                .AsSpan(at, Listens)
                .Sort(
                    static (left, right) =>
                    {
                        var order = left.User.CompareTo(right.User);
                        return order != 0 ? order : left.Rest.CompareTo(right.Rest);
                    }
                );
        }
    }

    /// <summary>Ours.</summary>
    [Benchmark(OperationsPerInvoke = SortedKeys.All)]
    public void RadixSort()
    {
        for (var at = 0; at < SortedKeys.All; at += Listens)
        {
            Engine.Scan.RadixSort.Sort(listens.AsSpan(at, Listens), scratch.AsSpan(at, Listens));
        }
    }
}
