using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Downbeat.Pipeline.Alerts;

namespace Downbeat.Connectors.Smtp;

/// <summary>
/// A conversation with a mail server (RFC 5321, 3207, 4954). System.Net.Mail knows no TLS from the start, which port 465 is for. Failures
/// are <see cref="AlertChannelException"/>: replies of 4xx pass by themselves, those of 5xx do not.
/// </summary>
sealed class SmtpSession : IDisposable
{
    const int LongestReply = 64 * 1024;

    readonly SmtpOptions options;
    readonly string secret;
    readonly TcpClient client = new();
    readonly byte[] buffer = new byte[4096];
    Stream stream = Stream.Null;
    int from;
    int until;
    HashSet<string> extensions = [];
    bool hasGreeted;
    bool hasShownCertificate;

    SmtpSession(SmtpOptions options, string? password) => (this.options, secret) = (options, password ?? "");

    /// <summary>Sends a mail; when it returns the server has taken it.</summary>
    /// <returns>Recipients that the server did not take, while it took others.</returns>
    public static async Task<IReadOnlyList<string>> SendAsync(
        SmtpOptions options,
        string? password,
        string mail,
        CancellationToken cancellationToken
    )
    {
        using var session = new SmtpSession(options, password);
        try
        {
            await session.OpenAsync(cancellationToken).ConfigureAwait(false);
            if (options.User is not null)
            {
                await session.LogInAsync(options.User, password, cancellationToken).ConfigureAwait(false);
            }

            return await session.MailAsync(mail, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw new AlertChannelException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{options.Host}:{options.Port} did not answer in {options.Patience.TotalSeconds} s.{(session.hasGreeted || options.IsTlsFromStart ? "" : " If it has TLS from the start, write smtps://.")}"
                ),
                isTransient: true,
                cause: error
            );
        }
        catch (AuthenticationException error) when (!session.hasShownCertificate)
        {
            throw new AlertChannelException(
                $"{options.Host}:{options.Port} did not begin TLS: {AlertTexts.Safe(error.Message)}{(options.IsTlsFromStart ? " If it begins TLS by STARTTLS, write smtp://." : "")}",
                isTransient: false,
                cause: error
            );
        }
        catch (AuthenticationException error)
        {
            throw new AlertChannelException(
                $"the certificate of {options.Host}:{options.Port} was not accepted: {AlertTexts.Safe(error.Message)} If an authority of your own signed it, name that with alertEmailCa.",
                isTransient: false,
                cause: error
            );
        }
        catch (Exception error) when (error is SocketException or IOException and not AlertChannelException)
        {
            throw new AlertChannelException(
                $"{options.Host}:{options.Port} was not reached, or broke off: {AlertTexts.Safe(error.Message)}",
                isTransient: true,
                cause: error
            );
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        stream.Dispose();
        client.Dispose();
    }

    async Task OpenAsync(CancellationToken cancellationToken)
    {
        using (var patience = Patience(cancellationToken))
        {
            await client.ConnectAsync(options.Host, options.Port, patience.Token).ConfigureAwait(false);
        }

        stream = client.GetStream();
        if (options is { HasTls: true, IsTlsFromStart: true })
        {
            await ProtectAsync(cancellationToken).ConfigureAwait(false);
        }

        Expect(await ReadAsync(cancellationToken).ConfigureAwait(false), 220, "the connection");
        hasGreeted = true;
        await GreetAsync(cancellationToken).ConfigureAwait(false);
        if (options is { HasTls: true, IsTlsFromStart: false })
        {
            if (!extensions.Contains("STARTTLS"))
            {
                throw new AlertChannelException(
                    $"{options.Host}:{options.Port} has no STARTTLS. Where it has TLS from the start, write smtps://; for a server of this machine that has none, set alertEmailTls to false.",
                    isTransient: false
                );
            }

            await CommandAsync("STARTTLS", 220, "STARTTLS", cancellationToken).ConfigureAwait(false);
            if (from < until)
            {
                // Someone between may have put it there to be taken for the server's protected answer.
                throw new AlertChannelException(
                    $"{options.Host}:{options.Port} said more than it was asked before TLS began.",
                    isTransient: false
                );
            }

            await ProtectAsync(cancellationToken).ConfigureAwait(false);
            await GreetAsync(cancellationToken).ConfigureAwait(false); // What was said without protection does not count.
        }
    }

    async Task ProtectAsync(CancellationToken cancellationToken)
    {
        var tls = new SslStream(
            stream,
            leaveInnerStreamOpen: false,
            (_, _, _, problems) =>
            {
                hasShownCertificate = true;
                return problems == SslPolicyErrors.None;
            }
        );
        stream = tls;
        var policy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck };
        if (options.Ca is { } file)
        {
            try
            {
                policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
                policy.CustomTrustStore.ImportFromPemFile(file);
            }
            catch (Exception error) when (error is CryptographicException or IOException or UnauthorizedAccessException)
            {
                throw new AlertChannelException(
                    $"alertEmailCa: {AlertTexts.Safe(file)} cannot be read: {AlertTexts.Safe(error.Message)}",
                    isTransient: false,
                    cause: error
                );
            }
        }

