using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Downbeat.Testing.Servers;

/// <summary>A mail server on this machine, with TLS and login, that keeps what it is sent, and misbehaves when told.</summary>
public sealed class SmtpStandIn : IDisposable
{
    readonly TcpListener listener = new(IPAddress.Loopback, 0);
    readonly CancellationTokenSource stop = new();
    readonly X509Certificate2? certificate;
    readonly bool isTlsFromStart;

    /// <summary>Begins to listen.</summary>
    /// <param name="certificate">For TLS; null for none.</param>
    /// <param name="isTlsFromStart">Whether TLS begins with the connection.</param>
    public SmtpStandIn(X509Certificate2? certificate = null, bool isTlsFromStart = false)
    {
        (this.certificate, this.isTlsFromStart) = (certificate, isTlsFromStart);
        listener.Start();
        _ = AcceptAsync();
    }

    /// <summary>Where it listens.</summary>
    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>Who may log in, with which password; null for anybody without.</summary>
    public (string User, string Password)? Login { get; set; }

    /// <summary>The ways to log in that it offers.</summary>
    public string Ways { get; set; } = "PLAIN LOGIN";

    /// <summary>Whether it offers STARTTLS.</summary>
    public bool OffersTls { get; set; } = true;

    /// <summary>What it says right behind its answer to STARTTLS, in the same packet.</summary>
    public string InjectedBeforeTls { get; set; } = "";

    /// <summary>What it answers to a command in place of what it would; empty for nothing, ever.</summary>
    public Func<string, string?> Answer { get; set; } = _ => null;

    /// <summary>Mails that it took.</summary>
    public ConcurrentQueue<TakenMail> Mails { get; } = [];

    /// <summary>Every line that it was sent.</summary>
    public ConcurrentQueue<string> Lines { get; } = [];

    /// <inheritdoc/>
    public void Dispose()
    {
        stop.Cancel();
        listener.Dispose();
        stop.Dispose();
    }

    async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = ServeAsync(await listener.AcceptTcpClientAsync(stop.Token));
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // It ends.
        }
    }

    async Task ServeAsync(TcpClient client)
    {
        using var connection = client;
        try
        {
            Stream stream = connection.GetStream();
            var isProtected = isTlsFromStart;
            if (isTlsFromStart)
            {
                stream = await ProtectAsync(stream);
            }

            await SayAsync(stream, Answer("connection") ?? "220 stand-in ready");
            string? user = null;
            var from = "";
            var to = new List<string>();
            while (await LineAsync(stream) is { } line)
            {
                Lines.Enqueue(line);
                var verb = line.Split(' ')[0].ToUpperInvariant();
                if (Answer(line) is { } other)
                {
                    await SayAsync(stream, other);
                    continue;
                }

                switch (verb)
                {
                    case "EHLO":
                        var offers = new List<string> { "stand-in", "SIZE 1000000", "8BITMIME" };
                        if (certificate is not null && !isProtected && OffersTls)
                        {
                            offers.Add("STARTTLS");
                        }

                        if (isProtected && Login is not null)
                        {
                            offers.Add($"AUTH {Ways}");
                        }

                        await SayAsync(
                            stream,
                            string.Join(
                                "\r\n",
                                offers.Select((offer, at) => $"250{(at == offers.Count - 1 ? ' ' : '-')}{offer}")
                            )
                        );
                        break;
                    case "STARTTLS":
                        await SayAsync(
                            stream,
                            $"220 go ahead{(InjectedBeforeTls.Length > 0 ? $"\r\n{InjectedBeforeTls}" : "")}"
                        );
                        stream = await ProtectAsync(stream);
                        isProtected = true;
                        break;
                    case "AUTH":
                        string[] given;
                        if (line.StartsWith("AUTH PLAIN ", StringComparison.Ordinal))
                        {
                            given = Text(line["AUTH PLAIN ".Length..]).Split('\0')[1..];
                        }
                        else
                        {
                            await SayAsync(stream, "334 VXNlcm5hbWU6");
                            var name = Text((await LineAsync(stream))!);
                            await SayAsync(stream, "334 UGFzc3dvcmQ6");
                            given = [name, Text((await LineAsync(stream))!)];
                        }

                        var isRight = isProtected && Login == (given[0], given[1]);
                        user = isRight ? given[0] : null;
                        await SayAsync(stream, isRight ? "235 welcome" : $"535 5.7.8 not {given[0]} with {given[1]}");
                        break;
                    case "MAIL":
                        from = Address(line);
                        await SayAsync(stream, Login is null || user is not null ? "250 ok" : "530 log in first");
                        break;
                    case "RCPT":
                        to.Add(Address(line));
                        await SayAsync(stream, "250 ok");
                        break;
                    case "DATA":
                        await SayAsync(stream, "354 go on");
                        var mail = new StringBuilder();
                        while (await LineAsync(stream) is { } text && text != ".")
                        {
                            mail.Append(text.StartsWith('.') ? text[1..] : text).Append("\r\n");
                        }

                        Mails.Enqueue(new(from, [.. to], mail.ToString(), isProtected, user));
                        await SayAsync(stream, "250 taken");
                        break;
                    case "QUIT":
                        await SayAsync(stream, "221 bye");
                        return;
                    default:
                        await SayAsync(stream, "500 what?");
                        break;
                }
            }
        }
        catch (Exception error)
            when (error
                    is IOException
                        or OperationCanceledException
                        or System.Security.Authentication.AuthenticationException
                        or ObjectDisposedException
            )
        {
            // Whoever spoke hung up.
        }
    }

    async Task<Stream> ProtectAsync(Stream stream)
    {
        var tls = new SslStream(stream);
        await tls.AuthenticateAsServerAsync(
            new SslServerAuthenticationOptions { ServerCertificate = certificate },
            stop.Token
        );
        return tls;
    }

    async Task SayAsync(Stream stream, string text)
    {
        if (text.Length == 0)
        {
            await Task.Delay(Timeout.Infinite, stop.Token);
        }

        await stream.WriteAsync(Encoding.UTF8.GetBytes(text + "\r\n"), stop.Token);
    }

    async Task<string?> LineAsync(Stream stream)
    {
        var line = new List<byte>();
        var one = new byte[1];
        while (await stream.ReadAsync(one, stop.Token) == 1)
        {
            if (one[0] == '\n')
            {
                var text = Encoding.UTF8.GetString([.. line]);
                return text.EndsWith('\r') ? text[..^1] : throw new IOException("A line without CR.");
            }

            line.Add(one[0]);
        }

        return null;
    }

    static string Text(string base64) => Encoding.UTF8.GetString(Convert.FromBase64String(base64));

    static string Address(string line) =>
        line[(line.IndexOf('<', StringComparison.Ordinal) + 1)..line.LastIndexOf('>')];
}

