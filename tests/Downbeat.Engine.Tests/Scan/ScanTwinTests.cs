using System.Globalization;
using System.Text;
using Downbeat.Engine.Listens;
using Downbeat.Engine.Scan;
using Downbeat.Testing;

namespace Downbeat.Engine.Tests.Scan;

/// <summary>Every kernel says of a file of listens what its scalar twin says, which takes row by row: to the last byte.</summary>
public sealed class ScanTwinTests
{
    const int Block = 256 * 1024; // What the reader asks for at a time.
    const long Arrived = 1_719_792_000;

    [Fact]
    public void FilesOfAnyShapeAreScannedAlike() =>
        RandomRounds.Run(
            300,
            random =>
            {
                var odd = new OddListens(random);
                AssertAgrees(odd.File(random.Next(20_000)), odd, random);
            }
        );

    [Fact]
    public void DamagedFilesAreScannedAlike() =>
        RandomRounds.Run(
            300,
            random =>
            {
                var odd = new OddListens(random);
                var file = odd.Mutate(odd.File(random.Next(4000)), validOnly: random.Next(4) > 0);
                AssertAgrees(file, odd, random);
            }
        );

    [Fact]
    public void FilesOfManyBlocksAreScannedAlike() =>
        RandomRounds.Run(
            4,
            random =>
            {
                var odd = new OddListens(random);
                List<byte> file = [.. odd.File(random.Next(random.Next(3) == 0 ? 15 * Block : 4 * Block))];
                for (var longRows = random.Next(4); longRows > 0; longRows--)
                {
                    // So long that it ends in another block, is too long for all plain rows together, or for a record.
                    var row = Encoding.UTF8.GetBytes(odd.Row(random.Next(5 * Block)));
                    file.InsertRange(file.IndexOf((byte)'\n', random.Next(file.Count)) + 1, row);
                }

                AssertAgrees([.. file], odd, random);
            }
        );

    /// <summary>A row begins, and its fields end, at every place around the ends of the blocks that are read.</summary>
    [Fact]
    public void RowsMayBeCutAnywhereByTheEndOfABlock() =>
        RandomRounds.Run(
            1,
            random =>
            {
                var odd = new OddListens(random);
                var rows = new StringBuilder();
                while (rows.Length < 2000)
                {
                    rows.Append(odd.Row(random.Next(9)));
                }

                // All places within the rows come to lie at the end of a block, and where plain rows are no longer looked for.
                var header = Encoding.UTF8.GetBytes(odd.Header());
                var tail = Encoding.UTF8.GetBytes(rows.ToString());
                for (var before = 0; before < Math.Min(tail.Length, RandomRounds.IsSoak ? 2000 : 200); before++)
                {
                    var end = Block * (1 + (before & 1));
                    byte[] file = [.. header, .. Filling(end - before - header.Length), .. tail];
                    AssertAgrees(file, odd, null);
                }
            }
        );

    /// <summary>Longer than the bytes from which plain rows are taken, and then more than the reader ever holds.</summary>
    [Theory]
    [InlineData((2 * Block) - 10)]
    [InlineData((2 * Block) + 10)]
    [InlineData(3 * Block)]
    [InlineData((4 * Block) + 10)]
    public void ALongRowMayComeAnywhereInALongFile(int length)
    {
        const string Row = "1,t,2024-06-25 12:00:00,\n";
        foreach (var before in (int[])[0, 1, 1000, Block])
        {
            var file = string.Concat(
                "user_id,track_id,listen_time,x\n",
                string.Concat(Enumerable.Repeat(Row, before / Row.Length)),
                $"2,t,2024-06-25 12:00:00,{new string('x', length)}\n",
                string.Concat(Enumerable.Repeat("no listen\n" + Row, 12 * Block / Row.Length))
            );
            AssertAgrees(Encoding.UTF8.GetBytes(file), LakeZone.Utc, Arrived, TrackIndex.Empty);
        }
    }

    /// <summary>A date is known as one whose every second counts, or it is not.</summary>
    [Theory]
    [InlineData("UTC")]
    [InlineData("Europe/Berlin")]
    [InlineData("America/New_York")]
    public void OfTheFirstAndTheLastDatesSomeSecondsMayNotCount(string zoneName)
    {
        var zone = LakeZone.Find(zoneName);
        string[] dates = ["1969-12-31", "1970-01-01", "2024-06-24", "2024-06-25"];
        Assert.True(zone.TryFindInstant(19_899L * 86_400, out var midnight)); // Of 2024-06-25.
        for (var arrived = midnight - 3; arrived <= midnight + 3; arrived++)
        {
            var rows = new StringBuilder("user_id,track_id,listen_time\n");
            int[] seconds = [0, 1, 2, 3, 43_200, 86_396, 86_397, 86_398, 86_399];
            foreach (var second in seconds)
            {
                foreach (var date in dates)
                {
                    rows.Append(
                        CultureInfo.InvariantCulture,
                        $"1,t,{date} {TimeSpan.FromSeconds(second):hh\\:mm\\:ss}\n"
                    );
                }
            }

            AssertAgrees(Encoding.UTF8.GetBytes(rows.ToString()), zone, arrived - 86_400, TrackIndex.Empty);
        }
    }

