using System.Collections.Concurrent;
using System.IO.Compression;
using System.Runtime.ExceptionServices;

namespace Downbeat.Cli.Generate;

/// <summary>
/// Invented songs, users and listens, skewed like real ones and laid out like a lake's landing area. Every file is a
/// function of the options alone: in whatever order, and on however many threads, they are written, they hold the
/// same bytes. (Only how gzip packs them is up to the runtime's zlib.)
/// </summary>
public sealed class SyntheticLake
{
    const int BufferBytes = 1 << 18;

    readonly SyntheticOptions options;
    readonly Lazy<SyntheticTracks> tracks;
    readonly SyntheticUsers users;

    /// <summary>Checks the options together. The work begins when something is written.</summary>
    /// <exception cref="ArgumentException">Two settings contradict each other; the message names them.</exception>
    public SyntheticLake(SyntheticOptions options)
    {
        if (options.UserIdBits > 0 && (options.Users - 1) >> options.UserIdBits != 0)
        {
            throw new ArgumentException(
                $"users ({options.Users}) do not fit into userIdBits ({options.UserIdBits}).",
                nameof(options)
            );
        }
        if (options.DirtShare + 2 * options.DuplicateShare > 1)
        {
            // A file has to hold at least as many listens as are repeated from it.
            throw new ArgumentException("dirtShare plus twice duplicateShare is at most 1.", nameof(options));
        }
        this.options = options;
        tracks = new(() => new(options));
        users = new(options);
    }

    /// <summary>
    /// Writes all files into <c>landing/songs</c>, <c>landing/users</c> and <c>landing/streams</c>, several at a
    /// time.
    /// </summary>
    /// <remarks>
    /// Each is written as <c>.name.tmp</c> and then renamed, so that nobody ever sees half a file. Files of the same
    /// name are replaced, others stay. After a failure or a cancellation the files that were complete remain.
    /// </remarks>
    /// <param name="directory">The lake; made if missing.</param>
    /// <param name="rowsWritten">
    /// Told now and then, from several threads, how many rows of listens there are so far.
    /// </param>
    /// <param name="cancellation">Ends the work early.</param>
    public void WriteTo(string directory, IProgress<long>? rowsWritten = null, CancellationToken cancellation = default)
    {
        var total = 0L;
        Action<long>? count = rowsWritten is null ? null : rows => rowsWritten.Report(Interlocked.Add(ref total, rows));
        var landing = Path.Combine(directory, "landing");
        List<Action> files =
        [
            () => WriteFile(Path.Combine(landing, "songs"), "songs.csv", WriteSongs),
            () => WriteFile(Path.Combine(landing, "users"), "users.csv", WriteUsers),
        ];
        for (var number = 1; number <= options.Files; number++)
        {
            var file = number;
            files.Add(() =>
                WriteFile(
                    Path.Combine(landing, "streams"),
                    NameOf(file),
                    stream =>
                    {
                        if (!options.Gzip)
                        {
                            WriteListens(stream, file, count, cancellation);
                            return;
                        }
                        using var gzip = new GZipStream(stream, CompressionLevel.Fastest, leaveOpen: true);
                        WriteListens(gzip, file, count, cancellation);
                    }
                )
            );
        }

        var parallel = new ParallelOptions
        {
            CancellationToken = cancellation,
            MaxDegreeOfParallelism = Environment.ProcessorCount,
        };
        try
        {
            // One at a time: the default partitioner would hand one worker a whole batch of files at the end.
            var queue = Partitioner.Create(files, EnumerablePartitionerOptions.NoBuffering);
            Parallel.ForEach(queue, parallel, write => write());
        }
        catch (AggregateException failures)
        {
            // One full disk fails every worker; the first of them says it all.
            ExceptionDispatchInfo.Throw(failures.InnerExceptions[0]);
        }
    }

    /// <summary>Writes the songs as CSV: a row for each genre of each track.</summary>
    public void WriteSongs(Stream stream)
    {
        var output = new CsvOutput(stream, BufferBytes);
        new SyntheticSongs(options).Write(output);
        output.Flush();
    }

    /// <summary>Writes the users as CSV.</summary>
    public void WriteUsers(Stream stream)
    {
        var output = new CsvOutput(stream, BufferBytes);
        users.Write(output);
        output.Flush();
    }

    /// <summary>
    /// Writes the listens of one file, 1 to <see cref="SyntheticOptions.Files"/>, as CSV, never compressed.
    /// </summary>
    /// <param name="stream">Where to. It stays open.</param>
    /// <param name="fileNumber">Which file.</param>
    /// <param name="rowsWritten">Told now and then how many rows were added since it was last told.</param>
    /// <param name="cancellation">Ends the work early.</param>
    public void WriteListens(
        Stream stream,
        int fileNumber,
        Action<long>? rowsWritten = null,
        CancellationToken cancellation = default
    )
    {
        var output = new CsvOutput(stream, BufferBytes);
        var listens = new SyntheticListens(options, tracks.Value, users, ShareOf(fileNumber));
        listens.Write(output, rowsWritten, cancellation);
        output.Flush();
    }

    /// <summary>
    /// What a file of listens holds: how many rows, and how many of them are broken and repeated, exactly.
    /// </summary>
    public SyntheticFile ShareOf(int fileNumber)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(fileNumber, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(fileNumber, options.Files);
        var rows = options.Listens / options.Files + (fileNumber <= options.Listens % options.Files ? 1 : 0);
        return new(fileNumber, rows, (long)(rows * options.DirtShare), (long)(rows * options.DuplicateShare));
    }

    string NameOf(int fileNumber) => $"streams-{fileNumber:D4}.csv{(options.Gzip ? ".gz" : "")}";

    static void WriteFile(string folder, string name, Action<Stream> write)
    {
        Directory.CreateDirectory(folder);
        var unfinished = Path.Combine(folder, $".{name}.tmp");
        try
        {
            using (
                var stream = new FileStream(
                    unfinished,
                    FileMode.Create,
                    FileAccess.Write,
                    FileShare.None,
                    bufferSize: 0
                )
            )
            {
                write(stream);
            }
            File.Move(unfinished, Path.Combine(folder, name), overwrite: true);
        }
        catch
        {
            File.Delete(unfinished);
            throw;
        }
    }
}

/// <summary>What one file of listens holds.</summary>
/// <param name="Number">From 1.</param>
/// <param name="Rows">All of its rows but the header.</param>
/// <param name="Broken">Those that are no listens.</param>
/// <param name="Repeated">Those that repeat a listen of this or the previous file.</param>
public sealed record SyntheticFile(int Number, long Rows, long Broken, long Repeated);
