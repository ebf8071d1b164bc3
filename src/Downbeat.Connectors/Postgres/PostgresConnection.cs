using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Npgsql;

namespace Downbeat.Connectors.Postgres;

/// <summary>How a connection is protected.</summary>
public enum PostgresTls
{
    /// <summary>Encrypted, whoever the server is.</summary>
    Require,

    /// <summary>Encrypted, and the server shows a certificate for its name that is signed by the authority that was given, or by one the system trusts.</summary>
    VerifyFull,

    /// <summary>Not encrypted: for a server on this machine.</summary>
    Off,
}

/// <summary>
/// How to connect to a database that speaks PostgreSQL's protocol. The password is looked up when a connection is opened: in the
/// variable, in <c>PGPASSWORD</c>, in the file that <c>PGPASSFILE</c> names, in <c>~/.pgpass</c>.
/// </summary>
/// <param name="Name">What its settings begin with, <c>postgres</c>: its password's variable is then <c>DOWNBEAT_POSTGRES_PASSWORD</c>.</param>
/// <param name="Address">Where it is, and who connects.</param>
public sealed record PostgresConnection(string Name, PostgresAddress Address)
{
    const int ConnectSeconds = 15;

    /// <summary>One statement moves some 100,000 rows at most, but may wait for another publisher.</summary>
    const int StatementSeconds = 600;

    /// <summary>The variable for its password.</summary>
    public string PasswordVariable => PasswordVariableOf(Name);

    /// <summary>The authority that signed the server's certificate, a file in PEM.</summary>
    public string? Ca { get; init; }

    /// <summary>How it is protected; null for <see cref="PostgresTls.VerifyFull"/> where an authority is given and <see cref="PostgresTls.Require"/> otherwise.</summary>
    public PostgresTls? Tls { get; init; }

    /// <summary>Whether it is Redshift, which cannot tell all that a client asks PostgreSQL about its types.</summary>
    public bool IsRedshift { get; init; }

    /// <summary>The variable for the password of what has settings that begin with a name.</summary>
    public static string PasswordVariableOf(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return $"DOWNBEAT_{name.ToUpperInvariant()}_PASSWORD";
    }

    /// <summary>Opens a connection of its own, which is closed when it is disposed of.</summary>
    /// <exception cref="NpgsqlException">It cannot be opened. <see cref="PostgresFaults"/> says why, and whether that may pass.</exception>
    /// <exception cref="IOException">The authority cannot be read.</exception>
    public NpgsqlConnection Open()
    {
        CheckCa();
        var builder = new NpgsqlSlimDataSourceBuilder(
            new NpgsqlConnectionStringBuilder
            {
                Host = Address.Host,
                Port = Address.Port,
                Database = Address.Database,
                Username = Address.User,
                Password = Environment.GetEnvironmentVariable(PasswordVariable) is { Length: > 0 } password
                    ? password
                    : null,
                SslMode = (Tls ?? (Ca is null ? PostgresTls.Require : PostgresTls.VerifyFull)) switch
                {
                    PostgresTls.Off => SslMode.Disable,
                    PostgresTls.VerifyFull => SslMode.VerifyFull,
                    _ => SslMode.Require,
                },
                GssEncryptionMode = GssEncryptionMode.Disable, // Asking for it takes a connection of its own.
                RootCertificate = Ca,
                ApplicationName = "downbeat",
                Timeout = ConnectSeconds,
                CommandTimeout = StatementSeconds,
                TcpKeepAlive = true,
                Pooling = false, // One connection at a time, held as long as it is needed.
            }.ConnectionString
        );
        builder.EnableTransportSecurity().EnableArrays();
        if (IsRedshift)
        {
            builder.ConfigureTypeLoading(types => types.EnableTypeLoading(false));
        }

        var connection = builder.Build().CreateConnection();
        try
        {
            connection.Open();
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    void CheckCa()
    {
        if (Ca is null)
        {
            return;
        }

        var authorities = new X509Certificate2Collection();
        try
        {
            authorities.ImportFromPemFile(Ca);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new IOException($"{Name}Ca is {Ca}, which cannot be read: {error.Message}", error);
        }

        if (authorities.Count == 0)
        {
            throw new IOException($"{Name}Ca is {Ca}, which holds no certificate in PEM.");
        }
    }
}
