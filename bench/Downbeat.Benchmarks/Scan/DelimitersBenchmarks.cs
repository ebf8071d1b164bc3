using System.ComponentModel;
using BenchmarkDotNet.Attributes;
using Downbeat.Engine.Scan;

namespace Downbeat.Benchmarks.Scan;

/// <summary>Finding commas and line feeds.</summary>
[Description("A row of 50 bytes with three delimiters; 16 KiB at a time.")]
public class DelimitersBenchmarks : EachKernel
{
    const int Rows = 8 * 1024;
    const int PieceBytes = 16 * 1024;

    readonly int[] positions = new int[PieceBytes];
    readonly ulong[] commas = new ulong[PieceBytes / 64];
    readonly ulong[] lineFeeds = new ulong[PieceBytes / 64];
    byte[] csv = [];

    /// <summary>Makes the rows.</summary>
    [GlobalSetup]
    public void Setup() => csv = Samples.ListensCsv(Rows, Samples.Tracks(1000));

    /// <summary>Marks them.</summary>
    [Benchmark(OperationsPerInvoke = Rows)]
    public DelimiterKinds Find()
    {
        var kinds = DelimiterKinds.None;
        for (var at = 0; at < csv.Length; at += PieceBytes)
        {
            var piece = csv.AsSpan(at, Math.Min(PieceBytes, csv.Length - at));
            kinds |= Delimiters.Find(piece, commas, lineFeeds, Kernel);
        }

        return kinds;
    }

    /// <summary>Lists their places.</summary>
    [Benchmark(OperationsPerInvoke = Rows)]
    public int Locate()
    {
        var count = 0;
        for (var at = 0; at < csv.Length; at += PieceBytes)
        {
            var piece = csv.AsSpan(at, Math.Min(PieceBytes, csv.Length - at));
            count += Delimiters.Locate(piece, positions, out _, Kernel);
        }

        return count;
    }
}
