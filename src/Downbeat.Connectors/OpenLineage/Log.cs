using Microsoft.Extensions.Logging;

namespace Downbeat.Connectors.OpenLineage;

/// <summary>What lineage tells whoever watches a run.</summary>
static partial class Log
{
    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "{Place} did not take a lineage event: {Problem}. The run is not affected; the event is lost."
    )]
    public static partial void LineageFailed(this ILogger logger, string place, string problem);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "{Place} did not take all lineage events within {Seconds} s. The run is not affected; they are lost."
    )]
    public static partial void LineageLate(this ILogger logger, string place, double seconds);
}
