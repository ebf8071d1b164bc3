using System.CommandLine;
using Downbeat.Cli.Output;
using Downbeat.Pipeline.Ledger;
using Downbeat.Pipeline.Quality;
using Downbeat.Pipeline.Runs;

namespace Downbeat.Cli.Commands;

/// <summary><c>downbeat status</c>.</summary>
static class StatusCommand
{
    const int DatesShown = 14;
    const int LabelWidth = 12;
    const int PassedOverShown = 5;

    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var command = new Command(
            "status",
            "Shows how a lake is: its dates, how fresh they are, what waits, what is in quarantine, the last run."
        );
        var json = JsonOption.AddTo(command);
        var arguments = LakeArguments.AddTo(command);
        command.SetAction(parsed =>
        {
            using var lake = arguments.OpenWithDestinations(parsed);
            using var stop = new Stop();
            var status = LakeStatus.Read(
                lake.Lake,
                TimeProvider.System,
                lake.Destinations,
                lake.Options.LeaseStore,
                stop.Token
            );
            if (parsed.GetValue(json))
            {
                CliJson.Write(status, LakeJson.Readable.LakeStatus);
            }
            else
            {
                Write(status, lake.Source?.Place, TimeProvider.System.GetUtcNow());
            }

            return ExitCode.Done;
        });
        return command;
    }

    static void Write(LakeStatus status, string? catalogueFrom, DateTimeOffset now)
    {
        Fact(
            "lake",
            $"{status.Lake} (time zone {status.TimeZone}, ledger version {Figures.Count(status.LedgerVersion)})"
        );
        Fact(
            "waiting",
            status.FilesWaiting == 0
                ? "nothing"
                : $"{Figures.Count(status.FilesWaiting, "file")}, {Figures.Bytes(status.BytesWaiting)}; `{CommandLine.Name} run` scans {(status.FilesWaiting == 1 ? "it" : "them")}"
        );
        foreach (var (number, left) in status.PassedOver.Take(PassedOverShown).Index())
        {
            Fact(number == 0 ? "passed over" : "", $"{left.Path}: {left.Why}");
        }

        if (status.PassedOver.Count > PassedOverShown)
        {
            Fact("", $"and {Figures.Count(status.PassedOver.Count - PassedOverShown, "more file")}; --json lists all");
        }

        if (status.NewestArrival is { } newest)
        {
            Fact("newest file", $"arrived {Figures.Instant(newest)}, {Figures.Ago(newest, now)}");
        }

        var sources = status.Sources;
        if (sources.Files > 0)
        {
            Fact(
                "scanned",
                $"{Figures.Count(sources.Files, "file")}: {Figures.Count(sources.Rows, "row")} = {Figures.Count(sources.Accepted)} accepted + "
                    + $"{Figures.Count(sources.Duplicates)} duplicates + {Figures.Count(sources.Rejected)} rejected"
            );
        }

        Fact(
            "quarantine",
            status.QuarantinedFiles == 0 && status.RejectedRows == 0
                ? "empty"
                : $"{Figures.Count(status.QuarantinedFiles, "file")}, {Figures.Count(status.RejectedRows, "rejected row")}; `{CommandLine.Name} quarantine list` shows them"
        );
        WriteCatalogue("songs", "track", status.Songs, catalogueFrom);
        WriteCatalogue("users", "user", status.Users, catalogueFrom);
        var held = status.Dates.Where(date => date.Quality.IsHeld).ToList();
        foreach (var (number, date) in held.Take(DatesShown).Index())
        {
            var failed = string.Join(", ", date.Quality.Checks.Where(check => check.IsFail).Select(QualityText.Of));
            Fact(number == 0 ? "held back" : "", $"{Figures.Date(date.Date)}: {failed}");
        }

        if (held.Count > 0)
        {
            Fact(
                "",
                $"{(held.Count > DatesShown ? $"and {Figures.Count(held.Count - DatesShown, "more date")}; " : "")}`{CommandLine.Name} quality` shows more, `{CommandLine.Name} approve DATE` lets a date through"
            );
        }

        foreach (var destination in status.Destinations)
        {
            Fact(destination.Name, State(destination));
        }

        if (status.IsForgettingUnfinished)
        {
            Fact("forget", "died before its end: give the command again, with the same users");
        }

        if (status.Running is { } running)
        {
            Fact("running", $"{running.Run}, process {running.ProcessId} on {running.Host}");
        }

        if (status.LastRun?.Id != status.Running?.Run || status.LastRun is null)
        {
            WriteLastRun(status.LastRun, now);
        }

        WriteDates(status.Dates, now);
    }

    static void WriteCatalogue(string what, string one, CatalogueEntry? read, string? from) =>
        Fact(
            what,
            read is null
                ? (
                    from is null
                        ? $"not read yet; they belong into landing/{what}/"
                        : $"not read yet; they come from {from}"
                )
                : $"{Figures.Count(read.Count, one)}, version {read.Version}{(read.Rejected > 0 ? $", {Figures.Count(read.Rejected, "row")} rejected" : "")}{(read.Origin is { } origin ? $", from {origin.Place}" : "")}"
        );

    static string State(DestinationStatus destination) =>
        destination.Problem
        ?? (
            destination.OldestBehind is { } oldest
                ? $"behind on {Figures.Count(destination.DatesBehind, "date")}, the oldest {Figures.Date(oldest)}; the next run catches it up"
                : "holds all that is published"
        );

    static void WriteLastRun(RunRecord? run, DateTimeOffset now)
    {
        if (run is null)
        {
            Fact("last run", "none yet");
            return;
        }

        var outcome = run.Outcome switch
        {
            RunOutcome.Done => "done",
            RunOutcome.Failed => "failed",
            RunOutcome.Stopped => "stopped",
            RunOutcome.Running => "died; the next run goes on",
            _ => "nothing to do",
        };
        Fact("last run", $"{run.Id}, {outcome}, {Figures.Ago(run.Ended ?? run.Started, now)}");
        foreach (var error in run.Errors)
        {
            Fact("", error);
        }
    }

    static void WriteDates(IReadOnlyList<DateSummary> dates, DateTimeOffset now)
    {
        Terminal.Line();
        if (dates.Count == 0)
        {
            Terminal.Line("no dates yet");
            return;
        }

        var table = new TextTable(
            new("date"),
            new("listens", IsNumber: true),
            new("of unknown tracks", IsNumber: true),
            new("unknown users", IsNumber: true),
            new("restated"),
            new("why", MayWrap: true)
        );
        if (dates.Count > DatesShown)
        {
            var earlier = dates.Take(dates.Count - DatesShown).ToList();
            table.Add(
                $"{Figures.Count(earlier.Count)} earlier",
                Figures.Count(earlier.Sum(date => date.Listens)),
                "",
                "",
                "",
                $"from {Figures.Date(earlier[0].Date)}; --json lists all"
            );
        }

        foreach (var date in dates.Skip(dates.Count - DatesShown))
        {
            table.Add(
                Figures.Date(date.Date),
                Figures.Count(date.Listens),
                Figures.Count(date.UnknownTrackListens),
                Figures.Count(date.UnknownUsers),
                Published(date) is { } at ? Figures.Ago(at, now) : "never",
                date.Quality.IsHeld
                    ? $"held back: these listens are not published{(date.Quality.Shown is null ? "" : ", what is shown is of before")}"
                    : date.RestatedWhy
            );
        }

        table.Show();
    }

    /// <summary>When what is shown of a date last changed; null when nothing is.</summary>
    static DateTimeOffset? Published(DateSummary date) => date.Quality.IsHeld ? date.Quality.Shown : date.RestatedAt;

    static void Fact(string label, string value) => Terminal.Line($"{label.PadRight(LabelWidth)}{SafeText.Of(value)}");
}
