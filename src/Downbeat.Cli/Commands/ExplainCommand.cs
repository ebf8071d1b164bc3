using System.CommandLine;
using Downbeat.Cli.Output;
using Downbeat.Pipeline.Ledger;
using Downbeat.Pipeline.Quality;
using Downbeat.Pipeline.Runs;

namespace Downbeat.Cli.Commands;

/// <summary><c>downbeat explain</c>.</summary>
static class ExplainCommand
{
    const int LabelWidth = 12;
    const int IdLetters = 12;

    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var command = new Command(
            "explain",
            "Shows which files made a date, with their rows, duplicates and rejects, and when and why it was last restated. "
                + "Example: downbeat explain 2024-06-25"
        );
        var date = new Argument<string>("DATE") { Description = "The date, like 2024-06-25." };
        command.Add(date);
        var json = JsonOption.AddTo(command);
        var arguments = LakeArguments.AddTo(command);
        command.SetAction(parsed =>
        {
            var wanted = DateText.Parse(parsed.GetValue(date) ?? "", "DATE");
            var (lake, _) = arguments.Open(parsed);
            var explanation = DateExplanation.Read(lake, wanted, TimeProvider.System);
            if (parsed.GetValue(json))
            {
                CliJson.Write(explanation, LakeJson.Readable.DateExplanation);
            }
            else
            {
                Write(explanation);
            }

            return ExitCode.Done;
        });
        return command;
    }

    static void Write(DateExplanation date)
    {
        if (date.Listens is { } listens)
        {
            Fact(Figures.Date(date.Date), Figures.Count(listens, "distinct listen"));
            var isPublished = date.Quality is not { IsHeld: true, Shown: null };
            if (isPublished)
            {
                Fact("restated", $"{Figures.Instant(date.RestatedAt!.Value)}: {date.RestatedWhy}");
            }

            if (!isPublished || date.ComputedWhy != date.RestatedWhy)
            {
                Fact("computed", $"{Figures.Instant(date.ComputedAt!.Value)}: {date.ComputedWhy}");
            }

            Fact(
                "unknown",
                $"{Figures.Count(date.UnknownTrackListens ?? 0, "listen")} of tracks that songs version {date.SongsVersion} lacks, "
                    + $"{Figures.Count(date.UnknownUsers ?? 0, "user")} that users version {date.UsersVersion} lacks"
            );
            Fact("fingerprint", date.Fingerprint ?? "");
            if (QualityCommand.State(date.Quality!) is { } state)
            {
                Fact("quality", state);
            }

            foreach (var check in date.Quality!.Checks.Where(check => !check.IsOk))
            {
                Fact(check.Status, QualityText.Of(check));
            }
        }
        else
        {
            Fact(
                Figures.Date(date.Date),
                date.Sources.Any(source => source.ReplacedBy is null && !source.Retracted)
                    ? $"not computed yet; `{CommandLine.Name} run` does it"
                    : PublishedDates.SayNoneLeft(
                        date.Sources.Count(source => source.Retracted),
                        date.Sources.Count(source => source.ReplacedBy is not null && !source.Retracted)
                    )
            );
        }

        Terminal.Line();
        var table = new TextTable(
            new("file", MayWrap: true),
            new("listens", IsNumber: true),
            new("rows", IsNumber: true),
            new("accepted", IsNumber: true),
            new("duplicates", IsNumber: true),
            new("rejected", IsNumber: true),
            new("arrived (UTC)"),
            new("source")
        );
        foreach (var source in date.Sources)
        {
            table.Add(
                source.Path[(source.Path.LastIndexOf('/') + 1)..],
                source.Retracted ? "retracted"
                    : source.ReplacedBy is not null ? "replaced"
                    : Figures.Count(source.ListensOfDate),
                Figures.Count(source.Rows),
                Figures.Count(source.Accepted),
                Figures.Count(source.Duplicates),
                Figures.Count(source.Rejected),
                Figures.Minute(source.Arrived),
                source.Source[..IdLetters]
            );
        }

        table.Show();
        Terminal.Line(
            "The listens are the date's, the other counts those of the whole file, which lies in archive/streams/ as SOURCE-NAME, "
                + "or in retracted/streams/."
        );
        var counted = date.Sources.Where(source => source.ReplacedBy is null && !source.Retracted).ToList();
        if (
            date.Listens is { } distinct
            && counted.Sum(source => source.ListensOfDate) is var delivered
            && delivered > distinct
        )
        {
            Terminal.Line(
                $"{Figures.Count(delivered - distinct, "listen")} came in more than one file, and count once."
            );
        }
    }

    static void Fact(string label, string value) => Terminal.Line($"{label.PadRight(LabelWidth)}{SafeText.Of(value)}");
}
