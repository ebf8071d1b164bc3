using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Downbeat.Testing;

namespace Downbeat.Cli.Tests;

/// <summary>No secret is told or written by any command: when nobody answers, when somebody answers nonsense, and when settings are wrong.</summary>
public sealed class SecretTests : IDisposable
{
    readonly TemporaryFolder folder = new();
    readonly TemporaryFolder outside = new();
    readonly MarkedSecrets secrets = new();
    readonly TcpListener nonsense = new(IPAddress.Loopback, 0);
    readonly CliRunner cli;
    int commands;

    public SecretTests()
    {
        cli = new(folder.Path);
        cli.Variables["TMPDIR"] = folder.Path;
        foreach (
            var name in (string[])
                [
                    "AWS_ACCESS_KEY_ID",
                    "AWS_SECRET_ACCESS_KEY",
                    "AWS_SESSION_TOKEN",
                    "DOWNBEAT_POSTGRES_PASSWORD",
                    "DOWNBEAT_REDSHIFT_PASSWORD",
                    "DOWNBEAT_CATALOGUE_PASSWORD",
                    "DOWNBEAT_REDIS_PASSWORD",
                    "DOWNBEAT_SMTP_PASSWORD",
                    "DOWNBEAT_PAGERDUTY_KEY",
                    "DOWNBEAT_WEBHOOK_SECRET",
                    "PGPASSWORD",
                ]
        )
        {
            cli.Variables[name] = secrets.New(name);
        }

        cli.Variables["PGPASSFILE"] = outside.Write("pgpass", $"*:*:*:*:{secrets.New("PGPASSFILE")}\n");
        cli.Variables["DOWNBEAT_DEBUG"] = "1"; // Tells most.
        nonsense.Start();
        _ = AnswerAsync();
    }

    public void Dispose()
    {
        nonsense.Dispose();
        folder.Dispose();
        outside.Dispose();
    }

    [Fact]
    public void NoCommandTellsASecret()
    {
        Run(0, "init", "lake");
        Run(
            0,
            "generate",
            "lake",
            "--listens",
            "200",
            "--users",
            "5",
            "--tracks",
            "5",
            "--genres",
            "2",
            "--files",
            "1",
            "--dirt-share",
            "0.2"
        );
        cli.Variables["DOWNBEAT_LAKE"] = "lake";
        cli.Variables["DOWNBEAT_MAX_REJECTED_SHARE"] = "1";
        Run(0, "run");

        // Something answers, and not what was asked: that is not tried again.
        Use(((IPEndPoint)nonsense.LocalEndpoint).Port);
        Run(1, "check");
        TryAlerts();
        Run(null, "status", "--json");
        Run(1, "run", "--json");

        // Nobody answers.
        Use(1);
        Run(1, "check", "--json");
        TryAlerts("--json");

        foreach (
            var name in cli
                .Variables.Keys.Where(name =>
                    name
                        is "DOWNBEAT_POSTGRES"
                            or "DOWNBEAT_REDSHIFT"
                            or "DOWNBEAT_REDSHIFT_STAGING"
                            or "DOWNBEAT_CATALOGUE"
                            or "DOWNBEAT_REDIS"
                            or "DOWNBEAT_DYNAMODB_ENDPOINT"
                            or "DOWNBEAT_DYNAMODB"
                )
                .ToList()
        )
        {
            cli.Variables.Remove(name);
        }

        Run(0, "status");
        Run(0, "version");
        Run(0, "quarantine", "list");
        Run(0, "quarantine", "list", "--json");
        Run(0, "query", "SELECT * FROM daily");

        // A secret where it does not belong is not repeated.
        var inAddress = secrets.New("a password in an address");
        foreach (
            var (flag, address) in ((string, string)[])
                [
                    ("DOWNBEAT_POSTGRES", $"postgresql://u:{inAddress}@127.0.0.1:1/db"),
                    ("DOWNBEAT_POSTGRES", $"postgresql://u:{Uri.EscapeDataString(inAddress)}@127.0.0.1:1/db"),
                    ("DOWNBEAT_POSTGRES", $"postgresql://u@127.0.0.1:1/db?password={inAddress}"),
                    ("DOWNBEAT_REDSHIFT", $"postgresql://u:{Uri.EscapeDataString(inAddress)}@127.0.0.1:1/db"),
                    ("DOWNBEAT_CATALOGUE", $"postgresql://u:{Uri.EscapeDataString(inAddress)}@127.0.0.1:1/db"),
                    ("DOWNBEAT_REDIS", $"redis://u:{Uri.EscapeDataString(inAddress)}@127.0.0.1:1"),
                    ("DOWNBEAT_REDIS", $"127.0.0.1:1,password={inAddress}"),
                    ("DOWNBEAT_S3_ENDPOINT", $"http://u:{Uri.EscapeDataString(inAddress)}@127.0.0.1:1"),
                    ("DOWNBEAT_DYNAMODB_ENDPOINT", $"http://u:{Uri.EscapeDataString(inAddress)}@127.0.0.1:1"),
                ]
        )
        {
            cli.Variables[flag] = address;
            Run(null, "status");
            cli.Variables.Remove(flag);
        }

        // Nor where nobody looks for one.
        cli.Variables["DOWNBEAT_POSTGRES_PASWORD"] = secrets.New("a misspelt variable");
        Run(2, "status");
        cli.Variables.Remove("DOWNBEAT_POSTGRES_PASWORD");

        cli.Variables["AWS_REGION"] = "us-east-1";
        cli.Variables["AWS_ENDPOINT_URL"] = string.Create(
            CultureInfo.InvariantCulture,
            $"http://127.0.0.1:{((IPEndPoint)nonsense.LocalEndpoint).Port}"
        );
        cli.Variables.Remove("DOWNBEAT_LAKE");
        Run(1, "status", "--lake", "s3://bucket/lake");
        Assert.Empty(secrets.FindInFiles(folder.Path));
        TestReport.Set("security", ("commands with marked secrets", commands));
        TestReport.Set("security", ("outputs and files searched for marked secrets", secrets.Searched));
    }

