using Downbeat.Connectors.Smtp;
using Downbeat.Pipeline.Alerts;
using Downbeat.Testing;
using Downbeat.Testing.Servers;

namespace Downbeat.Connectors.Tests.Alerts;

/// <summary>E-mail against a mail server that others wrote: smtp-server of npm, with TLS and login.</summary>
public sealed class SmtpServerTests
{
    readonly TestServer server = TestServers.Need("smtp");
    readonly LinesLogger log = new();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AMailArrivesWhole(bool isTlsFromStart)
    {
        var message = ExampleAlerts.Message(
            ExampleAlerts.Quarantine(
                AlertPhase.Raised,
                0,
                (
                    "landing/streams/Größe ミドリ公園.csv",
                    ".\n..\r\nQUIT, = and so long that it needs a second line of a mail"
                )
            )
        );
        var mail = Assert.Single(await SendAsync(Options(isTlsFromStart), message));
        Assert.Equal((true, "downbeat", "downbeat@example.com"), (mail.IsProtected, mail.User, mail.From));
        Assert.Equal(["data@example.com", "night@example.com"], mail.To);
        Assert.Equal(AlertTexts.Plain(message), mail.Text());
        Assert.Equal($"{message.Subject}: /data/lake", mail.Header("Subject"));
        Assert.Equal($"<{message.Id}.downbeat@example.com>", mail.Header("Message-ID"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AWrongPasswordIsSaidAndNotTold(bool isTlsFromStart)
    {
        var error = await FailAsync(Options(isTlsFromStart), "not the secret");
        Assert.False(error.IsTransient);
        Assert.Contains("refused the login: 535", error.Message, StringComparison.Ordinal);
        Assert.Contains(SmtpOptions.PasswordVariable, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WithoutALoginNothingIsSent()
    {
        var error = await FailAsync(Options() with { User = null });
        Assert.False(error.IsTransient);
        Assert.Contains("refused the sender: 530", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gone@example.com", "550", false)]
    [InlineData("later@example.com", "451", true)]
    public async Task ARecipientThatIsRefusedIsSaid(string recipient, string code, bool isTransient)
    {
        var error = await FailAsync(Options() with { To = [recipient] });
        Assert.Equal(isTransient, error.IsTransient);
        Assert.Contains($"refused the recipient {recipient}: {code}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ARecipientThatIsRefusedDoesNotKeepTheOthersFromTheirMail()
    {
        var mail = Assert.Single(
            await SendAsync(
                Options() with
                {
                    To = ["gone@example.com", "night@example.com"],
                },
                ExampleAlerts.Message(ExampleAlerts.Quarantine(AlertPhase.Raised, 0, ("a.csv", "b")))
            )
        );
        Assert.Equal(["night@example.com"], mail.To);
        Assert.Contains(log.Lines, line => line.Contains("gone@example.com", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(true, false, "If it has TLS from the start, write smtps://.")] // Both wait for the other to speak.
    [InlineData(false, true, "If it begins TLS by STARTTLS, write smtp://.")]
    public async Task TheWrongKindOfTlsIsSaid(bool isPortOfTls, bool isTlsFromStart, string hint)
    {
        var error = await FailAsync(
            Options(isTlsFromStart) with
            {
                Port = Options(isPortOfTls).Port,
                Patience = TimeSpan.FromSeconds(1),
            }
        );
        Assert.EndsWith(hint, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AServerThatIsDownIsToldOfWhenItIsBack()
    {
        await ChangeAsync("down");
        try
        {
            var error = await FailAsync(Options());
            Assert.True(error.IsTransient);
            Assert.Contains("was not reached", error.Message, StringComparison.Ordinal);
        }
        finally
        {
            await ChangeAsync("up");
        }

        Assert.Single(
            await SendAsync(
                Options(),
                ExampleAlerts.Message(ExampleAlerts.Quarantine(AlertPhase.Raised, 0, ("a.csv", "b")))
            )
        );
    }

    SmtpOptions Options(bool isTlsFromStart = false) =>
        new()
        {
            Host = "127.0.0.1",
            Port = isTlsFromStart ? SmtpMails.PortOfTls(server) : server.Port,
            IsTlsFromStart = isTlsFromStart,
            User = SmtpMails.User,
            Ca = server.File("root.crt"),
            From = "downbeat@example.com",
            To = ["data@example.com", "night@example.com"],
        };

    /// <summary>Sends, and returns what the server took.</summary>
    async Task<IReadOnlyList<TakenMail>> SendAsync(
        SmtpOptions options,
        AlertMessage message,
        string password = SmtpMails.Password
    )
    {
        var before = SmtpMails.Read(server).Count;
        using (var channel = new SmtpChannel(options, password, log))
        {
            await channel.SendAsync(message, TestContext.Current.CancellationToken);
        }

        return [.. SmtpMails.Read(server).Skip(before)];
    }

    /// <summary>Tries to send; the server took nothing.</summary>
    async Task<AlertChannelException> FailAsync(SmtpOptions options, string password = SmtpMails.Password)
    {
        var before = SmtpMails.Read(server).Count;
        var error = await Assert.ThrowsAsync<AlertChannelException>(() =>
            SendAsync(
                options,
                ExampleAlerts.Message(ExampleAlerts.Quarantine(AlertPhase.Raised, 0, ("a.csv", "b"))),
                password
            )
        );
        Assert.Equal(before, SmtpMails.Read(server).Count);
        return error;
    }

    async Task ChangeAsync(string state)
    {
        if (state == "down")
        {
            await File.WriteAllTextAsync(server.File("down"), "", TestContext.Current.CancellationToken);
        }
        else
        {
            File.Delete(server.File("down"));
        }

        while (!File.Exists(server.File("is")) || await File.ReadAllTextAsync(server.File("is")) != state)
        {
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }
}
