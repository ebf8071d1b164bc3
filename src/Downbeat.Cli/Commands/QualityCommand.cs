using System.CommandLine;
using Downbeat.Cli.Output;
using Downbeat.Pipeline.Quality;

namespace Downbeat.Cli.Commands;

/// <summary><c>downbeat quality</c>.</summary>
static class QualityCommand
{
    const int RowsShown = 50;

    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var command = new Command(
            "quality",
            "Shows what the checks of quality say of dates, which dates are held back, and what was approved: of a date all checks, "
                + "of several those that are not ok. Example: downbeat quality --date 2024-06-25"
        );
        var date = DateText.Option("--date", "The only date.", isRequired: false);
        var from = DateText.Option("--from", "The first date.", isRequired: false);
        var to = DateText.Option("--to", "The last date.", isRequired: false);
        command.Add(date);
        command.Add(from);
        command.Add(to);
        var json = JsonOption.AddTo(command);
        var arguments = LakeArguments.AddTo(command);
        command.SetAction(parsed =>
        {
            DateOnly? Read(Option<string?> option) =>
                parsed.GetValue(option) is { } text ? DateText.Parse(text, option.Name) : null;
            var (only, first, last) = (Read(date), Read(from), Read(to));
            if (only is not null && (first ?? last) is not null)
            {
                throw new UsageException(
                    "--date is for one date, --from and --to are for several: give one or the other."
                );
            }

            if (last < first)
            {
                throw new UsageException("--to lies before --from.");
            }

            var (begin, end) = (only ?? first ?? DateOnly.MinValue, only ?? last ?? DateOnly.MaxValue);
            var (lake, _) = arguments.Open(parsed);
            PublishedDates.Check(lake, begin, end);
            var dates = DateQuality.Read(lake, begin, end, TimeProvider.System);
            if (parsed.GetValue(json))
            {
                CliJson.Write(dates, CliJson.Readable.IReadOnlyListDateQuality);
            }
            else
            {
                Write(dates, isWhole: only is not null);
            }

            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>What is to be said of a date, if anything is: that it is held back, or was approved.</summary>
    public static string? State(DateQuality date) =>
        date.IsHeld
            ? $"held back, and {(date.ApprovedAt is null ? $"`{CommandLine.Name} approve {Figures.Date(date.Date)}` lets it through" : "approved: the next run publishes it")}; "
                + (
                    date.Shown is { } since
                        ? $"what is shown of it is of {Figures.Instant(since)}"
                        : "nothing of it is shown but this"
                )
        : date.ApprovedAt is { } at ? $"approved at {Figures.Instant(at)}"
        : null;

    static void Write(IReadOnlyList<DateQuality> dates, bool isWhole)
    {
        foreach (var date in dates)
        {
            if (State(date) is { } state)
            {
                Terminal.Line($"{Figures.Date(date.Date)} is {state}.");
            }
        }

        var rows = dates
            .SelectMany(date => date.Checks, (date, check) => (Date: date, Check: check))
            .Where(row => isWhole || !row.Check.IsOk)
            .ToList();
        if (rows.Count == 0)
        {
            var checkedDates = dates.Count(date => date.Checks.Count > 0);
            Terminal.Line(
                checkedDates == 0
                    ? $"no checks: these dates were computed before there were any, or all are off; `{CommandLine.Name} rebuild` computes them again"
                    : $"all checks of {Figures.Count(checkedDates, "date")} are ok"
            );
            return;
        }

        var table = new TextTable(
            new("date"),
            new("check"),
            new("value", IsNumber: true),
            new("threshold", IsNumber: true),
            new("status"),
            new("of", MayWrap: true)
        );
        foreach (var (date, check) in rows.TakeLast(RowsShown))
        {
            table.Add(
                Figures.Date(date.Date),
                check.Check,
                QualityText.Value(check, check.Value),
                QualityText.Value(check, check.Threshold),
                check.Status,
                QualityCheck.Find(check.Check)?.Meaning ?? ""
            );
        }

        table.Show();
        if (rows.Count > RowsShown)
        {
            Terminal.Line(
                $"and {Figures.Count(rows.Count - RowsShown, "earlier row")}; --from and --to choose, --json has all"
            );
        }
    }
}
