using System.Net;
using Downbeat.Cli.Reports;
using Downbeat.Connectors.Folder;
using Downbeat.Connectors.PagerDuty;
using Downbeat.Connectors.Slack;
using Downbeat.Connectors.Smtp;
using Downbeat.Connectors.Webhook;
using Downbeat.Pipeline.Alerts;
using Downbeat.Pipeline.Landing;
using Downbeat.Pipeline.Publish;
using Downbeat.Pipeline.Schedule;
using Microsoft.Extensions.Logging;

namespace Downbeat.Cli.Settings;

/// <summary>Who is told when something is not as it should be, and of what.</summary>
sealed record AlertSettings
{
    const string DurationWords = "a time like 90s, 15m, 6h or 1d";
    const string DurationOrOffWords = $"{DurationWords}, or off";
    const string AddressWords = "an address like https://example.com/hook, without a user; http only to this machine";

    static readonly string[] Channels = ["email", "slack", "pagerduty", "webhook"];

    /// <summary>What people are told of, and when.</summary>
    public AlertOptions Options { get; init; } = new();

    SmtpOptions? Server { get; init; }

    string? From { get; init; }

    string[] To { get; init; } = [];

    bool EmailTls { get; init; } = true;

    string? EmailCa { get; init; }

    bool EmailReport { get; init; }

    Uri PagerDuty { get; init; } = PagerDutyChannel.Usual;

    Uri? Webhook { get; init; }

