using Downbeat.Engine.Listens;
using Downbeat.Engine.Scan;
using Downbeat.Engine.Slices;

namespace Downbeat.Engine.Tests.Scan;

/// <summary>All that a scan says of a file.</summary>
sealed record ScannedFile
{
    /// <summary>How many runs the buffer wrote.</summary>
    public int Runs { get; private init; }

    public long Rejected { get; private init; }

    public long Rows { get; private init; }

    public FileFault? Fault { get; private init; }

    /// <summary>How many rows were rejected, by reason.</summary>
    public IReadOnlyList<long> RejectReasons { get; private init; } = [];

    public IReadOnlyList<Reject> RejectedRows { get; private init; } = [];

    /// <summary>The slices, a date each.</summary>
    SortedDictionary<DateOnly, byte[]> Slices { get; init; } = [];

    List<string> Rejects { get; init; } = [];

    string Counts { get; init; } = "";

    /// <summary>Scans a file through a buffer of 1 MiB, in which dates may have several runs.</summary>
    public static ScannedFile Of(Stream file, ScanKernel kernel, LakeZone zone, long arrived, TrackIndex? known)
    {
        var rejects = new List<string>();
        var rows = new List<Reject>();
        var runs = new List<MemoryStream>();
        var buffer = new SortBuffer(1 << 20, known);
        buffer.Begin(_ =>
        {
            runs.Add(new());
            return runs[^1];
        });
        var scan = new ListenScan(
            zone,
            arrived,
            buffer,
            (in Reject reject, ReadOnlySpan<byte> raw) =>
            {
                rows.Add(reject);
                rejects.Add($"{reject} {ReadRecord.Shown(Given.Latin1(raw))}");
            },
            kernel
        );
        var fault = scan.Scan(file);
        buffer.Seal();
        return new()
        {
            Runs = runs.Count,
            Rows = scan.Rows,
            Rejected = scan.Rejected,
            RejectReasons = scan.RejectsByReason.ToArray(),
            RejectedRows = rows,
            Fault = fault,
            Slices = new(
                runs.Select(run => Given.Slice(run.ToArray()))
                    .GroupBy(run => run.Summary.Date)
                    .ToDictionary(date => date.Key, date => Merged([.. date]))
            ),
            Rejects = rejects,
            Counts =
                $"{scan.Rows} rows, {scan.Rejected} rejected ({string.Join(' ', scan.RejectsByReason.ToArray())}), {scan.Lines} lines, header {Given.Latin1(scan.Header)}, {fault}",
        };
    }

    /// <summary>The distinct listens by user, track and instant.</summary>
    public IEnumerable<KeyValuePair<(long User, string Track, long Instant), ListenFlags>> Listens() =>
        Slices.SelectMany(slice =>
            Given
                .ListensOf(Given.Slice(slice.Value))
                .Select(listen =>
                    KeyValuePair.Create(
                        (
                            (long)listen.User,
                            listen.Track,
                            ListenDate.SpanStart(ListenDate.ToDay(slice.Key)) + listen.Second
                        ),
                        listen.Flags
                    )
                )
        );

    /// <summary>Whether another scan says the same.</summary>
    public void AssertSame(ScannedFile other)
    {
        Assert.Equal(Counts, other.Counts);
        Assert.Equal(Rejects, other.Rejects);
        Assert.Equal(Slices.Keys, other.Slices.Keys);
        foreach (var (date, slice) in Slices)
        {
            if (!slice.AsSpan().SequenceEqual(other.Slices[date]))
            {
                Assert.Equal(
                    Given.ListensOf(Given.Slice(slice)).Select(listen => $"{date} {listen}"),
                    Given.ListensOf(Given.Slice(other.Slices[date])).Select(listen => $"{date} {listen}")
                );
                Assert.Fail($"The slices of {date} hold the same in other bytes.");
            }
        }
    }

    static byte[] Merged(IReadOnlyList<SliceReader> runs)
    {
        var merged = new MemoryStream();
        SliceParts.Merge(runs, 1 << 20, _ => merged);
        return merged.ToArray();
    }
}
