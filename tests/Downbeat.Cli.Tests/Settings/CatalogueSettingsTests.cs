using Downbeat.Cli.Settings;
using Microsoft.Extensions.Logging.Abstractions;

namespace Downbeat.Cli.Tests.Settings;

public sealed class CatalogueSettingsTests
{
    [Fact]
    public void EverythingThatIsSetIsWhereItBelongs()
    {
        var catalogue = Set(
            ("catalogue", "postgresql://reader@db.example.com/music"),
            ("catalogueTls", "verify-full"),
            ("songsTable", "music.songs"),
            ("songsColumns", "track_id=id, artists=array_to_string(names, ';'), track_name=\"Song, Name\""),
            ("songsKey", "id, genre"),
            ("songsUpdatedAt", "changed"),
            ("usersQuery", "SELECT 1"),
            ("catalogueOverlapMinutes", "5")
        ).Catalogue;
        Assert.Equal(("music.songs", "changed"), (catalogue.Songs.Table, catalogue.Songs.UpdatedAt));
        Assert.Equal(
            ["id", "array_to_string(names, ';')", "\"Song, Name\""],
            catalogue.Songs.Columns.Select(column => column.Theirs)
        );
        Assert.Equal(["id", "genre"], catalogue.Songs.Key);
        Assert.Equal("SELECT 1", catalogue.Users.Query);
        Assert.Equal(5, catalogue.OverlapMinutes);
        using var source = catalogue.Open(NullLogger.Instance);
        Assert.Equal("PostgreSQL music on db.example.com:5432", source!.Place);
    }

    [Theory]
    [InlineData("catalogueTls", "sure")]
    [InlineData("catalogueOverlapMinutes", "-1")]
    [InlineData("songsColumns", "track_id")]
    [InlineData("songsColumns", "track_id=a, track_id=b")]
    [InlineData("usersKey", "id,,name")]
    public void WhatIsWrongIsNotTaken(string name, string text) =>
        Assert.Null(KnownSettings.Find(name)!.TrySet(new(), text));

    [Fact]
    public void APasswordInTheAddressIsRefusedAndNotRepeated()
    {
        var error = Assert.Throws<FormatException>(() => Set(("catalogue", "postgresql://reader:hunter2@db/music")));
        Assert.Contains("DOWNBEAT_CATALOGUE_PASSWORD", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WithoutAnAddressThereIsNoDatabase() => Assert.Null(new CatalogueSettings().Open(NullLogger.Instance));

    static LakeSettings Set(params (string Name, string Text)[] given) =>
        given.Aggregate(
            new LakeSettings(),
            (settings, one) => KnownSettings.Find(one.Name)!.TrySet(settings, one.Text)!
        );
}
