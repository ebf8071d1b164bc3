using System.ComponentModel;
using BenchmarkDotNet.Attributes;
using Downbeat.Engine.Listens;
using Downbeat.Engine.Slices;

namespace Downbeat.Benchmarks.Slices;

/// <summary>Merging the slices of a date, which lie in memory.</summary>
[Description("A listen of 4 M, decoded and merged; of 2 slices the second has 1 %, 8 slices have as many each.")]
public class SliceMergeBenchmarks
{
    const int Listens = 1 << 22;
    const long BufferBytes = 64 << 20;

    readonly Listen[] batch = new Listen[4096];
    readonly List<SliceReader> slices = [];
    TrackUnion? union;

    /// <summary>How many slices there are.</summary>
    [Params(1, 2, 8)]
    public int Slices { get; set; }

    /// <summary>Spreads the listens over the slices, and joins their dictionaries.</summary>
    [GlobalSetup]
    public void Setup()
    {
        var random = new Random(1);
        var tracks = Samples.Tracks(Samples.UsualTracks);
        var parts = new List<Listen>[Slices];
        foreach (ref var part in parts.AsSpan())
        {
            part = new(Listens);
        }

        foreach (var listen in Samples.SortedListens(Listens, tracks.Count))
        {
            var part = Slices == 2 ? (random.Next(100) == 0 ? 1 : 0) : random.Next(Slices);
            parts[part].Add(listen);
        }

        slices.AddRange(parts.Select(part => Samples.Slice(part.ToArray(), tracks)));
        union = TrackUnion.Of(slices);
    }

    /// <summary>Merges them.</summary>
    [Benchmark(OperationsPerInvoke = Listens)]
    public long Merge()
    {
        var merge = new SliceMerge(slices, union!, BufferBytes);
        merge.Restart(0, ulong.MaxValue);
        var sum = 0L;
        for (int count; (count = merge.Read(batch)) > 0; )
        {
            sum += count;
        }

        return sum == Listens ? sum : throw new InvalidOperationException("Listens are missing.");
    }
}
