using Microsoft.Extensions.Logging;

namespace Downbeat.Pipeline.Alerts;

/// <summary>What alerts tell whoever watches a run.</summary>
static partial class Log
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Told by {Channel}: {Subject}.")]
    public static partial void Told(this ILogger logger, string channel, string subject);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "{Channel} did not take an alert: {Problem} It is sent again {When}; the run is not concerned."
    )]
    public static partial void NotTold(this ILogger logger, string channel, string problem, string when);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "alerts.json could not be read, and begins anew: what lasts is told again."
    )]
    public static partial void AlertsLost(this ILogger logger);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Alerts were not looked after this time: {Problem}")]
    public static partial void AlertsFailed(this ILogger logger, string problem);
}
