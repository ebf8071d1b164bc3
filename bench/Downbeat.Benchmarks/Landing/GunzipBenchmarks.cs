using System.ComponentModel;
using System.IO.Compression;
using BenchmarkDotNet.Attributes;
using Downbeat.Pipeline.Landing;

namespace Downbeat.Benchmarks.Landing;

/// <summary>Decompressing a file of listens.</summary>
[Description("A row of a file of listens, compressed by gzip at its usual level.")]
public class GunzipBenchmarks
{
    const int Rows = 256 * 1024;

    readonly byte[] buffer = new byte[256 * 1024];
    byte[] compressed = [];

    /// <summary>Compresses the file.</summary>
    [GlobalSetup]
    public void Setup()
    {
        var bytes = new MemoryStream();
        using (var gzip = new GZipStream(bytes, CompressionLevel.Optimal))
        {
            gzip.Write(Samples.ListensCsv(Rows, Samples.Tracks(Samples.UsualTracks)));
        }

        compressed = bytes.ToArray();
    }

    /// <summary>The framework's, which takes a file that is cut off for one that ends.</summary>
    [Benchmark(OperationsPerInvoke = Rows, Baseline = true)]
    public long GZipStream()
    {
        using var stream = new GZipStream(new MemoryStream(compressed), CompressionMode.Decompress);
        return Read(stream);
    }

    /// <summary>Ours.</summary>
    [Benchmark(OperationsPerInvoke = Rows)]
    public long GunzipStream()
    {
        using var stream = new GunzipStream(new MemoryStream(compressed));
        return Read(stream);
    }

    long Read(Stream stream)
    {
        var length = 0L;
        for (int read; (read = stream.Read(buffer)) > 0; )
        {
            length += read;
        }

        return length;
    }
}
