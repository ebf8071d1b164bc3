using System.Text.Json;
using Downbeat.Connectors.OpenLineage;
using Downbeat.Connectors.Postgres;
using Downbeat.Connectors.S3;
using Downbeat.Pipeline.Runs;
using Downbeat.Testing.Telemetry;

namespace Downbeat.Cli.Tests.Telemetry;

/// <summary>What the real program tells of its runs by OpenLineage.</summary>
public sealed class LineageTests : IDisposable
{
    const string Secret = "zq-lineage-secret-4711";

    readonly OneDayLake lake = new();

    public void Dispose() => lake.Dispose();

    [Fact]
    public void ARunIsToldOfBeforeAndAfterItWithWhatItReadAndWrote()
    {
        using var server = new HttpReceiver();
        lake.Cli.Variables["OPENLINEAGE_URL"] = server.Address;
        lake.Cli.Variables["OPENLINEAGE_API_KEY"] = Secret;
        lake.Cli.Variables["OPENLINEAGE_PARENT_ID"] = "airflow/music.kpis/01890f2d-6c4e-7c6c-9a39-9f1f6e5b3c1a";
        var result = lake.Cli.Run("run", "--lake", "lake", "--run-id", "night-1");
        Assert.Equal(3, result.ExitCode);
        Assert.Equal(0, lake.Cli.Run("run", "--lake", "lake").ExitCode); // Nothing to do: nothing to tell.

        Assert.All(server.Requests, request => Assert.Equal("/api/v1/lineage", request.Path));
        Assert.All(server.Requests, request => Assert.Equal($"Bearer {Secret}", request.Headers["Authorization"]));
        Assert.DoesNotContain(Secret, result.Output + result.Error, StringComparison.Ordinal);
        var events = server.Requests.Select(request => JsonDocument.Parse(request.Body).RootElement).ToList();
        Assert.All(events, LineageRules.Check);
        Assert.Equal(["START", "COMPLETE"], events.Select(Type));
        Assert.Single(events.Select(RunId).Distinct());
        Assert.Equal(lake.Folder, events[0].GetProperty("job").GetProperty("name").GetString());
        Assert.All(
            events,
            line =>
                Assert.Equal(
                    "music.kpis",
                    Facet(line.GetProperty("run"), "parent").GetProperty("job").GetProperty("name").GetString()
                )
        );

        var streams = Dataset(events[1], "inputs", "/landing/streams");
        Assert.Equal("file", streams.GetProperty("namespace").GetString());
        var metrics = Facet(streams, "dataQualityMetrics", "inputFacets");
        Assert.Equal(44, metrics.GetProperty("rowCount").GetInt64());
        Assert.Equal(3, metrics.GetProperty("fileCount").GetInt64());
        Assert.Equal(
            ["every_row_is_a_listen False", "every_file_is_readable False", "no_bad_listen_time False"],
            Facet(streams, "dataQualityAssertions", "inputFacets")
                .GetProperty("assertions")
                .EnumerateArray()
                .Select(one => $"{one.GetProperty("assertion")} {one.GetProperty("success")}")
        );
        Assert.Equal(2, Rows(Dataset(events[1], "outputs", "/kpis/daily")));
        Assert.Equal(2, Rows(Dataset(events[1], "outputs", "main.daily")));
        Assert.Equal(
            Columns(Dataset(events[0], "outputs", "/kpis/top_tracks")),
            File.ReadLines(Directory.EnumerateFiles(Path.Join(lake.Folder, "kpis", "top_tracks")).First()).First()
        );
        Assert.Equal(
            events[0].GetProperty("inputs").EnumerateArray().Select(Name),
            events[1].GetProperty("inputs").EnumerateArray().Select(Name)
        );
    }

