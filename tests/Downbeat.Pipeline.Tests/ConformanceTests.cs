using Downbeat.Engine.Kpis;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Quarantine;
using Downbeat.Pipeline.Runs;
using Downbeat.Testing;
using Downbeat.Testing.Oracle;

namespace Downbeat.Pipeline.Tests;

/// <summary>Inputs and answers worked out by hand: the whole pipeline and the oracle must both find them.</summary>
public sealed class ConformanceTests
{
    public static TheoryData<string> Cases => [.. ConformanceCase.Names];

    [Theory]
    [MemberData(nameof(Cases))]
    public void ThePipelineFindsWhatWasWorkedOutByHand(string name)
    {
        var given = ConformanceCase.Read(name);
        using var lake = new TestLake(given.TimeZone);
        foreach (var area in (string[])["streams", "songs", "users"])
        {
            foreach (var (file, bytes, arrived) in given.Landed(area))
            {
                lake.Land($"landing/{area}/{file}", bytes, arrived);
            }
        }

        var options = new RunOptions
        {
            MaxRejectedShare = given.Setting("maxRejectedShare", 0.05),
            Kpis = new()
            {
                LikeWeight = given.Setting("likeWeight", 2),
                ShareWeight = given.Setting("shareWeight", 3),
                TopTracks = given.Setting("topTracks", 3),
                TopGenres = given.Setting("topGenres", 5),
                TopArtistsDaily = given.Setting("topArtistsDaily", 5),
                TopArtistsHourly = given.Setting("topArtistsHourly", 5),
            },
        };
        var record = lake.Run(options);
        Assert.Empty(record.Errors);

        AssertTables(given, lake.Kpis());
        var sources = lake.State.Sources.Values.Select(source => source.Entry).ToList();
        Assert.Equal(
            given.ExpectedLines("sources.csv"),
            sources
                .Select(source =>
                    ConformanceCase.SourceLine(
                        source.Key[(LakePaths.Streams.Length + 1)..],
                        source.Rows,
                        source.Accepted,
                        source.Duplicates,
                        source.Rejected,
                        source.Fault
                    )
                )
                .Order(StringComparer.Ordinal)
        );
        var quarantine = new QuarantineStore(lake.Lake, options, TimeProvider.System);
        Assert.Equal(
            given.ExpectedLines("rejects.csv"),
            sources
                .Where(source => source.Rejected > 0)
                .SelectMany(source => quarantine.Show(source.Id))
                .Select(row =>
                    ConformanceCase.RejectLine(
                        row.File[(LakePaths.Streams.Length + 1)..],
                        row.LineNumber,
                        row.ByteOffset,
                        row.Reason
                    )
                )
                .Order(StringComparer.Ordinal)
        );
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void TheOracleFindsWhatWasWorkedOutByHand(string name)
    {
        var given = ConformanceCase.Read(name);
        var settings = new OracleSettings
        {
            TimeZone = given.TimeZone,
            MaxRejectedShare = given.Setting("maxRejectedShare", 0.05),
            LikeWeight = given.Setting("likeWeight", 2),
            ShareWeight = given.Setting("shareWeight", 3),
            TopTracks = given.Setting("topTracks", 3),
            TopGenres = given.Setting("topGenres", 5),
            TopArtistsDaily = given.Setting("topArtistsDaily", 5),
            TopArtistsHourly = given.Setting("topArtistsHourly", 5),
        };
        var answer = KpiOracle.Compute(Files(given, "streams"), Files(given, "songs"), Files(given, "users"), settings);
        AssertTables(given, answer.Files);
        Assert.Equal(
            given.ExpectedLines("sources.csv"),
            answer
                .Sources.Select(source =>
                    ConformanceCase.SourceLine(
                        source.File,
                        source.Rows,
                        source.Accepted,
                        source.Duplicates,
                        source.Rejected,
                        source.Quarantined
                    )
                )
                .Order(StringComparer.Ordinal)
        );
        Assert.Equal(
            given.ExpectedLines("rejects.csv"),
            answer
                .Rejects.Select(reject =>
                    ConformanceCase.RejectLine(reject.File, reject.LineNumber, reject.ByteOffset, reject.Reason)
                )
                .Order(StringComparer.Ordinal)
        );
    }

    static IEnumerable<OracleFile> Files(ConformanceCase given, string area) =>
        given.Landed(area).Select(file => new OracleFile(file.Name, file.Bytes, file.Arrived));

    /// <summary>Tables that a case gives must be as given; there must be no table of a date that it does not give.</summary>
    static void AssertTables(ConformanceCase given, IReadOnlyDictionary<string, string> found)
    {
        var expected = given.ExpectedTables();
        foreach (var (path, text) in expected)
        {
            Assert.True(found.ContainsKey(path), $"{path} was not published.");
            Assert.Equal(text, found[path]);
        }

        var dates = expected.Keys.Select(Path.GetFileName).ToHashSet(StringComparer.Ordinal);
        Assert.Equal(dates.Count * KpiTables.Schemas.Count, found.Count);
        Assert.All(found.Keys, path => Assert.Contains(Path.GetFileName(path), dates));
    }
}
