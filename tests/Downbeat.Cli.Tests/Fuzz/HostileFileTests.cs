using System.Globalization;
using System.IO.Compression;
using System.Text;
using Downbeat.Testing;

namespace Downbeat.Cli.Tests.Fuzz;

/// <summary>
/// Files that are made to exhaust who reads them, through the real program in little memory: each is taken in or quarantined for what
/// is wrong with it, and a file beside it is taken in as ever.
/// </summary>
public sealed class HostileFileTests : IDisposable
{
    const string Header = "user_id,track_id,listen_time\n";

    /// <summary>What the program's heap may hold; more of it, and it fails.</summary>
    const string HeapLimit = "0xA000000";

    /// <summary>Of what is known of each track 40 bytes and more are in memory: docs/performance.md.</summary>
    const string MillionTracksLimit = "0x20000000";

    static readonly int Times = RandomRounds.IsSoak ? 40 : 1;

    readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    public static TheoryData<string, string, string> Files =>
        new()
        {
            { "zeros.csv.gz", "missing_column", "a bomb of zeros" },
            { "line.csv.gz", "too_many_rejected", "a bomb of one endless line" },
            { "rows.csv.gz", "", "a bomb of the same row" },
            { "line.csv", "too_many_rejected", "an endless line" },
            { "columns.csv", "", "a million columns" },
            { "nuls.csv", "", "NULs in track ids" },
            { "surrogate.csv", "not_utf8", "a lone surrogate" },
            { "dates.csv", "too_many_dates", "20,000 dates" },
            { "tracks.csv", "", "many distinct tracks that nobody knows" },
        };

    [Theory]
    [MemberData(nameof(Files))]
    public void AHostileFileIsTakenInOrQuarantinedInLittleMemory(string name, string fault, string what)
    {
        var lake = Path.Combine(folder.Path, "lake");
        var downbeat = new CliRunner(folder.Path);
        downbeat.Variables["DOTNET_GCHeapHardLimit"] =
            RandomRounds.IsSoak && name == "tracks.csv" ? MillionTracksLimit : HeapLimit;
        Assert.Equal(0, downbeat.Run("init", "lake").ExitCode);
        folder.Write("lake/landing/songs/songs.csv", TestListens.Songs);
        folder.Write("lake/landing/users/users.csv", TestListens.Users);
        folder.Write("lake/landing/streams/beside.csv", Header + "1,track001,2024-06-25 12:00:00\n");
        using (var file = File.Create(Path.Combine(lake, "landing", "streams", name)))
        using (
            Stream output = name.EndsWith(".gz", StringComparison.Ordinal)
                ? new GZipStream(file, CompressionLevel.Fastest)
                : file
        )
        {
            Write(name, output);
        }

        var run = downbeat.Run("run", "--lake", "lake", "--sort-buffer-mb", "16", "--json");
        Assert.True(run.ExitCode == (fault.Length > 0 ? 3 : 0), $"{what}: {run.ExitCode}\n{run.Error}\n{run.Output}");
        Assert.Contains(fault, run.Output, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(lake, "kpis", "daily", "date=2024-06-25.csv")), what);
        Assert.Empty(Directory.GetFiles(Path.Combine(lake, "landing", "streams")));
        TestReport.Add("fuzz", ("hostile files through the program", 1));
    }

    static void Write(string name, Stream output)
    {
        switch (name)
        {
            case "zeros.csv.gz":
                Repeat([0], 200L << 20);
                break;
            case "line.csv.gz" or "line.csv":
                Put(Header);
                Repeat("x"u8, 60L << 20);
                break;
            case "rows.csv.gz":
                Put(Header);
                Repeat("1,track001,2024-06-25 12:00:00\n"u8, 60L << 20);
                break;
            case "columns.csv":
                var commas = new string(',', 1_000_000);
                Put(Header.TrimEnd() + commas + "\n");
                for (var row = 0; row < 5 * Times; row++)
                {
                    Put(string.Create(CultureInfo.InvariantCulture, $"{row},track001,2024-06-25 12:00:00{commas}\n"));
                }

                break;
            case "nuls.csv":
                Put(Header + "1,\0,2024-06-25 12:00:00\n1,\0\0,2024-06-25 12:00:00\n");
                break;
            case "surrogate.csv":
                Put(Header + "1,");
                output.Write([0xED, 0xA0, 0x80]);
                Put(",2024-06-25 12:00:00\n");
                break;
            case "dates.csv":
                Put(Header);
                for (var day = 0; day < 20_000; day++)
                {
                    Put(
                        $"1,track001,{DateTime.UnixEpoch.AddDays(day).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)} 12:00:00\n"
                    );
                }

                break;
            case "tracks.csv":
                Put(Header);
                for (var track = 0; track < 25_000 * Times; track++)
                {
                    Put(
                        string.Create(CultureInfo.InvariantCulture, $"{track % 997},{track:d22},2024-06-25 12:00:00\n")
                    );
                }

                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(name), name, null);
        }

        void Put(string text) => output.Write(Encoding.ASCII.GetBytes(text));

        void Repeat(ReadOnlySpan<byte> bytes, long length)
        {
            var block = new byte[(1 << 20) / bytes.Length * bytes.Length];
            for (var at = 0; at < block.Length; at += bytes.Length)
            {
                bytes.CopyTo(block.AsSpan(at));
            }

            for (var written = 0L; written < length * Times; written += block.Length)
            {
                output.Write(block);
            }
        }
    }
}
