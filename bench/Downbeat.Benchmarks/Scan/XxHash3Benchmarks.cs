using System.ComponentModel;
using BenchmarkDotNet.Attributes;
using Downbeat.Engine.Scan;

namespace Downbeat.Benchmarks.Scan;

/// <summary>Hashing content.</summary>
[Description("A MiB.")]
public class XxHash3Benchmarks : EachKernel
{
    readonly byte[] content = new byte[1 << 20];

    /// <summary>Fills the content.</summary>
    [GlobalSetup]
    public void Setup() => new Random(1).NextBytes(content);

    /// <summary>XXH3 of 128 bits.</summary>
    [Benchmark]
    public UInt128 Hash() => XxHash3.Hash(content, Kernel);
}
