using System.Globalization;

namespace Downbeat.Connectors.Redis;

/// <summary>Which Redis is published to.</summary>
public sealed record RedisOptions
{
    /// <summary>The variable that holds the password: it stands in no file, no flag and no address.</summary>
    public const string PasswordVariable = "DOWNBEAT_REDIS_PASSWORD";

    /// <summary>The server.</summary>
    public required string Host { get; init; }

    /// <summary>Its port.</summary>
    public int Port { get; init; } = 6379;

    /// <summary>Whether the connection is encrypted.</summary>
    public bool Tls { get; init; }

    /// <summary>The user; null for the default one.</summary>
    public string? User { get; init; }

    /// <summary>The number of the database.</summary>
    public int Database { get; init; }

    /// <summary>What all keys begin with.</summary>
    public string Prefix { get; init; } = "downbeat:";

    /// <summary>So many days after it ended a date's keys go; 0 for never.</summary>
    public int ExpireDays { get; init; }

    /// <summary>Where it is, without secrets.</summary>
    public string Place =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"Redis {Host}:{Port}/{Database}{(Tls ? " by TLS" : "")}, keys {Prefix}*"
        );

    /// <summary>
    /// Reads an address like <c>rediss://user@host:6379/0</c>; null when it is none, or holds a password.
    /// </summary>
    public static RedisOptions? Parse(string address)
    {
        if (
            !Uri.TryCreate(address, UriKind.Absolute, out var uri)
            || uri.Scheme is not ("redis" or "rediss")
            || uri.Host.Length == 0
            || uri.UserInfo.Contains(':', StringComparison.Ordinal)
            || uri.Query.Length + uri.Fragment.Length > 0
        )
        {
            return null;
        }

        var database = 0;
        return
            uri.AbsolutePath.Length > 1
            && !int.TryParse(uri.AbsolutePath.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out database)
            ? null
            : new()
            {
                Host = uri.IdnHost,
                Port = uri.Port > 0 ? uri.Port : 6379,
                Tls = uri.Scheme == "rediss",
                User = uri.UserInfo.Length == 0 ? null : Uri.UnescapeDataString(uri.UserInfo),
                Database = database,
            };
    }
}
