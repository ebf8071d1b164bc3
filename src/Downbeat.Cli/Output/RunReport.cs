using Downbeat.Pipeline.Corrections;
using Downbeat.Pipeline.Quality;
using Downbeat.Pipeline.Runs;

namespace Downbeat.Cli.Output;

/// <summary>Tells people what a run did.</summary>
static class RunReport
{
    const int Shown = 20;

    /// <summary>Writes it to standard output.</summary>
    public static void Write(RunRecord record)
    {
        if (record.Fallback is { } fallback)
        {
            Terminal.Line(SafeText.Of(fallback));
        }

        if (record.Outcome == RunOutcome.NothingToDo)
        {
            Terminal.Line($"nothing to do: {SafeText.Of(record.WhyNothing ?? $"{record.Lake} is as it should be")}");
            WriteForgotten(record.Forgotten);
            return;
        }

        WriteCatalogue("songs", "track", record.Songs);
        WriteCatalogue("users", "user", record.Users);
        WriteScanned(record);
        WriteQuarantined(record);
        WriteForgotten(record.Forgotten);
        WriteDates(record);
        WriteQuality(record);
        foreach (var published in record.Published)
        {
            var what = $"{Figures.Count(published.Dates, "date")}, {Figures.Count(published.Rows, "row")}";
            Terminal.Line(
                published.Error is null
                    ? $"published to {published.Destination}: {what} in {Figures.Seconds(published.Seconds)}"
                    : $"{published.Destination} is behind: {SafeText.Of(published.Error)}"
            );
        }

        if (record.Archived > 0)
        {
            Terminal.Line($"archived {Figures.Count(record.Archived, "file")}");
        }

        if (record.Retracted > 0)
        {
            Terminal.Line(
                $"moved {Figures.Count(record.Retracted, "retracted file")} out of the way, to retracted/streams/"
            );
        }

        foreach (var left in record.Left)
        {
            Terminal.Line($"left {SafeText.Of(left.Path)} for the next run: {SafeText.Of(left.Why)}");
        }

        Terminal.Line(Ending(record));
    }

    static void WriteCatalogue(string what, string one, ReadCatalogue? read)
    {
        if (read is not null)
        {
            var rejected = read.Rejected == 0 ? "" : $", {Figures.Count(read.Rejected)} rejected";
            var change = read.Changed ? $"version {read.Version}" : "as before";
            Terminal.Line(
                $"read {what}: {Figures.Count(read.Count, one)}, {change} ({Figures.Count(read.Rows, "row")}{rejected})"
            );
        }
    }

    static void WriteScanned(RunRecord record)
    {
        if (record.Scanned.Count == 0)
        {
            return;
        }

        var table = new TextTable(
            new("scanned"),
            new("rows", IsNumber: true),
            new("accepted", IsNumber: true),
            new("duplicates", IsNumber: true),
            new("rejected", IsNumber: true),
            new("dates", IsNumber: true)
        );
        foreach (var file in record.Scanned.Take(Shown))
        {
            table.Add(
                file.Fault is null
                    ?
                    [
                        file.Path,
                        Figures.Count(file.Rows),
                        Figures.Count(file.Accepted),
                        Figures.Count(file.Duplicates),
                        Figures.Count(file.Rejected),
                        Figures.Count(file.Dates),
                    ]
                    : [file.Path, "quarantined", "", "", "", ""]
            );
        }

        if (record.Scanned.Count > Shown)
        {
            table.Add($"and {Figures.Count(record.Scanned.Count - Shown, "more file")}", "", "", "", "", "");
        }

        if (record.Scanned.Count > 1)
        {
            long Sum(Func<ScannedFile, long> of) => record.Scanned.Sum(of);
            table.AddStrong(
                Figures.Count(record.Scanned.Count, "file"),
                Figures.Count(Sum(file => file.Rows)),
                Figures.Count(Sum(file => file.Accepted)),
                Figures.Count(Sum(file => file.Duplicates)),
                Figures.Count(Sum(file => file.Rejected)),
                ""
            );
        }

        table.Show();
        var reasons = record
            .Scanned.Where(file => file.Fault is null)
            .SelectMany(file => file.Reasons)
            .GroupBy(reason => reason.Key, StringComparer.Ordinal)
            .ToDictionary(same => same.Key, same => same.Sum(reason => reason.Value), StringComparer.Ordinal);
        if (reasons.Count > 0)
        {
            Terminal.Line(
                $"rejected rows: {Figures.Reasons(reasons)}; `{CommandLine.Name} quarantine list` shows where they are"
            );
        }
    }

    static void WriteQuarantined(RunRecord record)
    {
        foreach (var file in record.Scanned.Where(file => file.Fault is not null))
        {
            Terminal.Line($"quarantined {SafeText.Of(file.Path)}: {file.Fault}, {SafeText.Of(file.FaultDetail ?? "")}");
            Terminal.Line(
                $"  deliver it again mended, or mend it in quarantine/{file.Source}/ and `{CommandLine.Name} quarantine retry {file.Source[..8]}`"
            );
        }
    }

