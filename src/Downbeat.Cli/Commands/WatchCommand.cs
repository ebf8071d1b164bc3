using System.CommandLine;
using System.Globalization;
using System.Net;
using Downbeat.Cli.Output;
using Downbeat.Cli.Reports;
using Downbeat.Cli.Settings;
using Downbeat.Cli.Telemetry;
using Downbeat.Pipeline.Alerts;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Schedule;

namespace Downbeat.Cli.Commands;

/// <summary><c>downbeat watch</c>.</summary>
static class WatchCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var command = new Command(
            "watch",
            "Keeps a lake current until it is stopped: runs as files land, or at the times it is told. What fails is tried again, "
                + "and told once. Example: downbeat watch --cron \"0 5 * * *\" --health 8080"
        );
        var every = new Option<string?>("--every")
        {
            HelpName = "TIME",
            Description = "Run every so often, like 90s, 15m, 6h or 1d, in place of when files land.",
        };
        var cron = new Option<string?>("--cron")
        {
            HelpName = "TIMES",
            Description =
                "Run at the times of a cron expression (minute, hour, day of month, month, day of week), or @hourly, @daily, @weekly. "
                + "A time that was missed is made up once.",
        };
        var zone = new Option<string?>("--time-zone")
        {
            HelpName = "ZONE",
            Description = "The time zone of --cron. [default: that of the lake]",
        };
        var poll = new Option<string?>("--poll")
        {
            HelpName = "TIME",
            Description =
                "How often the landing area is listed where the lake does not tell of files that land. [default: 15s]",
        };
        var health = new Option<string?>("--health")
        {
            HelpName = "PORT",
            Description =
                "Answer /healthz and /readyz on this port of this machine alone; ADDRESS:PORT for another address, *:PORT for all.",
        };
        command.Add(every);
        command.Add(cron);
        command.Add(zone);
        command.Add(poll);
        command.Add(health);
        var arguments = LakeArguments.AddWithSettingsTo(command);
        command.SetAction(parsed =>
        {
            var console = new ConsoleLogger();
            var (connectors, runs) = (new OnceLogger(console, ignoresNumbers: true), new OnceLogger(console));
            using var lake = arguments.OpenWithDestinations(parsed, connectors, isWatched: true);
            if (lake is { ReportAt: not null, Mail: null })
            {
                throw new UsageException(
                    "reportAt says when a report is mailed, and nobody is named to mail to; the settings alertEmail and alertEmailTo do (docs/alerts.md)."
                );
            }

            var options = new WatchOptions
            {
                Timetable = Times(
                    parsed.GetValue(every),
                    parsed.GetValue(cron),
                    parsed.GetValue(zone),
                    LakeFile.Read(lake.Lake)
                ),
                Poll = parsed.GetValue(poll) is { } often ? Duration("--poll", often) : new WatchOptions().Poll,
                SettleSeconds = lake.Options.SettleSeconds,
                HasLandedCatalogue = lake.Source is null,
                Destinations = [.. lake.Destinations.Select(destination => destination.Name)],
            };
            return Run(
                lake,
                options,
                parsed.GetValue(health) is { } at ? Address(at) : null,
                console,
                connectors,
                runs
            );
        });
        return command;
    }

    static int Run(
        LakeInUse lake,
        WatchOptions options,
        IPEndPoint? health,
        ConsoleLogger console,
        OnceLogger connectors,
        OnceLogger runs
    )
    {
        using var stop = new Stop();
        using var telemetry = TelemetryExport.StartIfAsked(
            console,
            () => TelemetryExport.PatienceWhenStopped(stop.Elapsed)
        );
        Watch? self = null;
        using var alerts =
            lake.Alerts.Channels.Count > 0
                ? new AlertWatch(lake.Alerts, lake.Options.LeaseStore, TimeProvider.System, AlertWatch.Usual)
                : null;
        using var watch = new Watch(
            lake.Lake,
            options,
            (request, cancellationToken) =>
                lake.Reconciliation(self!.Health, runs, alerts is null ? null : alerts.EndRun)
                    .Run(request, cancellationToken),
            TimeProvider.System,
            console,
            connectors,
            runs
        );
        self = watch;
        using var reports = lake is { ReportAt: { } at, Mail: { } mail }
            ? ReportMails.Begin(
                lake.Lake,
                Timetable.Cron(at, TimeZoneInfo.FindSystemTimeZoneById(LakeFile.Read(lake.Lake).FindZone().Id)),
                mail,
                console
            )
            : null;
        using var endpoint = health is null ? null : new HealthEndpoint(health, () => watch.Health.State);
        if (!watch.RunAsync(stop.Token).GetAwaiter().GetResult())
        {
            telemetry?.Dispose();
            Environment.Exit(ExitCode.Done); // The run that was abandoned has threads that would keep the process.
        }

        return ExitCode.Done;
    }

    static Timetable? Times(string? every, string? cron, string? zone, LakeFile lake)
    {
        if (every is not null && cron is not null)
        {
            throw new UsageException("--every and --cron exclude each other: give one of them.");
        }

        if (zone is not null && cron is null)
        {
            throw new UsageException("--time-zone goes with --cron.");
        }

        if (every is not null)
        {
            return every.StartsWith('@') ? Cron(every, zone, lake) : Timetable.Every(Duration("--every", every));
        }

        return cron is null ? null : Cron(cron, zone, lake);
    }

    static Timetable Cron(string cron, string? zone, LakeFile lake)
    {
        try
        {
            var found = zone is null ? lake.FindZone() : InitCommand.FindZone(zone);
            return Timetable.Cron(cron, TimeZoneInfo.FindSystemTimeZoneById(found.Id));
        }
        catch (FormatException error)
        {
            throw new UsageException(
                $"--cron: {cron} gives no times: {error.Message}. Write it like \"0 5 * * *\" or @daily."
            );
        }
    }

    static TimeSpan Duration(string option, string text) =>
        Durations.TryParse(text, out var duration)
            ? duration
            : throw new UsageException(
                $"{option}: {(text.Length == 0 ? "nothing" : text)} is no time; it is written like 90s, 15m, 6h or 1d."
            );

    /// <summary>Only this machine itself is answered unless it is said otherwise.</summary>
    static IPEndPoint Address(string text)
    {
        var colon = text.LastIndexOf(':');
        var host = colon < 0 ? "" : text[..colon].Trim('[', ']');
        var address =
            host.Length == 0 || host == "localhost" ? IPAddress.Loopback
            : host == "*" ? IPAddress.Any
            : IPAddress.TryParse(host, out var given) ? given
            : null;
        return
            address is not null
            && int.TryParse(text[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            && port is >= 1 and <= 65_535
            ? new(address, port)
            : throw new UsageException(
                $"--health: {(text.Length == 0 ? "nothing" : text)} is no port; give one like 8080, or 0.0.0.0:8080 for all addresses."
            );
    }
}
