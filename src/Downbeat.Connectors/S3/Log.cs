using Microsoft.Extensions.Logging;

namespace Downbeat.Connectors.S3;

/// <summary>What S3 tells whoever watches.</summary>
static partial class Log
{
    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "S3 did not {What} ({Cause}); trying again in {Seconds:0.0} s, attempt {Attempt} of {Attempts}."
    )]
    public static partial void Retried(
        this ILogger logger,
        string what,
        string cause,
        double seconds,
        int attempt,
        int attempts
    );
}
