using Microsoft.Extensions.Logging;

namespace Downbeat.Pipeline.Runs;

/// <summary>What a run tells whoever watches it.</summary>
static partial class Log
{
    [LoggerMessage(Level = LogLevel.Error, Message = "{What}")]
    public static partial void Failed(this ILogger logger, string what);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Quarantined {File}: {Fault}, {Detail}.")]
    public static partial void Quarantined(this ILogger logger, string file, string fault, string detail);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Rejected {Rejected} of {Rows} rows of {File}: {Reasons}.")]
    public static partial void Rejected(this ILogger logger, long rejected, long rows, string file, string reasons);

    [LoggerMessage(Level = LogLevel.Information, Message = "Left {File} for the next run: {Why}.")]
    public static partial void Left(this ILogger logger, string file, string why);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Took over from run {Run} of process {ProcessId} on {Host}, which died or stalled; nothing is lost."
    )]
    public static partial void TookOver(this ILogger logger, string run, int processId, string host);

    [LoggerMessage(Level = LogLevel.Information, Message = "Deleted {Count} leftovers of a run that died.")]
    public static partial void Swept(this ILogger logger, int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Rejected {Rejected} of {Rows} rows of {Folder}; see {Path}.")]
    public static partial void RejectedCatalogue(
        this ILogger logger,
        long rejected,
        long rows,
        string folder,
        string path
    );

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Songs and users of the last snapshot are used, {Kept}: {Cause}"
    )]
    public static partial void FellBack(this ILogger logger, string kept, string cause);

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "Another run changed the inputs of {Date} meanwhile; it is computed again."
    )]
    public static partial void ComputedAgain(this ILogger logger, string date);

    [LoggerMessage(
        Level = LogLevel.Error,
        Message = "Held back {Date}: {Checks}. {Shown} Deliver what mends it, or let it through: `downbeat approve {Date}`."
    )]
    public static partial void Held(this ILogger logger, string date, string checks, string shown);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Quality: {Warnings}; `downbeat quality` shows which.")]
    public static partial void OddQuality(this ILogger logger, string warnings);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Destination} cannot hold every text as it is: {Warning}")]
    public static partial void Changed(this ILogger logger, string destination, string warning);
}