    void Use(int port)
    {
        var at = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}");
        cli.Variables["DOWNBEAT_POSTGRES"] = $"postgresql://loader@{at}/analytics";
        cli.Variables["DOWNBEAT_REDSHIFT"] = $"postgresql://loader@{at}/analytics";
        cli.Variables["DOWNBEAT_REDSHIFT_STAGING"] = "s3://bucket/staging";
        cli.Variables["DOWNBEAT_CATALOGUE"] = $"postgresql://reader@{at}/music";
        cli.Variables["DOWNBEAT_CATALOGUE_FALLBACK"] = "true";
        cli.Variables["DOWNBEAT_REDIS"] = $"redis://{at}";
        cli.Variables["DOWNBEAT_DYNAMODB"] = "us-east-1";
        cli.Variables["DOWNBEAT_DYNAMODB_ENDPOINT"] = $"http://{at}";
        cli.Variables["DOWNBEAT_S3_ENDPOINT"] = $"http://{at}";
        cli.Variables["AWS_REGION"] = "us-east-1";
        cli.Variables["DOWNBEAT_SLACK_URL"] =
            $"http://{at}/services/{Uri.EscapeDataString(secrets.New("the address of Slack"))}";
        cli.Variables["DOWNBEAT_ALERT_PAGERDUTY"] = $"http://{at}";
        cli.Variables["DOWNBEAT_ALERT_WEBHOOK"] = $"http://{at}/hook";
    }

    /// <summary>With e-mail, which runs would wait for.</summary>
    void TryAlerts(params string[] more)
    {
        cli.Variables["DOWNBEAT_ALERT_EMAIL"] =
            $"smtp://downbeat@{new Uri(cli.Variables["DOWNBEAT_ALERT_WEBHOOK"]).Authority}";
        cli.Variables["DOWNBEAT_ALERT_EMAIL_TO"] = "data@example.com";
        Run(1, ["alerts", "test", .. more]);
        cli.Variables.Remove("DOWNBEAT_ALERT_EMAIL");
    }

    async Task AnswerAsync()
    {
        try
        {
            while (true)
            {
                _ = RepeatAsync(await nonsense.AcceptTcpClientAsync());
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException or IOException)
        {
            // The test is over.
        }
    }

    /// <summary>Says again what it was told, as servers do in errors.</summary>
    static async Task RepeatAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                var told = new byte[1 << 16];
                var length = await client.GetStream().ReadAsync(told);
                await client
                    .GetStream()
                    .WriteAsync("HTTP/1.1 418 I am a teapot\r\nContent-Length: 70000\r\n\r\n"u8.ToArray());
                await client.GetStream().WriteAsync(told.AsMemory(0, length));
            }
            catch (IOException)
            {
                // Who asked is gone.
            }
        }
    }

    void Run(int? exitCode, params string[] arguments)
    {
        var result = cli.Run(arguments);
        commands++;
        var command = string.Join(' ', arguments);
        var found = secrets.FindIn(command, result);
        Assert.True(found.Count == 0, string.Join('\n', [.. found, result.Output, result.Error]));
        Assert.True(
            exitCode is null || exitCode == result.ExitCode,
            $"{command}: {result.ExitCode}: {result.Output}{result.Error}"
        );
        Assert.DoesNotContain("internal error", result.Error, StringComparison.Ordinal);
    }
}
