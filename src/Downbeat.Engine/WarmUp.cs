using System.Globalization;
using System.Text;
using Downbeat.Engine.Catalogue;
using Downbeat.Engine.Days;
using Downbeat.Engine.Kpis;
using Downbeat.Engine.Listens;
using Downbeat.Engine.Scan;
using Downbeat.Engine.Slices;

namespace Downbeat.Engine;

/// <summary>
/// Does in memory what a run does, with a few rows. The fastest code is compiled by the process that runs it, for its processor; this
/// has it compiled on a core that has nothing to do while the process reads its settings and its lake.
/// </summary>
public static class WarmUp
{
    const int Rows = 4096; // Enough for all ways to sort and merge, and a millisecond of work.

    static readonly DateOnly Date = new(2024, 6, 25);

    /// <summary>Starts it, and waits for nothing.</summary>
    public static void Start()
    {
        if (Environment.ProcessorCount > 1)
        {
            new Thread(TryRun) { IsBackground = true, Name = "warm-up" }.Start();
        }
    }

    static void TryRun()
    {
        try
        {
            Run();
        }
        catch (Exception)
        {
            // Whoever does it in earnest says what is wrong.
        }
    }

    internal static IReadOnlyList<KpiTable> Run()
    {
        var users = ReadUsers();
        var songs = ReadSongs();
        var zone = LakeZone.Find("UTC");
        var buffer = new SortBuffer(1 << 20, new(songs.Tracks));
        var day = new Day(Date, zone, [Scan(buffer, zone, 1), Scan(buffer, zone, 3)]);
        var tables = KpiTables.Compute(day.Count(songs, users, 1), new());
        foreach (var table in tables)
        {
            table.ToCsv();
        }

        return tables;
    }

    static SliceReader ReadUsers()
    {
        var csv = new StringBuilder("user_id,user_country\n");
        for (var row = 0; row < Rows; row++)
        {
            csv.Append(CultureInfo.InvariantCulture, $"{row},{(row % 2 == 0 ? "Peru" : "Fiji")}\n");
        }

        var output = new MemoryStream();
        var scan = new UsersScan(1 << 20, () => new MemoryStream(), (in _, _) => { });
        scan.Scan(Bytes(csv));
        scan.Finish();
        scan.Write([], output, 1, null);
        return new(new Memory(output.ToArray()));
    }

    static Songs ReadSongs()
    {
        var csv = new StringBuilder("track_id,artists,track_name,popularity,duration_ms,track_genre\n");
        for (var row = 0; row < Rows; row++)
        {
            csv.Append(
                CultureInfo.InvariantCulture,
                $"{row % 999:x5}5Mp,\"Ana;Bo\",Ode,7,{row + 1},{(row % 3 == 0 ? "folk" : "jazz")}\n"
            );
        }

        var scan = new SongsScan((in _, _) => { });
        scan.Scan(Bytes(csv));
        var songs = scan.Build(1, null);
        SongsFile.Write(songs, Stream.Null);
        return songs;
    }

    static SliceReader Scan(SortBuffer buffer, LakeZone zone, int step)
    {
        var csv = new StringBuilder("user_id,track_id,listen_time\n");
        for (var row = 0; row < Rows; row++)
        {
            var user = row * 7919 % 511;
            csv.Append(
                CultureInfo.InvariantCulture,
                $"{user},{row * step % 1009:x5}5Mp,2024-06-25 {row % 24:d2}:{row % 60:d2}:0{row % 10}\n"
            );
        }

        var output = new MemoryStream();
        buffer.Begin(_ => output);
        var bytes = Bytes(csv);
        ContentHash.Of(bytes);
        bytes.Position = 0;
        new ListenScan(zone, ListenDate.ToDay(Date) * ListenDate.SecondsPerDay, buffer, (in _, _) => { }).Scan(bytes);
        buffer.Seal();
        return new(new Memory(output.ToArray()));
    }

    static MemoryStream Bytes(StringBuilder csv) => new(Encoding.UTF8.GetBytes(csv.ToString()));

    sealed class Memory(byte[] bytes) : IByteSource
    {
        public string Name => "";

        public long Length => bytes.Length;

        public void Read(long offset, Span<byte> destination) =>
            bytes.AsSpan((int)offset, destination.Length).CopyTo(destination);
    }
}
