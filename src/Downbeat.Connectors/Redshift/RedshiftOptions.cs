using Downbeat.Connectors.Postgres;
using Downbeat.Connectors.S3;

namespace Downbeat.Connectors.Redshift;

/// <summary>A Redshift database as a destination.</summary>
public sealed record RedshiftOptions
{
    /// <summary>The port of Redshift when an address names none.</summary>
    public const int UsualPort = 5439;

    /// <summary>Which database; null for none.</summary>
    public PostgresAddress? Address { get; init; }

    /// <summary>The authority that signed the server's certificate, a file in PEM.</summary>
    public string? Ca { get; init; }

    /// <summary>How the connection is protected; null for what goes with <see cref="Ca"/>.</summary>
    public PostgresTls? Tls { get; init; }

    /// <summary>The schema that holds the tables. Redshift folds names to lower case, quoted or not.</summary>
    public string Schema
    {
        get;
#pragma warning disable CA1308 // It is what Redshift does.
        init => field = value.ToLowerInvariant();
#pragma warning restore CA1308
    } = "downbeat";

    /// <summary>Who may read the tables: users, and groups or roles as <c>group analysts</c>, <c>role analysts</c>.</summary>
    public IReadOnlyList<string> GrantSelectTo { get; init; } = [];

    /// <summary>Where files lie while Redshift loads them: <c>s3://bucket/prefix</c>.</summary>
    public string? Staging
    {
        get;
        init =>
            field =
                value is null || (value.StartsWith("s3://", StringComparison.Ordinal) && value.Trim('/').Length > 5)
                    ? value?.TrimEnd('/')
                    : throw new FormatException("expected is s3://BUCKET/PREFIX.");
    }

    /// <summary>The role by which Redshift reads these files; null for the credentials that wrote them.</summary>
    public string? IamRole { get; init; }

    /// <summary>Where S3 is.</summary>
    public S3Options S3 { get; init; } = new();
}
