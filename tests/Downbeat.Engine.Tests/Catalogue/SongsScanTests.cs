using System.Globalization;
using System.Text;
using Downbeat.Engine.Catalogue;
using Downbeat.Engine.Listens;

namespace Downbeat.Engine.Tests.Catalogue;

public sealed class SongsScanTests
{
    const string Header = "track_id,track_genre,duration_ms,artists,track_name,popularity";

    [Fact]
    public void RowsMakeSongsSortedByTheBytesOfTheirIds()
    {
        var songs = Given.Songs(
            "b,rock,1000,Queen,Bé,40",
            "B,pop,2000,,,",
            "a,rock,3000,Abba;Queen,\"A, \"\"a\"\"\",100",
            "ab,folk,2147483647,Z,AB,0"
        );
        Assert.Equal(
            [
                "B: , 2000 ms, 0 %, v1, [pop] by []",
                "a: A, \"a\", 3000 ms, 100 %, v1, [rock] by [Abba|Queen]",
                "ab: AB, 2147483647 ms, 0 %, v1, [folk] by [Z]",
                "b: Bé, 1000 ms, 40 %, v1, [rock] by [Queen]",
            ],
            SongsText.Lines(songs)
        );
        Assert.Equal(["folk", "pop", "rock"], Given.ListOf(songs.Genres));
        Assert.Equal(["Abba", "Queen", "Z"], Given.ListOf(songs.Artists));
    }

    [Fact]
    public void ATrackIsInEveryGenreOfItsRowsAndTheFirstRowGivesTheRest()
    {
        var songs = Given.Songs(
            "a,rock,1000,Queen,first,40",
            "a,folk,2000,Abba,second,50",
            "a,rock,3000,Abba,third,60",
            "b,folk,4,Zed,b,1"
        );
        Assert.Equal(
            ["a: first, 1000 ms, 40 %, v1, [folk|rock] by [Queen]", "b: b, 4 ms, 1 %, v1, [folk] by [Zed]"],
            SongsText.Lines(songs)
        );
        Assert.Equal(["Queen", "Zed"], Given.ListOf(songs.Artists));
    }

    [Fact]
    public void FilesCountInTheOrderGiven()
    {
        var scan = Scan(out var rejects);
        Assert.Null(scan.Scan(Given.Csv(Header, "a,rock,1000,Queen,first,40")));
        Assert.Null(
            scan.Scan(
                Given.Csv(
                    "popularity,x,track_name,artists,DURATION_MS,track_genre,track_id",
                    "1,x,second,Abba,1,folk,a",
                    "2,x,new,Abba,2,folk,b"
                )
            )
        );
        Assert.Equal(
            ["a: first, 1000 ms, 40 %, v7, [folk|rock] by [Queen]", "b: new, 2 ms, 2 %, v7, [folk] by [Abba]"],
            SongsText.Lines(scan.Build(7, null))
        );
        Assert.Equal((3, 0, 2), (scan.Rows, scan.Rejected, scan.Tracks));
        Assert.Empty(rejects);
    }

