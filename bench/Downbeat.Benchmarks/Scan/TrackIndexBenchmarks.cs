using System.ComponentModel;
using BenchmarkDotNet.Attributes;
using Downbeat.Engine.Listens;
using Downbeat.Engine.Scan;

namespace Downbeat.Benchmarks.Scan;

/// <summary>Finding the numbers of track ids.</summary>
[Description("A look-up of an id that is known, any of them being as likely as another.")]
public class TrackIndexBenchmarks
{
    const int Lookups = 128 * 1024;

    readonly byte[] bytes = new byte[(Lookups * IdBytes) + TrackIndex.ReadBytes];
    readonly int[] starts = new int[Lookups];
    readonly int[] lengths = new int[Lookups];
    readonly int[] numbers = new int[ListenBatch.Capacity];
    TrackIndex index = TrackIndex.Empty;
    TextNumbers table = new();

    const int IdBytes = 22;

    /// <summary>How many ids there are.</summary>
    [Params(1_000, Samples.UsualTracks, 1_000_000)]
    public int Tracks { get; set; }

    /// <summary>Makes the ids.</summary>
    [GlobalSetup]
    public void Setup()
    {
        var tracks = Samples.Tracks(Tracks);
        index = new(tracks);
        table = new();
        for (var track = 0; track < tracks.Count; track++)
        {
            table.FindOrAdd(tracks[track]);
        }

        var random = new Random(1);
        for (var lookup = 0; lookup < Lookups; lookup++)
        {
            starts[lookup] = lookup * IdBytes;
            lengths[lookup] = IdBytes;
            tracks[random.Next(Tracks)].CopyTo(bytes.AsSpan(starts[lookup]));
        }
    }

    /// <summary>128 at a time in the index, as rows of the usual shape are.</summary>
    [Benchmark(OperationsPerInvoke = Lookups)]
    public int ManyInIndex()
    {
        var sum = 0;
        for (var at = 0; at < Lookups; at += numbers.Length)
        {
            index.Find(bytes, starts.AsSpan(at, numbers.Length), lengths.AsSpan(at, numbers.Length), numbers);
            sum += numbers[0];
        }

        return sum;
    }

    /// <summary>One by one in the index.</summary>
    [Benchmark(OperationsPerInvoke = Lookups)]
    public int OneInIndex()
    {
        var sum = 0;
        foreach (var start in starts)
        {
            sum += index.Find(bytes.AsSpan(start, IdBytes));
        }

        return sum;
    }

    /// <summary>One by one in the growing table of those that the catalogue does not know.</summary>
    [Benchmark(OperationsPerInvoke = Lookups)]
    public int OneInTextNumbers()
    {
        var sum = 0;
        foreach (var start in starts)
        {
            sum += table.FindOrAdd(bytes.AsSpan(start, IdBytes));
        }

        return sum;
    }
}
