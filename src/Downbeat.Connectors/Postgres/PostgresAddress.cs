using System.Globalization;

namespace Downbeat.Connectors.Postgres;

/// <summary>Where a database is and who connects, without any secret: what <c>postgresql://loader@db.example.com:5432/analytics</c> says.</summary>
public sealed record PostgresAddress
{
    PostgresAddress(string host, int port, string database, string user) =>
        (Host, Port, Database, User) = (host, port, database, user);

    /// <summary>The server's name or IP address.</summary>
    public string Host { get; }

    /// <summary>The server's port.</summary>
    public int Port { get; }

    /// <summary>The database.</summary>
    public string Database { get; }

    /// <summary>The role that connects.</summary>
    public string User { get; }

    /// <summary>Parses a URL.</summary>
    /// <param name="url">The URL. It is never repeated in a message: it may hold a password by mistake.</param>
    /// <param name="name">What its settings begin with, for that message.</param>
    /// <param name="usualPort">The port when it names none.</param>
    /// <exception cref="FormatException">It is no such URL. The message says why.</exception>
    public static PostgresAddress Parse(string url, string name, int usualPort = 5432)
    {
        const string Expected = "expected is postgresql://USER@HOST:PORT/DATABASE";
        if (
            !Uri.TryCreate(url, UriKind.Absolute, out var uri)
            || uri.Scheme is not ("postgresql" or "postgres")
            || uri.DnsSafeHost.Length == 0
        )
        {
            throw new FormatException($"this is no address of a database; {Expected}.");
        }

        if (uri.UserInfo.Contains(':', StringComparison.Ordinal))
        {
            throw new FormatException(
                $"a password in the address would be seen by others; put it into the variable {PostgresConnection.PasswordVariableOf(name)} or PGPASSWORD, or into the file that PGPASSFILE names (~/.pgpass)."
            );
        }

        if (uri.Query.Length + uri.Fragment.Length > 0)
        {
            throw new FormatException(
                $"what follows ? or # is not read; {Expected}, and settings of their own for the rest."
            );
        }

        var database = Uri.UnescapeDataString(uri.AbsolutePath.Trim('/'));
        var user = Uri.UnescapeDataString(uri.UserInfo);
        return database.Length == 0 || database.Contains('/', StringComparison.Ordinal)
                ? throw new FormatException($"it names no database; {Expected}.")
            : user.Length == 0 ? throw new FormatException($"it names no user; {Expected}.")
            : new(uri.DnsSafeHost, uri.Port > 0 ? uri.Port : usualPort, database, user);
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Database} on {Host}:{Port}");
}
