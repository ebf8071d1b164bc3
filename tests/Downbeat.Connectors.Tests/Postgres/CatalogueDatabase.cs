using System.Globalization;
using Downbeat.Connectors.Postgres;
using Downbeat.Testing.Servers;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Downbeat.Connectors.Tests.Postgres;

/// <summary>A database of its own on the test server, which its owner fills and <c>reader</c> may only read.</summary>
sealed class CatalogueDatabase : IDisposable
{
    const string ReaderPassword = "secret of reader";

    static readonly Lock MakingReader = new();
    static int count;

    readonly NpgsqlConnection owner;

    public CatalogueDatabase()
    {
        var server = TestServer.Get("postgres");
        Assert.SkipWhen(server.Missing is not null, server.Missing ?? "");
        Port = server.Port;
        Name = string.Create(CultureInfo.InvariantCulture, $"catalogue{Interlocked.Increment(ref count)}");
        lock (MakingReader)
        {
            using var first = OpenAsOwner("postgres");
            Execute(first, $"CREATE DATABASE {Name}");
            Execute(
                first,
                $"""
                DO $$ BEGIN
                    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'reader') THEN
                        CREATE ROLE reader LOGIN PASSWORD '{ReaderPassword}';
                    END IF;
                END $$
                """
            );
            Environment.SetEnvironmentVariable("DOWNBEAT_CATALOGUE_PASSWORD", ReaderPassword);
        }

        owner = OpenAsOwner(Name);
    }

    public int Port { get; }

    public string Name { get; }

    /// <summary>Does something as the owner, and lets the reader read whatever there is then.</summary>
    public void Execute(string sql)
    {
        Execute(owner, sql);
        Execute(
            owner,
            """
            DO $$ DECLARE schema text; BEGIN
                FOR schema IN SELECT nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema' LOOP
                    EXECUTE format('GRANT USAGE ON SCHEMA %I TO reader', schema);
                    EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA %I TO reader', schema);
                END LOOP;
            END $$
            """
        );
    }

    /// <summary>Copies CSV into a table, in its order.</summary>
    public void Load(string table, string columns, string csv)
    {
        using var import = owner.BeginTextImport($"COPY {table} ({columns}) FROM STDIN (FORMAT csv, HEADER)");
        import.Write(csv);
    }

    public T Ask<T>(string sql)
    {
        using var command = new NpgsqlCommand(sql, owner);
        return (T)command.ExecuteScalar()!;
    }

    public NpgsqlConnection OpenAsOwner() => OpenAsOwner(Name);

    public PostgresConnection Connection(string url = "") =>
        new(
            "catalogue",
            PostgresAddress.Parse(
                url.Length > 0
                    ? url
                    : string.Create(CultureInfo.InvariantCulture, $"postgresql://reader@127.0.0.1:{Port}/{Name}"),
                "catalogue"
            )
        );

    /// <summary>Songs and users of this database, without waiting between retries.</summary>
    public PostgresCatalogue Catalogue(
        PostgresCatalogueTable? songs = null,
        PostgresCatalogueTable? users = null,
        PostgresConnection? connection = null,
        Action? betweenTables = null
    ) =>
        new(
            new()
            {
                Connection = connection ?? Connection(),
                Songs = songs ?? new() { Table = "songs" },
                Users = users ?? new() { Table = "users" },
            },
            NullLogger.Instance
        )
        {
            Retries = new("postgres", _ => false, NullLogger.Instance),
            BetweenTables = betweenTables,
        };

    public void Dispose()
    {
        owner.Dispose();
        using var server = OpenAsOwner("postgres");
        Execute(server, $"DROP DATABASE {Name} WITH (FORCE)");
    }

    NpgsqlConnection OpenAsOwner(string database)
    {
        var connection = new NpgsqlConnection(
            string.Create(
                CultureInfo.InvariantCulture,
                $"Host=127.0.0.1;Port={Port};Username=postgres;Password=secret of postgres;Database={database};Pooling=false"
            )
        );
        connection.Open();
        return connection;
    }

    static void Execute(NpgsqlConnection connection, string sql)
    {
        using var command = new NpgsqlCommand(sql, connection);
        command.ExecuteNonQuery();
    }
}