    /// <summary>The settings.</summary>
    public static IReadOnlyList<Setting> All { get; } =
    [
        Of(
            "alertEmail",
            $"an address like smtp://user@mail.example.com:587, or smtps://… for TLS from the start, without a password, which {SmtpOptions.PasswordVariable} holds",
            "The mail server that sends alerts; without it there is no e-mail.",
            (alerts, text) => alerts with { Server = SmtpOptions.Parse(text) }
        ),
        Of(
            "alertEmailTo",
            "addresses like data@example.com, with commas between them",
            "Whom alerts are mailed to.",
            (alerts, text) =>
                text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) is [_, ..] to
                && to.All(SmtpOptions.IsAddress)
                    ? alerts with
                    {
                        To = to,
                    }
                    : null
        ),
        Of(
            "alertEmailFrom",
            "an address like downbeat@example.com",
            "Whom alerts are mailed from; the first of alertEmailTo if nobody says.",
            (alerts, text) => SmtpOptions.IsAddress(text) ? alerts with { From = text } : null
        ),
        Setting.Switch(
            "alertEmailTls",
            "Whether the mail server is spoken to by TLS; false is for one of this machine, where nobody logs in.",
            settings => settings.Alerts.EmailTls,
            (settings, value) => settings with { Alerts = settings.Alerts with { EmailTls = value } }
        ),
        Of(
            "alertEmailCa",
            "a file in PEM",
            "Who signed the mail server's certificate, if it is no authority that the system knows.",
            (alerts, file) => alerts with { EmailCa = file }
        ),
        Setting.Switch(
            "alertEmailReport",
            "Whether an e-mail about a date that is held back has the date's report with it.",
            settings => settings.Alerts.EmailReport,
            (settings, value) => settings with { Alerts = settings.Alerts with { EmailReport = value } }
        ),
        Of(
            "alertPagerduty",
            AddressWords,
            $"The server of PagerDuty's events, https://events.eu.pagerduty.com for accounts in Europe. {PagerDutyChannel.Variable} holds the key, and turns it on.",
            (alerts, text) => Address(text) is { } server ? alerts with { PagerDuty = server } : null
        ) with
        {
            Default = "https://events.pagerduty.com",
        },
        Of(
            "alertWebhook",
            AddressWords,
            $"An address that takes alerts as CloudEvents, signed where {WebhookChannel.Variable} holds a secret.",
            (alerts, text) => Address(text) is { } address ? alerts with { Webhook = address } : null
        ),
        Of(
            "alertRules",
            "rules like: quarantine error; freshness off; critical: pagerduty slack",
            "How much each condition matters, and which channels are told of it.",
            (alerts, text) => alerts with { Options = alerts.Options with { Rules = AlertRules.Parse(text, Channels) } }
        ),
        Duration(
            "alertBehind",
            "How long a destination may be behind before people are told.",
            options => options.BehindFor,
            (options, time) => options with { BehindFor = time }
        ),
        DurationOrOff(
            "alertNoListens",
            "For how long no new listens may come before people are told.",
            options => options.NoListensFor,
            (options, time) => options with { NoListensFor = time }
        ),
        DurationOrOff(
            "alertNewestDate",
            "How long ago the newest date may have ended before people are told.",
            options => options.NewestDateFor,
            (options, time) => options with { NewestDateFor = time }
        ),
        Duration(
            "alertLease",
            "How long a run may take before people are told.",
            options => options.LeaseFor,
            (options, time) => options with { LeaseFor = time }
        ),
        DurationOrOff(
            "alertReminder",
            "After how long people are reminded of what is still as it should not be.",
            options => options.Reminder,
            (options, time) => options with { Reminder = time }
        ),
    ];

    /// <summary>What tells people; nothing is connected to before there is something to tell.</summary>
    /// <exception cref="UsageException">Settings or secrets that go together do not.</exception>
    public Alerting Open(ILake lake, IReadOnlyList<IDestination> destinations, ILogger logger)
    {
        var channels = new List<IAlertChannel>();
        if (Server is { } server)
        {
            channels.Add(Email(server, lake, logger));
        }

        if (Secret(SlackChannel.Variable) is { } slack)
        {
            channels.Add(
                new SlackChannel(
                    Address(slack)
                        ?? throw new UsageException(
                            $"{SlackChannel.Variable} is no address of a webhook, like https://hooks.slack.com/services/…"
                        )
                )
            );
        }

        if (Secret(PagerDutyChannel.Variable) is { } key)
        {
            channels.Add(new PagerDutyChannel(PagerDuty, key));
        }

        if (Webhook is { } webhook)
        {
            try
            {
                channels.Add(new WebhookChannel(webhook, Secret(WebhookChannel.Variable), TimeProvider.System));
            }
            catch (FormatException)
            {
                throw new UsageException(
                    $"{WebhookChannel.Variable} begins with whsec_, and what follows is no base64."
                );
            }
        }

        if (
            Options.Rules.Channels.FirstOrDefault(name => channels.TrueForAll(channel => channel.Name != name)) is
            { } missing
        )
        {
            throw new UsageException(
                $"alertRules names {missing}, and there is none: {missing switch
                {
                    "slack" => $"set the variable {SlackChannel.Variable}",
                    "pagerduty" => $"set the variable {PagerDutyChannel.Variable}",
                    "webhook" => "name it with the setting alertWebhook",
                    _ => "name its server with the setting alertEmail",
                }}."
            );
        }

        return new(
            // A run deletes its scratch when it ends, and alerts may be written just then.
            lake is FolderLake
                ? new FolderLake(lake.Name)
                : lake,
            Options with
            {
                Place = lake is FolderLake ? Path.GetFullPath(lake.Name) : lake.Name,
            },
            channels,
            [.. destinations.Select(destination => (destination.Name, destination.Place))],
            TimeProvider.System,
            logger
        );
    }

    SmtpChannel Email(SmtpOptions server, ILake lake, ILogger logger)
    {
        if (To.Length == 0)
        {
            throw new UsageException("alertEmail names a mail server, and alertEmailTo nobody to write to.");
        }

        if (!EmailTls && server.User is not null)
        {
            throw new UsageException(
                "alertEmail names a user, and alertEmailTls is false: a password is not sent where others can read it."
            );
        }

        return new(
            server with
            {
                From = From ?? To[0],
                To = To,
                HasTls = EmailTls,
                Ca = EmailCa,
            },
            Secret(SmtpOptions.PasswordVariable),
            logger
        )
        {
            Attach = message => EmailReport ? ReportMails.OfHeldDates(lake, message, logger) : [],
        };
    }

    static string? Secret(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } secret ? secret : null;

    static Uri? Address(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri)
        && uri.UserInfo.Length == 0
        && (
            uri.Scheme == "https"
            || (
                uri.Scheme == "http"
                && (uri.IsLoopback || (IPAddress.TryParse(uri.Host, out var ip) && IPAddress.IsLoopback(ip)))
            )
        )
            ? uri
            : null;

    static Setting Duration(
        string name,
        string help,
        Func<AlertOptions, TimeSpan> get,
        Func<AlertOptions, TimeSpan, AlertOptions> set
    ) =>
        Of(
            name,
            DurationWords,
            help,
            (alerts, text) =>
                Durations.TryParse(text, out var time) ? alerts with { Options = set(alerts.Options, time) } : null
        ) with
        {
            Default = Durations.Text(get(new())),
        };

    static Setting DurationOrOff(
        string name,
        string help,
        Func<AlertOptions, TimeSpan?> get,
        Func<AlertOptions, TimeSpan?, AlertOptions> set
    ) =>
        Of(
            name,
            DurationOrOffWords,
            help,
            (alerts, text) =>
                text == "off" ? alerts with { Options = set(alerts.Options, null) }
                : Durations.TryParse(text, out var time) ? alerts with { Options = set(alerts.Options, time) }
                : null
        ) with
        {
            Default = get(new()) is { } usual ? Durations.Text(usual) : "off",
        };

    static Setting Of(string name, string allowed, string help, Func<AlertSettings, string, AlertSettings?> set) =>
        Setting.OfSystem(
            name,
            allowed,
            help,
            (settings, text) => set(settings.Alerts, text) is { } alerts ? settings with { Alerts = alerts } : null
        );
}