    /// <summary>Writes what was forgotten, or would be.</summary>
    public static void WriteForgotten(ForgetReport? report)
    {
        if (report is null)
        {
            return;
        }

        if (report.UsersFound == 0)
        {
            Terminal.Line("no file that was scanned holds any of these users");
        }
        else if (report.IsDone || report.Unclear.Count == 0 || report.Listens + report.Rows > 0)
        {
            Terminal.Line(
                $"{(report.IsDone ? "forgot" : "would forget")} {Figures.Count(report.UsersFound, "user")} of {Figures.Count(report.Users)}: "
                    + $"{Figures.Count(report.Listens, "listen")} of {Figures.Count(report.Dates, "date")}, "
                    + $"{Figures.Count(report.Rows, "row")} of {Figures.Count(report.Files, "raw file")}"
            );
        }

        foreach (var unclear in report.Unclear)
        {
            Terminal.Line(
                $"{SafeText.Of(unclear.Path)} may hold rows of these users: {SafeText.Of(unclear.Why)}. Look into it, and mend it or delete it."
            );
        }

        if (report.Missing.Count > 0)
        {
            Terminal.Line(
                $"{Figures.Count(report.Missing.Count, "raw file")} that may hold rows of them {(report.Missing.Count == 1 ? "is" : "are")} not in the lake, like {SafeText.Of(report.Missing[0])}: cut them out where you keep it."
            );
        }

        if (report.LandedUsers.Count > 0)
        {
            Terminal.Line(
                $"{SafeText.Of(string.Join(", ", report.LandedUsers))}: these users are still listed there, and come back as users when the file is read again. Take them out."
            );
        }

        if (report.NotScanned > 0)
        {
            Terminal.Line(
                $"{Figures.Count(report.NotScanned, "file")} in landing/streams/ not scanned yet, and not looked into: forget again when a run has scanned them"
            );
        }
    }

    static void WriteDates(RunRecord record)
    {
        if (record.Dates.Count == 0)
        {
            return;
        }

        var table = new TextTable(
            new("computed"),
            new("listens", IsNumber: true),
            new("tables"),
            new("why", MayWrap: true)
        );
        foreach (var date in record.Dates.Take(Shown))
        {
            table.Add(Figures.Date(date.Date), Figures.Count(date.Listens), Change(date), date.Why);
        }

        if (record.Dates.Count > Shown)
        {
            var rest = record.Dates.Skip(Shown).ToList();
            table.Add(
                $"and {Figures.Count(rest.Count)} more",
                Figures.Count(rest.Sum(date => date.Listens)),
                $"{Figures.Count(rest.Count(date => date.Restated.Count > 0))} restated",
                ""
            );
        }

        table.Show();
    }

    static void WriteQuality(RunRecord record)
    {
        var held = record.Dates.Where(date => date.IsHeld).ToList();
        foreach (var date in held.Take(Shown))
        {
            Terminal.Line(
                $"held back {Figures.Date(date.Date)}: {string.Join(", ", date.Findings!.Where(check => check.IsFail).Select(QualityText.Of))}; "
                    + $"deliver what mends it, or `{CommandLine.Name} approve {Figures.Date(date.Date)}`"
            );
        }

        if (held.Count > Shown)
        {
            Terminal.Line($"held back {Figures.Count(held.Count - Shown, "more date")}");
        }

        var odd = record
            .Dates.SelectMany(date => date.Findings ?? [])
            .Where(check => !check.IsFail)
            .GroupBy(check => check.Check, StringComparer.Ordinal)
            .Select(check => KeyValuePair.Create(check.Key, (long)check.Count()))
            .ToList();
        if (odd.Count > 0)
        {
            Terminal.Line($"odd, by dates: {Figures.Reasons(odd)}; `{CommandLine.Name} quality` shows which");
        }
    }

    static string Change(ComputedDate date) =>
        date.Listens == 0 ? "removed"
        : date.IsHeld ? "held back"
        : date.Restated.Count == 0 ? "unchanged"
        : $"{date.Restated.Count} restated";

    static string Ending(RunRecord record)
    {
        var seconds = ((record.Ended ?? record.Started) - record.Started).TotalSeconds;
        var rows = record.Scanned.Sum(file => file.Rows);
        var rate = Figures.Rate(rows, record.StageSeconds.GetValueOrDefault("scan"), "rows");
        var took = $"in {Figures.Seconds(seconds)}{(rate.Length > 0 ? $", scanning {rate}" : "")}";
        return record.Outcome switch
        {
            RunOutcome.Done => $"done {took}",
            RunOutcome.Stopped => $"stopped after {Figures.Seconds(seconds)}; what was done is kept",
            _ =>
                $"failed {took}: {Figures.Count(record.Errors.Count, "error")}, told on standard error; what was done is kept",
        };
    }
}
