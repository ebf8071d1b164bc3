using System.Globalization;
using Downbeat.Connectors.Postgres;
using Downbeat.Testing.Servers;
using Npgsql;

namespace Downbeat.Connectors.Tests.Postgres;

/// <summary>A schema of its own on the PostgreSQL server of the tests, with a name that needs quotes.</summary>
sealed class PostgresPlace : IDisposable
{
    /// <summary>Of the role postgres, and never to be seen in a message.</summary>
    public const string Password = "secret of postgres";

    static int number;

    public PostgresPlace()
    {
        Server = TestServers.Need("postgres");
        Environment.SetEnvironmentVariable("DOWNBEAT_POSTGRES_PASSWORD", Password);
        Options = new()
        {
            Address = Address(),
            Schema = string.Create(
                CultureInfo.InvariantCulture,
                $"a \"test\" of {Interlocked.Increment(ref number)} %"
            ),
        };
    }

    public TestServer Server { get; }

    public PostgresOptions Options { get; }

    public string Schema => $"\"{Options.Schema.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    public string Prefix => $"{Schema}.";

    public PostgresAddress Address(string user = "postgres", int? port = null, string host = "127.0.0.1") =>
        PostgresAddress.Parse(
            string.Create(CultureInfo.InvariantCulture, $"postgresql://{user}@{host}:{port ?? Server.Port}/postgres"),
            "postgres"
        );

    /// <summary>A connection of the superuser; the schema is there then.</summary>
    public NpgsqlConnection OpenClient()
    {
        var connection = new PostgresConnection("postgres", Address()).Open();
        using var command = new NpgsqlCommand($"CREATE SCHEMA IF NOT EXISTS {Schema}", connection);
        command.ExecuteNonQuery();
        return connection;
    }

    public void Dispose()
    {
        using var connection = OpenClient();
        using var command = new NpgsqlCommand($"DROP SCHEMA {Schema} CASCADE", connection);
        command.ExecuteNonQuery();
    }
}
