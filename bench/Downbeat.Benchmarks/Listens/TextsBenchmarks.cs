using System.ComponentModel;
using BenchmarkDotNet.Attributes;
using Downbeat.Engine.Listens;

namespace Downbeat.Benchmarks.Listens;

/// <summary>Joining the dictionaries of a date's slices.</summary>
[Description("A track of one dictionary; each has the same 90,000.")]
public class TextsBenchmarks
{
    const int Lists = 8;

    readonly Texts[] dictionaries = new Texts[Lists];

    /// <summary>Makes the dictionaries.</summary>
    [GlobalSetup]
    public void Setup()
    {
        for (var list = 0; list < Lists; list++)
        {
            dictionaries[list] = Samples.Tracks(Samples.UsualTracks);
        }
    }

    /// <summary>Of a base and a late file.</summary>
    [Benchmark(OperationsPerInvoke = 2 * Samples.UsualTracks)]
    public Texts UnionOfTwo() => Texts.Union(dictionaries[..2], out _);

    /// <summary>Of eight files.</summary>
    [Benchmark(OperationsPerInvoke = Lists * Samples.UsualTracks)]
    public Texts UnionOfEight() => Texts.Union(dictionaries, out _);
}
