using Downbeat.Connectors.DynamoDb;
using Downbeat.Connectors.Postgres;
using Downbeat.Connectors.Redis;
using Downbeat.Connectors.Redshift;
using Downbeat.Connectors.S3;
using Downbeat.Pipeline.Runs;

namespace Downbeat.Cli.Settings;

/// <summary>All settings of a command that works on a lake.</summary>
sealed record LakeSettings
{
    /// <summary>The lake's folder, or its place in S3, as its user named it; null for the current folder.</summary>
    public string? Lake { get; init; }

    /// <summary>Whether a lake in a folder has its embedded warehouse.</summary>
    public bool Sqlite { get; init; } = true;

    /// <summary>A PostgreSQL database that holds the tables, too.</summary>
    public PostgresOptions Postgres { get; init; } = new();

    /// <summary>A Redshift database that holds the tables, too.</summary>
    public RedshiftOptions Redshift { get; init; } = new();

    /// <summary>The database that songs and users come from, if they do.</summary>
    public CatalogueSettings Catalogue { get; init; } = new();

    /// <summary>Where S3 is, for a lake there.</summary>
    public S3Options S3 { get; init; } = new();

    /// <summary>The tables of DynamoDB that are published to, if any.</summary>
    public DynamoDbOptions? DynamoDb => KeyValue.DynamoDb;

    /// <summary>The Redis that is published to, if any.</summary>
    public RedisOptions? Redis => KeyValue.Redis;

    /// <summary>What was set of the two, in whatever order.</summary>
    public KeyValueSettings KeyValue { get; init; } = new();

    /// <summary>Who is told when something is not as it should be.</summary>
    public AlertSettings Alerts { get; init; } = new();

    /// <summary>When <c>watch</c> mails a report, as cron says it; null for never.</summary>
    public string? ReportAt { get; init; }

    /// <summary>How a run works.</summary>
    public RunOptions Run { get; init; } = new();
}
