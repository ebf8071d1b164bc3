using Downbeat.Connectors.Smtp;
using Downbeat.Pipeline.Alerts;
using Downbeat.Testing;
using Downbeat.Testing.Servers;

namespace Downbeat.Connectors.Tests.Alerts;

/// <summary>E-mail against a server with TLS and login.</summary>
public sealed class SmtpChannelTests : IDisposable
{
    const string Password = "p\u00e4ss \"word\"";
    static readonly AlertNews Odd = ExampleAlerts.Quarantine(
        AlertPhase.Raised,
        0,
        (
            "landing/streams/Größe ミドリ公園.csv",
            "a cause that is so long that it does not fit into one line of a mail, = and ends with a blank "
        )
    );

    readonly TestCertificates certificates = new();
    readonly LinesLogger log = new();

    public void Dispose() => certificates.Dispose();

    [Theory]
    [InlineData(false, "PLAIN LOGIN", "AUTH PLAIN ")]
    [InlineData(false, "LOGIN", "AUTH LOGIN")]
    [InlineData(true, "PLAIN", "AUTH PLAIN ")]
    [InlineData(true, "XOAUTH2 LOGIN", "AUTH LOGIN")]
    public async Task AMailArrivesWholeAfterALoginThatNobodyCanRead(bool isTlsFromStart, string ways, string used)
    {
        using var server = new SmtpStandIn(certificates.Server, isTlsFromStart)
        {
            Login = ("downbeat", Password),
            Ways = ways,
        };
        var message = ExampleAlerts.Message(Odd);
        await SendAsync(Options(server, isTlsFromStart), message);
        var mail = Assert.Single(server.Mails);
        Assert.Equal((true, "downbeat", "downbeat@example.com"), (mail.IsProtected, mail.User, mail.From));
        Assert.Equal(["data@example.com", "night@example.com"], mail.To);
        Assert.Contains(server.Lines, line => line.StartsWith(used, StringComparison.Ordinal));
        Assert.Equal(AlertTexts.Plain(message), mail.Text());
        Assert.Equal($"{message.Subject}: /data/lake", mail.Header("Subject"));
        Assert.Equal("Downbeat <downbeat@example.com>", mail.Header("From"));
        Assert.Equal("data@example.com, night@example.com", mail.Header("To"));
        Assert.Equal("Sat, 21 Nov 2026 05:00:00 +0000", mail.Header("Date"));
        Assert.Equal($"<{message.Id}.downbeat@example.com>", mail.Header("Message-ID"));
        Assert.All(mail.Data.Split("\r\n"), line => Assert.True(line.Length <= 78 && line.All(char.IsAscii), line));
    }

    [Fact]
    public async Task ALineOfADotAloneDoesNotEndTheMail()
    {
        using var server = new SmtpStandIn();
        var news = Odd with { Title = "a", What = [".", "..x", "", "."], Do = ["."] };
        var text = AlertTexts.Plain(ExampleAlerts.Message(news));
        await SmtpSession.SendAsync(
            Options(server) with
            {
                HasTls = false,
                User = null,
            },
            null,
            MailText.Of(
                "a@example.com",
                ["b@example.com"],
                "i@example.com",
                new("i", ExampleAlerts.Now, "s", ".\n..\n\n.x\n" + text, [])
            ),
            default
        );
        Assert.Equal(".\n..\n\n.x\n" + text, Assert.Single(server.Mails).Text());
    }

    [Fact]
    public async Task NoTextFromOutsideMakesAHeaderOrACommand()
    {
        using var server = new SmtpStandIn(certificates.Server) { Login = ("downbeat", Password) };
        var file = "x\r\nBcc: eve@example.com\r\n\r\n.\r\nQUIT\r\n\u2028\u202Eb\u0085.csv";
        await SendAsync(
            Options(server),
            ExampleAlerts.Message(ExampleAlerts.Quarantine(AlertPhase.Raised, 0, (file, file))) with
            {
                Lake = file,
                Host = file,
            }
        );
        var mail = Assert.Single(server.Mails);
        Assert.DoesNotContain(mail.Data.Split("\r\n"), line => line.StartsWith("Bcc", StringComparison.Ordinal));
        Assert.Equal(["data@example.com", "night@example.com"], mail.To);
        Assert.DoesNotContain(mail.Text(), letter => char.IsControl(letter) && letter != '\n');
        Assert.False(SmtpOptions.IsAddress("a@example.com>\r\nRCPT TO:<eve@example.com"));
        Assert.False(SmtpOptions.IsAddress("a@example.com\n"));
    }

