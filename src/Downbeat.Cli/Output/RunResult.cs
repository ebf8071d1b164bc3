using System.Globalization;
using Downbeat.Engine.Listens;
using Downbeat.Pipeline.Runs;

namespace Downbeat.Cli.Output;

/// <summary>
/// What a run did, in a line that an orchestrator hands to the next step: counts and dates, whatever the number of files. The whole is in
/// the run's record in the lake.
/// </summary>
sealed record RunResult
{
    /// <summary>More ranges of dates than that are told as one from the first to the last.</summary>
    const int MostRanges = 200;

    const int MostErrors = 5;
    const int LongestError = 300;

    /// <summary>The run's id, under which its record lies in the lake.</summary>
    public required string Id { get; init; }

    /// <summary>What the orchestrator calls it.</summary>
    public string? OrchestratorRun { get; init; }

    /// <summary>The step; null for all of them.</summary>
    public string? Only { get; init; }

    /// <summary>The share of the landed files.</summary>
    public string? Shard { get; init; }

    /// <summary>How it ended.</summary>
    public required string Outcome { get; init; }

    /// <summary>The exit code of the process.</summary>
    public required int ExitCode { get; init; }

    /// <summary>Files that were scanned.</summary>
    public required int Files { get; init; }

    /// <summary>Their rows.</summary>
    public required long Rows { get; init; }

    /// <summary>Distinct listens of their file.</summary>
    public required long Accepted { get; init; }

    /// <summary>Rejected rows.</summary>
    public required long Rejected { get; init; }

    /// <summary>Files among them that cannot be read as listens.</summary>
    public required int Faulty { get; init; }

    /// <summary>Files that were left for the next scan.</summary>
    public required int Left { get; init; }

    /// <summary>Dates for the next step, as <c>--date</c> takes them: those to compute after a scan, else those whose tables changed.</summary>
    public required IReadOnlyList<string> Dates { get; init; }

    /// <summary>How many dates were computed.</summary>
    public required int Computed { get; init; }

    /// <summary>Dates among them that are held back, as ranges.</summary>
    public required IReadOnlyList<string> Held { get; init; }

    /// <summary>What was published to destinations.</summary>
    public required IReadOnlyList<PublishedTo> Published { get; init; }

    /// <summary>Files that moved to the archive.</summary>
    public required int Archived { get; init; }

    /// <summary>Files that moved to quarantine.</summary>
    public required int Quarantined { get; init; }

    /// <summary>How long it took.</summary>
    public required double Seconds { get; init; }

    /// <summary>How many errors there were.</summary>
    public required int ErrorCount { get; init; }

    /// <summary>The first of them.</summary>
    public required IReadOnlyList<string> Errors { get; init; }

    /// <summary>Sums a record up.</summary>
    public static RunResult Of(RunRecord record, int exitCode) =>
        new()
        {
            Id = record.Id,
            OrchestratorRun = record.OrchestratorRun,
            Only = record.Only?.ToString().ToLowerInvariant(),
            Shard = record.Shard,
            Outcome = record.Outcome.ToString(),
            ExitCode = exitCode,
            Files = record.Scanned.Count,
            Rows = record.Scanned.Sum(file => file.Rows),
            Accepted = record.Scanned.Sum(file => file.Accepted),
            Rejected = record.Scanned.Sum(file => file.Rejected),
            Faulty = record.Scanned.Count(file => file.Fault is not null),
            Left = record.Left.Count,
            Dates = Ranges(
                record.Stale ?? [.. record.Dates.Where(date => date.Restated.Count > 0).Select(date => date.Date)]
            ),
            Computed = record.Dates.Count,
            Held = Ranges([.. record.Dates.Where(date => date.IsHeld).Select(date => date.Date)]),
            Published =
            [
                .. record.Published.Select(published =>
                    published with
                    {
                        Error = published.Error is { } error ? Shortened(error) : null,
                    }
                ),
            ],
            Archived = record.Archived,
            Quarantined = record.Quarantined,
            Seconds = Math.Round(((record.Ended ?? record.Started) - record.Started).TotalSeconds, 3),
            ErrorCount = record.Errors.Count,
            Errors = [.. record.Errors.Take(MostErrors).Select(Shortened)],
        };

    /// <summary>Dates in order as ranges: a date, or two with two dots between them.</summary>
    public static IReadOnlyList<string> Ranges(IReadOnlyList<DateOnly> dates)
    {
        var ranges = new List<(DateOnly From, DateOnly To)>();
        foreach (var date in dates)
        {
            if (ranges.Count > 0 && ranges[^1].To.DayNumber + 1 == date.DayNumber)
            {
                ranges[^1] = (ranges[^1].From, date);
            }
            else
            {
                ranges.Add((date, date));
            }
        }

        if (ranges.Count > MostRanges)
        {
            ranges = [(dates[0], dates[^1])]; // A step leaves alone what needs nothing.
        }

        return ranges.ConvertAll(range =>
            range.From == range.To
                ? ListenDate.Text(range.From)
                : string.Create(
                    CultureInfo.InvariantCulture,
                    $"{ListenDate.Text(range.From)}..{ListenDate.Text(range.To)}"
                )
        );
    }

    static string Shortened(string text) => text.Length <= LongestError ? text : text[..LongestError] + "…";
}