/// <summary>A mail that was taken.</summary>
public sealed record TakenMail(string From, IReadOnlyList<string> To, string Data, bool IsProtected, string? User)
{
    /// <summary>A header, unfolded and decoded.</summary>
    public string Header(string name)
    {
        var head = Data[..Data.IndexOf("\r\n\r\n", StringComparison.Ordinal)]
            .Replace("\r\n ", " ", StringComparison.Ordinal);
        var line = Assert(head.Split("\r\n").Single(one => one.StartsWith($"{name}: ", StringComparison.Ordinal)))[
            (name.Length + 2)..
        ];
        var text = new StringBuilder();
        foreach (var word in line.Split(' '))
        {
            if (word.StartsWith("=?utf-8?B?", StringComparison.Ordinal))
            {
                text.Append(Encoding.UTF8.GetString(Convert.FromBase64String(word["=?utf-8?B?".Length..^2])));
            }
            else
            {
                text.Append(text.Length > 0 ? " " : "").Append(word);
            }
        }

        return text.ToString();
    }

    /// <summary>The text, decoded from quoted-printable, with LF between lines.</summary>
    public string Text() => Decoded(Data);

    /// <summary>The text of a mail with attachments, decoded likewise, and their names, kinds and bytes.</summary>
    public (string Text, IReadOnlyList<(string Name, string Kind, byte[] Bytes)> Attachments) Parts()
    {
        const string Begin = "multipart/mixed; boundary=\"";
        var kind = Header("Content-Type");
        if (!kind.StartsWith(Begin, StringComparison.Ordinal))
        {
            return (Text(), []);
        }

        // What is before the first boundary is the head, what is behind the last is nothing.
        var parts = Data.Split($"--{kind[Begin.Length..^1]}");
        return parts[^1] == "--\r\n"
            ? (Decoded(parts[1][2..]).TrimEnd('\n') + "\n", [.. parts[2..^1].Select(part => Attachment(part[2..]))])
            : throw new InvalidOperationException("The last part does not end.");
    }

    static (string Name, string Kind, byte[] Bytes) Attachment(string part)
    {
        var head = part[..part.IndexOf("\r\n\r\n", StringComparison.Ordinal)]
            .Replace("\r\n ", " ", StringComparison.Ordinal)
            .Split("\r\n")
            .Select(line => line.Split(": ", 2))
            .ToDictionary(header => header[0], header => header[1], StringComparer.Ordinal);
        var body = part[(part.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..];
        return head["Content-Transfer-Encoding"] == "base64" && body.Split("\r\n").All(line => line.Length <= 76)
            ? (
                head["Content-Disposition"]["attachment; filename=\"".Length..^1],
                head["Content-Type"].Split(';')[0],
                Convert.FromBase64String(body)
            )
            : throw new InvalidOperationException("An attachment is not in lines of base64.");
    }

    static string Decoded(string data)
    {
        var body = data[(data.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..]
            .Replace("=\r\n", "", StringComparison.Ordinal);
        var bytes = new List<byte>();
        for (var at = 0; at < body.Length; at++)
        {
            if (body[at] == '=')
            {
                bytes.Add(Convert.ToByte(body.Substring(at + 1, 2), 16));
                at += 2;
            }
            else if (body[at] != '\r')
            {
                bytes.Add((byte)body[at]);
            }
        }

        return Encoding.UTF8.GetString([.. bytes]);
    }

    static string Assert(string line) =>
        line.All(char.IsAscii) ? line : throw new InvalidOperationException("A header is not ASCII.");
}
