// Decompresses files with GZipStream and throws the bytes away: gunzip THREADS FILE…
// What Downbeat needs for .csv.gz cannot be less than this.
using System.Globalization;
using System.IO.Compression;

var threads = int.Parse(args[0], CultureInfo.InvariantCulture);
Parallel.ForEach(
    args[1..],
    new ParallelOptions { MaxDegreeOfParallelism = threads },
    path =>
    {
        using var unzipped = new GZipStream(File.OpenRead(path), CompressionMode.Decompress);
        var buffer = new byte[256 * 1024];
        while (unzipped.Read(buffer) > 0) { }
    }
);
