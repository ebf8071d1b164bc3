using Amazon.DynamoDBv2.Model;

namespace Downbeat.Connectors.DynamoDb;

/// <summary>What a table shall hold of a date.</summary>
/// <param name="Table">The table.</param>
/// <param name="SortKey">Its sort key.</param>
/// <param name="IsNumber">Whether that is a number.</param>
/// <param name="Marker">The sort key of the item that tells readers whether the date is whole.</param>
/// <param name="Items">The items, by their sort keys.</param>
sealed record DatePart(
    string Table,
    string SortKey,
    bool IsNumber,
    string Marker,
    Dictionary<string, Dictionary<string, AttributeValue>> Items
)
{
    /// <summary>The key of an item.</summary>
    public Dictionary<string, AttributeValue> Key(string date, string key) =>
        new Attributes { ["date"] = new(date), [SortKey] = IsNumber ? new() { N = key } : new(key) };
}
