using System.Net.Security;
using System.Text;
using Downbeat.Pipeline.Runs;

namespace Downbeat.Connectors.Redis;

/// <summary>
/// Keeps the lease of a lake in Redis, which decides between two at once. A connection an operation: there are a few a minute, and an idle one
/// would break unseen.
/// </summary>
/// <param name="options">Which Redis.</param>
/// <param name="password">The password, or null where there is none.</param>
/// <param name="lakeId">Whose lease.</param>
public sealed class RedisLeaseStore(RedisOptions options, string? password, string lakeId) : ILeaseStore
{
    readonly string key = $"{options.Prefix}lease:{lakeId}";

    /// <summary>For tests, which trust who is trusted by nobody else.</summary>
    internal RemoteCertificateValidationCallback? Trust { get; init; }

    /// <inheritdoc/>
    public byte[]? Read() => (byte[]?)Call("GET", key);

    /// <inheritdoc/>
    public bool PutIfAbsent(byte[] lease) => Call("SET", key, Text(lease), "NX") is not null;

    /// <inheritdoc/>
    public bool Replace(byte[] read, byte[] lease) =>
        Call(
            "EVAL",
            "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end redis.call('SET', KEYS[1], ARGV[2]) return 1",
            "1",
            key,
            Text(read),
            Text(lease)
        )
            is 1L;

    /// <inheritdoc/>
    public void Delete(byte[] read) =>
        Call(
            "EVAL",
            "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end return 1",
            "1",
            key,
            Text(read)
        );

    static string Text(byte[] lease) => Encoding.UTF8.GetString(lease); // JSON.

    object? Call(params ReadOnlySpan<string> command)
    {
        try
        {
            using var connection = RedisConnection.Open(options, password, Trust);
            return connection.Call(command);
        }
        catch (Exception error) when (RedisFaults.IsFault(error))
        {
            throw new IOException(
                $"The lease is kept in {options.Place}: {RedisFaults.Explain(error, options)}.",
                error
            );
        }
    }
}
