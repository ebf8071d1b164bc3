using System.Globalization;
using System.IO.Compression;
using System.Text;

namespace Downbeat.Connectors.Tests.Night;

/// <summary>Drops files at random times: of a row to many thousands, alone or many at once, most of the day that goes on, some late.</summary>
sealed class NightProducer
{
    const double BurstShare = 0.08;
    const int LargestBurst = 30;
    const int LateDates = 12;
    const int FilesADay = 50; // So that a date does not grow for ever, and what it takes to compute it does not either.
    const int Days = 60;
    const int RowsWithDirt = 1000; // Of a smaller file a single broken row might be too large a share.

    readonly Random random;
    readonly string streams;
    readonly string kept;
    readonly string[] tracks;
    readonly int users;
    readonly int largest;
    readonly TimeSpan meanGap;
    readonly DateTimeOffset began = DateTimeOffset.UtcNow;

    /// <summary>Drops nothing yet.</summary>
    /// <param name="random">Decides everything but when what was written is there.</param>
    /// <param name="lake">Where it drops.</param>
    /// <param name="kept">Where it keeps the same files, for someone else.</param>
    /// <param name="largest">Rows of the largest file.</param>
    /// <param name="meanGap">From a file, or many at once, to the next.</param>
    public NightProducer(Random random, string lake, string kept, int largest, TimeSpan meanGap)
    {
        (this.random, this.kept, this.largest, this.meanGap) = (random, kept, largest, meanGap);
        streams = Directory.CreateDirectory(Path.Combine(lake, "landing", "streams")).FullName;
        Directory.CreateDirectory(kept);
        tracks =
        [
            .. File.ReadLines(Path.Combine(lake, "landing", "songs", "songs.csv"))
                .Skip(1)
                .Select(row => row.Split(',')[0]),
        ];
        users = File.ReadLines(Path.Combine(lake, "landing", "users", "users.csv")).Count() - 1;
    }

    /// <summary>What was dropped, but for what cannot be read.</summary>
    public List<DroppedFile> Dropped { get; } = [];

    /// <summary>Drops until it is stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var files = random.NextDouble() < BurstShare ? 2 + random.Next(LargestBurst - 1) : 1;
            for (var file = 0; file < files; file++)
            {
                Drop();
            }

            var gap = -Math.Log(1 - random.NextDouble()) * meanGap;
            await Task.WhenAny(Task.Delay(gap, stop));
        }
    }

    /// <summary>Drops a file that is none.</summary>
    public void DropBroken()
    {
        // Beside the landing area first, as a producer would who writes slowly.
        var unfinished = Path.Combine(streams, "broken.csv.tmp");
        File.WriteAllText(unfinished, "user_id,song,when\n1,a,b\n");
        Finish(unfinished, "broken.csv");
    }

    void Drop()
    {
        var rows = (int)Math.Round(Math.Exp(random.NextDouble() * Math.Log(largest)));
        var isZipped = random.Next(10) == 0;
        var name = string.Create(CultureInfo.InvariantCulture, $"{Dropped.Count:D5}.csv{(isZipped ? ".gz" : "")}");
        var (text, isLate) = Text(rows);
        var unfinished = Path.Combine(streams, name + ".tmp");
        using (var file = File.Create(unfinished))
        using (Stream bytes = isZipped ? new GZipStream(file, CompressionLevel.Fastest) : file)
        {
            bytes.Write(Encoding.UTF8.GetBytes(text));
        }

        Finish(unfinished, name);
        Dropped.Add(new($"landing/streams/{name}", rows, isLate, DateTimeOffset.UtcNow));
    }

    void Finish(string unfinished, string name)
    {
        var copy = Path.Combine(kept, name);
        File.Copy(unfinished, copy);
        File.SetLastWriteTimeUtc(copy, File.GetLastWriteTimeUtc(unfinished)); // It makes the source what it is.
        File.Move(unfinished, Path.Combine(streams, name));
    }

    (string Text, bool IsLate) Text(int rows)
    {
        var kind = random.Next(20);
        var late = 1 + random.Next(LateDates);
        var day = began.Date.AddDays(Math.Min(Dropped.Count / FilesADay, Days - 1) - Days);
        var text = new StringBuilder("user_id,track_id,listen_time\n");
        for (var row = 0; row < rows; row++)
        {
            var ago = kind switch
            {
                < 2 => late,
                2 => random.Next(1 + LateDates), // Of many dates, today's too.
                _ => 0,
            };
            var date = day.AddDays(-ago);
            var seconds = random.Next(86_400);
            var line = string.Create(
                CultureInfo.InvariantCulture,
                $"{1 + random.Next(users)},{tracks[random.Next(tracks.Length)]},{date.AddSeconds(seconds):yyyy-MM-dd HH:mm:ss}\n"
            );
            var odd = rows < RowsWithDirt ? 999 : random.Next(1000);
            text.Append(odd < 3 ? line.Replace(':', '?') : line);
            if (odd is >= 3 and < 8)
            {
                text.Append(line); // Twice.
            }
        }

        return (text.ToString(), kind < 3);
    }
}

/// <summary>A file that was dropped.</summary>
sealed record DroppedFile(string Key, int Rows, bool IsLate, DateTimeOffset Landed);
