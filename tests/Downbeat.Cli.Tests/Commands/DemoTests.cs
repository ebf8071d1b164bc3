using System.Text.Json;
using Downbeat.Testing;

namespace Downbeat.Cli.Tests.Commands;

/// <summary>A newcomer's walk: the demo, then what it says one could try next.</summary>
public sealed class DemoTests : IClassFixture<DemoTests.Demo>
{
    const string Day = "2024-06-27";
    const string Late = "2024-06-25";

    readonly Demo demo;

    public DemoTests(Demo demo) => this.demo = demo;

    [Fact]
    public void ItShowsWhatCameOut()
    {
        Assert.Equal((0, ""), (demo.Result.ExitCode, demo.Result.Error));
        Assert.Contains("restated     2024-06-25\n", demo.Result.Output, StringComparison.Ordinal);
        Assert.Contains("untouched    2024-06-26, 2024-06-27\n", demo.Result.Output, StringComparison.Ordinal);
        Assert.Contains("the header has no column listen_time", demo.Result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', demo.Result.Output);
        Assert.All(demo.Result.Output.Split('\n'), line => Assert.True(line.Length <= 100, line));
        Assert.All(demo.Result.Output.Split('\n'), line => Assert.Equal(line.TrimEnd(), line));
    }

    [Fact]
    public void WhatItShowsStandsInThePublishedFiles()
    {
        var hours = JsonRows("show", "hourly", "--date", Day, "--format", "json");
        Assert.All(
            hours,
            hour =>
                Assert.Contains(
                    $"{hour.GetProperty("hour").GetInt32(), 6}{Count(hour.GetProperty("listen_count")), 9}  ▇",
                    demo.Result.Output,
                    StringComparison.Ordinal
                )
        );
        var daily = Assert.Single(JsonRows("show", "daily", "--date", Late, "--format", "json"));
        Assert.Matches($@"listens +[0-9,]+ +{Count(daily.GetProperty("listen_count"))}\n", demo.Result.Output);
        Assert.Equal(
            hours.Count,
            JsonRows("show", "top_artists_hourly", "--date", Day, "--format", "json")
                .Select(row => row.GetProperty("hour").GetInt32())
                .Distinct()
                .Count()
        );
    }

    [Fact]
    public void AnotherRunFindsNothingToDo()
    {
        Assert.StartsWith("nothing to do", Ok("run").Output, StringComparison.Ordinal);
        Assert.StartsWith("nothing to do", Ok("plan", "--detailed-exit-code").Output, StringComparison.Ordinal);
        Assert.Equal("NothingToDo", Json("run", "--json").GetProperty("outcome").GetString());
        Assert.Equal(0, Json("plan", "--json").GetProperty("scan").GetArrayLength());
    }

    [Fact]
    public void StatusTellsDatesAndQuarantine()
    {
        var status = Json("status", "--json");
        Assert.Equal(3, status.GetProperty("dates").GetArrayLength());
        Assert.Equal(1, status.GetProperty("quarantinedFiles").GetInt32());
        var sources = status.GetProperty("sources");
        Assert.Equal(
            sources.GetProperty("rows").GetInt64(),
            sources.GetProperty("accepted").GetInt64()
                + sources.GetProperty("duplicates").GetInt64()
                + sources.GetProperty("rejected").GetInt64()
        );
        Assert.Contains("1 file, ", Ok("status").Output, StringComparison.Ordinal);
    }

    [Fact]
    public void ExplainTellsWhichFilesMadeADate()
    {
        var sources = Json("explain", Late, "--json").GetProperty("sources").EnumerateArray().ToList();
        Assert.Contains(
            sources,
            source => source.GetProperty("path").GetString() == "landing/streams/streams-0001.csv"
        );
        var text = Ok("explain", Late).Output;
        Assert.Contains("more files: streams-0001.csv", text, StringComparison.Ordinal);
        Assert.Contains("more than one file, and count once", text, StringComparison.Ordinal);
    }

    [Fact]
    public void ShowAsCsvIsThePublishedFileByteForByte()
    {
        foreach (
            var table in Directory
                .EnumerateDirectories(Path.Combine(demo.Folder, "demo-lake", "kpis"))
                .Select(Path.GetFileName)
        )
        {
            Assert.Equal(
                File.ReadAllText(Path.Combine(demo.Folder, "demo-lake", "kpis", table!, $"date={Day}.csv")),
                Ok("show", table!, "--date", Day, "--format", "csv").Output
            );
            Assert.NotEmpty(Ok("show", table!, "--date", Day).Output);
            Assert.NotEmpty(JsonRows("show", table!, "--date", Day, "--format", "json"));
        }
    }

    [Fact]
    public void ADateThatIsNotThereIsAnErrorThatSaysWhichAre()
    {
        var show = demo.Run("show", "daily", "--date", "2030-01-01");
        Assert.Equal(1, show.ExitCode);
        Assert.Contains("2024-06-25 to 2024-06-27", show.Error, StringComparison.Ordinal);
        Assert.Equal(1, demo.Run("explain", "2030-01-01").ExitCode);
        Assert.Equal(1, demo.Run("rebuild", "--from", "2030-01-01", "--to", "2030-01-02").ExitCode);
    }

    [Fact]
    public void RebuildComputesTheDatesAgainAndFindsThemUnchanged()
    {
        var dates = Json("rebuild", "--from", Late, "--to", "2024-06-26", "--json")
            .GetProperty("dates")
            .EnumerateArray()
            .ToList();
        Assert.Equal(2, dates.Count);
        Assert.All(dates, date => Assert.Equal(0, date.GetProperty("restated").GetArrayLength()));
    }

    [Fact]
    public void QuarantineShowsRowsWithLineAndReason()
    {
        var entries = JsonRows("quarantine", "list", "--json");
        var broken = entries.Single(entry => entry.TryGetProperty("fault", out _));
        Assert.Equal("missing_column", broken.GetProperty("fault").GetString());
        var rows = JsonRows("quarantine", "show", "streams-0002.csv", "--json");
        var entry = entries.Single(entry =>
            entry.GetProperty("path").GetString()!.EndsWith("/streams-0002.csv", StringComparison.Ordinal)
        );
        Assert.Equal(entry.GetProperty("rejects").GetInt32(), rows.Count);
        Assert.All(rows, row => Assert.True(row.GetProperty("lineNumber").GetInt64() > 1));
        Assert.Contains(
            "has no column listen_time",
            Ok("quarantine", "show", "streams-from-new-app.csv").Output,
            StringComparison.Ordinal
        );
        Assert.Equal(1, demo.Run("quarantine", "show", "nothing-like-it").ExitCode);
    }

    [Fact]
    public void TheWarehouseAnswersInSql()
    {
        var daily = JsonRows("show", "daily", "--date", Day, "--format", "json").Single();
        var asked = JsonRows("query", $"SELECT * FROM daily WHERE date = '{Day}'", "--format", "json").Single();
        Assert.Equal(daily.ToString(), asked.ToString());
        Assert.Equal(
            Ok("show", "hourly", "--date", Day, "--format", "csv").Output,
            Ok("query", $"SELECT * FROM hourly WHERE date = '{Day}' ORDER BY hour", "--format", "csv").Output
        );
        Assert.EndsWith("\n1 row\n", Ok("query", "SELECT 'a\tb' AS \"it's\"").Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("DELETE FROM daily", "cannot change")]
    [InlineData("SELECT * FROM listens", "no such table: listens")]
    [InlineData("SELECT", "not understood")]
    [InlineData("SELECT 1; SELECT 2", "one question at a time")]
    [InlineData("SELECT 1; DROP TABLE daily", "cannot change")]
    [InlineData("VACUUM INTO 'other.db'", "no other file")]
    public void AQueryThatIsNoneIsExplained(string sql, string why)
    {
        var result = demo.Run("query", sql);
        Assert.Equal((1, ""), (result.ExitCode, result.Output));
        Assert.Contains(
            why,
            Assert.Single(result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries)),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void CheckTriesAllThereIsAndLeavesNothing()
    {
        var before = Files();
        var systems = JsonRows("check", "--json");
        Assert.Equal(["lake", "sqlite"], systems.Select(system => system.GetProperty("system").GetString()));
        Assert.All(systems, system => Assert.True(system.GetProperty("works").GetBoolean()));
        Assert.Equal(before, Files());
        Assert.Contains("works", Ok("check").Output, StringComparison.Ordinal);

        string[] Files() =>
            [.. Directory.EnumerateFiles(demo.Folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
    }

    static string Count(JsonElement number) =>
        number.GetInt64().ToString("N0", System.Globalization.CultureInfo.InvariantCulture);

    CliResult Ok(params string[] arguments)
    {
        var result = demo.Run(arguments);
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        return result;
    }

    JsonElement Json(params string[] arguments) => JsonDocument.Parse(Ok(arguments).Output).RootElement;

    List<JsonElement> JsonRows(params string[] arguments) => [.. Json(arguments).EnumerateArray()];

    /// <summary>A demo lake that the tests share; none of them changes it.</summary>
    public sealed class Demo : IDisposable
    {
        readonly TemporaryFolder folder = new();

        public Demo() => Result = new CliRunner(Folder).Run("demo", "--listens", "20000");

        public string Folder => folder.Path;

        public CliResult Result { get; }

        public CliResult Run(params string[] arguments)
        {
            var cli = new CliRunner(Folder);
            cli.Variables["DOWNBEAT_LAKE"] = "demo-lake";
            return cli.Run(arguments);
        }

        public void Dispose() => folder.Dispose();
    }
}
