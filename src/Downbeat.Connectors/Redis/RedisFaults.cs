using System.Net.Sockets;
using System.Security.Authentication;
using Downbeat.Pipeline.Publish;

namespace Downbeat.Connectors.Redis;

/// <summary>Redis answered a command with an error.</summary>
/// <param name="text">Its text, which begins with a code: <c>OOM command not allowed …</c>.</param>
sealed class RedisErrorException(string text) : IOException(text)
{
    /// <summary>Its first word.</summary>
    public string Code => Message.Split(' ')[0];
}

/// <summary>Which faults of Redis are worth another try, and what each means for people.</summary>
static class RedisFaults
{
    /// <summary>Whether a failure is one that has to be told, rather than a mistake of ours.</summary>
    public static bool IsFault(Exception error) =>
        error is IOException or SocketException or AuthenticationException or TimeoutException
        && error is not DestinationException;

    /// <summary>Whether the same may succeed a little later, by a new connection.</summary>
    public static bool IsTransient(Exception error) =>
        error switch
        {
            DestinationException told => told.IsTransient,
            RedisErrorException told => told.Code
                is "LOADING"
                    or "BUSY"
                    or "TRYAGAIN"
                    or "CLUSTERDOWN"
                    or "MASTERDOWN"
                    or "READONLY" // After a failover; by a new connection it is another server.
                    or "NOREPLICAS",
            AuthenticationException => false,
            SocketException { SocketErrorCode: SocketError.HostNotFound } => false,
            IOException or SocketException or TimeoutException => true,
            _ => false,
        };

    /// <summary>What happened and what to do. What a server says about a password is not repeated.</summary>
    public static string Explain(Exception error, RedisOptions options) =>
        error switch
        {
            RedisErrorException { Code: "WRONGPASS" or "NOAUTH" or "AUTH" } =>
                $"it does not accept {(options.User is null ? "the password" : $"the user {options.User} with the password")} in {RedisOptions.PasswordVariable}",
            RedisErrorException { Code: "NOPERM" } told =>
                $"the user may not do what publishing needs ({told.Message}); docs/apps.md has the ACL",
            RedisErrorException { Code: "OOM" } =>
                "its memory is full (maxmemory): give it more, or let dates expire with redisExpireDays",
            RedisErrorException { Code: "READONLY" } =>
                "it is a replica that may not be written to: name the primary in the setting redis",
            RedisErrorException { Code: "WRONGTYPE" } =>
                $"a key in the way is not Downbeat's: choose another redisPrefix than {options.Prefix}",
            RedisErrorException { Code: "MOVED" or "CROSSSLOT" } =>
                "it is a cluster, and Downbeat needs one that is not: a date's keys change together",
            // An old server repeats what it does not know, and the password with it.
            RedisErrorException told => $"it answered: {told.Message.Split(", with args beginning")[0]}",
            AuthenticationException => $"TLS failed: {error.Message.TrimEnd('.')}",
            TimeoutException => error.Message.TrimEnd('.'),
            IOException { InnerException: SocketException { SocketErrorCode: SocketError.TimedOut } } =>
                "it did not answer in time",
            _ => $"the connection failed: {error.Message.TrimEnd('.')}",
        };
}
