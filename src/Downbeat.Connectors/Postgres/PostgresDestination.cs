using System.Data.Common;
using Downbeat.Connectors.Sql;
using Downbeat.Engine.Kpis;
using Downbeat.Pipeline.Publish;
using Microsoft.Extensions.Logging;
using Npgsql;
using NpgsqlTypes;

namespace Downbeat.Connectors.Postgres;

/// <summary>
/// PostgreSQL, from 15. The rows of a batch are copied into temporary tables and merged from there, so that of a date that was
/// restated only the rows are written that are not as they were.
/// </summary>
public sealed class PostgresDestination : SqlDestination
{
    const int OldestVersion = 15;

    /// <summary>An index takes keys of up to 2,704 bytes, and the date is one part of it.</summary>
    const int MaxKeyBytes = 2600;

    readonly PostgresConnection connection;
    readonly PostgresOptions options;

    /// <summary>It connects when it is used first.</summary>
    /// <param name="options">Where.</param>
    /// <param name="logger">Told of retries.</param>
    /// <param name="isWatched">Whether it is tried again soon anyway, and runs are not to wait until it works.</param>
    public PostgresDestination(PostgresOptions options, ILogger logger, bool isWatched = false)
        : this(options, new Retries("postgres", IsWorthARetry, logger, isLeft: _ => isWatched)) { }

    internal PostgresDestination(PostgresOptions options, Retries? retries)
        : base("postgres.sql", new(maxKeyBytes: MaxKeyBytes), retries)
    {
        ArgumentNullException.ThrowIfNull(options);
        this.options = options;
        connection = new(Name, options.Address ?? throw new ArgumentException("An address is needed.", nameof(options)))
        {
            Ca = options.Ca,
            Tls = options.Tls,
        };
    }

    /// <inheritdoc/>
    public override string Name => "postgres";

    /// <inheritdoc/>
    public override string Place => $"{connection.Address}, schema {options.Schema}";

    private protected override string Schema => Quote(options.Schema);

    private protected override DbConnection Open(bool write) => connection.Open();

    private protected override ILookup<string, string> FindColumns(SqlSession session) =>
        PostgresCatalog.FindColumns(session, options.Schema);

    private protected override bool HasSchema(SqlSession session) => PostgresCatalog.HasSchema(session, options.Schema);

    private protected override string TypeOf(KpiType type) =>
        type switch
        {
            KpiType.Integer => "BIGINT NOT NULL DEFAULT 0",
            KpiType.Quotient => "DOUBLE PRECISION NOT NULL DEFAULT 0",
            _ => "TEXT NOT NULL DEFAULT ''",
        };

    private protected override void BeforeMaking(SqlSession session)
    {
        var server = (NpgsqlConnection)session.Connection;
        if (server.PostgreSqlVersion.Major < OldestVersion)
        {
            throw new DestinationException(
                $"it is PostgreSQL {server.PostgreSqlVersion}, and MERGE came with {OldestVersion}."
            );
        }

        if (server.PostgresParameters["server_encoding"] != "UTF8")
        {
            throw new DestinationException(
                $"its encoding is {server.PostgresParameters["server_encoding"]}, and names are UTF-8: name a database made with ENCODING 'UTF8'."
            );
        }

        // Two who make the same at once would trip over each other, whatever IF NOT EXISTS says.
        session.Execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('downbeat ' || @schema, 0))",
            ("@schema", options.Schema)
        );
    }

    private protected override void AfterMaking(SqlSession session)
    {
        foreach (var role in options.GrantSelectTo)
        {
            PostgresCatalog.GrantSelect(session, options.Schema, role, Readable);
        }
    }

    private protected override void Lock(SqlSession session) =>
        session.Execute($"LOCK TABLE {Table(LakeTable)} IN SHARE ROW EXCLUSIVE MODE"); // Whoever reads does not wait.

    private protected override void Load(SqlSession session, IReadOnlyList<DateTables> dates, IDisposable? staged)
    {
        foreach (var schema in KpiTables.Published)
        {
            var staging = Quote($"downbeat_new_{schema.Name}");
            var table = Table(schema.Name);
            session.Execute(
                $"CREATE TEMPORARY TABLE {staging} ON COMMIT DROP AS SELECT {Columns(schema)} FROM {table} WITH NO DATA"
            );
            Copy(session, schema, dates, staging);

            var columns = schema.Columns.Select(column => Quote(column.Name)).ToList();
            var values = columns.Skip(schema.KeyColumns).ToList();
            var isSameKey = string.Join(
                " AND ",
                columns.Take(schema.KeyColumns).Select(column => $"held.{column} = new.{column}")
            );
            session.Execute(
                $"""
                MERGE INTO {table} AS held USING {staging} AS new ON {isSameKey} AND held.date IN {In(dates)}
                WHEN MATCHED AND ({List("held.", values)}) IS DISTINCT FROM ({List("new.", values)}) THEN
                    UPDATE SET {string.Join(", ", values.Select(column => $"{column} = new.{column}"))}
                WHEN NOT MATCHED THEN INSERT ({List("", columns)}) VALUES ({List("new.", columns)})
                """
            );
            session.Execute(
                $"DELETE FROM {table} AS held WHERE date IN {In(dates)} AND NOT EXISTS (SELECT FROM {staging} AS new WHERE {isSameKey})"
            );
        }
    }

    private protected override string? Explain(Exception error) =>
        PostgresFaults.IsFault(error) ? PostgresFaults.Explain(error, connection) : null;

    private protected override bool IsTransient(Exception error) => PostgresFaults.IsTransient(error);

    static string List(string prefix, IEnumerable<string> columns) =>
        string.Join(", ", columns.Select(column => prefix + column));

    void Copy(SqlSession session, KpiSchema schema, IReadOnlyList<DateTables> dates, string staging)
    {
        session.Step();
        using var rows = ((NpgsqlConnection)session.Connection).BeginBinaryImport(
            $"COPY {staging} ({Columns(schema)}) FROM STDIN (FORMAT BINARY)"
        );
        foreach (var date in dates)
        {
            session.CancellationToken.ThrowIfCancellationRequested();
            foreach (var row in date.Table(schema.Name).Rows)
            {
                rows.StartRow();
                rows.Write(date.Date, NpgsqlDbType.Date);
                for (var place = 1; place < schema.Columns.Count; place++)
                {
                    var cell = row[place - 1];
                    switch (schema.Columns[place].Type)
                    {
                        case KpiType.Integer:
                            rows.Write(cell.Integer, NpgsqlDbType.Bigint);
                            break;
                        case KpiType.Quotient:
                            rows.Write(cell.Quotient, NpgsqlDbType.Double);
                            break;
                        default:
                            rows.Write(Texts.Fit(schema, schema.Columns[place], cell.Text), NpgsqlDbType.Text);
                            break;
                    }
                }
            }
        }

        session.Step();
        rows.Complete();
    }
}
