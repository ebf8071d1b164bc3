using System.Globalization;
using Amazon.DynamoDBv2.Model;

namespace Downbeat.Connectors.DynamoDb;

/// <summary>Which of two items is newer: that of the later owner, and of one owner that of the higher version of the ledger.</summary>
/// <param name="Owner">Counts the lakes that the tables have belonged to.</param>
/// <param name="Number">The version of the ledger.</param>
readonly record struct ItemVersion(long Owner, long Number) : IComparable<ItemVersion>
{
    /// <summary>A condition under which an item may be written: nothing newer is there.</summary>
    public const string NothingNewer =
        "attribute_not_exists(#version) OR #owner < :owner OR (#owner = :owner AND #version <= :version)";

    /// <summary>A condition under which an item may be deleted: it is still this one.</summary>
    public const string IsThis = "#version = :version AND #owner = :owner";

    /// <summary>The names in the conditions.</summary>
    public static Dictionary<string, string> Names =>
        new(StringComparer.Ordinal) { ["#version"] = "version", ["#owner"] = "owner" };

    /// <summary>The values in the conditions.</summary>
    public Dictionary<string, AttributeValue> Values =>
        new Attributes { [":version"] = Attribute(Number), [":owner"] = Attribute(Owner) };

    /// <summary>The version of an item; none is older than that of an item without one.</summary>
    public static ItemVersion Of(Dictionary<string, AttributeValue> item) =>
        new(Whole(item, "owner"), Whole(item, "version"));

    /// <summary>Writes it into an item.</summary>
    public void AddTo(Dictionary<string, AttributeValue> item)
    {
        item["version"] = Attribute(Number);
        item["owner"] = Attribute(Owner);
    }

    /// <inheritdoc/>
    public int CompareTo(ItemVersion other) =>
        Owner != other.Owner ? Owner.CompareTo(other.Owner) : Number.CompareTo(other.Number);

    /// <summary>Whether it is older.</summary>
    public static bool operator <(ItemVersion left, ItemVersion right) => left.CompareTo(right) < 0;

    /// <summary>Whether it is newer.</summary>
    public static bool operator >(ItemVersion left, ItemVersion right) => left.CompareTo(right) > 0;

    /// <summary>Whether it is not newer.</summary>
    public static bool operator <=(ItemVersion left, ItemVersion right) => left.CompareTo(right) <= 0;

    /// <summary>Whether it is not older.</summary>
    public static bool operator >=(ItemVersion left, ItemVersion right) => left.CompareTo(right) >= 0;

    /// <summary>An attribute that is a whole number.</summary>
    public static AttributeValue Attribute(long value) => new() { N = value.ToString(CultureInfo.InvariantCulture) };

    /// <summary>A whole number among the attributes of an item; 0 when there is none.</summary>
    public static long Whole(Dictionary<string, AttributeValue> item, string name) =>
        item.GetValueOrDefault(name)?.N is { } text ? long.Parse(text, CultureInfo.InvariantCulture) : 0;
}