    [Fact]
    public async Task AWrongPasswordIsSaidAndNotTold()
    {
        using var server = new SmtpStandIn(certificates.Server) { Login = ("downbeat", "another") };
        var error = await FailAsync(Options(server));
        Assert.False(error.IsTransient);
        Assert.Contains("535", error.Message, StringComparison.Ordinal);
        Assert.Contains(SmtpOptions.PasswordVariable, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Password, error.Message, StringComparison.Ordinal);
        Assert.Empty(server.Mails);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ACertificateThatNobodyVouchesForIsRefused(bool isTlsFromStart)
    {
        using var server = new SmtpStandIn(certificates.Server, isTlsFromStart) { Login = ("downbeat", Password) };
        var error = await FailAsync(Options(server, isTlsFromStart) with { Ca = null });
        Assert.False(error.IsTransient);
        Assert.Contains("alertEmailCa", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(server.Lines, line => line.StartsWith("AUTH", StringComparison.Ordinal));
    }

    [Fact]
    public async Task ACertificateOfAnotherHostIsRefused()
    {
        using var server = new SmtpStandIn(certificates.Server, isTlsFromStart: true);
        await FailAsync(Options(server, true) with { Host = "127.0.0.2" });
        Assert.Empty(server.Mails);
    }

    [Fact]
    public async Task WithoutStartTlsNoPasswordIsSent()
    {
        using var server = new SmtpStandIn(certificates.Server) { OffersTls = false, Login = ("downbeat", Password) };
        var error = await FailAsync(Options(server));
        Assert.Contains("STARTTLS", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(server.Lines, line => line.StartsWith("AUTH", StringComparison.Ordinal));
    }

    [Fact]
    public async Task WhatIsSaidBeforeTlsBeginsIsNotTakenForAnAnswerBehindIt()
    {
        using var server = new SmtpStandIn(certificates.Server)
        {
            InjectedBeforeTls = "250 AUTH PLAIN",
            Login = ("downbeat", Password),
        };
        var error = await FailAsync(Options(server));
        Assert.Contains("before TLS began", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("connection", "421 too busy", true)]
    [InlineData("connection", "554 go away", false)]
    [InlineData("connection", "HTTP/1.1 400 Bad Request", true)]
    [InlineData("MAIL", "451 greylisted", true)]
    [InlineData("RCPT", "550 no such user", false)]
    [InlineData("DATA", "554 no", false)]
    [InlineData("connection", "", true)]
    [InlineData("EHLO", "", true)]
    [InlineData("DATA", "", true)]
    public async Task WhatAServerRefusesIsKnownToPassOrNot(string command, string answer, bool isTransient)
    {
        using var server = new SmtpStandIn(certificates.Server) { Login = ("downbeat", Password) };
        server.Answer = line => line.StartsWith(command, StringComparison.Ordinal) ? answer : null;
        var error = await FailAsync(
            Options(server) with
            {
                Patience = TimeSpan.FromSeconds(answer.Length == 0 ? 0.5 : 10),
            }
        );
        Assert.Equal(isTransient, error.IsTransient);
        Assert.Empty(server.Mails);
    }

    [Fact]
    public async Task ARecipientThatIsRefusedDoesNotKeepTheOthersFromTheirMail()
    {
        using var server = new SmtpStandIn(certificates.Server) { Login = ("downbeat", Password) };
        server.Answer = line => line.Contains("RCPT TO:<data", StringComparison.Ordinal) ? "550 gone" : null;
        await SendAsync(Options(server), ExampleAlerts.Message(Odd));
        Assert.Equal(["night@example.com"], Assert.Single(server.Mails).To);
        Assert.Contains(log.Lines, line => line.Contains("data@example.com", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("smtp://mail.example.com", "mail.example.com", 587, false)]
    [InlineData("smtp://mail.example.com:25", "mail.example.com", 25, false)]
    [InlineData("smtp://a%40b.c@mail.example.com:2525", "mail.example.com", 2525, false)]
    [InlineData("smtps://mail.example.com", "mail.example.com", 465, true)]
    [InlineData("smtps://[::1]:4650", "::1", 4650, true)]
    public void AddressesOfServersAreRead(string url, string host, int port, bool isTls)
    {
        var options = SmtpOptions.Parse(url);
        Assert.Equal((host, port, isTls), (options.Host, options.Port, options.IsTlsFromStart));
    }

    [Theory]
    [InlineData("smtp://user:secret@mail.example.com")]
    [InlineData("http://mail.example.com")]
    [InlineData("mail.example.com")]
    [InlineData("smtp://mail.example.com/path")]
    [InlineData("smtp://user%0d%0aQUIT@mail.example.com")]
    public void OthersAreNot(string url) =>
        Assert.DoesNotContain(
            "secret",
            Assert.Throws<FormatException>(() => SmtpOptions.Parse(url)).Message,
            StringComparison.Ordinal
        );

    SmtpOptions Options(SmtpStandIn server, bool isTlsFromStart = false) =>
        new()
        {
            Host = "127.0.0.1",
            Port = server.Port,
            IsTlsFromStart = isTlsFromStart,
            User = "downbeat",
            Ca = certificates.CaFile,
            From = "downbeat@example.com",
            To = ["data@example.com", "night@example.com"],
        };

    async Task SendAsync(SmtpOptions options, AlertMessage message)
    {
        using var channel = new SmtpChannel(options, Password, log);
        await channel.SendAsync(message, default);
    }

    Task<AlertChannelException> FailAsync(SmtpOptions options) =>
        Assert.ThrowsAsync<AlertChannelException>(() => SendAsync(options, ExampleAlerts.Message(Odd)));
}
