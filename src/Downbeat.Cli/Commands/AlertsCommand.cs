using System.CommandLine;
using Downbeat.Cli.Output;
using Downbeat.Cli.Settings;
using Downbeat.Pipeline.Alerts;
using Downbeat.Pipeline.Ledger;

namespace Downbeat.Cli.Commands;

/// <summary><c>downbeat alerts</c>.</summary>
static class AlertsCommand
{
    /// <summary>Makes the command and those below it.</summary>
    public static Command Create()
    {
        var command = new Command(
            "alerts",
            "Lists what is not as it should be, looks for it, and tries how people are told."
        );
        command.Add(
            CreateOn(
                "list",
                "Lists what is not as it should be as far as it was found out, and who was told.",
                (lake, _) => lake.Alerts.Read()
            )
        );
        command.Add(
            CreateOn(
                "check",
                "Looks at the lake and its destinations, and tells people what is new; for cron, where nothing may run for a while. "
                    + "Exits with 1 when a channel does not take what it is told.",
                (lake, stop) =>
                    lake.Alerts.Update(
                        AlertFacts.OfLake(
                            lake.Lake,
                            lake.Destinations,
                            lake.Options.LeaseStore,
                            lake.Alerts.Options,
                            TimeProvider.System,
                            stop
                        ),
                        stop
                    )
            )
        );
        command.Add(CreateTest());
        return command;
    }

    static Command CreateOn(string name, string help, Func<LakeInUse, CancellationToken, AlertsFile> find)
    {
        var command = new Command(name, help);
        var json = JsonOption.AddTo(command);
        var arguments = LakeArguments.AddTo(command);
        command.SetAction(parsed =>
        {
            using var lake = arguments.OpenWithDestinations(parsed);
            using var stop = new Stop();
            var alerts = find(lake, stop.Token);
            if (parsed.GetValue(json))
            {
                CliJson.Write(alerts, LakeJson.Readable.AlertsFile);
            }
            else
            {
                Write(alerts, lake.Alerts);
            }

            return name == "check" && lake.Alerts.Channels.Any(channel => Problem(alerts, channel.Name) is not null)
                ? ExitCode.Failed
                : ExitCode.Done;
        });
        return command;
    }

    static Command CreateTest()
    {
        var command = new Command(
            "test",
            "Sends a message to every channel that is configured, or to one. Exits with 1 when one is not taken."
        );
        var channel = new Option<string?>("--channel")
        {
            HelpName = "NAME",
            Description = "The only channel: email, slack, pagerduty or webhook.",
        };
        command.Add(channel);
        var json = JsonOption.AddTo(command);
        var arguments = LakeArguments.AddTo(command);
        command.SetAction(parsed =>
        {
            using var lake = arguments.OpenWithDestinations(parsed);
            using var stop = new Stop();
            var name = parsed.GetValue(channel);
            var channels = lake.Alerts.Channels.Where(one => name is null || one.Name == name).ToList();
            if (channels.Count == 0)
            {
                throw new UsageException(
                    name is null
                        ? "no channel is configured; docs/alerts.md says how."
                        : $"--channel: {name} is not configured; {(lake.Alerts.Channels.Count == 0 ? "no channel is" : $"there is {string.Join(", ", lake.Alerts.Channels.Select(one => one.Name))}")}."
                );
            }

            var tried = channels.ConvertAll(one => new TriedChannel(
                one.Name,
                one.Place,
                lake.Alerts.Test(one, stop.Token)
            ));
            if (parsed.GetValue(json))
            {
                CliJson.Write(tried, CliJson.Readable.IReadOnlyListTriedChannel);
            }
            else
            {
                var table = new TextTable(new("channel"), new("where", MayWrap: true), new("result", MayWrap: true));
                foreach (var one in tried)
                {
                    table.Add(one.Channel, one.Place, one.Problem ?? "took it");
                }

                table.Show();
            }

            return tried.TrueForAll(one => one.Problem is null) ? ExitCode.Done : ExitCode.Failed;
        });
        return command;
    }

    static void Write(AlertsFile alerts, Alerting alerting)
    {
        var now = TimeProvider.System.GetUtcNow();
        var open = alerts.Conditions.FindAll(one => one.Over is null);
        if (open.Count == 0)
        {
            Terminal.Line("all is as it should be, as far as was found out");
        }
        else
        {
            var table = new TextTable(
                new("condition"),
                new("severity"),
                new("what", MayWrap: true),
                new("since"),
                new("told"),
                new("cause", MayWrap: true)
            );
            foreach (var one in open)
            {
                table.Add(
                    AlertRules.NameOf(one.Condition.Kind),
                    alerting.Options.Rules.SeverityOf(one.Condition.Kind) is { } severity
                        ? AlertRules.NameOf(severity)
                        : "off",
                    one.Condition.What,
                    Figures.Ago(one.Condition.Since, now),
                    string.Join(
                        ", ",
                        alerts
                            .Channels.Where(channel => channel.Value.Told.ContainsKey(one.Condition.Key))
                            .Select(channel => channel.Key)
                    ),
                    one.Condition.Cause
                );
            }

            table.Show();
        }

        if (alerting.Channels.Count == 0)
        {
            Terminal.Line("nobody is told: no channel is configured");
        }

        foreach (var channel in alerting.Channels)
        {
            if (Problem(alerts, channel.Name) is { } problem)
            {
                Terminal.Line(SafeText.Of($"{channel.Name} fails: {problem}"));
            }
        }
    }

    static string? Problem(AlertsFile alerts, string channel) => alerts.Channels.GetValueOrDefault(channel)?.Problem;
}

/// <summary>A channel, and what came out when it was tried.</summary>
sealed record TriedChannel(string Channel, string Place, string? Problem);
