using Downbeat.Cli.Settings;
using Downbeat.Connectors.DynamoDb;
using Downbeat.Connectors.Redis;

namespace Downbeat.Cli.Tests.Settings;

public sealed class KeyValueSettingsTests
{
    readonly Dictionary<string, string> variables = new(StringComparer.Ordinal);

    [Fact]
    public void WithoutAPlaceThereIsNone()
    {
        variables["DOWNBEAT_DYNAMODB_GENRE_TABLE"] = "genres";
        variables["DOWNBEAT_REDIS_PREFIX"] = "music:";
        var settings = Merge();
        Assert.Null(settings.DynamoDb);
        Assert.Null(settings.Redis);
    }

    [Fact]
    public void EachIsPutTogetherInWhateverOrder()
    {
        variables["DOWNBEAT_DYNAMODB"] = "us-gov-west-1";
        variables["DOWNBEAT_REDIS"] = "rediss://app@cache:7000/2";
        variables["DOWNBEAT_REDIS_PASSWORD"] = "marked-secret";
        var settings = Merge();
        Assert.Equal(new DynamoDbOptions { Region = "us-gov-west-1" }, settings.DynamoDb);
        Assert.Equal(
            new RedisOptions
            {
                Host = "cache",
                Port = 7000,
                Tls = true,
                User = "app",
                Database = 2,
            },
            settings.Redis
        );
        variables["DOWNBEAT_DYNAMODB_ENDPOINT"] = "http://localhost:8000";
        variables["DOWNBEAT_DYNAMODB_GENRE_TABLE"] = "genres";
        variables["DOWNBEAT_DYNAMODB_HOUR_TABLE"] = "hours";
        variables["DOWNBEAT_REDIS_PREFIX"] = "music:";
        variables["DOWNBEAT_REDIS_EXPIRE_DAYS"] = "30";
        settings = Merge();
        Assert.Equal(
            new DynamoDbOptions
            {
                Region = "us-gov-west-1",
                Endpoint = new("http://localhost:8000"),
                GenreTable = "genres",
                HourTable = "hours",
            },
            settings.DynamoDb
        );
        Assert.Equal(("music:", 30), (settings.Redis!.Prefix, settings.Redis.ExpireDays));
        Assert.DoesNotContain("marked", settings.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("DOWNBEAT_DYNAMODB", "Ireland")]
    [InlineData("DOWNBEAT_DYNAMODB_ENDPOINT", "https://user:marked@host")]
    [InlineData("DOWNBEAT_DYNAMODB_ENDPOINT", "host:8000")]
    [InlineData("DOWNBEAT_DYNAMODB_GENRE_TABLE", "two words")]
    [InlineData("DOWNBEAT_REDIS", "redis://user:marked@host")]
    [InlineData("DOWNBEAT_REDIS", "marked")]
    [InlineData("DOWNBEAT_REDIS_EXPIRE_DAYS", "-1")]
    [InlineData("DOWNBEAT_LEASE", "paper")]
    public void WhatIsNotAllowedIsSaidAndNoSecretRepeated(string variable, string text)
    {
        variables[variable] = text;
        var message = Assert.Single(Assert.Throws<UsageException>(Merge).Messages);
        Assert.StartsWith(variable, message, StringComparison.Ordinal);
        Assert.Contains("allowed is", message, StringComparison.Ordinal);
        Assert.DoesNotContain("marked", message, StringComparison.Ordinal);
    }

    LakeSettings Merge() => new SettingSources(null, Path.GetTempPath(), variables, []).Merge();
}
