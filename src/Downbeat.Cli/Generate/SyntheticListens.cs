using System.Buffers.Text;
using System.Globalization;

namespace Downbeat.Cli.Generate;

/// <summary>
/// One file of listens: new ones, some of them again, and broken rows, exactly as many of each as its share.
/// </summary>
sealed class SyntheticListens(
    SyntheticOptions options,
    SyntheticTracks tracks,
    SyntheticUsers users,
    SyntheticFile file
)
{
    const int RowsAReport = 1 << 16;

    readonly ListeningCurve curve = new(options.From, options.Days);
    readonly ClockText clock = new(options.From, options.Days);

    public void Write(CsvOutput output, Action<long>? rowsWritten, CancellationToken cancellation)
    {
        var random = new SplitMix(options.Seed, Subject.Rows, file.Number);
        var fresh = Sessions(Subject.Sessions, file.Number);
        // The same streams once more, running behind: what comes out of them has been, or will be, written as fresh.
        var again = Sessions(Subject.Sessions, file.Number);
        var againPrevious = Sessions(Subject.Sessions, Math.Max(1, file.Number - 1));
        // Broken rows use up no listens, or a repetition could be one's only good row.
        var broken = Sessions(Subject.BrokenSessions, file.Number);

        var goodRows = file.Rows - file.Broken;
        var brokenQuota = new Quota(file.Broken, file.Rows);
        var repeatedQuota = new Quota(file.Repeated, goodRows);
        var oddQuota = new Quota((long)(goodRows * options.DirtShare), goodRows);

        output.Write(options.Flags ? "user_id,track_id,listen_time,liked,shared\n" : "user_id,track_id,listen_time\n");
        for (var row = 0L; row < file.Rows; row++)
        {
            if (row % RowsAReport == 0)
            {
                cancellation.ThrowIfCancellationRequested();
                rowsWritten?.Invoke(Math.Min(row, RowsAReport));
            }
            if (brokenQuota.Take(ref random))
            {
                output.Write(SyntheticDirt.Break(Fields(broken.Next()), ref random));
                continue;
            }
            SyntheticListen listen;
            if (repeatedQuota.Take(ref random))
            {
                (again, againPrevious) = (againPrevious, again);
                // Who liked or shared it may have done so after the first file was written.
                listen = again.Next() with
                {
                    Liked = random.Chance(10),
                    Shared = random.Chance(2),
                };
            }
            else
            {
                listen = fresh.Next();
            }
            if (oddQuota.Take(ref random))
            {
                output.Write(SyntheticDirt.Disguise(Fields(listen), ref random));
            }
            else
            {
                output.Advance(WriteRow(output.Room(), listen));
            }
        }
        rowsWritten?.Invoke(file.Rows == 0 ? 0 : (file.Rows - 1) % RowsAReport + 1);
    }

    SyntheticSessions Sessions(Subject subject, int fileNumber) =>
        new(options, tracks, users, curve, subject, fileNumber);

    int WriteRow(Span<byte> row, in SyntheticListen listen)
    {
        Utf8Formatter.TryFormat(listen.UserId, row, out var at);
        row[at++] = (byte)',';
        listen.TrackId.Write(row[at..]);
        at += TrackText.Length;
        row[at++] = (byte)',';
        clock.Write(row[at..], listen.Second);
        at += ClockText.Length;
        if (options.Flags)
        {
            row[at++] = (byte)',';
            row[at++] = (byte)(listen.Liked ? '1' : '0');
            row[at++] = (byte)',';
            row[at++] = (byte)(listen.Shared ? '1' : '0');
        }
        row[at++] = (byte)'\n';
        return at;
    }

    RowFields Fields(in SyntheticListen listen)
    {
        var time = options.From.ToDateTime(TimeOnly.MinValue).AddSeconds(listen.Second);
        return new(
            listen.UserId.ToString(CultureInfo.InvariantCulture),
            listen.TrackId.ToString(),
            time.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
            time.ToString("HH:mm:ss", CultureInfo.InvariantCulture),
            options.Flags ? [listen.Liked, listen.Shared] : []
        );
    }
}
