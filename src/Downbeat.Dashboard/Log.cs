using Microsoft.Extensions.Logging;

namespace Downbeat.Dashboard;

/// <summary>What the dashboard tells whoever operates it. Answers say less: they hold no path.</summary>
static partial class Log
{
    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "The lake cannot be asked for news, and what was known is shown: {Cause}"
    )]
    public static partial void LostLake(this ILogger logger, string cause);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Path} was not answered: {Cause}")]
    public static partial void NotAnswered(this ILogger logger, string path, string cause);

    [LoggerMessage(
        Level = LogLevel.Error,
        Message = "{Path} failed, which is a defect of Downbeat; please report it: {Error}"
    )]
    public static partial void Failed(this ILogger logger, string path, string error);
}
