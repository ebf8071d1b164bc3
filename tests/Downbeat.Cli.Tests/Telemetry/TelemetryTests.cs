using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Downbeat.Testing;
using Downbeat.Testing.Telemetry;

namespace Downbeat.Cli.Tests.Telemetry;

/// <summary>What the real program sends to a collector, and that it sends nothing where nobody asked.</summary>
public sealed partial class TelemetryTests(TelemetryTests.OneRun sent)
    : IDisposable,
        IClassFixture<TelemetryTests.OneRun>
{
    const string Secret = "zq-header-secret-4711";
    const string ParentTrace = "0af7651916cd43dd8448eb211c80319c";
    const string ParentSpan = "b7ad6b7169203331";

    readonly OneDayLake lake = new();
    readonly OtlpReceiver collector = new();

    CliRunner Cli => lake.Cli;

    public void Dispose()
    {
        collector.Dispose();
        lake.Dispose();
    }

    [Fact]
    public void ARunSendsASpanForEachStageSourceDateAndDestination()
    {
        var spans = sent.Collector.Spans;
        Assert.All(spans, span => Assert.Equal(ParentTrace, span.Trace));
        Assert.All(spans, span => Assert.True(span.End >= span.Start));
        Assert.Equal(spans.Count, spans.Select(span => span.Id).Distinct(StringComparer.Ordinal).Count());
        var run = Assert.Single(spans, span => span.Name == "run");
        Assert.Equal(ParentSpan, run.Parent);
        Assert.True(run.IsError);
        Assert.Equal("failed", run.Attributes["downbeat.run.outcome"]);
        Assert.Equal("all", run.Attributes["downbeat.run.step"]);
        Assert.Equal("downbeat", run.Resource["service.name"]);
        Assert.Equal("night", run.Resource["deployment.environment"]);

        string Id(string name) => Assert.Single(spans, span => span.Name == name).Id;
        foreach (var stage in (string[])["catalogue", "scan", "compute", "publish", "archive"])
        {
            Assert.Equal(run.Id, Assert.Single(spans, span => span.Name == stage).Parent);
        }

        var sources = spans.Where(span => span.Name == "source").ToList();
        Assert.All(sources, source => Assert.Equal(Id("scan"), source.Parent));
        Assert.Equal(
            ["landing/streams/faulty.csv", "landing/streams/good.csv", "landing/streams/rejects.csv"],
            sources.Select(source => source.Attributes["downbeat.source.key"]).Order(StringComparer.Ordinal)
        );
        Assert.Equal(
            "missing_column",
            Assert.Single(sources, source => source.Attributes.ContainsKey("downbeat.file.fault")).Attributes[
                "downbeat.file.fault"
            ]
        );

        var dates = spans.Where(span => span.Name == "date").ToList();
        Assert.All(dates, date => Assert.Equal(Id("compute"), date.Parent));
        Assert.Equal(
            ["2024-06-25", "2024-06-26"],
            dates.Select(date => date.Attributes["downbeat.date"]).Order(StringComparer.Ordinal)
        );

        var destinations = spans.Where(span => span.Name == "destination").ToList();
        Assert.All(destinations, destination => Assert.Equal(Id("publish"), destination.Parent));
        Assert.Equal(
            [("postgres", true), ("sqlite", false)],
            destinations
                .Select(destination => (destination.Attributes["downbeat.destination"], destination.IsError))
                .Order()
        );
    }

    [Fact]
    public void ARunSendsItsFiguresAndNoMetricNamesAFile()
    {
        var points = sent.Collector.Points;
        double Value(string name, string? attribute = null, string? value = null) =>
            Assert
                .Single(
                    points,
                    point =>
                        point.Name == name
                        && (attribute is null || point.Attributes.GetValueOrDefault(attribute) == value)
                )
                .Value;

        Assert.Equal(42, Value("downbeat.scan.rows", "downbeat.row.outcome", "accepted"));
        Assert.Equal(1, Value("downbeat.scan.rows", "downbeat.row.outcome", "duplicate"));
        Assert.Equal(1, Value("downbeat.scan.rows", "downbeat.row.outcome", "rejected"));
        Assert.Equal(1, Value("downbeat.scan.rejects", "downbeat.reject.reason", "bad_listen_time"));
        Assert.Equal(2, Value("downbeat.scan.files", "downbeat.file.outcome", "accepted"));
        Assert.Equal(1, Value("downbeat.scan.quarantines", "downbeat.file.fault", "missing_column"));
        Assert.Equal(2, Value("downbeat.compute.dates", "downbeat.date.change", "restated"));
        Assert.Equal(42, Value("downbeat.compute.listens"));
        Assert.Equal(2, Value("downbeat.publish.dates", "downbeat.destination", "sqlite"));
        Assert.Equal(0, Value("downbeat.publish.failures", "downbeat.destination", "sqlite"));
        Assert.Equal(1, Value("downbeat.publish.failures", "downbeat.destination", "postgres"));
        Assert.Equal(0, Value("downbeat.publish.dates_behind", "downbeat.destination", "sqlite"));
        Assert.Equal(0, Value("downbeat.publish.lag", "downbeat.destination", "sqlite"));
        Assert.Equal(2, Value("downbeat.publish.dates_behind", "downbeat.destination", "postgres"));
        Assert.True(Value("downbeat.publish.lag", "downbeat.destination", "postgres") > 0);
        Assert.Equal(1, Value("downbeat.run.duration", "downbeat.run.outcome", "failed"));
        Assert.Equal(1, Value("downbeat.stage.duration", "downbeat.stage", "scan"));
        Assert.Equal(2, Value("downbeat.lake.dates"));
        Assert.Equal(42, Value("downbeat.lake.listens"));
        Assert.Equal(1, Value("downbeat.lake.files", "downbeat.file.state", "quarantined"));
        Assert.True(Value("downbeat.lake.size", "downbeat.lake.part", "slices") > 0);
        Assert.True(Value("downbeat.memory.peak") > 0);
        Assert.True(Value("dotnet.process.memory.working_set") > 0);
        Assert.All(
            points.Where(point => point.Name.StartsWith("downbeat.", StringComparison.Ordinal)),
            point =>
            {
                Assert.True(
                    point.Name == "downbeat.memory.peak" || point.Attributes["downbeat.lake"] == sent.Lake.Folder
                );
                Assert.DoesNotContain(
                    point.Attributes.Values,
                    value => value.Contains(".csv", StringComparison.Ordinal)
                );
                Assert.DoesNotContain(point.Attributes.Values, value => value is "7001" or "7002");
            }
        );
    }

    [Fact]
    public void TheDashboardAndTheDocumentationNameExactlyWhatIsSent()
    {
        var points = sent.Collector.Points;
        var ours = points
            .Select(point => point.Name)
            .Where(name => name.StartsWith("downbeat.", StringComparison.Ordinal))
            .ToHashSet(StringComparer.Ordinal);
        var emitted = points
            .SelectMany(
                point => point.Kind == "histogram" ? ["_bucket", "_count", "_sum"] : (string[])[""],
                (point, end) => point.PrometheusName + end
            )
            .ToHashSet(StringComparer.Ordinal);

        using var dashboard = JsonDocument.Parse(
            File.ReadAllBytes(Path.Join(Repository.Folder, "deploy", "grafana-dashboard.json"))
        );
        var queries = dashboard
            .RootElement.GetProperty("panels")
            .EnumerateArray()
            .Where(panel => panel.TryGetProperty("targets", out _))
            .SelectMany(panel => panel.GetProperty("targets").EnumerateArray())
            .Select(target => target.GetProperty("expr").GetString()!)
            .ToList();
        var named = queries
            .SelectMany(query => MetricName().Matches(query).Select(match => match.Value))
            .ToHashSet(StringComparer.Ordinal);
        Assert.True(queries.Count >= 10);
        Assert.Empty(named.Except(emitted, StringComparer.Ordinal));

        var documented = DocumentedName()
            .Matches(File.ReadAllText(Path.Join(Repository.Folder, "docs", "telemetry.md")))
            .Select(match => match.Value)
            .ToHashSet(StringComparer.Ordinal);
        Assert.Equal(ours.Order(StringComparer.Ordinal), documented.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void AWatchThatIsStoppedSendsWhatItHasNotSentYet()
    {
        Ask();
        Cli.Variables["OTEL_METRIC_EXPORT_INTERVAL"] = "3600000";
        Cli.Variables["OTEL_BSP_SCHEDULE_DELAY"] = "3600000";
        using var watch = Cli.Start("watch", "--lake", "lake");
        using var patience = new Timer(_ => watch.Kill(), null, TimeSpan.FromMinutes(2), Timeout.InfiniteTimeSpan);
        var output = watch.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = new StringBuilder();
        while (watch.StandardError.ReadLine() is { } line)
        {
            error.AppendLine(line);
            if (line.Contains("scanned 3 files", StringComparison.Ordinal))
            {
                break;
            }
        }

        Assert.Empty(collector.Spans);
        Process.Start("kill", ["-TERM", $"{watch.Id}"])!.WaitForExit();
        error.Append(watch.StandardError.ReadToEnd());
        watch.WaitForExit();
        Assert.Equal(0, watch.ExitCode);
        Assert.NotNull(output);
        Assert.Single(collector.Spans, span => span.Name == "run");
        Assert.Equal(3, collector.Spans.Count(span => span.Name == "source"));
        Assert.Contains(collector.Points, point => point.Name == "downbeat.lake.listens" && point.Value == 42);
        Assert.DoesNotContain("Telemetry does not reach", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void NothingIsSentWhereItIsTurnedOff()
    {
        Ask();
        Cli.Variables["OTEL_SDK_DISABLED"] = "true";
        Assert.Equal(3, Cli.Run("run", "--lake", "lake").ExitCode);
        Cli.Variables.Remove("OTEL_SDK_DISABLED");
        Cli.Variables["OTEL_TRACES_EXPORTER"] = "none";
        Cli.Variables["OTEL_METRICS_EXPORTER"] = "none";
        lake.Land("more.csv");
        Assert.Equal(0, Cli.Run("run", "--lake", "lake").ExitCode);
        Assert.Equal(0, Cli.Run("status", "--lake", "lake").ExitCode);
        Assert.Empty(collector.Requests);

        // One signal without the other.
        Cli.Variables["OTEL_TRACES_EXPORTER"] = "otlp";
        Assert.Equal(0, Cli.Run("run", "--lake", "lake").ExitCode);
        Assert.All(collector.Requests, request => Assert.Equal("/v1/traces", request.Path));
        Assert.Equal("nothing_to_do", Assert.Single(collector.Spans).Attributes["downbeat.run.outcome"]);
    }

    /// <summary>The libraries are not even there: who loaded them would fail.</summary>
    [Fact]
    public void NothingIsLoadedWhereNobodyAsked()
    {
        using var folder = new TemporaryFolder();
        foreach (var file in Directory.EnumerateFiles(AppContext.BaseDirectory))
        {
            var name = Path.GetFileName(file);
            var copy = Path.Combine(folder.Path, name);
            if (name is "downbeat.dll" or "downbeat.runtimeconfig.json")
            {
                File.Copy(file, copy);
            }
            else if (
                name.EndsWith(".dll", StringComparison.Ordinal)
                && !name.StartsWith("OpenTelemetry", StringComparison.Ordinal)
            )
            {
                File.CreateSymbolicLink(copy, file);
            }
        }

        Cli.Program = Path.Combine(folder.Path, "downbeat.dll");
        Cli.Variables["DOWNBEAT_SQLITE"] = "false"; // Its native library lies elsewhere.
        Assert.Equal(0, Cli.Run("version").ExitCode);
        Assert.Equal(0, Cli.Run("plan", "--lake", "lake").ExitCode);
        var first = Cli.Run("run", "--lake", "lake", "--log-format", "json");
        Assert.True(first.ExitCode == 3, first.Error);
        Assert.Equal(0, Cli.Run("run", "--lake", "lake").ExitCode);

        Ask();
        lake.Land("more.csv");
        var asked = Cli.Run("run", "--lake", "lake");
        Assert.Equal(1, asked.ExitCode);
        Assert.Contains("OpenTelemetry", asked.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void NobodyWhoDoesNotAnswerFailsARunAndThatIsToldOnce()
    {
        Ask();
        Cli.Variables["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://127.0.0.1:1";
        var refused = Cli.Run("run", "--lake", "lake");
        Assert.Equal(3, refused.ExitCode);
        Assert.Equal(1, refused.Error.Split("Telemetry does not reach http://127.0.0.1:1").Length - 1);

        using var silent = new TcpListener(IPAddress.Loopback, 0); // Takes connections, and never says a word.
        silent.Start();
        Cli.Variables["OTEL_EXPORTER_OTLP_ENDPOINT"] = $"http://{silent.LocalEndpoint}";
        lake.Land("more.csv");
        var hanging = Cli.Run("run", "--lake", "lake");
        Assert.Equal(0, hanging.ExitCode);
        Assert.Contains("it did not answer in time", hanging.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, refused.Error + hanging.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void GrpcIsSpokenWhereItIsAskedFor()
    {
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        Ask();
        Cli.Variables["OTEL_EXPORTER_OTLP_PROTOCOL"] = "grpc";
        Cli.Variables["OTEL_EXPORTER_OTLP_ENDPOINT"] = $"http://{server.LocalEndpoint}";
        using var run = Cli.Start("run", "--lake", "lake");
        using (var client = server.AcceptTcpClient())
        {
            var preface = new byte[14];
            client.GetStream().ReadExactly(preface);
            Assert.Equal("PRI * HTTP/2.0", Encoding.ASCII.GetString(preface));
        }

        var output = run.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        Assert.DoesNotContain(Secret, run.StandardError.ReadToEnd(), StringComparison.Ordinal);
        run.WaitForExit();
        Assert.NotNull(output);
        Assert.Equal(3, run.ExitCode);
    }

    [Fact]
    public void HeadersReachTheCollectorAndNobodyElse()
    {
        Ask();
        var result = Cli.Run("run", "--lake", "lake", "--log-format", "json");
        Assert.NotEmpty(collector.Requests);
        Assert.All(collector.Requests, request => Assert.Equal(Secret, request.Headers["x-key"]));
        Assert.DoesNotContain(Secret, result.Output + result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(
            Directory.EnumerateFiles(lake.Folder, "*", SearchOption.AllDirectories),
            file => File.ReadAllText(file).Contains(Secret, StringComparison.Ordinal)
        );
    }

    [Theory]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "http://me:zq-header-secret-4711@localhost:4318")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "zq-header-secret-4711")]
    [InlineData("OTEL_EXPORTER_OTLP_HEADERS", "zq-header-secret-4711")]
    [InlineData("OTEL_TRACES_EXPORTER", "console")]
    [InlineData("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json")]
    public void AWrongVariableIsNamedAndItsValueIsNotTold(string name, string value)
    {
        Ask();
        Cli.Variables[name] = value;
        var result = Cli.Run("run", "--lake", "lake");
        Assert.Equal(2, result.ExitCode);
        Assert.Contains(name, result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, result.Error + result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void LinesOfTheLogCarryTheSpanTheyBelongTo()
    {
        Ask();
        var lines = Lines(Cli.Run("run", "--lake", "lake", "--log-format", "json").Error);
        var rejected = Assert.Single(lines, line => line.GetProperty("event").GetString() == "Rejected");
        var source = Assert.Single(
            collector.Spans,
            span => span.Attributes.GetValueOrDefault("downbeat.source.key") == "landing/streams/rejects.csv"
        );
        Assert.Equal(source.Trace, rejected.GetProperty("trace_id").GetString());
        Assert.Equal(source.Id, rejected.GetProperty("span_id").GetString());
        Assert.Equal("warn", rejected.GetProperty("level").GetString());
        Assert.Equal(1, rejected.GetProperty("attributes").GetProperty("Rejected").GetInt64());
        Assert.True(rejected.GetProperty("timestamp").TryGetDateTimeOffset(out _));
    }

    [Fact]
    public void LinesOfTheLogCarryATraceWhereNothingIsSent()
    {
        Cli.Variables["DOWNBEAT_LOG_FORMAT"] = "json";
        var lines = Lines(Cli.Run("run", "--lake", "lake").Error);
        Assert.NotEmpty(lines);
        Assert.Single(lines.Select(line => line.GetProperty("trace_id").GetString()).Distinct(StringComparer.Ordinal));
        Cli.Variables["DOWNBEAT_LOG_FORMAT"] = "xml";
        Assert.Equal(2, Cli.Run("run", "--lake", "lake").ExitCode);
    }

    void Ask() => Ask(Cli, collector);

    static void Ask(CliRunner cli, OtlpReceiver collector)
    {
        cli.Variables["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Address;
        cli.Variables["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf";
        cli.Variables["OTEL_EXPORTER_OTLP_HEADERS"] = $"x-key={Secret}";
        cli.Variables["OTEL_RESOURCE_ATTRIBUTES"] = "deployment.environment=night";
    }

    static List<JsonElement> Lines(string error) =>
        [
            .. error
                .Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(line => JsonDocument.Parse(line).RootElement.Clone()),
        ];

    [GeneratedRegex(@"\b(?:downbeat|dotnet)_[a-z0-9_]+(?=\s)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex MetricName();

    [GeneratedRegex(@"(?<=^\| `)downbeat\.[a-z_.]+(?=` \| [a-z]+ \|)", RegexOptions.Multiline, 1000)]
    private static partial Regex DocumentedName();

    /// <summary>What arrives of a run on whose files something is wrong, and of whose destinations one is down.</summary>
    public sealed class OneRun : IDisposable
    {
        public OneRun()
        {
            Ask(Lake.Cli, Collector);
            Lake.Cli.Variables["DOWNBEAT_POSTGRES"] = "postgresql://loader@127.0.0.1:1/analytics";
            Lake.Cli.Variables["DOWNBEAT_POSTGRES_TLS"] = "off";
            Lake.Cli.Variables["TRACEPARENT"] = $"00-{ParentTrace}-{ParentSpan}-01";
            Assert.Equal(1, Lake.Cli.Run("run", "--lake", "lake").ExitCode);
        }

        internal OneDayLake Lake { get; } = new();

        public OtlpReceiver Collector { get; } = new();

        public void Dispose()
        {
            Collector.Dispose();
            Lake.Dispose();
        }
    }
}
