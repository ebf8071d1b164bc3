using Amazon.DynamoDBv2.Model;

namespace Downbeat.Connectors.DynamoDb;

/// <summary>
/// What is known of a date: an item of the genre table, in the partition <c>#dates</c> with the date as sort key. All decisions
/// between publishers are conditions on it, because it is one item.
/// </summary>
/// <param name="Published">What is published; of version 0 where nothing was yet.</param>
/// <param name="Fingerprint">The fingerprint of what is published; null where nothing was yet.</param>
/// <param name="Registrations">How many writers there have been.</param>
/// <param name="Unswept">Set by who published, until what vanished from the date is deleted.</param>
/// <param name="Writers">Who is at work, or died at work.</param>
sealed record DateEntry(
    ItemVersion Published,
    string? Fingerprint,
    long Registrations,
    string? Unswept,
    IReadOnlyList<Writer> Writers
)
{
    /// <summary>The partition of the genre table that holds what is no genre.</summary>
    public const string Partition = "#dates";

    /// <summary>Reads an entry.</summary>
    public static DateEntry Of(Dictionary<string, AttributeValue> item) =>
        new(
            ItemVersion.Of(item),
            item.GetValueOrDefault("fingerprint")?.S,
            ItemVersion.Whole(item, "registrations"),
            item.GetValueOrDefault("unswept")?.S,
            [.. Writer.Of(item)]
        );

    /// <summary>Whether someone may still write what is older than what is published.</summary>
    public bool HasOlderWriters(DateTimeOffset now) =>
        Writers.Any(writer => writer.Version < Published && writer.IsAlive(now));

    /// <summary>
    /// Whether the date may hold something else than what is published: someone began to write what is newer, and has not come to an
    /// end; or what vanished from it was left to be deleted by one who has died.
    /// </summary>
    public bool IsUnfinished(DateTimeOffset now) =>
        Writers.Any(writer => writer.Version > Published) || (Unswept is not null && !HasOlderWriters(now));
}
