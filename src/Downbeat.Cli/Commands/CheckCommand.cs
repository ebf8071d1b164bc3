using System.CommandLine;
using Downbeat.Cli.Output;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Publish;

namespace Downbeat.Cli.Commands;

/// <summary><c>downbeat check</c>.</summary>
static class CheckCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var command = new Command(
            "check",
            "Connects to everything that is configured, and reads and writes there what a run would need to; leaves nothing behind. "
                + "Exits with 1 when something does not work."
        );
        var json = JsonOption.AddTo(command);
        var arguments = LakeArguments.AddTo(command);
        command.SetAction(parsed =>
        {
            using var lake = arguments.OpenWithDestinations(parsed);
            using var stop = new Stop();
            var lakeId = LakeFile.Read(lake.Lake).Id;
            var systems = new List<CheckedSystem> { new("lake", lake.Lake.Name, LakeProbe.Check(lake.Lake)) };
            systems.AddRange(
                lake.Destinations.Select(destination => new CheckedSystem(
                    destination.Name,
                    destination.Place,
                    destination.Check(lakeId, stop.Token)
                ))
            );
            if (lake.Source is { } source)
            {
                systems.Add(new("catalogue", source.Place, source.Check(stop.Token)));
            }

            if (parsed.GetValue(json))
            {
                CliJson.Write(systems, CliJson.Readable.IReadOnlyListCheckedSystem);
            }
            else
            {
                Write(systems);
            }

            return systems.TrueForAll(system => system.Works) ? ExitCode.Done : ExitCode.Failed;
        });
        return command;
    }

    static void Write(List<CheckedSystem> systems)
    {
        var table = new TextTable(
            new("system"),
            new("where", MayWrap: true),
            new("tried"),
            new("result", MayWrap: true)
        );
        foreach (var system in systems)
        {
            foreach (var finding in system.Findings)
            {
                table.Add(system.System, system.Place, finding.What, finding.Problem ?? "works");
            }
        }

        table.Show();
    }
}

/// <summary>A system, and what came out when it was tried.</summary>
sealed record CheckedSystem(string System, string Place, IReadOnlyList<Finding> Findings)
{
    /// <summary>Whether a run would find it as it needs it.</summary>
    public bool Works => Findings.All(finding => finding.Problem is null);
}
