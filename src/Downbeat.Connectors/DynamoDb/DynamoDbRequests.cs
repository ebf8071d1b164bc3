using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;
using Amazon.Runtime;
using Downbeat.Pipeline.Publish;

namespace Downbeat.Connectors.DynamoDb;

/// <summary>
/// Sends requests to DynamoDB: so many at once as it takes, again where that may help, with a <see cref="DestinationException"/> for
/// whatever fails but a condition or a missing table.
/// </summary>
/// <param name="connect">Makes the client, when there is something to send.</param>
/// <param name="place">Where to, for messages.</param>
/// <param name="retries">Tries again.</param>
/// <param name="mostInFlight">Never more requests at once than that.</param>
sealed class DynamoDbRequests(Func<IAmazonDynamoDB> connect, string place, Retries retries, int mostInFlight)
    : IDisposable
{
    /// <summary>Hundreds of dates a minute, and no burst that a table on demand needs to warm up for.</summary>
    public const int UsualMostInFlight = 64;

    /// <summary>An answer takes milliseconds.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    readonly Lazy<IAmazonDynamoDB> client = new(connect);

    /// <summary>How many are under way at once.</summary>
    public InFlight InFlight { get; } = new(mostInFlight);

    /// <summary>Never more than that.</summary>
    public int MostInFlight => mostInFlight;

    /// <summary>For tests, which let it die there, or wait.</summary>
    public Action<string>? BeforeRequest { get; init; }

    /// <summary>Whether what failed may succeed a little later.</summary>
    public static bool IsTransient(Exception error) => error is DestinationException { IsTransient: true };

    /// <summary>Sends a request.</summary>
    /// <param name="what">What it is, for tests.</param>
    /// <param name="send">Sends it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ConditionalCheckFailedException">Its condition does not hold.</exception>
    /// <exception cref="ResourceNotFoundException">There is no such table.</exception>
    /// <exception cref="DestinationException">It failed, however often it was tried.</exception>
    public async Task<T> SendAsync<T>(
        string what,
        Func<IAmazonDynamoDB, CancellationToken, Task<T>> send,
        CancellationToken cancellationToken
    )
    {
        return await retries
            .RunAsync(async token => await TrySendAsync(what, send, token).ConfigureAwait(false), cancellationToken)
            .ConfigureAwait(false);
    }

    /// <summary>Sends a write that has a condition: false when that does not hold.</summary>
    public async Task<bool> SendIfAsync(
        string what,
        Func<IAmazonDynamoDB, CancellationToken, Task> send,
        CancellationToken cancellationToken
    )
    {
        try
        {
            return await SendAsync(
                    what,
                    async (to, token) =>
                    {
                        await send(to, token).ConfigureAwait(false);
                        return true;
                    },
                    cancellationToken
                )
                .ConfigureAwait(false);
        }
        catch (ConditionalCheckFailedException)
        {
            return false;
        }
    }

    /// <summary>All items of a partition, page by page.</summary>
    public async Task<List<Dictionary<string, AttributeValue>>> QueryAsync(
        string table,
        string partition,
        CancellationToken cancellationToken,
        params string[] attributes
    )
    {
        var items = new List<Dictionary<string, AttributeValue>>();
        Dictionary<string, AttributeValue>? last = null;
        do
        {
            var start = last;
            var page = await SendAsync(
                    "query",
                    (to, token) =>
                        to.QueryAsync(
                            new QueryRequest
                            {
                                TableName = table,
                                ConsistentRead = true,
                                KeyConditionExpression = "#partition = :partition",
                                ProjectionExpression =
                                    attributes.Length == 0
                                        ? null
                                        : string.Join(", ", attributes.Select((_, place) => $"#a{place}")),
                                ExpressionAttributeNames = attributes
                                    .Select((name, place) => ($"#a{place}", name))
                                    .Append(("#partition", "date"))
                                    .ToDictionary(name => name.Item1, name => name.Item2, StringComparer.Ordinal),
                                ExpressionAttributeValues = new Attributes { [":partition"] = new(partition) },
                                ExclusiveStartKey = start,
                            },
                            token
                        ),
                    cancellationToken
                )
                .ConfigureAwait(false);
            items.AddRange(page.Items ?? []);
            last = page.LastEvaluatedKey;
        } while (last is { Count: > 0 });

        return items;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (client.IsValueCreated)
        {
            client.Value.Dispose();
        }
    }

    async Task<T> TrySendAsync<T>(
        string what,
        Func<IAmazonDynamoDB, CancellationToken, Task<T>> send,
        CancellationToken cancellationToken
    )
    {
        var cuts = await InFlight.EnterAsync(cancellationToken).ConfigureAwait(false);
        var throttled = false;
        try
        {
            BeforeRequest?.Invoke(what);
            return await send(client.Value, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw Fail(new TimeoutException($"no answer in {Patience.TotalSeconds:0} s", error));
        }
        catch (Exception error)
            when (error
                    is AmazonServiceException
                        or AmazonClientException
                        or HttpRequestException
                        or IOException
                        or TimeoutException
                && error
                    is not (
                        ConditionalCheckFailedException
                        or ResourceNotFoundException
                        or ResourceInUseException
                        or DestinationException
                    )
            )
        {
            throttled = DynamoDbFaults.IsThrottling(error);
            throw Fail(error);
        }
        finally
        {
            InFlight.Leave(cuts, throttled);
        }
    }

    DestinationException Fail(Exception error) =>
        new($"{place}: {DynamoDbFaults.Explain(error)}.", DynamoDbFaults.IsTransient(error), error);
}
