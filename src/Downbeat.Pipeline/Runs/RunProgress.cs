namespace Downbeat.Pipeline.Runs;

/// <summary>How far a stage of a run has come.</summary>
/// <param name="Stage">The stage: <c>catalogue</c>, <c>scan</c>, <c>compute</c>, <c>publish</c> or <c>archive</c>.</param>
/// <param name="Done">Units done.</param>
/// <param name="Total">Units there are.</param>
/// <param name="Unit">What is counted: bytes, dates or files.</param>
/// <param name="Rows">Rows read so far; 0 outside of scanning.</param>
public sealed record RunProgress(string Stage, long Done, long Total, string Unit, long Rows);
