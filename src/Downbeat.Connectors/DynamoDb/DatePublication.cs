using System.Collections.Concurrent;
using System.Globalization;
using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;
using Downbeat.Engine.Listens;
using Downbeat.Pipeline.Publish;

namespace Downbeat.Connectors.DynamoDb;

/// <summary>
/// Brings a date to hold exactly the items of a version, one conditional write an item: nothing newer may be there. What such a
/// condition cannot see is an item that is gone: whoever deletes one might let an older writer, late, make it again. So a writer
/// registers in the date's entry first, which refuses those that are older than what is published; what vanished becomes a
/// tombstone, which refuses them too; and tombstones are deleted when no older writer is registered any more, by the last to go.
/// </summary>
sealed class DatePublication(
    DynamoDbRequests requests,
    DynamoDbOptions options,
    DateTables date,
    long owner,
    TimeProvider clock
)
{
    readonly ItemVersion version = new(owner, date.Version);
    readonly string dateText = ListenDate.Text(date.Date);
    readonly string nonce = Guid.NewGuid().ToString("N")[..12];
    readonly ConcurrentBag<Writer> registered = []; // This one, and the dead, who go with it.
    readonly Lock renewing = new();
    DateTimeOffset registeredAt;
    Task renewal = Task.CompletedTask;
    int overtaken;

    /// <summary>Publishes.</summary>
    /// <returns>Texts that had to be changed.</returns>
    /// <exception cref="DestinationException">The date does not hold this version, nor a newer one.</exception>
    public async Task<IReadOnlyList<string>> RunAsync(CancellationToken cancellationToken)
    {
        if (await RegisterAsync(cancellationToken).ConfigureAwait(false) is not { } before)
        {
            return []; // Something newer is published.
        }

        var isAlone = before.Writers.Count == 1;
        if (
            isAlone
            && before.Unswept is null
            && before.Published.Owner == owner
            && before.Fingerprint == date.Fingerprint
        )
        {
            await UnregisterAsync(swept: null, cancellationToken).ConfigureAwait(false);
            return [];
        }

        var warnings = new List<string>();
        DatePart[] parts =
        [
            new(options.GenreTable, "track_genre", false, DateItems.GenreMarker, DateItems.OfGenres(date, warnings)),
            new(options.HourTable, "hour", true, DateItems.HourMarker, DateItems.OfHours(date, warnings)),
        ];
        var tombstones = await WriteAsync(parts, cancellationToken).ConfigureAwait(false);
        var published = overtaken == 0 ? await CommitAsync(cancellationToken).ConfigureAwait(false) : null;
        DateEntry after;
        if (published?.HasOlderWriters(clock.GetUtcNow()) == false)
        {
            if (isAlone && published.Registrations == before.Registrations)
            {
                await ForAllAsync(tombstones, DeleteAsync, cancellationToken).ConfigureAwait(false);
            }
            else
            {
                await SweepAsync(parts, published.Published, cancellationToken).ConfigureAwait(false);
            }

            after = await UnregisterAsync(swept: nonce, cancellationToken).ConfigureAwait(false);
        }
        else
        {
            after = await UnregisterAsync(swept: null, cancellationToken).ConfigureAwait(false);
        }

        if (after.Published < version && !after.Writers.Any(writer => writer.Version > version))
        {
            throw new DestinationException(
                $"{dateText} has items of a newer version than {date.Version}, which this lake's ledger does not know: was the lake restored from a backup? Delete the date's items and its entry {DateEntry.Partition}/{dateText}, and run again."
            );
        }

        // Who published while this one was at work has left the sweeping to the last to go.
        while (after.Unswept is { } unswept && !after.HasOlderWriters(clock.GetUtcNow()))
        {
            await SweepAsync(parts, after.Published, cancellationToken).ConfigureAwait(false);
            after = await UnregisterAsync(unswept, cancellationToken).ConfigureAwait(false);
        }

        return published is null ? [] : warnings;
    }

    /// <summary>Says that the date is being written; null when something newer is published.</summary>
    async Task<DateEntry?> RegisterAsync(CancellationToken cancellationToken)
    {
        if (await SayWritingAsync("register", cancellationToken).ConfigureAwait(false) is not { } entry)
        {
            var refusal = await requests
                .SendAsync(
                    "look",
                    (to, token) =>
                        to.GetItemAsync(
                            new GetItemRequest
                            {
                                TableName = options.GenreTable,
                                Key = EntryKey(),
                                ConsistentRead = true,
                            },
                            token
                        ),
                    cancellationToken
                )
                .ConfigureAwait(false);
            return DateEntry.Of(refusal.Item ?? []).Published.Owner > owner
                ? throw new DestinationException(
                    "another lake has taken it over meanwhile; `downbeat run --take-over` makes it this lake's again."
                )
                : null;
        }

        var now = clock.GetUtcNow();
        foreach (var dead in entry.Writers.Where(other => other.Nonce != nonce && !other.IsAlive(now)))
        {
            registered.Add(dead);
        }

        return entry;
    }

    async Task<DateEntry?> SayWritingAsync(string what, CancellationToken cancellationToken)
    {
        var writer = new Writer(version, nonce, clock.GetUtcNow());
        registeredAt = writer.Since;
        registered.Add(writer);
        try
        {
            return await UpdateEntryAsync(
                    what,
                    "ADD #writers :writer, #registrations :one",
                    ItemVersion.NothingNewer,
                    new Attributes(version.Values)
                    {
                        [":writer"] = new() { SS = [writer.Text] },
                        [":one"] = ItemVersion.Attribute(1),
                    },
                    cancellationToken
                )
                .ConfigureAwait(false);
        }
        catch (ConditionalCheckFailedException)
        {
            return null;
        }
    }

    /// <summary>Writes all items, then tombstones for those that vanished, then the markers that readers look at.</summary>
    /// <returns>The tombstones.</returns>
    async Task<List<Found>> WriteAsync(IReadOnlyList<DatePart> parts, CancellationToken cancellationToken)
    {
        var tombstones = new List<Found>();
        foreach (var part in parts)
        {
            var found = await ListAsync(part, cancellationToken).ConfigureAwait(false);
            tombstones.AddRange(
                found.Where(item => !part.Items.ContainsKey(item.Key)).Select(item => item with { Version = version })
            );
        }

        await ForAllAsync(
                parts.SelectMany(part => part.Items.Select(item => (Part: part, item.Key, Item: item.Value))),
                (item, token) => PutAsync("put", item.Part, item.Key, item.Item, token),
                cancellationToken
            )
            .ConfigureAwait(false);
        await ForAllAsync(
                tombstones,
                (item, token) =>
                    PutAsync(
                        "bury",
                        item.Part,
                        item.Key,
                        new Attributes { ["deleted"] = new() { BOOL = true } },
                        token
                    ),
                cancellationToken
            )
            .ConfigureAwait(false);
        await ForAllAsync(
                parts,
                (part, token) => PutAsync("mark", part, part.Marker, MarkerOf(part), token),
                cancellationToken
            )
            .ConfigureAwait(false);
        return tombstones;
    }

    Dictionary<string, AttributeValue> MarkerOf(DatePart part) =>
        new Attributes
        {
            ["fingerprint"] = new(date.Fingerprint),
            ["item_count"] = ItemVersion.Attribute(part.Items.Count),
            ["quality"] = DateItems.Quality(date),
            ["published_at"] = new(clock.GetUtcNow().ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture)),
        };

    /// <summary>Says that the date is published; null when something newer is.</summary>
    async Task<DateEntry?> CommitAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await UpdateEntryAsync(
                    "commit",
                    "SET #version = :version, #owner = :owner, #fingerprint = :fingerprint, #unswept = :nonce",
                    ItemVersion.NothingNewer,
                    new Attributes(version.Values)
                    {
                        [":fingerprint"] = new(date.Fingerprint),
                        [":nonce"] = new(nonce),
                    },
                    cancellationToken
                )
                .ConfigureAwait(false);
        }
        catch (ConditionalCheckFailedException)
        {
            return null;
        }
    }

    /// <summary>Says that it is no longer at work; and, when told of which publication, that all it left was swept.</summary>
    async Task<DateEntry> UnregisterAsync(string? swept, CancellationToken cancellationToken)
    {
        AttributeValue own = new() { SS = [.. registered.Select(one => one.Text)] };
        if (swept is not null)
        {
            try
            {
                return await UpdateEntryAsync(
                        "unregister",
                        "DELETE #writers :own REMOVE #unswept",
                        "#unswept = :swept",
                        new Attributes { [":own"] = own, [":swept"] = new(swept) },
                        cancellationToken
                    )
                    .ConfigureAwait(false);
            }
            catch (ConditionalCheckFailedException)
            {
                // Another has published meanwhile, and sees to it.
            }
        }

        return await UpdateEntryAsync(
                "unregister",
                "DELETE #writers :own",
                null,
                new Attributes { [":own"] = own },
                cancellationToken
            )
            .ConfigureAwait(false);
    }

    /// <summary>Deletes tombstones, and late writes of those that were overtaken.</summary>
    async Task SweepAsync(IReadOnlyList<DatePart> parts, ItemVersion published, CancellationToken cancellationToken)
    {
        foreach (var part in parts)
        {
            var found = await ListAsync(part, cancellationToken).ConfigureAwait(false);
            await ForAllAsync(
                    found.Where(item => item.Version < published || (item.Deleted && item.Version <= published)),
                    DeleteAsync,
                    cancellationToken
                )
                .ConfigureAwait(false);
        }
    }

    /// <summary>The items of the date that a table holds, without the marker.</summary>
    async Task<List<Found>> ListAsync(DatePart part, CancellationToken cancellationToken)
    {
        var items = await requests
            .QueryAsync(part.Table, dateText, cancellationToken, part.SortKey, "version", "owner", "deleted")
            .ConfigureAwait(false);
        return
        [
            .. items
                .Select(item => new Found(
                    part,
                    part.IsNumber ? item[part.SortKey].N : item[part.SortKey].S,
                    ItemVersion.Of(item),
                    item.ContainsKey("deleted")
                ))
                .Where(item => item.Key != part.Marker),
        ];
    }

    async Task PutAsync(
        string what,
        DatePart part,
        string key,
        Dictionary<string, AttributeValue> item,
        CancellationToken cancellationToken
    )
    {
        await RenewAsync(cancellationToken).ConfigureAwait(false);

        if (Volatile.Read(ref overtaken) > 0)
        {
            return; // Who is newer writes all of the date.
        }

        version.AddTo(item);
        foreach (var (name, value) in part.Key(dateText, key))
        {
            item[name] = value;
        }

        var request = new PutItemRequest
        {
            TableName = part.Table,
            Item = item,
            ConditionExpression = ItemVersion.NothingNewer,
            ExpressionAttributeNames = ItemVersion.Names,
            ExpressionAttributeValues = version.Values,
        };
        if (
            !await requests
                .SendIfAsync(what, (to, token) => to.PutItemAsync(request, token), cancellationToken)
                .ConfigureAwait(false)
        )
        {
            Interlocked.Increment(ref overtaken);
        }
    }

    /// <summary>Deletes an item, if it is still what it was.</summary>
    async Task DeleteAsync(Found item, CancellationToken cancellationToken)
    {
        var request = new DeleteItemRequest
        {
            TableName = item.Part.Table,
            Key = item.Part.Key(dateText, item.Key),
            ConditionExpression = ItemVersion.IsThis,
            ExpressionAttributeNames = ItemVersion.Names,
            ExpressionAttributeValues = item.Version.Values,
        };
        await requests
            .SendIfAsync("delete", (to, token) => to.DeleteItemAsync(request, token), cancellationToken)
            .ConfigureAwait(false);
    }

    /// <summary>Says again that the date is being written, before anyone takes this writer for dead. All wait for that.</summary>
    Task RenewAsync(CancellationToken cancellationToken)
    {
        lock (renewing)
        {
            if (clock.GetUtcNow() - registeredAt >= Writer.Renewal)
            {
                renewal = SayAgainAsync();
            }

            return renewal;
        }

        async Task SayAgainAsync()
        {
            if (await SayWritingAsync("renew", cancellationToken).ConfigureAwait(false) is null)
            {
                Interlocked.Increment(ref overtaken);
            }
        }
    }

    Dictionary<string, AttributeValue> EntryKey() =>
        new Attributes { ["date"] = new(DateEntry.Partition), ["track_genre"] = new(dateText) };

    async Task<DateEntry> UpdateEntryAsync(
        string what,
        string update,
        string? condition,
        Dictionary<string, AttributeValue> values,
        CancellationToken cancellationToken
    )
    {
        string[] names = ["version", "owner", "writers", "registrations", "fingerprint", "unswept"];
        var request = new UpdateItemRequest
        {
            TableName = options.GenreTable,
            Key = EntryKey(),
            UpdateExpression = update,
            ConditionExpression = condition,
            ExpressionAttributeNames = names
                .Where(name => $"{update} {condition}".Contains($"#{name}", StringComparison.Ordinal)) // Others are refused.
                .ToDictionary(name => $"#{name}", StringComparer.Ordinal),
            ExpressionAttributeValues = values,
            ReturnValues = ReturnValue.ALL_NEW,
        };
        var answer = await requests
            .SendAsync(what, (to, token) => to.UpdateItemAsync(request, token), cancellationToken)
            .ConfigureAwait(false);
        return DateEntry.Of(answer.Attributes ?? []);
    }

    /// <summary>Does something for all, as many at once as requests may be under way.</summary>
    Task ForAllAsync<T>(
        IEnumerable<T> all,
        Func<T, CancellationToken, Task> work,
        CancellationToken cancellationToken
    ) =>
        Parallel.ForEachAsync(
            all,
            new ParallelOptions
            {
                MaxDegreeOfParallelism = requests.MostInFlight,
                CancellationToken = cancellationToken,
            },
            async (one, token) => await work(one, token).ConfigureAwait(false)
        );

    /// <summary>An item as it was found or written.</summary>
    sealed record Found(DatePart Part, string Key, ItemVersion Version, bool Deleted);
}
