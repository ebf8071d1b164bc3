using System.CommandLine;
using Downbeat.Cli.Output;
using Downbeat.Pipeline.Ledger;
using Downbeat.Pipeline.Runs;

namespace Downbeat.Cli.Commands;

/// <summary><c>downbeat plan</c>.</summary>
static class PlanCommand
{
    const int Shown = 20;

    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var command = new Command(
            "plan",
            "Shows what a run would do, and why; changes nothing. Files to scan may make more dates stale than are known yet."
        );
        var detailed = new Option<bool>("--detailed-exit-code")
        {
            Description = "Exit with 4 when there is work, with 0 when there is none.",
        };
        command.Add(detailed);
        var json = JsonOption.AddTo(command);
        var arguments = LakeArguments.AddWithSettingsTo(command);
        command.SetAction(parsed =>
        {
            using var lake = arguments.OpenWithDestinations(parsed);
            using var stop = new Stop();
            var plan = lake.Reconciliation().Plan(stop.Token);
            if (parsed.GetValue(json))
            {
                CliJson.Write(plan, LakeJson.Readable.RunPlan);
            }
            else
            {
                Write(plan);
            }

            return parsed.GetValue(detailed) && !plan.IsEmpty ? ExitCode.HasWork : ExitCode.Done;
        });
        return command;
    }

    /// <summary>Tells which files are left where they are, if any are.</summary>
    public static void WriteLeft(IReadOnlyList<PlannedFile> left)
    {
        if (left.Count > 0)
        {
            var table = CreateTable();
            AddFiles(table, "leave", left);
            table.Show();
        }
    }

    static void Write(RunPlan plan)
    {
        if (plan.IsEmpty)
        {
            Terminal.Line(
                plan.CatalogueFrom is { } place
                    ? $"nothing to do but to ask {SafeText.Of(place)} for songs and users, as every run does"
                    : $"nothing to do: {SafeText.Of(plan.Lake)} is as it should be"
            );
            WriteLeft(plan.Leave);
            WriteHeld(plan);
            return;
        }

        var table = CreateTable();
        AddFiles(table, "read", plan.Catalogue);
        if (plan.CatalogueFrom is { } from && plan.Catalogue.Count == 0)
        {
            table.Add("ask", from, "", "whether songs and users have changed, as every run does");
        }

        AddFiles(table, "scan", plan.Scan);
        AddFiles(table, "move", plan.Move);
        AddFiles(table, "delete", plan.Delete);
        foreach (var date in plan.Dates.Take(Shown))
        {
            table.Add("compute", Figures.Date(date.Date), "", date.Why);
        }

        AddRest(table, "compute", plan.Dates.Count - Shown, "date");
        foreach (var destination in plan.Publish)
        {
            table.Add(
                "publish",
                destination.Destination,
                "",
                destination.Problem ?? $"{Dates(destination.Dates)} to {destination.Place}"
            );
        }

        AddFiles(table, "leave", plan.Leave);
        table.Show();
        Terminal.Line(
            $"`{CommandLine.Name} run` does it.{(plan.Scan.Count > 0 ? " The dates of files to scan are computed too." : "")}"
        );
        WriteHeld(plan);
    }

    static void WriteHeld(RunPlan plan)
    {
        foreach (var date in plan.Held.Take(Shown))
        {
            Terminal.Line(
                $"{Figures.Date(date.Date)} stays held back ({date.Why}) until a file mends it, or `{CommandLine.Name} approve {Figures.Date(date.Date)}`"
            );
        }

        if (plan.Held.Count > Shown)
        {
            Terminal.Line($"and {Figures.Count(plan.Held.Count - Shown, "more date")} held back; --json lists all");
        }
    }

    static string Dates(IReadOnlyList<PlannedDate> dates) =>
        dates.Count == 1
            ? $"{Figures.Date(dates[0].Date)} ({dates[0].Why})"
            : $"{Figures.Count(dates.Count, "date")}, {Figures.Date(dates[0].Date)} to {Figures.Date(dates[^1].Date)}";

    static TextTable CreateTable() =>
        new TextTable(new("do"), new("what"), new("size", IsNumber: true), new("why", MayWrap: true));

    static void AddFiles(TextTable table, string verb, IReadOnlyList<PlannedFile> files)
    {
        foreach (var file in files.Take(Shown))
        {
            table.Add(verb, file.Path, file.Size == 0 ? "" : Figures.Bytes(file.Size), file.Why);
        }

        AddRest(table, verb, files.Count - Shown, "file", files.Skip(Shown).Sum(file => (double)file.Size));
    }

    static void AddRest(TextTable table, string verb, int rest, string what, double bytes = 0)
    {
        if (rest > 0)
        {
            table.Add(
                verb,
                Figures.Count(rest, $"more {what}"),
                bytes > 0 ? Figures.Bytes(bytes) : "",
                "--json lists all"
            );
        }
    }
}