        using var patience = Patience(cancellationToken);
        await tls.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions { TargetHost = options.Host, CertificateChainPolicy = policy },
                patience.Token
            )
            .ConfigureAwait(false);
    }

    async Task GreetAsync(CancellationToken cancellationToken)
    {
        var self = ((IPEndPoint)client.Client.LocalEndPoint!).Address;
        self = self.IsIPv4MappedToIPv6 ? self.MapToIPv4() : self;
        var name =
            self.AddressFamily == AddressFamily.InterNetworkV6
                ? $"[IPv6:{self.ToString().Split('%')[0]}]"
                : $"[{self}]";
        var lines = await CommandAsync($"EHLO {name}", 250, "EHLO", cancellationToken).ConfigureAwait(false);
        extensions = lines.Skip(1).Select(line => line.Trim().ToUpperInvariant()).ToHashSet(StringComparer.Ordinal);
    }

    async Task LogInAsync(string user, string? password, CancellationToken cancellationToken)
    {
        if (password is null)
        {
            throw new AlertChannelException(
                $"there is a user and no password: the variable {SmtpOptions.PasswordVariable} holds it.",
                isTransient: false
            );
        }

        var ways = extensions
            .Where(line =>
                line.StartsWith("AUTH ", StringComparison.Ordinal) || line.StartsWith("AUTH=", StringComparison.Ordinal)
            )
            .SelectMany(line => line[5..].Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .ToHashSet(StringComparer.Ordinal);
        if (ways.Contains("PLAIN"))
        {
            await CommandAsync($"AUTH PLAIN {Base64(Plain(user, password))}", 235, "the login", cancellationToken)
                .ConfigureAwait(false);
        }
        else if (ways.Contains("LOGIN"))
        {
            await CommandAsync("AUTH LOGIN", 334, "the login", cancellationToken).ConfigureAwait(false);
            await CommandAsync(Base64(user), 334, "the login", cancellationToken).ConfigureAwait(false);
            await CommandAsync(Base64(password), 235, "the login", cancellationToken).ConfigureAwait(false);
        }
        else
        {
            throw new AlertChannelException(
                $"{options.Host}:{options.Port} takes no login by PLAIN or LOGIN; without a user none is tried.",
                isTransient: false
            );
        }
    }

    async Task<IReadOnlyList<string>> MailAsync(string mail, CancellationToken cancellationToken)
    {
        await CommandAsync($"MAIL FROM:<{options.From}>", 250, "the sender", cancellationToken).ConfigureAwait(false);
        var refused = new List<string>();
        AlertChannelException? why = null;
        foreach (var to in options.To)
        {
            try
            {
                await CommandAsync($"RCPT TO:<{to}>", 250, $"the recipient {to}", cancellationToken)
                    .ConfigureAwait(false);
            }
            catch (AlertChannelException error)
            {
                refused.Add(to);
                why = error;
            }
        }

        if (refused.Count == options.To.Count)
        {
            throw why!;
        }

        await CommandAsync("DATA", 354, "DATA", cancellationToken).ConfigureAwait(false);
        var stuffed = mail.Replace("\r\n.", "\r\n..", StringComparison.Ordinal);
        await CommandAsync(stuffed + ".", 250, "the mail", cancellationToken).ConfigureAwait(false);
        try
        {
            await CommandAsync("QUIT", 221, "QUIT", cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is IOException or OperationCanceledException or SocketException)
        {
            // The mail was taken.
        }

        return refused;
    }

    async Task<List<string>> CommandAsync(string command, int code, string what, CancellationToken cancellationToken)
    {
        using (var patience = Patience(cancellationToken))
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes(command + "\r\n"), patience.Token).ConfigureAwait(false);
            await stream.FlushAsync(patience.Token).ConfigureAwait(false);
        }

        return Expect(await ReadAsync(cancellationToken).ConfigureAwait(false), code, what);
    }

    List<string> Expect((int Code, List<string> Lines) reply, int code, string what)
    {
        // 251 takes a recipient, too.
        if (reply.Code == code || (code == 250 && reply.Code == 251))
        {
            return reply.Lines;
        }

        var says = Answers.Safe(
            string.Join(' ', reply.Lines),
            [secret, Base64(secret), options.User is null ? "" : Base64(Plain(options.User, secret))]
        );
        throw new AlertChannelException(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{options.Host}:{options.Port} refused {what}: {reply.Code} {says}{(reply.Code == 535 ? $" Check the user and {SmtpOptions.PasswordVariable}." : "")}"
            ),
            isTransient: reply.Code is >= 400 and < 500
        );
    }

    /// <summary>A reply: lines that begin with the same three digits, the last of them without a dash behind.</summary>
    async Task<(int Code, List<string> Lines)> ReadAsync(CancellationToken cancellationToken)
    {
        using var patience = Patience(cancellationToken);
        var lines = new List<string>();
        var line = new List<byte>();
        for (var read = 0; read < LongestReply; read++)
        {
            if (from == until)
            {
                (from, until) = (0, await stream.ReadAsync(buffer, patience.Token).ConfigureAwait(false));
                if (until == 0)
                {
                    throw new IOException("the connection was closed.");
                }
            }

            var letter = buffer[from++];
            if (letter != '\n')
            {
                line.Add(letter);
                continue;
            }

            var text = Encoding.UTF8.GetString([.. line]).TrimEnd('\r');
            line.Clear();
            if (
                text.Length < 3
                || !int.TryParse(text.AsSpan(0, 3), NumberStyles.None, CultureInfo.InvariantCulture, out var code)
            )
            {
                throw new IOException("it does not speak as a mail server does.");
            }

            lines.Add(text.Length > 4 ? text[4..] : "");
            if (text.Length == 3 || text[3] != '-')
            {
                return (code, lines);
            }
        }

        throw new IOException("it said too much.");
    }

    CancellationTokenSource Patience(CancellationToken cancellationToken)
    {
        var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(options.Patience);
        return patience;
    }

    static string Plain(string user, string password) => $"\0{user}\0{password}";

    static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
