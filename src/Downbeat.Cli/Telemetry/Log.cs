using Microsoft.Extensions.Logging;

namespace Downbeat.Cli.Telemetry;

/// <summary>What sending telemetry tells whoever watches a run.</summary>
static partial class Log
{
    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Telemetry does not reach {Place}: {Problem}. Runs are not affected; OTEL_SDK_DISABLED=true turns it off."
    )]
    public static partial void TelemetryFailed(this ILogger logger, string place, string problem);
}
