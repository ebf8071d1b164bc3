using System.Text.Json;
using Downbeat.Testing;
using Downbeat.Testing.Servers;

namespace Downbeat.Cli.Tests.Commands;

/// <summary>Alerts as someone meets them who runs Downbeat by hand, by cron and by watch.</summary>
public sealed class AlertsTests : IDisposable
{
    readonly TemporaryFolder folder = new();
    readonly HttpStandIn http = new();
    readonly CliRunner cli;

    public AlertsTests()
    {
        cli = new(folder.Path);
        Assert.Equal(0, cli.Run("init", "lake").ExitCode);
        cli.Variables["DOWNBEAT_LAKE"] = "lake";
        cli.Variables["DOWNBEAT_ALERT_WEBHOOK"] = new Uri(http.Address, "hook").AbsoluteUri;
        cli.Variables["DOWNBEAT_WEBHOOK_SECRET"] = "a secret";
    }

    void Generate() =>
        Assert.Equal(
            0,
            cli.Run(
                "generate",
                "lake",
                "--listens",
                "100",
                "--users",
                "5",
                "--tracks",
                "5",
                "--genres",
                "2",
                "--files",
                "1",
                "--dirt-share",
                "0"
            ).ExitCode
        );

    public void Dispose()
    {
        http.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void ARunTellsAtItsEndAndWhatIsMendedIsOver()
    {
        Generate();
        Assert.Equal(0, Run("run"));
        Assert.Empty(http.Requests);
        folder.Write("lake/landing/streams/bad.csv", "a,b\n1,2\n");
        Assert.Equal(3, Run("run"));
        Assert.Equal(["[warning] 1 file was quarantined"], Told());
        Assert.Equal(0, Run("run"));
        Assert.Equal(0, Run("alerts", "check"));
        Assert.Empty(http.Requests);
        Assert.Contains("landing/streams/bad.csv", cli.Run("alerts", "list").Output, StringComparison.Ordinal);
        using (var json = JsonDocument.Parse(cli.Run("alerts", "list", "--json").Output))
        {
            Assert.Equal(1, json.RootElement.GetProperty("conditions").GetArrayLength());
        }

        // The command that the alert names.
        Assert.Equal(0, Run("quarantine", "retry", "--all"));
        File.Delete(Path.Combine(folder.Path, "lake/landing/streams/bad.csv"));
        Assert.Equal(0, Run("alerts", "check"));
        Assert.Equal(["[over] No file is in quarantine any more"], Told());
        Assert.Contains("all is as it should be", cli.Run("alerts", "list").Output, StringComparison.Ordinal);
    }

    [Fact]
    public void ARunThatFailsIsToldAndThatRunsSucceedAgain()
    {
        Generate();
        // Tables cannot be written where a file is in the way.
        var inTheWay = folder.Write("lake/kpis", "");
        Assert.Equal(1, Run("run"));
        Assert.Equal(["[error] A run failed"], Told());
        Assert.Equal(1, Run("run"));
        Assert.Empty(http.Requests);
        File.Delete(inTheWay);
        Assert.Equal(0, Run("run"));
        Assert.Equal(["[over] Runs succeed again"], Told());
    }

    [Theory]
    [InlineData(500, null)]
    [InlineData(429, "60")]
    public void AChannelThatIsDownFailsNoRunAndIsToldByALaterOne(int status, string? retryAfter)
    {
        Generate();
        http.Usual = (status, "not now", retryAfter);
        cli.Variables["DOWNBEAT_ALERT_NO_LISTENS"] = "off";
        folder.Write("lake/landing/streams/bad.csv", "a,b\n1,2\n");
        var result = cli.Run("run");
        Assert.Equal(3, result.ExitCode);
        Assert.Contains($"answered {status} (not now)", result.Error, StringComparison.Ordinal);
        http.Requests.Clear();
        http.Usual = (200, "ok", null);
        Assert.Equal(1, Run("alerts", "check")); // It is not tried yet, and has not worked since.
        Assert.Empty(http.Requests);
        var state = Path.Combine(folder.Path, "lake/alerts.json");
        File.WriteAllText(
            state,
            System.Text.RegularExpressions.Regex.Replace(
                File.ReadAllText(state),
                "\"retryAt\": \"[^\"]*\"",
                "\"retryAt\": \"2020-01-01T00:00:00Z\""
            )
        );
        Assert.Equal(0, Run("run"));
        Assert.Equal(["[warning] 1 file was quarantined"], Told());
    }

    [Fact]
    public void CronIsToldWhenNothingRuns()
    {
        Generate();
        Assert.Equal(0, Run("run"));
        cli.Variables["DOWNBEAT_ALERT_NO_LISTENS"] = "1s";
        Thread.Sleep(1100);
        Assert.Equal(0, Run("alerts", "check"));
        Assert.Equal(["[warning] Listens are old"], Told());
    }

    [Fact]
    public void ADestinationThatIsBehindForLongerIsToldWithoutAFailedRun()
    {
        Generate();
        Assert.Equal(0, Run("run"));
        cli.Variables["DOWNBEAT_REDIS"] = $"redis://127.0.0.1:{http.Address.Port}/0"; // It is none, and is not tried again.
        cli.Variables["DOWNBEAT_ALERT_BEHIND"] = "1s";
        Assert.Equal(1, Run("run"));
        Assert.Empty(http.Requests);
        Thread.Sleep(1100);
        Assert.Equal(1, Run("run"));
        Assert.Equal(["[error] redis is behind"], Told());
        cli.Variables.Remove("DOWNBEAT_REDIS");
        Assert.Equal(0, Run("alerts", "check"));
        Assert.Equal(["[over] redis has caught up"], Told());
    }

    [Fact]
    public void EveryChannelCanBeTried()
    {
        cli.Variables["DOWNBEAT_SLACK_URL"] = new Uri(http.Address, "services/SLACKSECRET").AbsoluteUri;
        cli.Variables["DOWNBEAT_PAGERDUTY_KEY"] = "PAGERSECRET";
        cli.Variables["DOWNBEAT_ALERT_PAGERDUTY"] = http.Address.AbsoluteUri;
        using var certificates = new TestCertificates();
        using var mail = new SmtpStandIn(certificates.Server) { Login = ("downbeat", "MAILSECRET") };
        cli.Variables["DOWNBEAT_ALERT_EMAIL"] = $"smtp://downbeat@127.0.0.1:{mail.Port}";
        cli.Variables["DOWNBEAT_ALERT_EMAIL_TO"] = "data@example.com";
        cli.Variables["DOWNBEAT_ALERT_EMAIL_CA"] = certificates.CaFile;
        cli.Variables["DOWNBEAT_SMTP_PASSWORD"] = "MAILSECRET";
        var all = cli.Run("alerts", "test");
        Assert.Equal((0, ""), (all.ExitCode, all.Error));
        Assert.Equal(4, all.Output.Split("took it").Length - 1);
        Assert.Single(mail.Mails);
        Assert.Equal(
            ["/hook", "/services/SLACKSECRET", "/v2/enqueue", "/v2/enqueue"],
            http.Requests.Select(request => request.Path).Order(StringComparer.Ordinal)
        );
        http.Usual = (403, "SLACKSECRET PAGERSECRET", null);
        cli.Variables["DOWNBEAT_SMTP_PASSWORD"] = "MAILSECRET2";
        var failed = cli.Run("alerts", "test", "--json");
        Assert.Equal(1, failed.ExitCode);
        Assert.DoesNotContain("PAGERSECRET\"", failed.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("MAILSECRET", failed.Output + failed.Error, StringComparison.Ordinal);
        Assert.Equal(2, Run("alerts", "test", "--channel", "pigeon"));
    }

    [Fact]
    public void AWrongSettingIsSaidAndNoSecretIsTold()
    {
        var usual = new Dictionary<string, string>(cli.Variables, StringComparer.Ordinal);
        foreach (
            var (variable, value, says) in ((string, string, string)[])
                [
                    ("DOWNBEAT_ALERT_RULES", "run loud", "rule 1 is not understood"),
                    ("DOWNBEAT_ALERT_RULES", "run: slack", "DOWNBEAT_SLACK_URL"),
                    ("DOWNBEAT_ALERT_EMAIL", "smtp://u:S3CRET@h", "DOWNBEAT_SMTP_PASSWORD"),
                    ("DOWNBEAT_ALERT_EMAIL", "smtp://h", "alertEmailTo"),
                    ("DOWNBEAT_ALERT_WEBHOOK", "http://S3CRET.example.com/", "http only to this machine"),
                    ("DOWNBEAT_SLACK_URL", "http://hooks.example.com/S3CRET", "DOWNBEAT_SLACK_URL"),
                    ("DOWNBEAT_WEBHOOK_SECRET", "whsec_S3CRET!", "base64"),
                    ("DOWNBEAT_ALERT_BEHIND", "soon", "a time like"),
                ]
        )
        {
            cli.Variables[variable] = value;
            var result = cli.Run("run");
            Assert.Equal(2, result.ExitCode);
            Assert.Contains(says, result.Error, StringComparison.Ordinal);
            Assert.DoesNotContain("S3CRET", result.Error, StringComparison.Ordinal);
            cli.Variables.Remove(variable);
            foreach (var (name, before) in usual)
            {
                cli.Variables[name] = before;
            }
        }
    }

    [Fact]
    public async Task WatchTellsBesideItsRuns()
    {
        Generate();
        using var watch = cli.Start("watch");
        var error = watch.StandardError.ReadToEndAsync();
        var output = watch.StandardOutput.ReadToEndAsync();
        try
        {
            http.Answers.Enqueue((0, "", null)); // The first hangs; runs go on meanwhile.
            folder.Write("lake/landing/streams/bad.csv", "a,b\n1,2\n");
            await UntilAsync(() => !http.Requests.IsEmpty);
            folder.Write(
                "lake/landing/streams/good.csv",
                "user_id,track_id,listen_time\n1,track,2024-06-25T00:00:00Z\n"
            );
            await UntilAsync(() => !File.Exists(Path.Combine(folder.Path, "lake/landing/streams/good.csv")));
            Assert.Single(http.Requests);
            await UntilAsync(() => http.Requests.Count >= 2);
            Assert.All(Told(), line => Assert.Equal("[warning] 1 file was quarantined", line));
            Shell.Run(folder.Path, $"kill -TERM {watch.Id}");
            await watch.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(30));
            Assert.Equal(0, watch.ExitCode);
        }
        finally
        {
            if (!watch.HasExited)
            {
                watch.Kill(entireProcessTree: true);
            }
        }

        Assert.DoesNotContain("Internal error", await error + await output, StringComparison.Ordinal);
    }

    static async Task UntilAsync(Func<bool> done)
    {
        for (var attempt = 0; attempt < 600 && !done(); attempt++)
        {
            await Task.Delay(100);
        }

        Assert.True(done());
    }

    int Run(params string[] arguments) => cli.Run(arguments).ExitCode;

    List<string> Told()
    {
        var subjects = new List<string>();
        while (http.Requests.TryDequeue(out var request))
        {
            using var json = JsonDocument.Parse(request.Body);
            subjects.Add(json.RootElement.GetProperty("data").GetProperty("subject").GetString()!);
        }

        return subjects;
    }
}
