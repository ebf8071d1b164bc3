using Downbeat.Pipeline.Runs;
using Downbeat.Pipeline.Telemetry;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Downbeat.Cli.Telemetry;

/// <summary>OpenTelemetry at work. Nothing else in Downbeat names its types, so that nothing else loads them.</summary>
sealed class OpenTelemetryExport : IDisposable
{
    const string Service = "downbeat";

    readonly TracerProvider? traces;
    readonly MeterProvider? metrics;
    readonly Func<TimeSpan> patience;
    readonly SendFailures failures;

    OpenTelemetryExport(
        TracerProvider? traces,
        MeterProvider? metrics,
        Func<TimeSpan> patience,
        SendFailures failures
    ) => (this.traces, this.metrics, this.patience, this.failures) = (traces, metrics, patience, failures);

    /// <summary>Starts to send.</summary>
    /// <exception cref="UsageException">A variable is wrong.</exception>
    public static OpenTelemetryExport Start(bool traces, bool metrics, ILogger logger, Func<TimeSpan> patience)
    {
        var unsent = new SendFailures(logger);
        try
        {
            // What variables say goes over what is said here. A process that lives for a second has no id: every run would be a series.
            var resource = ResourceBuilder
                .CreateEmpty()
                .AddTelemetrySdk()
                .AddService(Service, serviceVersion: Reconciliation.Version, autoGenerateServiceInstanceId: false)
                .AddAttributes([new("host.name", Environment.MachineName)])
                .AddEnvironmentVariableDetector();
            return new(
                traces
                    ? Sdk.CreateTracerProviderBuilder()
                        .SetResourceBuilder(resource)
                        .AddSource(RunSpans.Name)
                        .AddOtlpExporter(options => options.HttpClientFactory = () => unsent.Watch(options))
                        .Build()
                    : null,
                metrics
                    ? Sdk.CreateMeterProviderBuilder()
                        .SetResourceBuilder(resource)
                        .AddMeter(RunSpans.Name)
                        .AddMeter("System.Runtime")
                        .AddOtlpExporter(options => options.HttpClientFactory = () => unsent.Watch(options))
                        .Build()
                    : null,
                patience,
                unsent
            );
        }
        catch (Exception error) when (error is ArgumentException or FormatException or InvalidOperationException)
        {
            // Its message may hold headers, and those a secret.
            throw new UsageException(
                "a variable of OpenTelemetry is wrong: look at OTEL_EXPORTER_OTLP_HEADERS (name=value,name=value), OTEL_EXPORTER_OTLP_PROTOCOL (grpc or http/protobuf) and OTEL_EXPORTER_OTLP_ENDPOINT."
            );
        }
    }

    /// <summary>Sends the rest, for a while: both at once, and what takes longer ends with the process.</summary>
    public void Dispose()
    {
        var longest = patience();
        var milliseconds = (int)longest.TotalMilliseconds;
        var work = new[]
        {
            Task.Run(() => traces?.Shutdown(milliseconds)),
            Task.Run(() => metrics?.Shutdown(milliseconds)),
        };
        if (!Task.WaitAll(work, longest))
        {
            failures.Note("it did not answer in time");
        }
    }
}
