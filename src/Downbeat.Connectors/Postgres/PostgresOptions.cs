namespace Downbeat.Connectors.Postgres;

/// <summary>A PostgreSQL database as a destination.</summary>
public sealed record PostgresOptions
{
    /// <summary>Which database; null for none.</summary>
    public PostgresAddress? Address { get; init; }

    /// <summary>The authority that signed the server's certificate, a file in PEM.</summary>
    public string? Ca { get; init; }

    /// <summary>How the connection is protected; null for what goes with <see cref="Ca"/>.</summary>
    public PostgresTls? Tls { get; init; }

    /// <summary>The schema that holds the tables.</summary>
    public string Schema { get; init; } = "downbeat";

    /// <summary>Roles that may read the tables.</summary>
    public IReadOnlyList<string> GrantSelectTo { get; init; } = [];
}
