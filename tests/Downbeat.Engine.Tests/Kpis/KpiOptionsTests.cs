using Downbeat.Engine.Kpis;

namespace Downbeat.Engine.Tests.Kpis;

public sealed class KpiOptionsTests
{
    [Fact]
    public void ValuesOutOfTheirRangeAreRefusedByName()
    {
        AssertRefused("likeWeight", () => new KpiOptions { LikeWeight = -1 });
        AssertRefused("likeWeight", () => new KpiOptions { LikeWeight = 1_000_001 });
        AssertRefused("shareWeight", () => new KpiOptions { ShareWeight = -1 });
        AssertRefused("topTracks", () => new KpiOptions { TopTracks = 0 });
        AssertRefused("topTracks", () => new KpiOptions { TopTracks = 1001 });
        AssertRefused("topGenres", () => new KpiOptions { TopGenres = 0 });
        AssertRefused("topArtistsDaily", () => new KpiOptions { TopArtistsDaily = 0 });
        AssertRefused("topArtistsHourly", () => new KpiOptions { TopArtistsHourly = 1001 });
        Assert.Equal(
            (0, 1_000_000, 1, 1000),
            Ends(
                new()
                {
                    LikeWeight = 0,
                    ShareWeight = 1_000_000,
                    TopTracks = 1,
                    TopGenres = 1000,
                }
            )
        );
    }

    [Fact]
    public void EveryOptionShapesTheTables()
    {
        KpiOptions[] options =
        [
            new(),
            new() { LikeWeight = 7 },
            new() { ShareWeight = 7 },
            new() { TopTracks = 7 },
            new() { TopGenres = 7 },
            new() { TopArtistsDaily = 7 },
            new() { TopArtistsHourly = 7 },
        ];
        Assert.Equal(options.Length, options.DistinctBy(option => option.Shape).Count());
        Assert.Equal(new KpiOptions().Shape, new KpiOptions().Shape);
    }

    static (int LikeWeight, int ShareWeight, int TopTracks, int TopGenres) Ends(KpiOptions options) =>
        (options.LikeWeight, options.ShareWeight, options.TopTracks, options.TopGenres);

    static void AssertRefused(string name, Func<KpiOptions> make) =>
        Assert.Contains(
            $"{name} lies between",
            Assert.Throws<ArgumentOutOfRangeException>(make).Message,
            StringComparison.Ordinal
        );
}
