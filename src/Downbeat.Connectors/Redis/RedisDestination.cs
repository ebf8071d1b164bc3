using System.Globalization;
using System.Net.Security;
using System.Text;
using Downbeat.Engine.Listens;
using Downbeat.Pipeline.Publish;
using Microsoft.Extensions.Logging;

namespace Downbeat.Connectors.Redis;

/// <summary>
/// Keys in Redis, for apps that read one at a time: hashes by genre, hour, country and date, rankings as sorted sets. A date's keys are
/// written under other names first, in transactions of bounded size, and then take their names all at once, in one script that
/// moves nothing.
/// </summary>
/// <param name="options">Which Redis.</param>
/// <param name="password">The password, or null where there is none.</param>
/// <param name="logger">Told of retries.</param>
/// <param name="clock">Tells what has expired.</param>
/// <param name="isWatched">Whether it is tried again soon anyway, and runs are not to wait until it works.</param>
public sealed class RedisDestination(
    RedisOptions options,
    string? password,
    ILogger logger,
    TimeProvider? clock = null,
    bool isWatched = false
) : IDestination
{
    /// <summary>Takes ownership: unless it belongs to another lake, or with that if it is to be taken over.</summary>
    const string Own = """
        local owner = redis.call('GET', ARGV[1] .. 'lake')
        if owner == ARGV[2] then return owner end
        if owner then
            if ARGV[3] ~= '1' then return owner end
            local dates = redis.call('HKEYS', ARGV[1] .. 'dates')
            for _, date in ipairs(dates) do
                redis.call('HSET', ARGV[1] .. 'dates', date, '0 of another lake')
            end
        end
        redis.call('SET', ARGV[1] .. 'lake', ARGV[2])
        return ARGV[2]
        """;

    /// <summary>
    /// Gives a date's staged keys their names, deletes those that vanished, and notes the date and which is the latest. Nothing is
    /// changed before all is known to be there: a script is not undone when it fails.
    /// </summary>
    const string Switch = """
        local prefix, lake, date, version, fingerprint = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
        local stage, count, expires = ARGV[6], tonumber(ARGV[7]), tonumber(ARGV[8])
        if redis.call('GET', prefix .. 'lake') ~= lake then return 'another' end
        local held = redis.call('HGET', prefix .. 'dates', date)
        if held then
            local there = string.match(held, '^%d+')
            if #there > #version or (#there == #version and there > version) then return 'newer' end
        end

        local names = redis.call('SMEMBERS', stage .. 'keys')
        if #names ~= count then return 'incomplete' end
        for _, name in ipairs(names) do
            if redis.call('EXISTS', stage .. name) == 0 then return 'incomplete' end
        end

        local kept = {}
        for _, name in ipairs(names) do
            kept[name] = true
            redis.call('RENAME', stage .. name, prefix .. name)
            if expires > 0 then
                redis.call('EXPIREAT', prefix .. name, expires)
            else
                redis.call('PERSIST', prefix .. name)
            end
        end

        local keys = prefix .. 'keys:' .. date
        for _, name in ipairs(redis.call('SMEMBERS', keys)) do
            if not kept[name] then redis.call('DEL', prefix .. name) end
        end

        if count > 0 then
            redis.call('RENAME', stage .. 'keys', keys)
            if expires > 0 then redis.call('EXPIREAT', keys, expires) else redis.call('PERSIST', keys) end
        else
            redis.call('DEL', keys)
        end

        redis.call('HSET', prefix .. 'dates', date, version .. ' ' .. fingerprint)
        local latest
        for _, one in ipairs(redis.call('HKEYS', prefix .. 'dates')) do
            if (not latest or one > latest) and redis.call('EXISTS', prefix .. 'date:' .. one) == 1 then latest = one end
        end

        redis.call('DEL', prefix .. 'latest', prefix .. 'latest:hour')
        if latest then
            local hour
            for at = 0, 23 do
                if redis.call('EXISTS', prefix .. 'hour:' .. latest .. ':' .. at) == 1 then hour = at end
            end
            redis.call('SET', prefix .. 'latest', latest)
            local left = redis.call('PTTL', prefix .. 'date:' .. latest)
            if left > 0 then redis.call('PEXPIRE', prefix .. 'latest', left) end
            if hour then
                redis.call('SET', prefix .. 'latest:hour', latest .. ':' .. hour)
                if left > 0 then redis.call('PEXPIRE', prefix .. 'latest:hour', left) end
            end
        end
        return 'done'
        """;

    /// <summary>So many keys are written in one transaction.</summary>
    const int KeysPerTransaction = 250;

    /// <summary>What was staged and never switched to goes after so many seconds.</summary>
    const string StageSeconds = "3600";

    readonly TimeProvider clock = clock ?? TimeProvider.System;
    readonly Retries retries = new("redis", RedisFaults.IsTransient, logger, clock, _ => isWatched);
    RedisConnection? open;
    string? lake;

    /// <summary>For tests, which let it die there.</summary>
    internal Action? BeforeCommand { get; init; }

    /// <summary>For tests, which trust who is trusted by nobody else.</summary>
    internal RemoteCertificateValidationCallback? Trust { get; init; }

    /// <inheritdoc/>
    public string Name => "redis";

    /// <inheritdoc/>
    public string Place => options.Place;

    /// <inheritdoc/>
    public IReadOnlyDictionary<DateOnly, HeldDate> Find(string lakeId, CancellationToken cancellationToken = default) =>
        Do(
            connection =>
            {
                CheckOwner(Call(connection, "GET", $"{options.Prefix}lake") as byte[], lakeId);
                var answer = (List<object?>)Call(connection, "HGETALL", $"{options.Prefix}dates")!;
                var held = new Dictionary<DateOnly, HeldDate>();
                foreach (var pair in answer.Cast<byte[]>().Select(Encoding.UTF8.GetString).Chunk(2))
                {
                    var parts = pair[1].Split(' ', 2);
                    held.Add(
                        DateOnly.ParseExact(pair[0], "yyyy-MM-dd", CultureInfo.InvariantCulture),
                        new(long.Parse(parts[0], CultureInfo.InvariantCulture), parts[1])
                    );
                }

                return held;
            },
            cancellationToken
        );

    /// <inheritdoc/>
    public void Prepare(DestinationRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        Do(
            connection =>
            {
                var owner = Call(
                    connection,
                    "EVAL",
                    Own,
                    "0",
                    options.Prefix,
                    request.LakeId,
                    request.TakeOver ? "1" : "0"
                );
                CheckOwner((byte[]?)owner, request.LakeId);
                return true;
            },
            cancellationToken
        );
        lake = request.LakeId;
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> Publish(IReadOnlyList<DateTables> dates, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(dates);
        var owner = lake ?? throw new InvalidOperationException("It was not prepared.");
        foreach (var date in dates)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Do(
                connection =>
                {
                    Replace(connection, date, owner);
                    return true;
                },
                cancellationToken
            );
        }

        return [];
    }

    /// <inheritdoc/>
    public void Forget(
        string lakeId,
        IReadOnlyCollection<DateOnly> dates,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(dates);
        foreach (var date in dates)
        {
            var answer = Do(
                connection =>
                    Call(
                        connection,
                        "EVAL",
                        """
                        if redis.call('GET', ARGV[1] .. 'lake') ~= ARGV[2] then return 'another' end
                        if redis.call('HEXISTS', ARGV[1] .. 'dates', ARGV[3]) == 1 then
                            redis.call('HSET', ARGV[1] .. 'dates', ARGV[3], '0 to be published again')
                        end
                        return 'done'
                        """,
                        "0",
                        options.Prefix,
                        lakeId,
                        ListenDate.Text(date)
                    ),
                cancellationToken
            );
            if (answer is byte[] text && text.AsSpan().SequenceEqual("another"u8))
            {
                return; // It holds nothing of this lake.
            }
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<Finding> Check(string lakeId, CancellationToken cancellationToken = default)
    {
        var findings = new List<Finding>();
        var probe = $"{options.Prefix}probe:{Guid.NewGuid():N}";
        foreach (
            var (what, attempt) in new (string, Action<RedisConnection>)[]
            {
                ("connect", connection => Call(connection, "PING")),
                ("read", connection => CheckOwner(Call(connection, "GET", $"{options.Prefix}lake") as byte[], lakeId)),
                (
                    "write",
                    connection =>
                    {
                        connection.CallAll(
                            Transaction([
                                ["HSET", probe, "field", "value"],
                                ["EXPIRE", probe, StageSeconds],
                                ["ZADD", $"{probe}:set", "1", "member"],
                                ["SADD", $"{probe}:keys", "name"],
                            ])
                        );
                        Call(
                            connection,
                            "EVAL",
                            "redis.call('RENAME', ARGV[1], ARGV[1] .. ':new') redis.call('PERSIST', ARGV[1] .. ':new') return redis.call('DEL', ARGV[1] .. ':new', ARGV[1] .. ':set', ARGV[1] .. ':keys')",
                            "0",
                            probe
                        );
                    }
                ),
            }
        )
        {
            try
            {
                Do(
                    connection =>
                    {
                        attempt(connection);
                        return true;
                    },
                    cancellationToken
                );
                findings.Add(new(what));
            }
            catch (DestinationException error)
            {
                findings.Add(new(what, error.Message));
                break;
            }
        }

        return findings;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        open?.Dispose();
        open = null;
    }

    static IEnumerable<byte[][]> Transaction(IEnumerable<string[]> commands) =>
        Transaction(commands.Select(command => command.Select(Encoding.UTF8.GetBytes).ToArray()));

    static IEnumerable<byte[][]> Transaction(IEnumerable<byte[][]> commands) =>
        [
            ["MULTI"u8.ToArray()],
            .. commands,
            ["EXEC"u8.ToArray()],
        ];

    void Replace(RedisConnection connection, DateTables date, string owner)
    {
        var expires = options.ExpireDays == 0 ? 0 : Expiry(date.Date);
        var stage = $"{options.Prefix}stage:{Guid.NewGuid():N}:";

        // A date that has expired already has no keys; that it was published is noted all the same, or it would be for ever behind.
        var isExpired = expires > 0 && expires <= clock.GetUtcNow().ToUnixTimeSeconds();
        var count = isExpired ? 0 : Stage(connection, date, stage);
        var answer = Call(
            connection,
            "EVAL",
            Switch,
            "0",
            options.Prefix,
            owner,
            ListenDate.Text(date.Date),
            date.Version.ToString(CultureInfo.InvariantCulture),
            date.Fingerprint,
            stage,
            count.ToString(CultureInfo.InvariantCulture),
            expires.ToString(CultureInfo.InvariantCulture)
        );
        switch (Encoding.UTF8.GetString((byte[])answer!))
        {
            case "another":
                throw new DestinationException(
                    "another lake has taken it over meanwhile; `downbeat run --take-over` makes it this lake's again."
                );
            case "incomplete":
                throw new DestinationException(
                    "keys that were just written are gone: does it evict (maxmemory-policy)? The next run tries again.",
                    isTransient: true
                );
            default:
                return; // Done, or something newer is published.
        }
    }

    /// <summary>The second, since 1970, from which on a date's keys are gone: so many days after the date has ended.</summary>
    long Expiry(DateOnly date) =>
        new DateTimeOffset(date.AddDays(1 + options.ExpireDays), TimeOnly.MinValue, TimeSpan.Zero).ToUnixTimeSeconds();

    int Stage(RedisConnection connection, DateTables date, string stage)
    {
        var names = new byte[][] { Encoding.UTF8.GetBytes($"{stage}keys") };
        var prefix = Encoding.UTF8.GetBytes(stage);
        var seconds = Encoding.UTF8.GetBytes(StageSeconds);
        var count = 0;
        foreach (var keys in RedisKeys.Of(date).Chunk(KeysPerTransaction))
        {
            BeforeCommand?.Invoke();
            var commands = keys.SelectMany(key =>
                {
                    byte[] staged = [.. prefix, .. key.Name];
                    return new byte[][][]
                    {
                        [Encoding.UTF8.GetBytes(key.Command), staged, .. key.Arguments],
                        ["EXPIRE"u8.ToArray(), staged, seconds],
                    };
                })
                .Append(["SADD"u8.ToArray(), .. names, .. keys.Select(key => key.Name)])
                .Append(["EXPIRE"u8.ToArray(), .. names, seconds]);
            connection.CallAll(Transaction(commands));
            count += keys.Length;
        }

        return count;
    }

    static void CheckOwner(byte[]? owner, string lakeId)
    {
        var other = owner is null ? null : Encoding.UTF8.GetString(owner);
        if (other is not null && other != lakeId)
        {
            throw new DestinationException(
                $"it belongs to the lake with the id {other}, and this one's is {lakeId}; `downbeat run --take-over` makes it this lake's, and redisPrefix another's beside it."
            );
        }
    }

    object? Call(RedisConnection connection, params ReadOnlySpan<string> command)
    {
        BeforeCommand?.Invoke();
        return connection.Call(command);
    }

    T Do<T>(Func<RedisConnection, T> work, CancellationToken cancellationToken) =>
        retries.Run(
            _ =>
            {
                try
                {
                    return work(open ??= RedisConnection.Open(options, password, Trust));
                }
                catch (DestinationException error)
                {
                    Dispose();
                    throw new DestinationException($"{Place}: {error.Message}", error.IsTransient, error);
                }
                catch (Exception error) when (RedisFaults.IsFault(error))
                {
                    Dispose(); // What was answered belongs to nothing any more.
                    throw new DestinationException(
                        $"{Place}: {RedisFaults.Explain(error, options)}.",
                        RedisFaults.IsTransient(error),
                        error
                    );
                }
            },
            cancellationToken
        );
}
