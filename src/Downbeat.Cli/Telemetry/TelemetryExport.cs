using System.Diagnostics;
using System.Runtime.CompilerServices;
using Downbeat.Pipeline.Telemetry;
using Microsoft.Extensions.Logging;

namespace Downbeat.Cli.Telemetry;

/// <summary>
/// Sends metrics and traces by OTLP while a command runs, where the variables of OpenTelemetry ask for that. Where they do not, nothing
/// of it is loaded. What cannot be sent never fails a run, and is told once.
/// </summary>
static class TelemetryExport
{
    /// <summary>How long the end of a run waits at most until everything was sent.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>The same where someone waits for the process to stop, which it does within ten seconds: what is left of them.</summary>
    /// <param name="waited">How long someone has waited already.</param>
    public static TimeSpan PatienceWhenStopped(TimeSpan waited) =>
        TimeSpan.FromSeconds(Math.Clamp(9 - waited.TotalSeconds, 1.5, 5));

    /// <summary>The span that whoever starts the process has told of, as W3C and OpenTelemetry name the variable.</summary>
    public static string? TraceParent => Variable("TRACEPARENT");

    /// <summary>Starts what the variables ask for.</summary>
    /// <returns>What sends the rest when it is disposed of; null when nothing is asked for.</returns>
    /// <exception cref="UsageException">A variable is wrong.</exception>
    public static OpenTelemetryExport? StartIfAsked(ILogger logger, Func<TimeSpan> patience)
    {
        var isDisabled = string.Equals(Variable("OTEL_SDK_DISABLED"), "true", StringComparison.OrdinalIgnoreCase);
        var (traces, metrics) = isDisabled ? (false, false) : (Wants("TRACES"), Wants("METRICS"));
        if (!traces && ConsoleIsJson)
        {
            ListenForLogs();
        }

        return traces || metrics ? Start(traces, metrics, logger, patience) : null;
    }

    static bool ConsoleIsJson => Output.ConsoleLogger.IsJson;

    /// <summary>Lines of a log that programs read carry the ids of spans, sent or not.</summary>
    static void ListenForLogs() =>
        ActivitySource.AddActivityListener(
            new()
            {
                ShouldListenTo = source => source.Name == RunSpans.Name,
                Sample = (ref _) => ActivitySamplingResult.PropagationData,
            }
        );

    /// <summary>Only what is asked for loads what sends it.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    static OpenTelemetryExport Start(bool traces, bool metrics, ILogger logger, Func<TimeSpan> patience) =>
        OpenTelemetryExport.Start(traces, metrics, logger, patience);

    /// <summary>Whether a signal is to be sent. By the standard it would be sent to this machine when nobody says anything.</summary>
    static bool Wants(string signal)
    {
        var exporter = Variable($"OTEL_{signal}_EXPORTER");
        if (exporter is not (null or "otlp" or "none"))
        {
            throw new UsageException(
                $"OTEL_{signal}_EXPORTER names no exporter that Downbeat has: there are otlp and none."
            );
        }

        var names = new[] { "OTEL_EXPORTER_OTLP_ENDPOINT", $"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT" };
        foreach (var name in names)
        {
            if (
                Variable(name) is { } address
                && !(
                    Uri.TryCreate(address, UriKind.Absolute, out var uri)
                    && uri is { Scheme: "http" or "https", UserInfo.Length: 0 }
                )
            )
            {
                throw new UsageException(
                    $"{name} is no address: it is written like http://localhost:4317, without a user."
                );
            }
        }

        var isWanted = exporter == "otlp" || (exporter is null && names.Any(name => Variable(name) is not null));
        foreach (var name in new[] { "OTEL_EXPORTER_OTLP_PROTOCOL", $"OTEL_EXPORTER_OTLP_{signal}_PROTOCOL" })
        {
            if (isWanted && Variable(name) is not (null or "grpc" or "http/protobuf"))
            {
                throw new UsageException(
                    $"{name} names no protocol that Downbeat has: there are grpc and http/protobuf."
                );
            }
        }

        return isWanted;
    }

    static string? Variable(string name) =>
        Environment.GetEnvironmentVariable(name)?.Trim() is { Length: > 0 } value ? value : null;
}