    [Theory]
    [InlineData("Queen", "Queen")]
    [InlineData("Queen;Abba", "Abba|Queen")]
    [InlineData("  Queen ;Abba  ", "Abba|Queen")]
    [InlineData("Queen;Queen; Queen", "Queen")]
    [InlineData(";;Queen; ;", "Queen")]
    [InlineData(";", "")]
    [InlineData("   ", "")]
    [InlineData("Simon & Garfunkel, feat. X", "Simon & Garfunkel, feat. X")]
    [InlineData("\tQueen", "\tQueen")]
    [InlineData("queen;Queen", "Queen|queen")]
    [InlineData("A B;A  B", "A  B|A B")]
    public void ArtistsStandBetweenSemicolonsTrimmedOfSpacesAndCountOnce(string artists, string expected)
    {
        var songs = Given.Songs($"a,rock,1000,\"{artists}\",name,40");
        Assert.EndsWith($" by [{expected}]", Assert.Single(SongsText.Lines(songs)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(",rock,1000,Q,n,40", RejectReason.BadTrackId)]
    [InlineData("a,,1000,Q,n,40", RejectReason.BadTrackGenre)]
    [InlineData("a,rock,,Q,n,40", RejectReason.BadDurationMs)]
    [InlineData("a,rock,0,Q,n,40", RejectReason.BadDurationMs)]
    [InlineData("a,rock,000,Q,n,40", RejectReason.BadDurationMs)]
    [InlineData("a,rock,-5,Q,n,40", RejectReason.BadDurationMs)]
    [InlineData("a,rock,+5,Q,n,40", RejectReason.BadDurationMs)]
    [InlineData("a,rock,5.0,Q,n,40", RejectReason.BadDurationMs)]
    [InlineData("a,rock, 5,Q,n,40", RejectReason.BadDurationMs)]
    [InlineData("a,rock,2147483648,Q,n,40", RejectReason.BadDurationMs)]
    [InlineData("a,rock,99999999999999999999,Q,n,40", RejectReason.BadDurationMs)]
    [InlineData("a,rock,1000,Q,n,101", RejectReason.BadPopularity)]
    [InlineData("a,rock,1000,Q,n,-1", RejectReason.BadPopularity)]
    [InlineData("a,rock,1000,Q,n,40.5", RejectReason.BadPopularity)]
    [InlineData("a,rock,1000,Q,n,4294967296", RejectReason.BadPopularity)]
    [InlineData("a,rock,1000,Q,n,x", RejectReason.BadPopularity)]
    [InlineData("a,rock,1000,Q,n", RejectReason.WrongFieldCount)]
    [InlineData("a,rock,1000,Q,n,40,", RejectReason.WrongFieldCount)]
    [InlineData("\"a\"b,rock,1000,Q,n,40", RejectReason.TextAfterQuote)]
    [InlineData(",,,,,x", RejectReason.BadTrackId)]
    [InlineData("a,,,,,x", RejectReason.BadTrackGenre)]
    [InlineData("a,rock,,,,x", RejectReason.BadDurationMs)]
    public void ARowThatIsNoSongIsRejectedAndLeavesNothing(string row, RejectReason reason)
    {
        var scan = Scan(out var rejects);
        Assert.Null(scan.Scan(Given.Csv(Header, row, "a,pop,7,Z,right,7")));
        Assert.Equal([(new Reject(reason, 2, Header.Length + 1, row.Length), row)], rejects);
        Assert.Equal((2, 1, 1), (scan.Rows, scan.Rejected, scan.Tracks));
        var songs = scan.Build(1, null);
        Assert.Equal(["a: right, 7 ms, 7 %, v1, [pop] by [Z]"], SongsText.Lines(songs));
        Assert.Equal((1, 1), (songs.Genres.Count, songs.Artists.Count));
    }

    [Fact]
    public void LeadingZerosAndLongIdsAreFine()
    {
        var id = new string('i', Listen.MaxTrackBytes);
        var songs = Given.Songs($"{id},rock,00000000000000000000000012,Q,n,0000000000000100");
        Assert.Equal([$"{id}: n, 12 ms, 100 %, v1, [rock] by [Q]"], SongsText.Lines(songs));
        var scan = Scan(out var rejects);
        scan.Scan(Given.Csv(Header, $"{id}i,rock,12,Q,n,100"));
        Assert.Equal(RejectReason.BadTrackId, Assert.Single(rejects).Reject.Reason);
    }

    [Fact]
    public void ATrackKeepsTheVersionThatFirstKnewIt()
    {
        Songs? before = null;
        foreach (var (version, ids) in ((int, string)[])[(1, "bdf"), (2, "abdf"), (5, "ag"), (6, "abg")])
        {
            var scan = Scan(out _);
            scan.Scan(Given.Csv(Header, ids.Select(id => $"{id},rock,1,Q,n,1")));
            before = scan.Build(version, before);
        }

        // b was not known in version 5: what was computed then did without it.
        Assert.Equal(
            ["a v2", "b v6", "g v5"],
            SongsText.Lines(before!).Select(line => $"{line[0]} {line.Split(", ")[3]}")
        );
    }

    [Fact]
    public void FewTracksKeepTheirVersionAmongMany()
    {
        var many = Scan(out _);
        many.Scan(Given.Csv(Header, Enumerable.Range(0, 1000).Select(track => $"{track},rock,1,Q,n,1")));
        var few = Scan(out _);
        few.Scan(Given.Csv(Header, "500,rock,1,Q,n,1", "x,rock,1,Q,n,1"));
        Assert.Equal([3, 4], few.Build(4, many.Build(3, null)).KnownSince);
    }

    [Fact]
    public void NoRowsAreNoSongs()
    {
        var scan = Scan(out _);
        Assert.Null(scan.Scan(Given.Csv(Header)));
        var songs = scan.Build(1, null);
        Assert.Equal((0, 0, 0), (songs.Tracks.Count, songs.Genres.Count, songs.Artists.Count));
    }

    [Fact]
    public void AFaultOfTheFileIsHandedOn()
    {
        Assert.Equal(FileFaultKind.NoHeader, Scan(out _).Scan(new MemoryStream())?.Kind);
        Assert.Equal(FileFaultKind.UnclosedQuote, Scan(out _).Scan(Given.Csv(Header, "\"a"))?.Kind);
        foreach (var column in SongsScan.RequiredColumns)
        {
            var header = string.Join(',', SongsScan.RequiredColumns.Where(name => name != column));
            Assert.Equal(FileFaultKind.MissingColumn, Scan(out _).Scan(Given.Csv(header))?.Kind);
            Assert.Equal(FileFaultKind.RepeatedColumn, Scan(out _).Scan(Given.Csv($"{Header},{column}"))?.Kind);
        }
    }

    [Fact]
    public void RandomSongsAgreeWithAPlainReading() =>
        RandomRounds.Run(
            20,
            random =>
            {
                var rows = Enumerable
                    .Range(0, random.Next(500))
                    .Select(row =>
                        (
                            Id: $"t{random.Next(200)}",
                            Genre: $"g{random.Next(8)}",
                            Duration: row + 1,
                            Artists: $"x{random.Next(9)};y{random.Next(9)}",
                            Popularity: random.Next(101)
                        )
                    )
                    .ToList();
                var songs = Given.Songs([
                    .. rows.Select(row =>
                        $"{row.Id},{row.Genre},{row.Duration},{row.Artists},n{row.Duration},{row.Popularity}"
                    ),
                ]);
                var expected = rows.GroupBy(row => row.Id)
                    .OrderBy(track => track.Key, StringComparer.Ordinal)
                    .Select(track =>
                        string.Create(
                            CultureInfo.InvariantCulture,
                            $"{track.Key}: n{track.First().Duration}, {track.First().Duration} ms, {track.First().Popularity} %, v1, [{string.Join('|', track.Select(row => row.Genre).Distinct().Order(StringComparer.Ordinal))}] by [{track.First().Artists.Replace(';', '|')}]"
                        )
                    );
                Assert.Equal(expected, SongsText.Lines(songs));
            }
        );

    static SongsScan Scan(out List<(Reject Reject, string Raw)> rejects)
    {
        var taken = rejects = [];
        return new((in Reject reject, ReadOnlySpan<byte> raw) => taken.Add((reject, Encoding.UTF8.GetString(raw))));
    }
}
