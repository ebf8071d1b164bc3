using System.Globalization;
using System.Text.Json;

namespace Downbeat.Testing.Servers;

/// <summary>What the mail server of <c>tests/servers/smtp</c> took, and who may send by it.</summary>
public static class SmtpMails
{
    /// <summary>Who may log in.</summary>
    public const string User = "downbeat";

    /// <summary>With which password.</summary>
    public const string Password = "secret of mail";

    /// <summary>The port that has TLS from the start.</summary>
    public static int PortOfTls(TestServer server)
    {
        ArgumentNullException.ThrowIfNull(server);
        return int.Parse(server.Words[0], CultureInfo.InvariantCulture);
    }

    /// <summary>The mails, in the order in which they were taken.</summary>
    public static IReadOnlyList<TakenMail> Read(TestServer server)
    {
        ArgumentNullException.ThrowIfNull(server);
        return
        [
            .. Directory
                .GetFiles(server.File("mails"), "*.json")
                .Order(StringComparer.Ordinal)
                .Select(file =>
                {
                    using var json = JsonDocument.Parse(File.ReadAllBytes(file));
                    var mail = json.RootElement;
                    return new TakenMail(
                        mail.GetProperty("from").GetString()!,
                        [.. mail.GetProperty("to").EnumerateArray().Select(to => to.GetString()!)],
                        mail.GetProperty("data").GetString()!,
                        mail.GetProperty("secure").GetBoolean(),
                        mail.TryGetProperty("user", out var user) ? user.GetString() : null
                    );
                }),
        ];
    }
}
