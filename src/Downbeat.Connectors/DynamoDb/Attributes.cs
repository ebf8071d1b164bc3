using Amazon.DynamoDBv2.Model;

namespace Downbeat.Connectors.DynamoDb;

/// <summary>An item, a key, or the values of an expression.</summary>
sealed class Attributes : Dictionary<string, AttributeValue>
{
    /// <summary>None.</summary>
    public Attributes()
        : base(StringComparer.Ordinal) { }

    /// <summary>The same as another.</summary>
    public Attributes(Dictionary<string, AttributeValue> other)
        : base(other, StringComparer.Ordinal) { }
}
