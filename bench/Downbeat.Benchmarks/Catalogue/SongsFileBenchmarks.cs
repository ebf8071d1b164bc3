using System.ComponentModel;
using BenchmarkDotNet.Attributes;
using Downbeat.Engine.Catalogue;

namespace Downbeat.Benchmarks.Catalogue;

/// <summary>Reading the songs that a lake keeps.</summary>
[Description("A track of 90,000, with its name, genres and artists.")]
public class SongsFileBenchmarks
{
    MemorySource? file;

    /// <summary>Writes the file.</summary>
    [GlobalSetup]
    public void Setup()
    {
        var bytes = new MemoryStream();
        SongsFile.Write(Samples.Songs(Samples.Tracks(Samples.UsualTracks)), bytes);
        file = new(bytes.ToArray());
    }

    /// <summary>Reads it.</summary>
    [Benchmark(OperationsPerInvoke = Samples.UsualTracks)]
    public Songs Read() => SongsFile.Read(file!);
}
