using System.Globalization;
using System.Text;
using Downbeat.Engine.Listens;
using Downbeat.Engine.Scan;
using Downbeat.Engine.Slices;

namespace Downbeat.Engine.Tests.Scan;

public sealed class ListenScanTests
{
    /// <summary>When the files of these tests arrived: 2024-07-01T00:00:00Z.</summary>
    const long Arrived = 1_719_792_000;

    [Fact]
    public void RowsBecomeListensOfTheirDate()
    {
        var scanned = Scan(
            """
            user_id,track_id,listen_time
            7,b,2024-06-25 00:00:00
            7,a,2024-06-25T23:59:59.999
            3,"a,""b""
            c",2024-06-26 12:00:00+02:00

            007,a,2024-06-25T23:59:59Z
            """
        );
        Assert.Null(scanned.Fault);
        Assert.Equal((4, 0), (scanned.Scan.Rows, scanned.Scan.Rejected));
        Assert.Equal("user_id,track_id,listen_time"u8, scanned.Scan.Header);
        Assert.Equal(
            [
                "2024-06-25 7 2024-06-25T00:00:00Z b None",
                "2024-06-25 7 2024-06-25T23:59:59Z a None",
                "2024-06-26 3 2024-06-26T10:00:00Z a,\"b\"\nc None",
            ],
            scanned.Listens
        );
    }

    [Fact]
    public void ColumnsStandInAnyOrderAndOthersAreIgnored()
    {
        var scanned = Scan("x,SHARED,Listen_Time,TRACK_ID,y,liked,USER_ID\n?,1,2024-06-25 00:00:00,t,?,0,5\n");
        Assert.Equal(["2024-06-25 5 2024-06-25T00:00:00Z t Shared"], scanned.Listens);
    }

    [Theory]
    [InlineData("0", "0", "None")]
    [InlineData("", "", "None")]
    [InlineData("1", "false", "Liked")]
    [InlineData("TRUE", "FALSE", "Liked")]
    [InlineData("0", "True", "Shared")]
    [InlineData("true", "1", "Liked, Shared")]
    [InlineData("fAlSe", "tRuE", "Shared")]
    public void LikedAndSharedHaveFourSpellingsInAnyCase(string liked, string shared, string flags)
    {
        var scanned = Scan($"user_id,track_id,listen_time,liked,shared\n1,t,2024-06-25 00:00:00,{liked},{shared}\n");
        Assert.Equal([$"2024-06-25 1 2024-06-25T00:00:00Z t {flags}"], scanned.Listens);
    }

    [Theory]
    [InlineData("2")]
    [InlineData("01")]
    [InlineData("yes")]
    [InlineData(" 1")]
    [InlineData("1 ")]
    [InlineData("truE ")]
    [InlineData("t")]
    [InlineData("-0")]
    [InlineData("null")]
    [InlineData("ｔrue")]
    public void AnythingElseForLikedOrSharedRejectsTheRow(string text)
    {
        const string Header = "user_id,track_id,listen_time,liked,shared\n";
        Assert.Equal([RejectReason.BadLiked], Scan($"{Header}1,t,2024-06-25 00:00:00,{text},1\n").Reasons);
        Assert.Equal([RejectReason.BadShared], Scan($"{Header}1,t,2024-06-25 00:00:00,1,{text}\n").Reasons);
    }

