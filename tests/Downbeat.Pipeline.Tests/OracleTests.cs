using Downbeat.Cli.Generate;
using Downbeat.Pipeline.Landing;
using Downbeat.Testing;
using Downbeat.Testing.Oracle;

namespace Downbeat.Pipeline.Tests;

/// <summary>Larger inputs, dirty as in the field: the pipeline agrees with the slow oracle to the last byte.</summary>
public sealed class OracleTests
{
    [Theory]
    [InlineData("UTC", false)]
    [InlineData("Europe/Berlin", true)]
    [InlineData("America/St_Johns", true)]
    public void ThePipelineAgreesWithTheOracle(string timeZone, bool flags) => Compare(timeZone, flags, 60_000, 3_000);

    /// <summary>Five million with --soak, which takes the oracle some minutes and gigabytes.</summary>
    [Fact]
    public void ThePipelineAgreesWithTheOracleOnManyListens()
    {
        var isSoak = RandomRounds.IsSoak;
        Compare("UTC", flags: true, isSoak ? 5_000_000 : 200_000, isSoak ? 300_000 : 20_000);
    }

    static void Compare(string timeZone, bool flags, int listens, int users)
    {
        var seed = (ulong)new TestListens().Seed;
        using var lake = new TestLake(timeZone);
        var options = new SyntheticOptions
        {
            Listens = listens,
            Users = users,
            Tracks = 2_000,
            Files = 5,
            Days = 3,
            Seed = seed,
            DirtShare = 0.02,
            DuplicateShare = 0.05,
            Flags = flags,
            UserIdBits = flags ? 63 : 0,
            From = new(2024, 3, 30), // Summer time begins in Berlin on the 31st.
        };
        new SyntheticLake(options).WriteTo(lake.Folder);
        var arrived = new DateTimeOffset(2024, 4, 2, 0, 0, 0, TimeSpan.Zero);
        foreach (var file in lake.Lake.List("landing"))
        {
            File.SetLastWriteTimeUtc(Path.Combine(lake.Folder, file.Path), arrived.UtcDateTime);
        }

        var answer = KpiOracle.Compute(
            Files(lake, LakePaths.Streams),
            Files(lake, LakePaths.Songs),
            Files(lake, LakePaths.Users),
            new() { TimeZone = timeZone }
        );
        var record = lake.Run(new() { Workers = 3 });
        Assert.Empty(record.Errors);
        var found = lake.Kpis();
        Assert.Equal(answer.Files.Keys.Order(StringComparer.Ordinal), found.Keys);
        foreach (var (path, text) in answer.Files)
        {
            Assert.True(text == found[path], $"{path} differs from the oracle's; seed {seed}.");
        }

        Assert.Equal(
            answer.Sources.Select(source =>
                ConformanceCase.SourceLine(
                    source.File,
                    source.Rows,
                    source.Accepted,
                    source.Duplicates,
                    source.Rejected,
                    source.Quarantined
                )
            ),
            record.Scanned.Select(file =>
                ConformanceCase.SourceLine(
                    file.Path[(LakePaths.Streams.Length + 1)..],
                    file.Rows,
                    file.Accepted,
                    file.Duplicates,
                    file.Rejected,
                    file.Fault
                )
            )
        );
    }

    static List<OracleFile> Files(TestLake lake, string folder) =>
        [
            .. lake
                .Lake.List(folder)
                .Select(file => new OracleFile(
                    file.Path[(folder.Length + 1)..],
                    File.ReadAllBytes(Path.Combine(lake.Folder, file.Path)),
                    file.Modified
                )),
        ];
}
