using System.Net.Sockets;
using System.Security.Authentication;
using Npgsql;

namespace Downbeat.Connectors.Postgres;

/// <summary>What PostgreSQL and the way to it may fail with: what each fault means, and whether it is worth another try.</summary>
public static class PostgresFaults
{
    /// <summary>Faults that pass by themselves. Everything else needs somebody to act.</summary>
    static readonly HashSet<string> Transient =
    [
        PostgresErrorCodes.SerializationFailure,
        PostgresErrorCodes.DeadlockDetected,
        PostgresErrorCodes.LockNotAvailable,
        PostgresErrorCodes.ObjectInUse,
        PostgresErrorCodes.TooManyConnections,
        PostgresErrorCodes.OutOfMemory,
        PostgresErrorCodes.AdminShutdown, // A server that is restarted, patched or failed over says one of these three.
        PostgresErrorCodes.CrashShutdown,
        PostgresErrorCodes.CannotConnectNow,
        PostgresErrorCodes.ReadOnlySqlTransaction, // A primary that has just become a replica.
        "25P03", // Idle in a transaction for longer than the server allows.
        PostgresErrorCodes.SystemError,
        PostgresErrorCodes.IoError,
    ];

    /// <summary>Whether this is a fault of the server or of the way to it, and not of the program.</summary>
    public static bool IsFault(Exception error) =>
        error is NpgsqlException or SocketException or TimeoutException or IOException;

    /// <summary>Whether trying the whole transaction again may succeed.</summary>
    public static bool IsTransient(Exception error)
    {
        ArgumentNullException.ThrowIfNull(error);
        return error switch
        {
            PostgresException said => Transient.Contains(said.SqlState)
                || said.SqlState.StartsWith("08", StringComparison.Ordinal),
            NpgsqlException failed => failed.InnerException is SocketException or TimeoutException or IOException,
            _ => error is SocketException or TimeoutException, // An IOException of its own is a file.
        };
    }

    /// <summary>Says what is wrong and what to do, without secrets.</summary>
    public static string Explain(Exception error, PostgresConnection connection)
    {
        ArgumentNullException.ThrowIfNull(error);
        ArgumentNullException.ThrowIfNull(connection);
        var (user, database) = (connection.Address.User, connection.Address.Database);
        var password =
            $"the password is taken from {connection.PasswordVariable}, PGPASSWORD, or the file that PGPASSFILE names (~/.pgpass)";
        return error switch
        {
            PostgresException said => said.SqlState switch
            {
                PostgresErrorCodes.InvalidPassword => $"it refuses the password of {user}; {password}.",
                PostgresErrorCodes.InvalidAuthorizationSpecification =>
                    $"it refuses {user}: {Sentence(said.MessageText)} See its pg_hba.conf, or the address.",
                PostgresErrorCodes.InvalidCatalogName => $"it has no database {database}.",
                PostgresErrorCodes.InsufficientPrivilege =>
                    $"{user} lacks a right: {Sentence(said.MessageText)} docs/warehouses.md has the grants that are needed.",
                PostgresErrorCodes.ReadOnlySqlTransaction =>
                    "it may not be written to: it is a replica, or default_transaction_read_only is on.",
                PostgresErrorCodes.DiskFull => "its disk is full.",
                PostgresErrorCodes.TooManyConnections => "it has as many connections as it takes.",
                PostgresErrorCodes.AdminShutdown
                or PostgresErrorCodes.CrashShutdown
                or PostgresErrorCodes.CannotConnectNow => $"it is not up: {Sentence(said.MessageText)}",
                _ => $"{Sentence(said.MessageText)} (SQLSTATE {said.SqlState})",
            },
            NpgsqlException { InnerException: AuthenticationException tls } =>
                $"it is not who it says, or its certificate is not signed by an authority that is trusted: {Sentence(tls.Message)} See {connection.Name}Ca and {connection.Name}Tls in docs/warehouses.md.",
            NpgsqlException { InnerException: SocketException socket } => $"no connection: {Sentence(socket.Message)}",
            NpgsqlException { InnerException: TimeoutException } => "no answer in time.",
            NpgsqlException { InnerException: IOException } => "the connection was lost.",
            TimeoutException => "no answer in time.",
            SocketException => $"no connection: {Sentence(error.Message)}",
            NpgsqlException when error.Message.Contains("No password", StringComparison.Ordinal) =>
                $"it wants a password for {user}, and none was given; {password}.",
            NpgsqlException when error.Message.Contains("SSL", StringComparison.Ordinal) =>
                $"it does not encrypt connections; make it do so, or say so with {connection.Name}Tls.",
            _ => Sentence(error.Message),
        };
    }

    static string Sentence(string text) => text.EndsWith('.') ? text : $"{text}.";
}
