using Downbeat.Cli.Settings;

namespace Downbeat.Cli.Tests.Settings;

public sealed class SettingTests
{
    [Fact]
    public void FlagAndVariableFollowFromTheName()
    {
        var setting = KnownSettings.Find("topArtistsDaily")!;
        Assert.Equal(("--top-artists-daily", "DOWNBEAT_TOP_ARTISTS_DAILY"), (setting.Flag, setting.Variable));
    }

    [Fact]
    public void DefaultsAreAllowed()
    {
        foreach (var setting in KnownSettings.All.Where(setting => setting.Default is not null))
        {
            Assert.NotNull(setting.TrySet(new(), setting.Default!));
        }
    }

    [Theory]
    [InlineData("runn", "run")]
    [InlineData("stats", "status")]
    [InlineData("qarantine", "quarantine")]
    [InlineData("Show", "show")]
    [InlineData("frobnicate", null)]
    [InlineData("x", null)]
    public void TheNearestNameIsFoundIfOneIsNear(string mistyped, string? meant) =>
        Assert.Equal(meant, Spelling.FindNearest(mistyped, ["run", "status", "quarantine", "show", "plan"]));
}
