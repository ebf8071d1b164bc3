using System.Globalization;
using Downbeat.Cli.Settings;
using Downbeat.Connectors.S3;
using Downbeat.Pipeline.Runs;

namespace Downbeat.Cli.Tests.Settings;

public sealed class SettingSourcesTests : IDisposable
{
    readonly TemporaryFolder folder = new();
    readonly Dictionary<string, string> variables = new(StringComparer.Ordinal);
    readonly List<GivenSetting> flags = [];
    string? config;

    public void Dispose() => folder.Dispose();

    [Fact]
    public void WithoutSourcesEverythingIsAtItsDefault()
    {
        var settings = Merge();
        Assert.Null(settings.Lake);
        Assert.Equal(new RunOptions(), settings.Run);
    }

    [Fact]
    public void EachSourceGoesOverThoseBeforeIt()
    {
        config = "given.json";
        folder.Write("given.json", """{ "likeWeight": 11, "shareWeight": 11, "topTracks": 11, "topGenres": 11 }""");
        folder.Write("downbeat.json", """{ "shareWeight": 12, "topTracks": 12, "topGenres": 12 }""");
        variables["DOWNBEAT_TOP_TRACKS"] = "13";
        variables["DOWNBEAT_TOP_GENRES"] = "13";
        Flag("topGenres", "14");
        var kpis = Merge().Run.Kpis;
        Assert.Equal((11, 12, 13, 14), (kpis.LikeWeight, kpis.ShareWeight, kpis.TopTracks, kpis.TopGenres));
    }

