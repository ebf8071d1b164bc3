using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Downbeat.Connectors.PagerDuty;
using Downbeat.Connectors.Slack;
using Downbeat.Connectors.Smtp;
using Downbeat.Connectors.Webhook;
using Downbeat.Pipeline.Alerts;
using Downbeat.Pipeline.Ledger;
using Downbeat.Pipeline.Runs;
using Downbeat.Testing;
using Downbeat.Testing.Servers;

namespace Downbeat.Connectors.Tests.Alerts;

/// <summary>docs/alerts.md shows every text as it is sent: through the channels, as servers on this machine got it.</summary>
public sealed class AlertDocsTests : IDisposable
{
    const string Begin = "<!-- Made by AlertDocsTests; DOWNBEAT_TEST_WRITE_DOCS=1 writes it again. -->\n";
    const string End = "<!-- The end of what is made. -->\n";

    static readonly DateTimeOffset Now = ExampleAlerts.Now;
    static readonly string Page = Path.Combine(Repository.Folder, "docs", "alerts.md");
    static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    readonly SmtpStandIn mail = new();
    readonly HttpStandIn http = new();
    readonly AlertOptions options = new()
    {
        Place = "/data/lake",
        NewestDateFor = TimeSpan.FromDays(2),
        Reminder = TimeSpan.FromDays(1),
    };

    public void Dispose()
    {
        mail.Dispose();
        http.Dispose();
    }

    [Fact]
    public async Task ThePageShowsWhatIsSent()
    {
        var texts = new StringBuilder();
        foreach (var (title, conditions) in Conditions())
        {
            texts.Append(CultureInfo.InvariantCulture, $"### {title}\n\n");
            await AddAsync(texts, conditions);
        }

        var all = Conditions().SelectMany(one => one.Conditions).ToArray();
        texts.Append("### Several at once\n\n");
        var file = Apply(new(), [all[0], all[1], .. MoreFiles()], Now);
        var several = Message(file, Now);
        texts.Append(await MailAsync(several, isWhole: true));

        texts.Append("### The same in Slack\n\n");
        using (var slack = new SlackChannel(new(http.Address, "services/T00000000/B00000000/secret")))
        {
            texts.Append(await PostedAsync(slack, several));
        }

        texts.Append(
            "### The same in PagerDuty\n\nAn event a kind of condition; when the last condition of the kind is over, that it is resolved.\n\n"
        );
        using (var pagerDuty = new PagerDutyChannel(http.Address, "the-integration-key"))
        {
            texts.Append(await PostedAsync(pagerDuty, several));
            file.Note("email", several);
            texts.Append(await PostedAsync(pagerDuty, Message(Apply(file, [], Now.AddHours(1)), Now.AddHours(1))));
        }

        texts.Append("### The same as a CloudEvent\n\n");
        using (var webhook = new WebhookChannel(new(http.Address, "hook"), "the secret", new Standing()))
        {
            texts.Append(await PostedAsync(webhook, several));
        }

        texts.Append("### `downbeat alerts test`\n\n");
        texts.Append(
            await MailAsync(
                several with
                {
                    Id = new('0', 32),
                    News = [AlertTexts.Test(Now, "/data/lake")],
                },
                isWhole: true
            )
        );

        var page = await File.ReadAllTextAsync(Page);
        var (from, until) = (
            page.IndexOf(Begin, StringComparison.Ordinal),
            page.IndexOf(End, StringComparison.Ordinal)
        );
        var made = $"{page[..(from + Begin.Length)]}\n{texts}{page[until..]}";
        if (Environment.GetEnvironmentVariable("DOWNBEAT_TEST_WRITE_DOCS") == "1")
        {
            await File.WriteAllTextAsync(Page, made);
        }

        Assert.Equal(made, page, ignoreLineEndingDifferences: true);
    }

    static IEnumerable<(string Title, AlertCondition[] Conditions)> Conditions()
    {
        var record = new RunRecord
        {
            Id = "20261121T045812Z-k3vp",
            Lake = "/data/lake",
            Version = "1",
            Host = "kpi-1",
            ProcessId = 4711,
            Started = Now.AddMinutes(-2),
            Ended = Now.AddMinutes(-1),
            Outcome = RunOutcome.Failed,
            Errors =
            [
                "2026-11-20 was not computed; the next run tries again: No space left on device: /data has 0 bytes left",
            ],
        };
        yield return ("A run failed", OfRun(new(record, null, null)));
        yield return (
            "A file was quarantined",
            OfRun(
                new(
                    record with
                    {
                        Outcome = RunOutcome.Done,
                        Errors = [],
                    },
                    State(
                        (
                            "landing/streams/new-app.csv",
                            "the header has no column listen_time; it reads user_id,track_id,played_at"
                        )
                    ),
                    null
                )
            )
        );
        yield return (
            "A date is held back",
            [AlertFacts.Held(new(new(2026, 11, 20), Now.AddMinutes(-3), "duplicate_share 41 % above 20 %"))]
        );
        yield return (
            "A destination is behind",
            [
                AlertFacts.Behind(
                    "redshift",
                    "analytics on kpi.example.com:5439, schema downbeat",
                    "redshift did not take 2026-11-20: No answer in 30 s. The run will try again.",
                    Now.AddMinutes(-65)
                ),
            ]
        );
        yield return (
            "Listens are old",
            [
                .. AlertFacts.Fresh(
                    new(Now.AddHours(-37), new(2026, 11, 18), new(2026, 11, 19, 0, 0, 0, TimeSpan.Zero)),
                    new() { NewestDateFor = TimeSpan.FromDays(2) },
                    Now,
                    0
                ),
            ]
        );
        yield return (
            "The lease is stuck",
            [.. AlertFacts.LeaseConditions(new("20261120T220004Z-m2xd", "kpi-1", 4711, Now, Now, ""), new(), Now)]
        );
    }

