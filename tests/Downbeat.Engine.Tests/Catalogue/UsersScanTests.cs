using System.Globalization;
using System.Text;
using Downbeat.Engine.Catalogue;
using Downbeat.Engine.Listens;
using Downbeat.Engine.Slices;

namespace Downbeat.Engine.Tests.Catalogue;

public sealed class UsersScanTests
{
    const string Header = "user_id,user_country";

    [Fact]
    public void UsersHaveTheCountryOfTheirFirstRow() =>
        Assert.Equal(
            ["0 FR v1", "2 DE v1", "9223372036854775807 unknown v1"],
            Lines(Given.Users("2,DE", "0,FR", "2,FR", "9223372036854775807,", "00,DE"))
        );

    [Fact]
    public void OtherColumnsAreIgnored()
    {
        var scan = Scan(out var runs, out _);
        Assert.Null(
            scan.Scan(
                Given.Csv(
                    "user_name,USER_COUNTRY,user_age,User_Id,created_at",
                    "Ann,\"Côte d'Ivoire, \"\"CI\"\"\",20,7,2020-01-01"
                )
            )
        );
        Assert.Equal(["7 Côte d'Ivoire, \"CI\" v1"], Lines(Merge(scan, runs)));
    }

    [Fact]
    public void ACountryMayBeOfAnyLength()
    {
        string[] countries = [new('x', 255), new('x', 256), new('é', 300), new('y', 100_000)];
        Assert.Equal(
            countries.Select((country, user) => $"{user} {country} v1"),
            Lines(Given.Users(countries.Select((country, user) => $"{user},{country}")))
        );
    }

    [Fact]
    public void TheFirstRowWinsAcrossRunsAndFiles() =>
        RandomRounds.Run(
            10,
            random =>
            {
                // A run takes 1,024 rows here. Users repeat within runs and across them, and are as many as the rows allow.
                var users = random.Next(1, 6000);
                var files = Enumerable
                    .Range(0, random.Next(1, 4))
                    .Select(_ =>
                        Enumerable
                            .Range(0, random.Next(4000))
                            .Select(_ => (User: random.NextInt64(users), Country: $"c{random.Next(300)}"))
                            .ToList()
                    )
                    .ToList();
                var scan = Scan(out var runs, out _);
                foreach (var file in files)
                {
                    Assert.Null(scan.Scan(Given.Csv(Header, file.Select(row => $"{row.User},{row.Country}"))));
                }

                var merged = Merge(scan, runs, shuffle: random);
                var rows = files.SelectMany(file => file).ToList();
                Assert.Equal(rows.Count <= 1024 ? 0 : (rows.Count + 1023) / 1024, runs.Count);
                Assert.Equal(rows.Count, scan.Rows);
                Assert.Equal(
                    rows.DistinctBy(row => row.User)
                        .OrderBy(row => row.User)
                        .Select(row => $"{row.User} {row.Country} v1"),
                    Lines(merged)
                );
            }
        );

    [Fact]
    public void RowsThatAreNoUsersAreRejected()
    {
        var scan = Scan(out var runs, out var rejects);
        Assert.Null(
            scan.Scan(
                Given.Csv(
                    Header,
                    "-1,DE",
                    "1",
                    "1,DE,",
                    "\"1\"x,DE",
                    ",DE",
                    "x,DE",
                    "9223372036854775808,DE",
                    "1,IT",
                    "2,\"a\nb\"",
                    "?,FR"
                )
            )
        );
        Assert.Equal(
            [
                (RejectReason.BadUserId, 2, "-1,DE"),
                (RejectReason.WrongFieldCount, 3, "1"),
                (RejectReason.WrongFieldCount, 4, "1,DE,"),
                (RejectReason.TextAfterQuote, 5, "\"1\"x,DE"),
                (RejectReason.BadUserId, 6, ",DE"),
                (RejectReason.BadUserId, 7, "x,DE"),
                (RejectReason.BadUserId, 8, "9223372036854775808,DE"),
                (RejectReason.BadUserId, 12, "?,FR"),
            ],
            rejects.Select(reject => (reject.Reject.Reason, reject.Reject.LineNumber, reject.Raw))
        );
        Assert.Equal((10, 8), (scan.Rows, scan.Rejected));
        Assert.Equal(["1 IT v1", "2 a\nb v1"], Lines(Merge(scan, runs)));
    }

    [Fact]
    public void NoUsersAreWrittenToo()
    {
        var scan = Scan(out var runs, out _);
        Assert.Null(scan.Scan(Given.Csv(Header)));
        var merged = Merge(scan, runs);
        Assert.Empty(runs);
        Assert.Equal(0, merged.Summary.Listens);
        Assert.False(new UserCountries(merged).Find(0));
    }

