using System.Text;
using Downbeat.Engine.Catalogue;
using Downbeat.Engine.Listens;
using Downbeat.Testing.Fuzz;
using OracleCatalogue = Downbeat.Testing.Oracle.Catalogue;

namespace Downbeat.Engine.Tests.Fuzz;

/// <summary>Whatever a file of songs or users holds, each of its rows counts or is rejected, and what is known is what an oracle knows.</summary>
public sealed class CatalogueFuzzTests
{
    static readonly byte[][] Tokens =
    [
        .. HostileCsv.Tokens,
        .. new[] { ";", "; ;", "unknown", "100", "101", "2147483648", "t1,pop,1,a;b,name,\n", "1,DE\n" }.Select(
            Encoding.UTF8.GetBytes
        ),
    ];

    [Fact]
    public void EveryFileOfSongsIsReadAsTheDefinitionSays() =>
        Fuzzer.Run(
            "songs_csv",
            1500,
            random =>
                Csv(
                    "track_id,track_genre,duration_ms,artists,track_name,popularity,x",
                    random,
                    () =>
                        $"t{random.Next(9)},g{random.Next(4)},{random.Next(-1, 300)},{(random.Next(3) == 0 ? " é ; ;b;b" : "a;c")},\"n\"\"{random.Next(9)}\",{random.Next(-1, 103)},"
                ),
            Tokens,
            (file, random) =>
            {
                var rejected = 0;
                var scan = new SongsScan((in Reject _, ReadOnlySpan<byte> _) => rejected++);
                var fault = scan.Scan(new PieceStream(file, () => random.Next(1, 4000)));
                if (fault is not null)
                {
                    return $"{fault.Kind}";
                }

                Assert.Equal(rejected, scan.Rejected);
                var songs = scan.Build(1, null);
                var expected = OracleCatalogue.Read([new("songs.csv", file, default)], []);
                for (var track = 0; track < songs.Tracks.Count; track++)
                {
                    var known = expected.FindTrack(Utf8(songs.Tracks[track]));
                    Assert.NotNull(known);
                    Assert.Equal(known.Name, Utf8(songs.Names[track]));
                    Assert.Equal(known.DurationMs, songs.DurationMs[track]);
                    Assert.Equal(known.Popularity, songs.Popularity[track]);
                    Assert.Equal(known.Genres.Order(), Texts(songs.GenresOfTrack[track], songs.Genres));
                    Assert.Equal(known.Artists.Order(), Texts(songs.ArtistsOfTrack[track], songs.Artists));
                }

                Assert.Equal(expected.TrackCount, songs.Tracks.Count);
                return $"{Math.Min(5, scan.Rows)} {Math.Min(5, rejected)} {Math.Min(5, scan.Tracks)}";
            }
        );

    [Fact]
    public void EveryFileOfUsersIsReadAsTheDefinitionSays() =>
        Fuzzer.Run(
            "users_csv",
            1500,
            random =>
                Csv(
                    "user_id,user_country,x",
                    random,
                    () => $"{random.Next(-1, 30)},{(random.Next(4) == 0 ? "" : $"C{random.Next(5)}")},"
                ),
            Tokens,
            (file, random) =>
            {
                var rejected = 0;
                var scan = new UsersScan(
                    0,
                    () => throw new InvalidOperationException("So few users fit in the buffer."),
                    (in Reject _, ReadOnlySpan<byte> _) => rejected++
                );
                var fault = scan.Scan(new PieceStream(file, () => random.Next(1, 4000)));
                if (fault is not null)
                {
                    return $"{fault.Kind}";
                }

                Assert.Equal(rejected, scan.Rejected);
                scan.Finish();
                var output = new MemoryStream();
                scan.Write([], output, 1, null);
                var expected = OracleCatalogue.Read([], [new("users.csv", file, default)]);
                var users = Given.ListensOf(Given.Slice(output.ToArray()));
                Assert.Equal(expected.UserCount, users.Count);
                foreach (var user in users)
                {
                    Assert.Equal(
                        expected.CountryOf((long)user.User),
                        user.Track.Length == 0 ? "unknown" : Utf8(Given.Bytes(user.Track))
                    );
                }

                return $"{Math.Min(5, scan.Rows)} {Math.Min(5, rejected)} {Math.Min(5, users.Count)}";
            }
        );

    static byte[] Csv(string header, Random random, Func<string> row)
    {
        var lineEnd = random.Next(3) == 0 ? "\r\n" : "\n";
        var rows = Enumerable.Range(0, random.Next(40)).Select(_ => row());
        return Encoding.UTF8.GetBytes(string.Join(lineEnd, rows.Prepend(header)));
    }

    static IEnumerable<string> Texts(ReadOnlySpan<int> numbers, Texts texts)
    {
        var all = new List<string>();
        foreach (var number in numbers)
        {
            all.Add(Utf8(texts[number]));
        }

        return all.Order();
    }

    static string Utf8(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes);
}