    [Fact]
    public void ARunThatFailedInPartTellsWhatItWroteAndWhy()
    {
        var file = Path.Join(lake.Folder, "..", "events.jsonl");
        lake.Cli.Variables["OPENLINEAGE__TRANSPORT__TYPE"] = "file";
        lake.Cli.Variables["OPENLINEAGE__TRANSPORT__LOG_FILE_PATH"] = file;
        lake.Cli.Variables["DOWNBEAT_POSTGRES"] = "postgresql://loader@127.0.0.1:1/analytics";
        lake.Cli.Variables["DOWNBEAT_POSTGRES_TLS"] = "off";
        foreach (var step in (string[])["scan", "compute", "publish", "archive"])
        {
            lake.Cli.Run("run", "--lake", "lake", "--only", step);
        }

        var events = File.ReadAllLines(file).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.All(events, LineageRules.Check);
        Assert.Equal(
            ["START", "COMPLETE", "START", "COMPLETE", "START", "FAIL", "START", "COMPLETE"],
            events.Select(Type)
        );
        Assert.Equal(
            ["scan", "compute", "publish", "archive"],
            events
                .Select(line => line.GetProperty("job").GetProperty("name").GetString()!.Split('.')[^1])
                .Distinct(StringComparer.Ordinal)
        );
        Assert.Equal(42, Rows(Dataset(events[1], "outputs", "/slices")));
        Assert.Equal(Name(Dataset(events[1], "outputs", "/slices")), Name(Dataset(events[3], "inputs", "/slices")));
        var started = events[4].GetProperty("outputs").EnumerateArray().Select(Name).ToList();
        Assert.Contains("postgres://127.0.0.1:1 analytics.downbeat.daily", started);
        var ended = events[5].GetProperty("outputs").EnumerateArray().Select(Name).ToList();
        Assert.Contains(ended, name => name.EndsWith("main.daily", StringComparison.Ordinal));
        Assert.DoesNotContain(ended, name => name.StartsWith("postgres", StringComparison.Ordinal));
        Assert.Contains(
            "Connection refused",
            Facet(events[5].GetProperty("run"), "errorMessage").GetProperty("message").GetString(),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void AServerThatDoesNotTakeEventsFailsNoRunAndIsToldOnce()
    {
        using var server = new HttpReceiver(503);
        lake.Cli.Variables["OPENLINEAGE_URL"] = server.Address;
        lake.Cli.Variables["OPENLINEAGE_API_KEY"] = Secret;
        var result = lake.Cli.Run("run", "--lake", "lake");
        Assert.Equal(3, result.ExitCode);
        Assert.Equal(1, result.Error.Split("did not take a lineage event: it answered 503").Length - 1);
        Assert.DoesNotContain(Secret, result.Error, StringComparison.Ordinal);

        foreach (
            var (name, value) in new[]
            {
                ("OPENLINEAGE_URL", $"http://me:{Secret}@127.0.0.1"),
                ("OPENLINEAGE_PARENT_ID", Secret),
                ("OPENLINEAGE__TRANSPORT__TYPE", Secret),
            }
        )
        {
            lake.Cli.Variables[name] = value;
            var wrong = lake.Cli.Run("run", "--lake", "lake");
            Assert.Equal(2, wrong.ExitCode);
            Assert.DoesNotContain(Secret, wrong.Error, StringComparison.Ordinal);
            lake.Cli.Variables.Remove(name);
        }
    }

    [Fact]
    public void TheSameRunGivesTheSameEvents()
    {
        var places = new LineagePlaces { Lake = "/lake", Folder = folder => new("file", $"/lake/{folder}") };
        var events = new LineageEvent(new(), places, "0123");
        var record = new RunRecord
        {
            Id = "20240701T000000Z-abcd",
            Lake = "/lake",
            Version = "1",
            Host = "here",
            ProcessId = 1,
            Started = DateTimeOffset.UnixEpoch,
        };
        var ended = record with { Ended = DateTimeOffset.UnixEpoch.AddSeconds(1), Outcome = RunOutcome.Stopped };
        Assert.Equal(events.Start(new(), record), events.Start(new(), record));
        var end = events.End(new(), record, new(ended, null, null), DateTimeOffset.UtcNow);
        Assert.Equal(end, events.End(new(), record, new(ended, null, null), DateTimeOffset.UnixEpoch));
        Assert.Equal("ABORT", Type(JsonDocument.Parse(end).RootElement));
        var threw = events.End(new(), record, new(null, null, new IOException("disk")), DateTimeOffset.UnixEpoch);
        LineageRules.Check(JsonDocument.Parse(threw).RootElement);
        Assert.Equal("FAIL", Type(JsonDocument.Parse(threw).RootElement));
        Assert.NotEqual(LineageEvent.RunId("0123", "a"), LineageEvent.RunId("0124", "a"));
    }

    [Theory]
    [InlineData("cluster.abc123.eu-central-1.redshift.amazonaws.com", "redshift://cluster.eu-central-1:5439")]
    [InlineData("group.123456789012.us-east-1.redshift-serverless.amazonaws.com", "redshift://group.us-east-1:5439")]
    [InlineData("localhost", "redshift://localhost:5439")]
    public void RedshiftIsNamedByItsCluster(string host, string expected) =>
        Assert.Equal(
            new(expected, "music.public.daily"),
            LineagePlaces.OfRedshift(
                PostgresAddress.Parse($"postgresql://me@{host}:5439/music", "redshift"),
                "public.daily"
            )
        );

    [Fact]
    public void PlacesInS3AreNamedByTheirBucket()
    {
        Assert.True(S3Place.TryParse("s3://bucket/lake/kpis/daily", out var place));
        Assert.Equal(new("s3://bucket", "lake/kpis/daily"), LineagePlaces.Of(place));
    }

    static string? Type(JsonElement line) => line.GetProperty("eventType").GetString();

    static Guid RunId(JsonElement line) => line.GetProperty("run").GetProperty("runId").GetGuid();

    static string Name(JsonElement dataset) => $"{dataset.GetProperty("namespace")} {dataset.GetProperty("name")}";

    static JsonElement Facet(JsonElement of, string name, string among = "facets") =>
        of.GetProperty(among).GetProperty(name);

    static long Rows(JsonElement dataset) =>
        Facet(dataset, "outputStatistics", "outputFacets").GetProperty("rowCount").GetInt64();

    static string Columns(JsonElement dataset) =>
        string.Join(
            ',',
            Facet(dataset, "schema").GetProperty("fields").EnumerateArray().Select(field => field.GetProperty("name"))
        );

    static JsonElement Dataset(JsonElement line, string list, string end) =>
        Assert.Single(
            line.GetProperty(list).EnumerateArray(),
            dataset => dataset.GetProperty("name").GetString()!.EndsWith(end, StringComparison.Ordinal)
        );
}
