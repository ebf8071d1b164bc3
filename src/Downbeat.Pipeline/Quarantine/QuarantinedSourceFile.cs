namespace Downbeat.Pipeline.Quarantine;

/// <summary>What stands beside rejected rows or a quarantined file: <c>quarantine/&lt;source&gt;/source.json</c>.</summary>
/// <param name="Source">The source's id.</param>
/// <param name="Path">Where the file landed.</param>
/// <param name="Arrived">When it was last written.</param>
/// <param name="Header">Its header, with which rejected rows make a file again.</param>
/// <param name="Fault">Why the whole file was quarantined, or null.</param>
/// <param name="FaultDetail">What exactly is wrong with the file.</param>
public sealed record QuarantinedSourceFile(
    string Source,
    string Path,
    DateTimeOffset Arrived,
    string Header,
    string? Fault,
    string? FaultDetail
);
