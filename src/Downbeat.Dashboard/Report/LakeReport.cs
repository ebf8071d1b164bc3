namespace Downbeat.Dashboard.Report;

/// <summary>A report, ready to be written to a file or mailed.</summary>
/// <param name="Name">What its file is usually called, without what tells its form: <c>downbeat-report-2024-06-25</c>.</param>
/// <param name="Subject">What it is of, in a line.</param>
/// <param name="Story">What it tells, in a few lines of plain text.</param>
/// <param name="Html">The whole report: one file that refers to nothing.</param>
public sealed record LakeReport(string Name, string Subject, string Story, string Html);
