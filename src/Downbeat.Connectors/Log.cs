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

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "The mail server does not take mail to {Recipient}; the others get it."
    )]
    public static partial void RefusedRecipient(this ILogger logger, string recipient);
}
