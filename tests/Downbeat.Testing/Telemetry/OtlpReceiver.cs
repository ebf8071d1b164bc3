using System.Globalization;

namespace Downbeat.Testing.Telemetry;

/// <summary>A collector of OpenTelemetry, by HTTP and Protocol Buffers: keeps what arrives.</summary>
public sealed class OtlpReceiver : IDisposable
{
    readonly HttpReceiver http = new();

    /// <summary>Where it listens, for <c>OTEL_EXPORTER_OTLP_ENDPOINT</c>.</summary>
    public string Address => http.Address;

    /// <summary>What arrived.</summary>
    public IReadOnlyList<ReceivedRequest> Requests => http.Requests;

    /// <summary>All spans that arrived.</summary>
    public IReadOnlyList<ReceivedSpan> Spans =>
        [
            .. Of("/v1/traces")
                .SelectMany(request => request.Messages(1))
                .SelectMany(resource =>
                    resource
                        .Messages(2)
                        .SelectMany(scope => scope.Messages(2))
                        .Select(span => ReceivedSpan.Of(span, Attributes(resource.Messages(1).First(), 1)))
                ),
        ];

    /// <summary>All points of metrics that arrived last.</summary>
    public IReadOnlyList<ReceivedPoint> Points =>
        Of("/v1/metrics").LastOrDefault() is { } last
            ?
            [
                .. last.Messages(1)
                    .SelectMany(resource => resource.Messages(2))
                    .SelectMany(scope => scope.Messages(2))
                    .SelectMany(ReceivedPoint.Of),
            ]
            : [];

    /// <inheritdoc/>
    public void Dispose() => http.Dispose();

    IEnumerable<WireMessage> Of(string path) =>
        http.Requests.Where(request => request.Path == path).Select(request => new WireMessage(request.Body));

    internal static IReadOnlyDictionary<string, string> Attributes(WireMessage message, int field) =>
        message
            .Messages(field)
            .ToDictionary(one => one.Text(1), one => Value(one.Messages(2).First()), StringComparer.Ordinal);

    static string Value(WireMessage value) =>
        value.Has(1) ? value.Text(1)
        : value.Has(4) ? BitConverter.UInt64BitsToDouble(value.Number(4)).ToString(CultureInfo.InvariantCulture)
        : value.Has(2) ? (value.Number(2) == 1 ? "true" : "false")
        : ((long)value.Number(3)).ToString(CultureInfo.InvariantCulture);
}

/// <summary>A span as it arrived.</summary>
public sealed record ReceivedSpan(
    string Trace,
    string Id,
    string Parent,
    string Name,
    DateTimeOffset Start,
    DateTimeOffset End,
    bool IsError,
    IReadOnlyDictionary<string, string> Attributes,
    IReadOnlyDictionary<string, string> Resource
)
{
    internal static ReceivedSpan Of(WireMessage span, IReadOnlyDictionary<string, string> resource) =>
        new(
            Convert.ToHexStringLower(span.Bytes(1)),
            Convert.ToHexStringLower(span.Bytes(2)),
            Convert.ToHexStringLower(span.Bytes(4)),
            span.Text(5),
            Time(span.Number(7)),
            Time(span.Number(8)),
            span.Messages(15).Any(status => status.Number(3) == 2),
            OtlpReceiver.Attributes(span, 9),
            resource
        );

    static DateTimeOffset Time(ulong nanoseconds) => DateTimeOffset.UnixEpoch.AddTicks((long)(nanoseconds / 100));
}

/// <summary>A point of a metric as it arrived: its value, or of a histogram how many values there were.</summary>
public sealed record ReceivedPoint(
    string Name,
    string Unit,
    string Kind,
    double Value,
    IReadOnlyDictionary<string, string> Attributes
)
{
    /// <summary>What it is called by Prometheus, as the collector translates names.</summary>
    public string PrometheusName
    {
        get
        {
            var unit = Unit switch
            {
                "s" => "_seconds",
                "By" => "_bytes",
                "By/s" => "_bytes_per_second",
                _ when Unit.StartsWith('{') && Unit.EndsWith("/s", StringComparison.Ordinal) => "_per_second",
                _ => "",
            };
            return Name.Replace('.', '_') + unit + (Kind == "counter" ? "_total" : "");
        }
    }

    internal static IEnumerable<ReceivedPoint> Of(WireMessage metric)
    {
        var (name, unit) = (metric.Text(1), metric.Text(3));
        foreach (var (field, usual) in new[] { (5, "gauge"), (7, "counter"), (9, "histogram") })
        {
            foreach (var data in metric.Messages(field))
            {
                var kind = field == 7 && data.Number(3) == 0 ? "gauge" : usual; // What may go down again.
                foreach (var point in data.Messages(1))
                {
                    yield return field == 9
                        ? new(name, unit, kind, point.Number(4), OtlpReceiver.Attributes(point, 9))
                        : new(
                            name,
                            unit,
                            kind,
                            point.Has(4) ? BitConverter.UInt64BitsToDouble(point.Number(4)) : (long)point.Number(6),
                            OtlpReceiver.Attributes(point, 7)
                        );
                }
            }
        }
    }
}
