using System.ComponentModel;
using BenchmarkDotNet.Attributes;
using Downbeat.Engine.Listens;
using Downbeat.Engine.Scan;

namespace Downbeat.Benchmarks.Scan;

/// <summary>Scanning a file of listens that lies in memory, up to the sort buffer.</summary>
[Description(
    "A row; read, parsed, its track looked up, put into the sort buffer. Without hashing, sorting and writing."
)]
public class ListenScanBenchmarks : EachKernel
{
    const int Rows = 128 * 1024;

    SortBuffer? buffer;
    byte[] csv = [];

    /// <summary>What the files look like.</summary>
    [ParamsAllValues]
    public ListenFile File { get; set; }

    /// <summary>Makes the file.</summary>
    [GlobalSetup]
    public void Setup()
    {
        var tracks = Samples.Tracks(Samples.UsualTracks);
        csv = File switch
        {
            ListenFile.CarriageReturns => Samples.ListensCsv(Rows, tracks, "\r\n"),
            ListenFile.OneQuoted => Samples.ListensCsv(Rows, tracks, isQuoted: row => row % 100 == 50),
            ListenFile.AllQuoted => Samples.ListensCsv(Rows, tracks, isQuoted: _ => true),
            _ => Samples.ListensCsv(Rows, tracks),
        };
        buffer = new SortBuffer(64 << 20, File == ListenFile.UnknownTracks ? null : new TrackIndex(tracks));
    }

    /// <summary>Scans it.</summary>
    [Benchmark(OperationsPerInvoke = Rows)]
    public long Scan()
    {
        buffer!.Begin(_ => throw new InvalidOperationException("All rows fit in the buffer."));
        var arrived = ListenDate.SpanStart(ListenDate.ToDay(Samples.Date)) + (7 * ListenDate.SecondsPerDay);
        var scan = new ListenScan(LakeZone.Utc, arrived, buffer, Samples.FailOnReject, Kernel);
        return scan.Scan(new MemoryStream(csv)) is null && scan.Rows == Rows
            ? scan.Rows
            : throw new InvalidOperationException("The sample was not scanned.");
    }
}

/// <summary>Files of the same listens.</summary>
public enum ListenFile
{
    /// <summary>As usual.</summary>
    KnownTracks,

    /// <summary>No track is in the catalogue.</summary>
    UnknownTracks,

    /// <summary>Lines end in CR LF.</summary>
    CarriageReturns,

    /// <summary>Of 100 rows one has a quoted track id.</summary>
    OneQuoted,

    /// <summary>All track ids are quoted.</summary>
    AllQuoted,
}
