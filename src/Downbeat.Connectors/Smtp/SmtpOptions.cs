using System.Globalization;

namespace Downbeat.Connectors.Smtp;

/// <summary>How e-mail is sent, without any secret.</summary>
public sealed record SmtpOptions
{
    /// <summary>The variable with the password of the login.</summary>
    public const string PasswordVariable = "DOWNBEAT_SMTP_PASSWORD";

    const int UsualPort = 587;
    const int UsualTlsPort = 465;

    /// <summary>The server.</summary>
    public required string Host { get; init; }

    /// <summary>Its port.</summary>
    public required int Port { get; init; }

    /// <summary>Whether TLS begins with the connection, and not by STARTTLS.</summary>
    public bool IsTlsFromStart { get; init; }

    /// <summary>Whether there is TLS at all; nobody logs in without it.</summary>
    public bool HasTls { get; init; } = true;

    /// <summary>Who logs in; null for nobody.</summary>
    public string? User { get; init; }

    /// <summary>A file with the authority that signed the server's certificate (PEM); null for those of the system.</summary>
    public string? Ca { get; init; }

    /// <summary>Whom e-mail is from.</summary>
    public string From { get; init; } = "";

    /// <summary>Whom it goes to.</summary>
    public IReadOnlyList<string> To { get; init; } = [];

    /// <summary>How long any single step may take.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Parses a server's address: <c>smtp://user@mail.example.com:587</c>, or <c>smtps://…</c> for TLS from the start.</summary>
    /// <exception cref="FormatException">It is none. The message says why, without it: it may hold a password by mistake.</exception>
    public static SmtpOptions Parse(string url)
    {
        const string Expected = "expected is smtp://USER@HOST:PORT for STARTTLS, or smtps://… for TLS from the start";
        if (
            !Uri.TryCreate(url, UriKind.Absolute, out var uri)
            || uri.Scheme is not ("smtp" or "smtps")
            || uri.DnsSafeHost.Length == 0
            || uri.AbsolutePath.Trim('/').Length + uri.Query.Length + uri.Fragment.Length > 0
        )
        {
            throw new FormatException($"this is no address of a mail server; {Expected}.");
        }

        if (uri.UserInfo.Contains(':', StringComparison.Ordinal))
        {
            throw new FormatException(
                $"a password in the address would be seen by others; put it into the variable {PasswordVariable}."
            );
        }

        var isTls = uri.Scheme == "smtps";
        var user = Uri.UnescapeDataString(uri.UserInfo);
        return user.Any(char.IsControl)
            ? throw new FormatException("the user has letters that no user has.")
            : new()
            {
                Host = uri.DnsSafeHost,
                // smtp has a usual port of its own, 25, which is for servers among themselves.
                Port =
                    uri.Port > 0 && !(uri.IsDefaultPort && !url.TrimEnd('/').EndsWith(":25", StringComparison.Ordinal))
                        ? uri.Port
                    : isTls ? UsualTlsPort
                    : UsualPort,
                IsTlsFromStart = isTls,
                User = user.Length > 0 ? user : null,
            };
    }

    /// <summary>Whether a text is an address that goes into an envelope and a header as it is.</summary>
    public static bool IsAddress(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var at = text.LastIndexOf('@');
        return at > 0
            && at < text.Length - 1
            && text.Length <= 254
            && text.All(letter =>
                letter is > ' ' and <= '~' && !"<>()[],;:\\\"".Contains(letter, StringComparison.Ordinal)
            );
    }

    /// <inheritdoc/>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Host}:{Port}, to {string.Join(", ", To)}");
}
