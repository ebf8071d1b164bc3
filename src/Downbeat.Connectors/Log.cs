using Microsoft.Extensions.Logging;

namespace Downbeat.Connectors;

/// <summary>What connectors tell whoever watches a run.</summary>
static partial class Log
{
    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "{System} failed and is tried again in {DelaySeconds} s (retry {Number}): {Cause}"
    )]
    public static partial void Retried(
        this ILogger logger,
        string system,
        int number,
        double delaySeconds,
        string cause
    );
}