    [Theory]
    [InlineData(1024, 0)] // What fits needs no run.
    [InlineData(1025, 2)]
    [InlineData(2048, 2)] // A run that is just full is followed by none.
    public void UsersThatDoNotFitBecomeRuns(int users, int expectedRuns)
    {
        var scan = Scan(out var runs, out _);
        scan.Scan(Given.Csv(Header, Enumerable.Range(0, users).Select(user => $"{users - user},DE")));
        Assert.Equal(users, Merge(scan, runs).Summary.Listens);
        Assert.Equal(expectedRuns, runs.Count);
        Assert.All(runs, run => Assert.False(run.CanWrite));
    }

    [Fact]
    public void SortedOrNotTheSameBytesAreWrittenAsOftenAsAsked() =>
        RandomRounds.Run(
            20,
            random =>
            {
                var shift = random.Next(63);
                var users = Enumerable.Range(0, random.Next(900)).Select(_ => random.NextInt64() >> shift).Distinct();
                var rows = users.Order().Select(user => $"{user},c{user % 7}").ToArray();
                var sorted = Written(rows, out _);
                random.Shuffle(rows);
                Assert.Equal(sorted, Written(rows, out var again));
                Assert.Equal(sorted, again);
            }
        );

    static byte[] Written(string[] rows, out byte[] again)
    {
        var scan = Scan(out _, out _);
        Assert.Null(scan.Scan(Given.Csv(Header, rows)));
        scan.Finish();
        var (first, second) = (new MemoryStream(), new MemoryStream());
        Assert.Equal(scan.Write([], first, 1, null), scan.Write([], second, 1, null));
        again = second.ToArray();
        return first.ToArray();
    }

    [Fact]
    public void AUserKeepsTheVersionThatFirstKnewIt()
    {
        SliceReader? before = null;
        foreach (
            var (version, users) in ((int, int[])[])[(1, [2, 4]), (2, [1, 2, 4, 9]), (5, [1, 9]), (6, [1, 2, 9, 10])]
        )
        {
            before = Given.Users(version, before, users.Select(user => $"{user},v{version}"));
        }

        Assert.Equal(["1 v6 v2", "2 v6 v6", "9 v6 v2", "10 v6 v6"], Lines(before!));
    }

    [Fact]
    public void ManyUsersKeepTheirVersions()
    {
        // Blocks of the two do not begin with the same users.
        var before = Given.Users(3, null, Enumerable.Range(0, 5000).Select(user => $"{user * 3},DE"));
        var after = Given.Users(4, before, Enumerable.Range(0, 10_000).Select(user => $"{user * 2},FR"));
        Assert.Equal(
            Enumerable
                .Range(0, 10_000)
                .Select(user => $"{user * 2} FR v{(user * 2 % 3 == 0 && user * 2 < 15_000 ? 3 : 4)}"),
            Lines(after)
        );
    }

    [Fact]
    public void AFaultOfTheFileIsHandedOn()
    {
        Assert.Equal(FileFaultKind.NoHeader, Scan(out _, out _).Scan(new MemoryStream())?.Kind);
        Assert.Equal(FileFaultKind.MissingColumn, Scan(out _, out _).Scan(Given.Csv("user_id"))?.Kind);
        Assert.Equal(
            FileFaultKind.RepeatedColumn,
            Scan(out _, out _).Scan(Given.Csv("user_id,user_country,USER_ID"))?.Kind
        );
        Assert.Equal(FileFaultKind.UnclosedQuote, Scan(out _, out _).Scan(Given.Csv(Header, "1,\"DE"))?.Kind);
    }

    static UsersScan Scan(out List<MemoryStream> runs, out List<(Reject Reject, string Raw)> rejects)
    {
        var opened = runs = [];
        var taken = rejects = [];
        return new(
            0,
            () =>
            {
                opened.Add(new());
                return opened[^1];
            },
            (in Reject reject, ReadOnlySpan<byte> raw) => taken.Add((reject, Encoding.UTF8.GetString(raw)))
        );
    }

    static SliceReader Merge(UsersScan scan, List<MemoryStream> runs, Random? shuffle = null)
    {
        scan.Finish();
        var readers = runs.Select(run => Given.Slice(run.ToArray())).ToArray();
        shuffle?.Shuffle(readers);
        var output = new MemoryStream();
        var summary = scan.Write(readers, output, 1, null);
        var merged = Given.Slice(output.ToArray());
        Assert.Equal(summary, merged.Summary);
        return merged;
    }

    /// <summary>A line a user: id, country, the version that knew it.</summary>
    static IEnumerable<string> Lines(SliceReader users) =>
        Given
            .ListensOf(users)
            .Select(user =>
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{user.User} {Encoding.UTF8.GetString(Given.Bytes(user.Track))} v{user.Second}"
                )
            );
}