    [Fact]
    public void EverySettingCanBeSetInAFileAndByAVariableAndAFlag()
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["likeWeight"] = "21",
            ["shareWeight"] = "22",
            ["topTracks"] = "23",
            ["topGenres"] = "24",
            ["topArtistsDaily"] = "25",
            ["topArtistsHourly"] = "26",
            ["maxRejectedShare"] = "0.27",
            ["settleSeconds"] = "28",
            ["sortBufferMb"] = "29",
            ["workers"] = "30",
            ["leaseSeconds"] = "31",
            ["maxDatesPerFile"] = "32",
        };
        var expected = new RunOptions
        {
            SettleSeconds = 28,
            MaxRejectedShare = 0.27,
            SortBufferMb = 29,
            Workers = 30,
            LeaseSeconds = 31,
            MaxDatesPerFile = 32,
            Kpis = new()
            {
                LikeWeight = 21,
                ShareWeight = 22,
                TopTracks = 23,
                TopGenres = 24,
                TopArtistsDaily = 25,
                TopArtistsHourly = 26,
            },
        };
        Assert.Equal(
            KnownSettings
                .All.Where(setting => setting.IsFlag && !setting.IsOfLake)
                .Select(setting => setting.Name)
                .Order(),
            values.Keys.Order()
        );

        folder.Write(
            "downbeat.json",
            $"{{ {string.Join(", ", values.Select(value => $"\"{value.Key}\": {value.Value}"))} }}"
        );
        Assert.Equal(expected, Merge().Run);

        File.Delete(Path.Combine(folder.Path, "downbeat.json"));
        foreach (var (name, value) in values)
        {
            variables[KnownSettings.Find(name)!.Variable] = value;
        }

        Assert.Equal(expected, Merge().Run);

        variables.Clear();
        foreach (var (name, value) in values)
        {
            Flag(name, value);
        }

        Assert.Equal(expected, Merge().Run);
    }

    [Fact]
    public void ASwitchIsTrueOrFalse()
    {
        Assert.True(Merge().Sqlite);
        folder.Write("downbeat.json", """{ "sqlite": false }""");
        Assert.False(Merge().Sqlite);
        variables["DOWNBEAT_SQLITE"] = "true";
        Assert.True(Merge().Sqlite);
        variables["DOWNBEAT_SQLITE"] = "perhaps";
        Assert.Contains("true or false", Assert.Throws<UsageException>(Merge).Message, StringComparison.Ordinal);
        variables.Clear();
        folder.Write("downbeat.json", """{ "sqlite": "false" }""");
        Assert.Throws<UsageException>(Merge);
    }

    [Fact]
    public void TheTableAndTheOptionsAgreeOnWhatIsAllowed()
    {
        // Just inside each range both take a value; just outside the options refuse it, so the table must have.
        foreach (
            var setting in KnownSettings.All.Where(setting =>
                setting.Allowed.StartsWith("a whole number", StringComparison.Ordinal)
            )
        )
        {
            var range = setting.Allowed.Replace(",", "", StringComparison.Ordinal).Split(' ');
            var (from, to) = (
                int.Parse(range[4], CultureInfo.InvariantCulture),
                int.Parse(range[6], CultureInfo.InvariantCulture)
            );
            Assert.NotNull(setting.TrySet(new(), $"{from}"));
            Assert.NotNull(setting.TrySet(new(), $"{to}"));
            Assert.Null(setting.TrySet(new(), $"{from - 1}"));
            Assert.Null(setting.TrySet(new(), $"{to + 1}"));
            var (property, owner) = typeof(RunOptions).GetProperty(Upper(setting.Name)) is { } ofRun
                ? (ofRun, (object)new RunOptions())
                : (
                    typeof(RunOptions).GetProperty("Kpis")!.PropertyType.GetProperty(Upper(setting.Name))!,
                    new RunOptions().Kpis
                );
            Assert.ThrowsAny<Exception>(() => property.SetValue(owner, from - 1));
            Assert.ThrowsAny<Exception>(() => property.SetValue(owner, to + 1));
        }
    }

    [Fact]
    public void ALakesOwnFileCountsWhenThereIsNoneInTheCurrentFolder()
    {
        folder.Write("lake/downbeat.json", """{ "workers": 3 }""");
        Flag("lake", "lake");
        Assert.Equal(3, Merge().Run.Workers);
        folder.Write("downbeat.json", """{ "likeWeight": 4 }""");
        Assert.Equal((new RunOptions().Workers, 4), (Merge().Run.Workers, Merge().Run.Kpis.LikeWeight));
    }

    [Fact]
    public void ALakesOwnFileMayNotNameAnotherLake()
    {
        folder.Write("lake/downbeat.json", """{ "lake": "../other" }""");
        Flag("lake", "lake");
        AssertMistake("lake/downbeat.json line 1", "lake", "take that line out");
        folder.Write("lake/downbeat.json", """{ "lake": "." }""");
        Assert.Equal("lake", Merge().Lake);
    }

    [Fact]
    public void ALakeInAFileIsNamedFromWhereTheFileLies()
    {
        config = "conf/given.json";
        folder.Write("conf/given.json", """{ "lake": "lake" }""");
        Assert.Equal(Path.Combine("conf", "lake"), Merge().Lake);
        variables["DOWNBEAT_LAKE"] = "elsewhere";
        Assert.Equal("elsewhere", Merge().Lake);
    }

    [Fact]
    public void WhereALakeInS3IsCanBeSetInAFileAndByAVariableAndAFlag()
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["lake"] = "s3://bucket/a/lake",
            ["landing"] = "s3://raw",
            ["streams"] = "s3://raw/drop",
            ["songs"] = "s3://catalogue/songs/",
            ["users"] = "s3://catalogue/users",
            ["archive"] = "s3://kept/for ever",
            ["s3Endpoint"] = "https://minio.example:9000",
            ["s3Region"] = "eu-central-1",
            ["s3Encryption"] = "kms",
            ["s3KmsKey"] = "alias/lake",
        };
        Assert.Equal(
            KnownSettings.All.Where(setting => setting.IsOfLake).Select(setting => setting.Name).Order(),
            values.Keys.Order()
        );
        void Check()
        {
            var settings = Merge();
            Assert.Equal("s3://bucket/a/lake", settings.Lake);
            Assert.Equal(
                ("https://minio.example:9000", "eu-central-1", S3Encryption.Kms, "alias/lake"),
                (settings.S3.Endpoint, settings.S3.Region, settings.S3.Encryption, settings.S3.KmsKey)
            );
            Assert.Equal(
                [
                    "archive s3://kept/for ever",
                    "landing s3://raw",
                    "landing/songs s3://catalogue/songs",
                    "landing/streams s3://raw/drop",
                    "landing/users s3://catalogue/users",
                ],
                settings.S3.Elsewhere.Select(place => $"{place.Key} {place.Value}").Order(StringComparer.Ordinal)
            );
        }

        folder.Write(
            "sub/x.json",
            $"{{ {string.Join(", ", values.Select(value => $"\"{value.Key}\": \"{value.Value}\""))} }}"
        );
        config = "sub/x.json";
        Check();
        config = null;
        foreach (var (name, value) in values)
        {
            variables[KnownSettings.Find(name)!.Variable] = value;
        }

        Check();
        variables.Clear();
        foreach (var (name, value) in values)
        {
            Flag(name, value);
        }

        Check();
    }

    [Theory]
    [InlineData("lake", "s3://")]
    [InlineData("lake", "s3://b")]
    [InlineData("lake", "s3://bucket//double")]
    [InlineData("lake", "s3://bucket/../other")]
    [InlineData("landing", "folder")]
    [InlineData("archive", "s3:/bucket")]
    [InlineData("s3Endpoint", "minio.example")]
    [InlineData("s3Endpoint", "ftp://minio.example")]
    [InlineData("s3Endpoint", "http://minio.example/path")]
    [InlineData("s3Region", "eu central")]
    [InlineData("s3Encryption", "yes")]
    public void APlaceThatIsNoneIsNamed(string name, string value)
    {
        Flag(name, value);
        AssertMistake(KnownSettings.Find(name)!.Flag, $"{name} is {value}", "allowed is");
    }

    [Theory]
    [InlineData("lake", "s3://key:secret@bucket/x")]
    [InlineData("s3Endpoint", "http://key:secret@minio.example")]
    [InlineData("redis", "redis://key:secret@host")]
    [InlineData("postgres", "postgresql://key:secret@host/db")]
    public void WhatMayBeAPasswordIsNotRepeated(string name, string value)
    {
        Flag(name, value);
        var error = Assert.Throws<UsageException>(() => Merge());
        Assert.DoesNotContain(error.Messages, message => message.Contains("secret", StringComparison.Ordinal));
    }

    [Fact]
    public void TheFileOfALakeInS3IsReadWithWhatLeadsThere()
    {
        var asked = new List<string?>();
        byte[]? file = """{ "workers": 3, "landing": "s3://raw", "lake": "s3://bucket/lake/" }"""u8.ToArray();
        LakeSettings MergeWith() =>
            new SettingSources(config, folder.Path, variables, flags)
            {
                ReadFromS3 = settings =>
                {
                    asked.Add(settings.S3.Endpoint);
                    return file;
                },
            }.Merge();
        Flag("lake", "s3://bucket/lake");
        Flag("s3Endpoint", "http://localhost:9000");
        var merged = MergeWith();
        Assert.Equal((3, "s3://raw"), (merged.Run.Workers, merged.S3.Elsewhere["landing"].ToString()));
        Assert.Equal("http://localhost:9000", Assert.Single(asked));
        Flag("workers", "4");
        Assert.Equal(4, MergeWith().Run.Workers);
        file = "{ \"workers\": 0,\n\"lake\": \"s3://other/lake\" }"u8.ToArray();
        Assert.Equal(
            2,
            Assert
                .Throws<UsageException>(MergeWith)
                .Messages.Count(message =>
                    message.StartsWith("s3://bucket/lake/downbeat.json line ", StringComparison.Ordinal)
                )
        );
        file = null;
        Assert.Equal(4, MergeWith().Run.Workers);
    }

    [Fact]
    public void CommentsTrailingCommasAndAByteOrderMarkAreWelcome()
    {
        folder.Write("downbeat.json", "\uFEFF{\n  // A comment.\n  \"workers\": 5, /* another */\n}\n");
        Assert.Equal(5, Merge().Run.Workers);
    }

    [Theory]
    [InlineData("""{ "likeWieght": 2 }""", "\"likeWieght\" is no setting", "did you mean likeWeight?")]
    [InlineData("""{ "LikeWeight": 2 }""", "\"LikeWeight\" is no setting", "did you mean likeWeight?")]
    [InlineData("""{ "like_weight": 2 }""", "\"like_weight\" is no setting", "did you mean likeWeight?")]
    [InlineData("""{ "colour": 2 }""", "\"colour\" is no setting", "known are lake, likeWeight")]
    [InlineData("""{ "timeZone": "UTC" }""", "timeZone is no setting of a run", "fixed when a lake is made")]
    [InlineData("""{ "workers": 0 }""", "workers is 0", "from 1 to 256")]
    [InlineData("""{ "workers": -1 }""", "workers is -1", "from 1 to 256")]
    [InlineData("""{ "workers": 2.5 }""", "workers is 2.5", "a whole number")]
    [InlineData("""{ "workers": 1e1 }""", "workers is 1e1", "a whole number")]
    [InlineData("""{ "workers": 99999999999999999999 }""", "workers is 99999999999999999999", "from 1 to 256")]
    [InlineData("""{ "workers": "2" }""", "workers is \"2\"", "a whole number")]
    [InlineData("""{ "workers": true }""", "workers is true", "a whole number")]
    [InlineData("""{ "workers": null }""", "workers is null", "a whole number")]
    [InlineData("""{ "workers": [2] }""", "workers is [2]", "a whole number")]
    [InlineData("""{ "lake": 5 }""", "lake is 5", "a folder")]
    [InlineData("""{ "lake": "" }""", "lake is \"\"", "a folder")]
    [InlineData("""{ "maxRejectedShare": 5 }""", "maxRejectedShare is 5", "from 0 to 1")]
    [InlineData("""{ "leaseSeconds": 4 }""", "leaseSeconds is 4", "from 5 to 3,600")]
    [InlineData("""{ "sortBufferMb": 15 }""", "sortBufferMb is 15", "from 16 to 262,144")]
    [InlineData("""{ "workers": 1, "workers": 2 }""", "workers stands in this file twice", "line 1")]
    [InlineData("""{ "workers": 1,, }""", "is no valid JSON", "line 1")]
    [InlineData("{\n \"workers\": 1", "is no valid JSON", "line 2")]
    [InlineData("""{ "workers": 1 } and more""", "is no valid JSON", "line 1")]
    [InlineData("[1]", "is no JSON object", "downbeat.json")]
    [InlineData("", "is no JSON object", "downbeat.json")]
    [InlineData("workers: 2", "is no valid JSON", "line 1")]
    public void AMistakeInAFileIsNamedWithItsPlace(string json, string what, string hint)
    {
        folder.Write("downbeat.json", json);
        AssertMistake("downbeat.json", what, hint);
    }

    [Theory]
    [InlineData("DOWNBEAT_LIKE_WIEGHT", "2", "is no variable", "did you mean DOWNBEAT_LIKE_WEIGHT?")]
    [InlineData("DOWNBEAT_WORKER", "2", "is no variable", "did you mean DOWNBEAT_WORKERS?")]
    [InlineData("DOWNBEAT_LIKEWEIGHT", "2", "is no variable", "did you mean DOWNBEAT_LIKE_WEIGHT?")]
    [InlineData("DOWNBEAT_X", "2", "is no variable", "known are DOWNBEAT_LAKE")]
    [InlineData("DOWNBEAT_TIME_ZONE", "UTC", "timeZone is no setting of a run", "downbeat init")]
    [InlineData("DOWNBEAT_WORKERS", "", "workers is empty", "from 1 to 256")]
    [InlineData("DOWNBEAT_WORKERS", "many", "workers is many", "from 1 to 256")]
    [InlineData("DOWNBEAT_WORKERS", "257", "workers is 257", "from 1 to 256")]
    [InlineData("DOWNBEAT_MAX_REJECTED_SHARE", "5%", "maxRejectedShare is 5%", "like 0.05")]
    [InlineData("DOWNBEAT_MAX_REJECTED_SHARE", "NaN", "maxRejectedShare is NaN", "like 0.05")]
    public void AMistakeInAVariableIsNamed(string variable, string value, string what, string hint)
    {
        variables[variable] = value;
        AssertMistake(variable, what, hint);
    }

    [Theory]
    [InlineData("DOWNBEAT_SCAN")]
    [InlineData("DOWNBEAT_DEBUG")]
    [InlineData("DOWNBEAT_COMMAND")]
    [InlineData("DOWNBEAT_BUILD")]
    [InlineData("DOWNBEAT_BUILD_DIR")]
    [InlineData("DOWNBEAT_TEST_SOAK")]
    public void ReservedVariablesAreNoSettings(string variable)
    {
        variables[variable] = "anything";
        Assert.Equal(new RunOptions(), Merge().Run);
    }

    [Fact]
    public void AMistakeInAFlagIsNamed()
    {
        Flag("likeWeight", "two");
        AssertMistake("--like-weight", "likeWeight is two", "from 0 to 1,000,000");
    }

    [Fact]
    public void AllMistakesAreToldAtOnce()
    {
        config = "missing.json";
        folder.Write("downbeat.json", """{ "workers": 0, "nonsense": 1 }""");
        variables["DOWNBEAT_TOP_GENRES"] = "no";
        Flag("topTracks", "-3");
        Assert.Equal(5, Assert.Throws<UsageException>(Merge).Messages.Count);
    }

    [Fact]
    public void AConfigThatIsMissingOrAFolderIsNamed()
    {
        config = "missing.json";
        AssertMistake("--config", "there is no file missing.json", "");
        config = ".";
        AssertMistake("--config", "is a folder", "");
    }

    static string Upper(string name) => char.ToUpperInvariant(name[0]) + name[1..];

    void Flag(string name, string value) =>
        flags.Add(new(name, value, SettingForm.Plain, KnownSettings.Find(name)!.Flag));

    LakeSettings Merge() => new SettingSources(config, folder.Path, variables, flags).Merge();

    void AssertMistake(params string[] parts)
    {
        var message = Assert.Single(Assert.Throws<UsageException>(Merge).Messages);
        Assert.All(parts, part => Assert.Contains(part, message, StringComparison.Ordinal));
    }
}