    [Fact]
    public void OneOfTheTwoColumnsMayBeMissing()
    {
        Assert.EndsWith(
            "Liked",
            Assert.Single(Scan("user_id,track_id,listen_time,liked\n1,t,2024-06-25 00:00:00,1").Listens),
            StringComparison.Ordinal
        );
        Assert.EndsWith(
            "Shared",
            Assert.Single(Scan("user_id,track_id,listen_time,shared\n1,t,2024-06-25 00:00:00,1").Listens),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void ARowWithSeveralFaultsHasTheFirstOfTheirOrder()
    {
        // Each row heals the fault of the one before.
        var scanned = Scan(
            """
            user_id,track_id,listen_time,liked,shared
            "-1"x,,no,2,2
            -1,,no,2,2,
            -1,,no,2
            -1,,no,2,2
            -1,,no,1,2
            -1,,no,1,1
            1,,no,1,1
            1,t,no,1,1
            1,t,1969-12-31 23:59:59,1,1
            1,t,2024-07-02 00:00:01,1,1
            1,t,2024-07-02 00:00:00,1,1
            """
        );
        Assert.Equal(
            [
                RejectReason.TextAfterQuote,
                RejectReason.WrongFieldCount,
                RejectReason.WrongFieldCount,
                RejectReason.BadLiked,
                RejectReason.BadShared,
                RejectReason.BadUserId,
                RejectReason.BadTrackId,
                RejectReason.BadListenTime,
                RejectReason.Before1970,
                RejectReason.AfterArrival,
            ],
            scanned.Reasons
        );
        Assert.Single(scanned.Listens);
        Assert.Equal((11, 10), (scanned.Scan.Rows, scanned.Scan.Rejected));
        Assert.Equal(2, scanned.Scan.RejectsByReason[(int)RejectReason.WrongFieldCount]);
        Assert.Equal(0, scanned.Scan.RejectsByReason[(int)RejectReason.RecordTooLong]);
        Assert.Equal(10, scanned.Scan.RejectsByReason.ToArray().Sum());
    }

    [Fact]
    public void ARejectKnowsWhereItStandsAndWhatItReads()
    {
        var scanned = Scan(
            "user_id,track_id,listen_time\r\n1,t,2024-06-25 00:00:00\r\n\r\nx,\"a\nb\",2024-06-25 00:00:00\r\n1,t,no\r\n"
        );
        Assert.Equal(
            [
                (new Reject(RejectReason.BadUserId, 4, 57, 27), "x,\"a\nb\",2024-06-25 00:00:00"),
                (new Reject(RejectReason.BadListenTime, 6, 86, 6), "1,t,no"),
            ],
            scanned.Rejects
        );
    }

    [Fact]
    public void ATooLongRecordIsARejectAndTheNextRowCounts()
    {
        var scanned = Scan(
            $"user_id,track_id,listen_time\n1,{new string('t', CsvReader.MaxRecordBytes)},2024-06-25 00:00:00\n1,t,2024-06-25 00:00:00\n"
        );
        Assert.Equal([RejectReason.RecordTooLong], scanned.Reasons);
        Assert.Single(scanned.Listens);
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(64, true)]
    [InlineData(65, false)]
    [InlineData(0, false)]
    public void ATrackIdHasOneTo64Bytes(int length, bool fits)
    {
        var scanned = Scan($"user_id,track_id,listen_time\n1,{new string('t', length)},2024-06-25 00:00:00\n");
        Assert.Equal(fits ? [] : [RejectReason.BadTrackId], scanned.Reasons);
    }

    [Fact]
    public void TheLengthOfATrackIdIsInBytesAndQuotesDoNotCount()
    {
        const string Header = "user_id,track_id,listen_time\n";
        Assert.Empty(Scan($"{Header}1,{new string('é', 32)},2024-06-25 00:00:00\n").Rejects);
        Assert.Single(Scan($"{Header}1,{new string('é', 33)},2024-06-25 00:00:00\n").Rejects);
        Assert.Empty(Scan($"{Header}1,\"{new string('"', 128)}\",2024-06-25 00:00:00\n").Rejects);
    }

    [Theory]
    [InlineData("1970-01-01 00:00:00Z", null)]
    [InlineData("1970-01-01 00:59:59+01:00", RejectReason.Before1970)]
    [InlineData("1969-12-31 23:00:00-01:00", null)]
    [InlineData("0001-01-01 00:00:00+14:00", RejectReason.Before1970)]
    [InlineData("0001-01-01 00:00:00", RejectReason.Before1970)]
    [InlineData("2024-07-02 00:00:00Z", null)]
    [InlineData("2024-07-02 14:00:00+14:00", null)]
    [InlineData("2024-07-02 14:00:01+14:00", RejectReason.AfterArrival)]
    [InlineData("9999-12-31 23:59:59-14:00", RejectReason.AfterArrival)]
    [InlineData("9999-12-31 23:59:59", RejectReason.AfterArrival)]
    public void AListenLiesBetween1970AndADayAfterArrival(string time, RejectReason? reason)
    {
        foreach (var zone in (string[])["UTC", "Etc/UTC"])
        {
            var scanned = Scan($"user_id,track_id,listen_time\n1,t,{time}\n", zone);
            Assert.Equal(reason is { } expected ? [expected] : [], scanned.Reasons);
        }
    }

    [Fact]
    public void TimesAreOfTheZoneAndDatesToo()
    {
        var scanned = Scan(
            """
            user_id,track_id,listen_time
            1,no offset,2024-06-25 00:30:00
            1,UTC,2024-06-24 22:30:00Z
            1,offset,2024-06-25 12:30:00+14:00
            1,skipped,2024-03-31 02:30:00
            1,skipped with an offset,2024-03-31 02:30:00+01:00
            1,twice,2023-10-29 02:30:00
            1,twice and the later one,2023-10-29 02:30:00+01:00
            """,
            "Europe/Berlin"
        );
        Assert.Equal([RejectReason.NonexistentLocalTime], scanned.Reasons);
        Assert.Equal(
            [
                "2023-10-29 1 2023-10-29T00:30:00Z twice None",
                "2023-10-29 1 2023-10-29T01:30:00Z twice and the later one None",
                "2024-03-31 1 2024-03-31T01:30:00Z skipped with an offset None",
                "2024-06-25 1 2024-06-24T22:30:00Z UTC None",
                "2024-06-25 1 2024-06-24T22:30:00Z no offset None",
                "2024-06-25 1 2024-06-24T22:30:00Z offset None",
            ],
            scanned.Listens
        );
    }

    /// <summary>The scan remembers dates of one offset: what it remembers must not leak into others.</summary>
    [Fact]
    public void EveryTimeIsReadAsTheZoneReadsIt() =>
        RandomRounds.Run(
            3,
            random =>
            {
                // In the last three clocks change on the UTC date before the local one.
                foreach (
                    var name in (string[])
                        [
                            "Europe/Berlin",
                            "America/St_Johns",
                            "Asia/Kolkata",
                            "Pacific/Apia",
                            "Australia/Lord_Howe",
                            "Australia/Sydney",
                        ]
                )
                {
                    AssertScansAs(LakeZone.Find(name), [.. Enumerable.Range(0, 1500).Select(_ => RandomLocal(random))]);
                }
            }
        );

    [Theory]
    [InlineData("")]
    [InlineData("user_id,track_id\n1,t\n")]
    [InlineData("user_id,track_id,listen_time,user_id\n1,t,2024-06-25 00:00:00,1\n")]
    [InlineData("user_id,track_id,listen_time\n1,t,2024-06-25 00:00:00\n1,\"t,2024-06-25 00:00:00\n")]
    public void AFaultOfTheFileIsHandedOn(string file) => Assert.NotNull(Scan(file).Fault);

    [Fact]
    public void TheScanStopsWhenItIsCancelled()
    {
        var rows = string.Concat(Enumerable.Repeat("1,t,2024-06-25 00:00:00\n", 70_000));
        var buffer = new SortBuffer(1 << 20);
        buffer.Begin(_ => new MemoryStream());
        using var cancelled = new CancellationTokenSource();
        var progress = new List<long>();
        var scan = new ListenScan(LakeZone.Utc, Arrived, buffer, (in Reject _, ReadOnlySpan<byte> _) => { });
        scan.Scan(
            new MemoryStream(Encoding.UTF8.GetBytes("user_id,track_id,listen_time\n" + rows)),
            progress.Add,
            cancelled.Token
        );
        Assert.InRange(progress.Count, 2, 70);
        Assert.Equal(progress.Order(), progress);
        Assert.InRange(progress[^1], 60_000, 70_000);

        cancelled.Cancel();
        Assert.Throws<OperationCanceledException>(() =>
            new ListenScan(LakeZone.Utc, Arrived, buffer, (in Reject _, ReadOnlySpan<byte> _) => { }).Scan(
                new MemoryStream(Encoding.UTF8.GetBytes("user_id,track_id,listen_time\n" + rows)),
                null,
                cancelled.Token
            )
        );
    }

    /// <summary>Scans times without an offset, a user each, and looks up each by itself.</summary>
    static void AssertScansAs(LakeZone zone, List<long> locals)
    {
        var rows = locals.Select((local, row) => $"{row},t,{DateTime.UnixEpoch.AddSeconds(local):yyyy-MM-dd HH:mm:ss}");
        var scanned = Scan($"user_id,track_id,listen_time\n{string.Join('\n', rows)}", zone.Id);
        var expected = new List<string>();
        for (var row = 0; row < locals.Count; row++)
        {
            if (zone.TryFindInstant(locals[row], out var second))
            {
                var (local, instant) = (
                    DateTime.UnixEpoch.AddSeconds(locals[row]),
                    DateTime.UnixEpoch.AddSeconds(second)
                );
                expected.Add($"{local:yyyy-MM-dd} {row} {instant:yyyy-MM-ddTHH:mm:ssZ} t None");
            }
        }

        Assert.Equal(expected.Order(StringComparer.Ordinal), scanned.Listens);
        Assert.Equal(locals.Count - expected.Count, scanned.Rejects.Count);
    }

    /// <summary>Mostly near changes of clocks, in no order; several on a date.</summary>
    static long RandomLocal(Random random)
    {
        DateTime[] near =
        [
            new(2024, 3, 31),
            new(2023, 10, 29),
            new(1990, 4, 1),
            new(1990, 10, 28),
            new(2024, 4, 7),
            new(2023, 10, 1),
            new(2011, 12, 30),
            new(2024, 4, 14),
            new(2020, 2, 29),
            new(1970, 1, 5),
        ];
        var day = near[random.Next(near.Length)].AddDays(random.Next(-2, 3));
        return ((long)(day - DateTime.UnixEpoch).TotalDays * 86_400) + random.Next(86_400);
    }

    static Scanned Scan(string file, string zoneName = "UTC")
    {
        var runs = new List<MemoryStream>();
        var rejects = new List<(Reject, string)>();
        var buffer = new SortBuffer(1 << 20);
        buffer.Begin(_ =>
        {
            runs.Add(new());
            return runs[^1];
        });
        var scan = new ListenScan(
            LakeZone.Find(zoneName),
            Arrived,
            buffer,
            (in Reject reject, ReadOnlySpan<byte> raw) => rejects.Add((reject, Encoding.UTF8.GetString(raw)))
        );
        var fault = scan.Scan(new MemoryStream(Encoding.UTF8.GetBytes(file)));
        buffer.Seal();
        return new(
            scan,
            fault,
            rejects,
            [.. runs.Select(run => Given.Slice(run.ToArray())).SelectMany(Texts).Order(StringComparer.Ordinal)]
        );
    }

    static IEnumerable<string> Texts(SliceReader run)
    {
        var start = ListenDate.SpanStart(ListenDate.ToDay(run.Summary.Date));
        foreach (var (user, second, track, flags) in Given.ListensOf(run))
        {
            var time = DateTime
                .UnixEpoch.AddSeconds(start + second)
                .ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
            yield return $"{ListenDate.Text(run.Summary.Date)} {user} {time} {track} {flags}";
        }
    }

    sealed record Scanned(
        ListenScan Scan,
        FileFault? Fault,
        List<(Reject Reject, string Raw)> Rejects,
        List<string> Listens
    )
    {
        public IEnumerable<RejectReason> Reasons => Rejects.Select(reject => reject.Reject.Reason);
    }
}
