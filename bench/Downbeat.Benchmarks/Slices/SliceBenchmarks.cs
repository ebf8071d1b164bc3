using System.ComponentModel;
using BenchmarkDotNet.Attributes;
using Downbeat.Engine.Listens;
using Downbeat.Engine.Slices;

namespace Downbeat.Benchmarks.Slices;

/// <summary>Writing and reading a slice.</summary>
[Description("A listen of a slice of 4 M, with its checksum; 16 listens a user, 90,000 tracks.")]
public class SliceBenchmarks
{
    const int Listens = 1 << 22;

    readonly Listen[] block = new Listen[1024];
    readonly Texts tracks = Samples.Tracks(Samples.UsualTracks);
    readonly Listen[] listens = Samples.SortedListens(Listens, Samples.UsualTracks);
    byte[] buffer = new byte[256 * 1024];
    SliceReader? slice;

    /// <summary>Writes the slice to be read.</summary>
    [GlobalSetup]
    public void Setup() => slice = Samples.Slice(listens, tracks);

    /// <summary>Writes it to nowhere.</summary>
    [Benchmark(OperationsPerInvoke = Listens)]
    public long Encode()
    {
        var writer = new SliceWriter(Stream.Null, Samples.Date, tracks);
        for (var at = 0; at < Listens; at += 4096)
        {
            writer.Add(listens.AsSpan(at, 4096));
        }

        return writer.Finish().Bytes;
    }

    /// <summary>Reads it from memory.</summary>
    [Benchmark(OperationsPerInvoke = Listens)]
    public int Decode()
    {
        var count = 0;
        for (var from = 0; from < slice!.BlockCount; )
        {
            var to = slice.ReadBlocks(from, ref buffer);
            for (var number = from; number < to; number++)
            {
                count += slice.Decode(number, buffer, from, block);
            }

            from = to;
        }

        return count == Listens ? count : throw new InvalidOperationException("Listens are missing.");
    }
}
