using Downbeat.Connectors.Postgres;
using Downbeat.Connectors.S3;

namespace Downbeat.Connectors.OpenLineage;

/// <summary>A dataset as lineage calls it: by the naming of OpenLineage, so that what others tell of it meets.</summary>
/// <param name="Namespace">The system that holds it: <c>postgres://db.example.com:5432</c>.</param>
/// <param name="Name">Its name there: <c>analytics.downbeat.daily</c>.</param>
public sealed record LineageDataset(string Namespace, string Name);

/// <summary>Where what a run reads and writes lies.</summary>
public sealed record LineagePlaces
{
    /// <summary>The lake, which names the job.</summary>
    public required string Lake { get; init; }

    /// <summary>The dataset of a folder of the lake: <c>landing/streams</c>, <c>kpis/daily</c>.</summary>
    public required Func<string, LineageDataset> Folder { get; init; }

    /// <summary>The dataset of the songs, if they come from a database.</summary>
    public LineageDataset? Songs { get; init; }

    /// <summary>The dataset of the users, if they come from a database.</summary>
    public LineageDataset? Users { get; init; }

    /// <summary>What a table is called by a destination, by the destination's name; null for a table that it does not hold.</summary>
    public IReadOnlyDictionary<string, Func<string, LineageDataset?>> Destinations { get; init; } =
        new Dictionary<string, Func<string, LineageDataset?>>(StringComparer.Ordinal);

    /// <summary>A folder of this machine.</summary>
    public static LineageDataset OfFolder(string path) => new("file", Path.GetFullPath(path));

    /// <summary>A place in S3.</summary>
    public static LineageDataset Of(S3Place place)
    {
        ArgumentNullException.ThrowIfNull(place);
        return new($"s3://{place.Bucket}", place.Prefix.TrimEnd('/') is { Length: > 0 } prefix ? prefix : "/");
    }

    /// <summary>A table of PostgreSQL.</summary>
    public static LineageDataset OfPostgres(PostgresAddress address, string table)
    {
        ArgumentNullException.ThrowIfNull(address);
        return new($"postgres://{Authority(address.Host, address.Port)}", $"{address.Database}.{table}");
    }

    /// <summary>A table of Redshift, whose address tells its cluster and region.</summary>
    public static LineageDataset OfRedshift(PostgresAddress address, string table)
    {
        ArgumentNullException.ThrowIfNull(address);
        var parts = address.Host.Split('.');
        var isAws = parts.Length >= 6 && parts[3].StartsWith("redshift", StringComparison.Ordinal);
        var host = isAws ? $"{parts[0]}.{parts[2]}:{address.Port}" : Authority(address.Host, address.Port);
        return new($"redshift://{host}", $"{address.Database}.{table}");
    }

    /// <summary>A host and a port, the host in brackets where it is an IPv6 address.</summary>
    public static string Authority(string host, int port) =>
        host.Contains(':', StringComparison.Ordinal) ? $"[{host}]:{port}" : $"{host}:{port}";
}
