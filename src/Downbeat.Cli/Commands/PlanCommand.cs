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
        var detailed = new Option<bool>("--detailed-exit-code") { Description = "Exit with 4 when there is work, with 0 when there is none." };
        command.Add(detailed);
        var json = JsonOption.AddTo(command);
        var arguments = LakeArguments.AddWithSettingsTo(command);
        command.SetAction(parsed =>
        {
            var (lake, options) = arguments.Open(parsed);
            using var stop = new Stop();
            var plan = new Reconciliation(lake, options, TimeProvider.System, new ConsoleLogger()).Plan(stop.Token);
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
            var table = Tables.Create(new("leave"), new("size", IsNumber: true), new("why", MayWrap: true));
            AddFiles(table, left);
            table.Show();
        }
    }

    static void Write(RunPlan plan)
    {
        if (plan.IsEmpty)
        {
            Terminal.Line($"nothing to do: {SafeText.Of(plan.Lake)} is as it should be");
            WriteLeft(plan.Leave);
            return;
        }

        WriteFiles("read", plan.Catalogue);
        WriteFiles("scan", plan.Scan);
        WriteFiles("move", plan.Move);
        if (plan.Dates.Count > 0)
        {
            var table = Tables.Create(new("compute"), new("why", MayWrap: true));
            foreach (var date in plan.Dates.Take(Shown))
            {
                table.Add(Figures.Date(date.Date), date.Why);
            }

            AddRest(table, plan.Dates.Count - Shown, "date");
            table.Show();
        }

        WriteLeft(plan.Leave);
        Terminal.Line();
        var parts = new List<string>();
        if (plan.Catalogue.Count > 0)
        {
            parts.Add($"read {Figures.Count(plan.Catalogue.Count, "catalogue file")}");
        }

        if (plan.Scan.Count > 0)
        {
            parts.Add($"scan {Figures.Count(plan.Scan.Count, "file")} ({Figures.Bytes(plan.Scan.Sum(file => (double)file.Size))}) and compute their dates");
        }

        if (plan.Move.Count > 0)
        {
            parts.Add($"move {Figures.Count(plan.Move.Count, "scanned file")}");
        }

        if (plan.Dates.Count > 0)
        {
            parts.Add($"compute {Figures.Count(plan.Dates.Count, "date")}");
        }

        Terminal.Line($"`{CommandLine.Name} run` will {string.Join(", ", parts)}.");
    }

    static void WriteFiles(string what, IReadOnlyList<PlannedFile> files)
    {
        if (files.Count > 0)
        {
            var table = Tables.Create(new(what), new("size", IsNumber: true), new("why", MayWrap: true));
            AddFiles(table, files);
            table.Show();
        }
    }

    static void AddFiles(Spectre.Console.Table table, IReadOnlyList<PlannedFile> files)
    {
        foreach (var file in files.Take(Shown))
        {
            table.Add(file.Path, Figures.Bytes(file.Size), file.Why);
        }

        AddRest(table, files.Count - Shown, "file");
    }

    static void AddRest(Spectre.Console.Table table, int rest, string what)
    {
        if (rest > 0)
        {
            table.Add([.. Enumerable.Repeat("", table.Columns.Count - 1).Prepend($"and {Figures.Count(rest, $"more {what}")} (--json lists all)")]);
        }
    }
}