    [Fact]
    public void ManyListensAreScannedAlikeThroughASmallBuffer() =>
        RandomRounds.Run(
            2,
            random =>
            {
                // The buffer holds 57,344 of them, or half as many where ids are large.
                var rows = new StringBuilder("track_id,user_id,listen_time,liked\n");
                var users = 1L << random.Next(1, 53);
                var tracks = 1 << random.Next(1, 17);
                for (var row = 0; row < 150_000; row++)
                {
                    var date = random.Next(1000) == 0 ? random.Next(1, 31) : random.Next(1, 4);
                    rows.Append(
                        CultureInfo.InvariantCulture,
                        $"{random.Next(tracks):x5},{random.NextInt64(users)},2024-06-{date:d2} {random.Next(24):d2}:00:{random.Next(60):d2}{(random.Next(200) == 0 ? "Z" : "")},{(random.Next(500) == 0 ? 1 : 0)}\n"
                    );
                }

                var file = Encoding.UTF8.GetBytes(rows.ToString());
                var known = Given.Texts(
                    Enumerable.Range(0, tracks).Where(track => track % 3 > 0).Select(track => $"{track:x5}")
                );
                var scalar = AssertAgrees(file, LakeZone.Utc, Arrived, new(known));
                Assert.True(scalar.Runs > 2);
            }
        );

    /// <summary>A buffer counts 16,384 dates at a time; then places are given anew, also by rows that are taken otherwise.</summary>
    [Fact]
    public void MoreDatesThanABufferCountsAreScannedAlike() =>
        RandomRounds.Run(
            1,
            random =>
            {
                var rows = new StringBuilder("user_id,track_id,listen_time\n");
                for (var day = 0; day < 19_800; day++)
                {
                    // New dates come in rows that are taken one by one, in between those that were met before.
                    var (track, zone) = random.Next(20) > 0 ? ("t", "Z") : ("\"t\"", "");
                    Append(day, track, zone);
                    Append(random.Next(8), "t", "");
                }

                void Append(int day, string track, string zone) =>
                    rows.Append(
                        CultureInfo.InvariantCulture,
                        $"{random.Next(100)},{track},{DateTime.UnixEpoch.AddDays(day):yyyy-MM-dd} 12:00:07{zone}\n"
                    );

                var file = Encoding.UTF8.GetBytes(rows.ToString());
                var scalar = AssertAgrees(file, LakeZone.Utc, Arrived, TrackIndex.Empty);
                Assert.Equal(0, scalar.Rejected);
            }
        );

    /// <summary>
    /// The buffer is more than half full of keys of 64 bits when a batch brings many tracks at once, and then comes a date
    /// for which keys need another bit: what the buffer holds must still be sorted within it.
    /// </summary>
    [Fact]
    public void TracksAndDatesMayComeWhenKeysAreAsWideAsCanBe()
    {
        for (var userBits = 34; userBits < 41; userBits++)
        {
            var rows = new StringBuilder("user_id,track_id,listen_time\n");
            for (var row = 0; row < 40_000; row++)
            {
                Append((1L << (userBits - 1)) + row, row % 150, 1 + (row & 1), (row & 1) * 86_399);
            }

            Append(1, 0, 1, 0, "Z"); // Taken by itself, so that a batch begins.
            for (var track = 150; track < 277; track++)
            {
                Append(2, track, 1, 0);
            }

            Append(1, 0, 3, 0);
            var file = Encoding.UTF8.GetBytes(rows.ToString());
            AssertAgrees(file, LakeZone.Utc, Arrived, TrackIndex.Empty);

            void Append(long user, int track, int day, int second, string zone = "") =>
                rows.Append(
                    CultureInfo.InvariantCulture,
                    $"{user},t{track},2024-06-{day:d2} {TimeSpan.FromSeconds(second):hh\\:mm\\:ss}{zone}\n"
                );
        }
    }

    static byte[] Filling(int length)
    {
        // Blank lines, and rows that are too short, are quick to skip.
        var filling = new byte[length];
        filling.AsSpan().Fill((byte)'x');
        for (var at = 0; at < length; at += 20_000)
        {
            filling[at] = (byte)'\n';
        }

        filling[^1] = (byte)'\n';
        return filling;
    }

    static void AssertAgrees(byte[] file, OddListens odd, Random? random)
    {
        var zone = LakeZone.Find(odd.Zone);
        var arrived = odd.Arrived.ToUnixTimeSeconds();
        var known = new TrackIndex(Given.Texts(odd.SomeTracks().Select(track => Given.Latin1(track))));
        var scalar = AssertAgrees(file, zone, arrived, known);
        if (random is not null)
        {
            var most = random.Next(2) == 0 ? 2 : random.Next(2, Block);
            var pieces = new PieceStream(file, () => random.Next(1, most));
            var kernel = ScanKernels.Available[random.Next(ScanKernels.Available.Count)];
            scalar.AssertSame(ScannedFile.Of(pieces, kernel, zone, arrived, random.Next(2) == 0 ? known : null));
        }
    }

    /// <returns>What the twin says, which knows no tracks.</returns>
    static ScannedFile AssertAgrees(byte[] file, LakeZone zone, long arrived, TrackIndex known)
    {
        var scalar = ScannedFile.Of(new MemoryStream(file), ScanKernel.Scalar, zone, arrived, null);
        foreach (var kernel in ScanKernels.Available)
        {
            scalar.AssertSame(ScannedFile.Of(new MemoryStream(file), kernel, zone, arrived, known));
        }

        return scalar;
    }
}
