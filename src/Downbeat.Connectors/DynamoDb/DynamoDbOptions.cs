namespace Downbeat.Connectors.DynamoDb;

/// <summary>Which tables of DynamoDB are published to. Credentials are the AWS chain's to find.</summary>
public sealed record DynamoDbOptions
{
    /// <summary>The region, as in <c>eu-west-1</c>.</summary>
    public required string Region { get; init; }

    /// <summary>Another address than the region's, as of DynamoDB local; null for that.</summary>
    public Uri? Endpoint { get; init; }

    /// <summary>The table with an item for every date and genre.</summary>
    public string GenreTable { get; init; } = "downbeat_genre_daily";

    /// <summary>The table with an item for every date and hour.</summary>
    public string HourTable { get; init; } = "downbeat_hourly";
}
