using System.Globalization;
using Amazon;
using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;
using Amazon.Runtime;
using Downbeat.Engine.Listens;
using Downbeat.Pipeline.Publish;
using Microsoft.Extensions.Logging;

namespace Downbeat.Connectors.DynamoDb;

/// <summary>
/// Two tables of DynamoDB, for apps that read one item by its key: one with an item for every date and genre, one with an item for
/// every date and hour. What is promised holds by item; a date is whole when its marker says so. See <see cref="DatePublication"/>.
/// </summary>
/// <param name="options">Which tables.</param>
/// <param name="logger">Told of retries.</param>
/// <param name="clock">Tells who has been at work for too long.</param>
/// <param name="isWatched">Whether it is tried again soon anyway, and runs are not to wait until it can be reached.</param>
public sealed class DynamoDbDestination(
    DynamoDbOptions options,
    ILogger logger,
    TimeProvider? clock = null,
    bool isWatched = false
) : IDestination
{
    /// <summary>So many dates are written at once; their requests share what may be under way.</summary>
    const int DatesAtOnce = 4;

    /// <summary>The sort key, in the partition <see cref="DateEntry.Partition"/>, of the item that says whose the tables are.</summary>
    const string OwnerKey = "#lake";

    /// <summary>A table that was just made may not be known everywhere yet.</summary>
    static readonly TimeSpan AppearancePatience = TimeSpan.FromSeconds(30);

    static readonly TimeSpan CreationPatience = TimeSpan.FromMinutes(5);

    readonly TimeProvider clock = clock ?? TimeProvider.System;
    DynamoDbRequests? opened;
    long? owner;

    /// <summary>For tests, which let it die there, or wait.</summary>
    internal Action<string>? BeforeRequest { get; init; }

    /// <summary>For tests, which answer in DynamoDB's place.</summary>
    internal HttpClientFactory? Http { get; init; }

    /// <summary>For tests; others have those that the AWS chain finds.</summary>
    internal AWSCredentials? Credentials { get; init; }

    /// <summary>For tests, where one request is to follow another.</summary>
    internal int MostInFlight { get; init; } = DynamoDbRequests.UsualMostInFlight;

    /// <inheritdoc/>
    public string Name => "dynamodb";

    /// <inheritdoc/>
    public string Place =>
        $"DynamoDB tables {options.GenreTable} and {options.HourTable} {(options.Endpoint is null ? $"in {options.Region}" : $"at {options.Endpoint}")}";

    internal DynamoDbRequests Requests =>
        opened ??= new(
            () => Connect(),
            Place,
            new(
                "dynamodb",
                DynamoDbRequests.IsTransient,
                logger,
                clock,
                error => isWatched && !DynamoDbFaults.IsThrottling(error.InnerException ?? error)
            ),
            MostInFlight
        )
        {
            BeforeRequest = BeforeRequest,
        };

    /// <inheritdoc/>
    public IReadOnlyDictionary<DateOnly, HeldDate> Find(string lakeId, CancellationToken cancellationToken = default) =>
        Wait(async () =>
        {
            try
            {
                var items = await Requests
                    .QueryAsync(options.GenreTable, DateEntry.Partition, cancellationToken)
                    .ConfigureAwait(false);
                var number = CheckOwner(items.Find(item => item["track_genre"].S == OwnerKey), lakeId);
                var now = clock.GetUtcNow();
                var held = new Dictionary<DateOnly, HeldDate>();
                foreach (var item in items)
                {
                    var entry = DateEntry.Of(item);
                    if (
                        entry.Fingerprint is { } fingerprint
                        && DateOnly.TryParseExact(
                            item["track_genre"].S,
                            "yyyy-MM-dd",
                            CultureInfo.InvariantCulture,
                            DateTimeStyles.None,
                            out var date
                        )
                    )
                    {
                        held.Add(
                            date,
                            entry.Published.Owner < number ? new(0, "of another lake")
                                : entry.IsUnfinished(now) ? new(entry.Published.Number, "unfinished")
                                : new(entry.Published.Number, fingerprint)
                        );
                    }
                }

                return held;
            }
            catch (ResourceNotFoundException)
            {
                return [];
            }
        });

    /// <inheritdoc/>
    public void Prepare(DestinationRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        Wait(async () =>
        {
            await MakeTablesAsync(request.Create, cancellationToken).ConfigureAwait(false);
            owner = await TakeOwnershipAsync(request, cancellationToken).ConfigureAwait(false);
            return true;
        });
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> Publish(IReadOnlyList<DateTables> dates, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(dates);
        var number = owner ?? throw new InvalidOperationException("It was not prepared.");
        return Wait(async () =>
        {
            if (
                ItemVersion.Whole(await FindOwnerAsync(cancellationToken).ConfigureAwait(false) ?? [], "owner")
                != number
            )
            {
                throw new DestinationException(
                    "another lake has taken it over meanwhile; `downbeat run --take-over` makes it this lake's again."
                );
            }

            var warnings = new List<string>();
            await Parallel
                .ForEachAsync(
                    dates.GroupBy(date => date.Date).Select(same => same.MaxBy(date => date.Version)!),
                    new ParallelOptions
                    {
                        MaxDegreeOfParallelism = Math.Min(DatesAtOnce, MostInFlight),
                        CancellationToken = cancellationToken,
                    },
                    async (date, token) =>
                    {
                        var publication = new DatePublication(Requests, options, date, number, clock);
                        var changed = await publication.RunAsync(token).ConfigureAwait(false);
                        lock (warnings)
                        {
                            warnings.AddRange(changed.Select(text => $"{ListenDate.Text(date.Date)}: {text}."));
                        }
                    }
                )
                .ConfigureAwait(false);
            return warnings;
        });
    }

    /// <inheritdoc/>
    public void Forget(
        string lakeId,
        IReadOnlyCollection<DateOnly> dates,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(dates);
        var held = Find(lakeId, cancellationToken); // Fails where it is another lake's.
        Wait(async () =>
        {
            foreach (var date in dates.Where(held.ContainsKey))
            {
                await Requests
                    .SendIfAsync(
                        "forget",
                        (to, token) =>
                            to.UpdateItemAsync(
                                new UpdateItemRequest
                                {
                                    TableName = options.GenreTable,
                                    Key = new Attributes
                                    {
                                        ["date"] = new(DateEntry.Partition),
                                        ["track_genre"] = new(ListenDate.Text(date)),
                                    },
                                    UpdateExpression = "SET fingerprint = :none",
                                    ConditionExpression = "attribute_exists(fingerprint)",
                                    ExpressionAttributeValues = new Attributes
                                    {
                                        [":none"] = new("to be published again"),
                                    },
                                },
                                token
                            ),
                        cancellationToken
                    )
                    .ConfigureAwait(false);
            }

            return true;
        });
    }

    /// <inheritdoc/>
    public IReadOnlyList<Finding> Check(string lakeId, CancellationToken cancellationToken = default)
    {
        var findings = new List<Finding>();
        try
        {
            Wait(async () =>
            {
                await MakeTablesAsync(create: false, cancellationToken).ConfigureAwait(false);
                return true;
            });
            findings.Add(new("connect"));
            Find(lakeId, cancellationToken);
            findings.Add(new("read"));
            Wait(async () =>
            {
                await ProbeAsync(options.GenreTable, "track_genre", new("#probe"), cancellationToken)
                    .ConfigureAwait(false);
                await ProbeAsync(options.HourTable, "hour", new() { N = DateItems.HourMarker }, cancellationToken)
                    .ConfigureAwait(false);
                return true;
            });
            findings.Add(new("write"));
        }
        catch (DestinationException error)
        {
            findings.Add(
                new(
                    findings.Count switch
                    {
                        0 => "connect",
                        1 => "read",
                        _ => "write",
                    },
                    error.Message
                )
            );
        }

        return findings;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        opened?.Dispose();
        opened = null;
    }

    AmazonDynamoDBClient Connect()
    {
        var config = new AmazonDynamoDBConfig
        {
            MaxErrorRetry = 0, // Retries are ours, and seen.
            Timeout = DynamoDbRequests.Patience,
        };
        if (options.Endpoint is null)
        {
            config.RegionEndpoint = RegionEndpoint.GetBySystemName(options.Region);
        }
        else
        {
            config.ServiceURL = options.Endpoint.ToString();
            config.AuthenticationRegion = options.Region;
        }

        if (Http is not null)
        {
            config.HttpClientFactory = Http;
        }

        return Credentials is null ? new(config) : new(Credentials, config);
    }

    /// <summary>Writes, changes and deletes an item that is no date's.</summary>
    async Task ProbeAsync(string table, string sortKey, AttributeValue sort, CancellationToken cancellationToken)
    {
        var key = new Attributes { ["date"] = new("#probe"), [sortKey] = sort };
        await Requests
            .SendAsync("probe", (to, token) => to.PutItemAsync(table, key, token), cancellationToken)
            .ConfigureAwait(false);
        if (table == options.GenreTable)
        {
            await Requests
                .SendAsync(
                    "probe",
                    (to, token) =>
                        to.UpdateItemAsync(
                            new UpdateItemRequest
                            {
                                TableName = table,
                                Key = key,
                                UpdateExpression = "SET probed = :one",
                                ExpressionAttributeValues = new Attributes { [":one"] = ItemVersion.Attribute(1) },
                            },
                            token
                        ),
                    cancellationToken
                )
                .ConfigureAwait(false);
            await Requests
                .SendAsync("probe", (to, token) => to.GetItemAsync(table, key, token), cancellationToken)
                .ConfigureAwait(false);
        }

        await Requests
            .SendAsync("probe", (to, token) => to.DeleteItemAsync(table, key, token), cancellationToken)
            .ConfigureAwait(false);
    }

    /// <summary>Makes the tables that are missing, or says how; what is there has to have the keys that are needed.</summary>
    async Task MakeTablesAsync(bool create, CancellationToken cancellationToken)
    {
        (string Table, string SortKey, ScalarAttributeType Type)[] wanted =
        [
            (options.GenreTable, "track_genre", ScalarAttributeType.S),
            (options.HourTable, "hour", ScalarAttributeType.N),
        ];
        var missing = new List<(string Table, string SortKey, ScalarAttributeType Type)>();
        foreach (var (table, sortKey, type) in wanted)
        {
            if (await DescribeAsync(table, cancellationToken).ConfigureAwait(false) is not { } there)
            {
                missing.Add((table, sortKey, type));
                continue;
            }

            string[] keys = [.. (there.KeySchema ?? []).Select(key => $"{key.AttributeName} {key.KeyType}")];
            var types = (there.AttributeDefinitions ?? []).ToDictionary(
                attribute => attribute.AttributeName,
                attribute => attribute.AttributeType,
                StringComparer.Ordinal
            );
            if (
                !keys.SequenceEqual([$"date {KeyType.HASH}", $"{sortKey} {KeyType.RANGE}"], StringComparer.Ordinal)
                || types["date"] != ScalarAttributeType.S
                || types[sortKey] != type
            )
            {
                throw new DestinationException(
                    $"the table {table} is none of Downbeat's: its key is not date (S) and {sortKey} ({type}). Name another with the setting {(type == ScalarAttributeType.S ? "dynamodbGenreTable" : "dynamodbHourTable")}."
                );
            }
        }

        if (missing.Count > 0 && !create)
        {
            var commands = missing.Select(table => DefinitionOf(table.Table, table.SortKey, table.Type));
            throw new DestinationException(
                $"{string.Join(" and ", missing.Select(table => $"the table {table.Table}"))} {(missing.Count == 1 ? "is" : "are")} missing. `downbeat run --create` makes what is missing, billed by request; or make it with: {string.Join(" && ", commands)}"
            );
        }

        foreach (var (table, sortKey, type) in missing)
        {
            await MakeTableAsync(table, sortKey, type, cancellationToken).ConfigureAwait(false);
        }

        foreach (var (table, _, _) in wanted)
        {
            await WaitForTableAsync(table, cancellationToken).ConfigureAwait(false);
        }
    }

    string DefinitionOf(string table, string sortKey, ScalarAttributeType type) =>
        $"aws dynamodb create-table --region {options.Region}{(options.Endpoint is null ? "" : $" --endpoint-url {options.Endpoint}")} --table-name {table} --billing-mode PAY_PER_REQUEST"
        + $" --attribute-definitions AttributeName=date,AttributeType=S AttributeName={sortKey},AttributeType={type}"
        + $" --key-schema AttributeName=date,KeyType=HASH AttributeName={sortKey},KeyType=RANGE";

    async Task MakeTableAsync(
        string table,
        string sortKey,
        ScalarAttributeType type,
        CancellationToken cancellationToken
    )
    {
        try
        {
            await Requests
                .SendAsync(
                    "create",
                    (to, token) =>
                        to.CreateTableAsync(
                            new CreateTableRequest
                            {
                                TableName = table,
                                BillingMode = BillingMode.PAY_PER_REQUEST,
                                AttributeDefinitions = [new("date", ScalarAttributeType.S), new(sortKey, type)],
                                KeySchema = [new("date", KeyType.HASH), new(sortKey, KeyType.RANGE)],
                            },
                            token
                        ),
                    cancellationToken
                )
                .ConfigureAwait(false);
        }
        catch (ResourceInUseException)
        {
            // Another is making it.
        }
    }

    async Task WaitForTableAsync(string table, CancellationToken cancellationToken)
    {
        var start = clock.GetTimestamp();
        for (var pause = 50; ; pause = Math.Min(2 * pause, 2000))
        {
            var there = await DescribeAsync(table, cancellationToken).ConfigureAwait(false);
            if (there?.TableStatus == TableStatus.ACTIVE || there?.TableStatus == TableStatus.UPDATING)
            {
                return;
            }

            var patience = there is null ? AppearancePatience : CreationPatience;
            if (there?.TableStatus == TableStatus.DELETING || clock.GetElapsedTime(start) > patience)
            {
                throw new DestinationException(
                    $"the table {table} is {there?.TableStatus.Value ?? "missing"}, and not ready to use; the next run tries again.",
                    isTransient: true
                );
            }

            await Task.Delay(pause, cancellationToken).ConfigureAwait(false);
        }
    }

    async Task<TableDescription?> DescribeAsync(string table, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await Requests
                .SendAsync("describe", (to, token) => to.DescribeTableAsync(table, token), cancellationToken)
                .ConfigureAwait(false);
            return answer.Table;
        }
        catch (ResourceNotFoundException)
        {
            return null;
        }
    }

    /// <returns>The number that this owner has: what was written under a lower one is another lake's.</returns>
    async Task<long> TakeOwnershipAsync(DestinationRequest request, CancellationToken cancellationToken)
    {
        while (true)
        {
            var there = await FindOwnerAsync(cancellationToken).ConfigureAwait(false);
            if (there is null)
            {
                await CheckEmptyAsync(cancellationToken).ConfigureAwait(false);
            }
            else if (there["lake_id"].S == request.LakeId || !request.TakeOver)
            {
                return CheckOwner(there, request.LakeId);
            }

            // A take-over is a higher number, so that whatever has a lower one gives way whatever its version.
            var number = there is null ? 1 : ItemVersion.Whole(there, "owner") + 1;
            var item = OwnerItemKey();
            item["lake_id"] = new(request.LakeId);
            item["owner"] = ItemVersion.Attribute(number);
            var put = new PutItemRequest
            {
                TableName = options.GenreTable,
                Item = item,
                ConditionExpression = "attribute_not_exists(#owner) OR #owner < :owner",
                ExpressionAttributeNames = new(StringComparer.Ordinal) { ["#owner"] = "owner" },
                ExpressionAttributeValues = new Attributes { [":owner"] = ItemVersion.Attribute(number) },
            };
            if (
                await Requests
                    .SendIfAsync("own", (to, token) => to.PutItemAsync(put, token), cancellationToken)
                    .ConfigureAwait(false)
            )
            {
                return number;
            }
        }
    }

    async Task<Dictionary<string, AttributeValue>?> FindOwnerAsync(CancellationToken cancellationToken)
    {
        var answer = await Requests
            .SendAsync(
                "owner",
                (to, token) => to.GetItemAsync(options.GenreTable, OwnerItemKey(), consistentRead: true, token),
                cancellationToken
            )
            .ConfigureAwait(false);
        return answer.Item is { Count: > 0 } ? answer.Item : null;
    }

    /// <summary>What is not ours is not touched: tables that someone else has filled are theirs.</summary>
    async Task CheckEmptyAsync(CancellationToken cancellationToken)
    {
        foreach (var table in new[] { options.GenreTable, options.HourTable })
        {
            var scan = new ScanRequest
            {
                TableName = table,
                Limit = 1,
                ConsistentRead = true,
            };
            var answer = await Requests
                .SendAsync("scan", (to, token) => to.ScanAsync(scan, token), cancellationToken)
                .ConfigureAwait(false);
            if (answer.Items is { Count: > 0 } && answer.Items[0]["date"].S is not ("#probe" or DateEntry.Partition))
            {
                throw new DestinationException(
                    $"the table {table} has items that Downbeat did not write: name another with the setting {(table == options.GenreTable ? "dynamodbGenreTable" : "dynamodbHourTable")}."
                );
            }
        }
    }

    static Dictionary<string, AttributeValue> OwnerItemKey() =>
        new Attributes { ["date"] = new(DateEntry.Partition), ["track_genre"] = new(OwnerKey) };

    static long CheckOwner(Dictionary<string, AttributeValue>? item, string lakeId)
    {
        if (item is null)
        {
            return 0;
        }

        var other = item["lake_id"].S;
        return other == lakeId
            ? ItemVersion.Whole(item, "owner")
            : throw new DestinationException(
                $"it belongs to the lake with the id {other}, and this one's is {lakeId}; `downbeat run --take-over` makes it this lake's."
            );
    }

    T Wait<T>(Func<Task<T>> work)
    {
        try
        {
            return work().GetAwaiter().GetResult();
        }
        catch (ResourceNotFoundException error)
        {
            throw new DestinationException($"{Place}: a table is missing.", isTransient: false, error);
        }
        catch (DestinationException error) when (!error.Message.StartsWith(Place, StringComparison.Ordinal))
        {
            throw new DestinationException($"{Place}: {error.Message}", error.IsTransient, error);
        }
    }
}
