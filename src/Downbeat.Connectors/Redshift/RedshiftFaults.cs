using Downbeat.Connectors.Postgres;
using Npgsql;

namespace Downbeat.Connectors.Redshift;

/// <summary>What Redshift may fail with: as PostgreSQL does, and in ways of its own, which it tells by texts.</summary>
static class RedshiftFaults
{
    /// <summary>Everything is made only where it is not there; so somebody else made it at the same time.</summary>
    static readonly string[] Raced =
    [
        PostgresErrorCodes.DuplicateSchema,
        PostgresErrorCodes.DuplicateTable,
        PostgresErrorCodes.UniqueViolation,
    ];

    /// <summary>Whether this is a fault of the server or of the way to it, and not of the program.</summary>
    public static bool IsFault(Exception error) => PostgresFaults.IsFault(error);

    /// <summary>Whether trying the whole transaction again may succeed.</summary>
    public static bool IsTransient(Exception error) =>
        PostgresFaults.IsTransient(error)
        || (
            error is PostgresException said
            && (
                Raced.Contains(said.SqlState)
                || Says(said, "serializable isolation violation") // Number 1023: somebody else wrote meanwhile.
                || Says(said, "concurrent transaction")
                || Says(said, "SlowDown") // S3 to Redshift.
                || Says(said, "is being resized")
                || Says(said, "restarting")
            )
        );

    /// <summary>Says what is wrong and what to do.</summary>
    public static string Explain(Exception error, PostgresConnection connection) =>
        error is PostgresException said && (Says(said, "S3ServiceException") || Says(said, "IAM role"))
            ? $"it cannot read its files in S3: {said.MessageText} See redshiftIamRole in docs/warehouses.md."
        : error is PostgresException load && Says(load, "stl_load_errors")
            ? $"{load.MessageText} The view SYS_LOAD_ERROR_DETAIL there says more, and the files still lie in redshiftStaging."
        : PostgresFaults.Explain(error, connection);

    static bool Says(PostgresException error, string words) =>
        error.MessageText.Contains(words, StringComparison.OrdinalIgnoreCase)
        || error.Detail?.Contains(words, StringComparison.OrdinalIgnoreCase) == true;
}