    static AlertCondition[] MoreFiles() =>
        OfRun(
            new(
                null,
                State([
                    .. Enumerable
                        .Range(1, 14)
                        .Select(number => ($"landing/streams/part-{number:00}.csv", "it is cut off after 1,204 bytes")),
                ]),
                new OperationCanceledException()
            )
        );

    static AlertCondition[] OfRun(RunEnd end) =>
        [
            .. AlertFacts
                .OfRun(
                    end,
                    [],
                    new()
                    {
                        Format = 2,
                        Id = "",
                        TimeZone = "UTC",
                        Created = Now,
                    },
                    new(),
                    Now
                )
                .Conditions,
        ];

    static LakeState State(params (string File, string Detail)[] files)
    {
        var state = new LakeState();
        foreach (var (number, (name, detail)) in files.Index())
        {
            var id = $"9f2c41d07a5be8{files.Length:00}{number:x8}";
            state.Sources[id] = new()
            {
                Entry = new()
                {
                    Id = id,
                    Key = name,
                    Size = 1,
                    Arrived = Now,
                    Hash = "",
                    Fault = "missing_column",
                    FaultDetail = detail,
                },
                ScannedAt = Now.AddMinutes(-1),
            };
        }

        return state;
    }

    static AlertsFile Apply(AlertsFile file, AlertCondition[] conditions, DateTimeOffset now)
    {
        file.Apply(new() { Conditions = conditions, Knows = _ => true }, now);
        return file;
    }

    AlertMessage Message(AlertsFile file, DateTimeOffset now) =>
        file.FindMessage("email", "00112233445566778899aabbccddeeff", "kpi-1", options, now)!;

    /// <summary>What is told when conditions begin, go on, and end.</summary>
    async Task AddAsync(StringBuilder texts, AlertCondition[] conditions)
    {
        var file = Apply(new(), conditions, Now);
        var raised = Message(file, Now);
        texts.Append(await MailAsync(raised, isWhole: false));
        file.Note("email", raised);
        var reminder = Message(Apply(file, conditions, Now.AddDays(1)), Now.AddDays(1));
        texts.Append(await MailAsync(reminder, isWhole: false));
        file.Note("email", reminder);
        texts.Append(
            await MailAsync(
                Message(Apply(file, [], Now.AddDays(1).AddHours(2)), Now.AddDays(1).AddHours(2)),
                isWhole: false
            )
        );
    }

    async Task<string> MailAsync(AlertMessage message, bool isWhole)
    {
        using var channel = new SmtpChannel(
            new()
            {
                Host = "127.0.0.1",
                Port = mail.Port,
                HasTls = false,
                From = "downbeat@example.com",
                To = ["data@example.com"],
            },
            null,
            new LinesLogger()
        );
        await channel.SendAsync(message, default);
        Assert.True(mail.Mails.TryDequeue(out var taken));
        var head = new StringBuilder();
        foreach (var name in isWhole ? (string[])["From", "To", "Subject", "Date", "Message-ID"] : [])
        {
            head.Append(CultureInfo.InvariantCulture, $"{name}: {taken.Header(name)}\n");
        }

        return $"```\n{head}{(isWhole ? "\n" : "")}{taken.Text()}```\n\n";
    }

    async Task<string> PostedAsync(IAlertChannel channel, AlertMessage message)
    {
        await channel.SendAsync(message, default);
        var text = new StringBuilder();
        while (http.Requests.TryDequeue(out var request))
        {
            using var json = JsonDocument.Parse(request.Body);
            text.Append("```\n").Append(CultureInfo.InvariantCulture, $"POST {request.Path}\n");
            foreach (
                var (name, value) in request.Headers.Where(header =>
                    header.Key.StartsWith("Content-Type", StringComparison.OrdinalIgnoreCase)
                    || header.Key.StartsWith("webhook-", StringComparison.OrdinalIgnoreCase)
                )
            )
            {
                text.Append(CultureInfo.InvariantCulture, $"{name}: {value}\n");
            }

            text.Append(
                CultureInfo.InvariantCulture,
                $"\n{JsonSerializer.Serialize(json.RootElement, Indented)}\n```\n\n"
            );
        }

        return text.ToString();
    }

    sealed class Standing : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => Now;
    }
}
