using Microsoft.Extensions.Logging;

namespace Downbeat.Pipeline.Schedule;

/// <summary>What a watch tells.</summary>
static partial class Log
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Watching {Lake}: {How}.")]
    public static partial void Watching(this ILogger logger, string lake, string how);

    [LoggerMessage(Level = LogLevel.Information, Message = "{What} in {Seconds:0.00} s.")]
    public static partial void Ran(this ILogger logger, string what, double seconds);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "{Problem} It is tried again until then, which is not told each time."
    )]
    public static partial void Waiting(this ILogger logger, string problem);

    [LoggerMessage(
        Level = LogLevel.Error,
        Message = "{Problem} It is tried again, up to once a minute, which is not told each time."
    )]
    public static partial void Failing(this ILogger logger, string problem);

    [LoggerMessage(Level = LogLevel.Information, Message = "Works again, after {Failures} in {Duration}.")]
    public static partial void WorksAgain(this ILogger logger, string failures, string duration);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Destination} is caught up, after {Failures}.")]
    public static partial void CaughtUp(this ILogger logger, string destination, string failures);

    [LoggerMessage(Level = LogLevel.Information, Message = "Mails a report {How}, next {Next} UTC.")]
    public static partial void WillReport(this ILogger logger, string how, string next);

    [LoggerMessage(Level = LogLevel.Information, Message = "Mailed the report of {Dates}.")]
    public static partial void Reported(this ILogger logger, string dates);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "No report was mailed at its time, {Due} UTC: no date that is over has been published yet."
    )]
    public static partial void NothingToReport(this ILogger logger, string due);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "The report was not mailed: {Problem} It is tried again, up to every quarter of an hour, which is not told each time; no run is concerned."
    )]
    public static partial void NotReported(this ILogger logger, string problem);

    [LoggerMessage(Level = LogLevel.Information, Message = "Stopped watching; the next run goes on.")]
    public static partial void Stopped(this ILogger logger);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "The run did not end within {Seconds} s and was abandoned; nothing is lost, and the next run goes on."
    )]
    public static partial void Abandoned(this ILogger logger, double seconds);
}
