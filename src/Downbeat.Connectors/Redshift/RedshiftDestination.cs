using System.Data.Common;
using Amazon.Runtime;
using Amazon.Runtime.Credentials;
using Downbeat.Connectors.Postgres;
using Downbeat.Connectors.S3;
using Downbeat.Connectors.Sql;
using Downbeat.Engine.Kpis;
using Downbeat.Pipeline.Publish;
using Microsoft.Extensions.Logging;

namespace Downbeat.Connectors.Redshift;

/// <summary>
/// Redshift. It loads files from S3, and is slow at statements and at changing rows one by one: a batch is written as a file a
/// table, copied into temporary tables, and then replaces its dates.
/// </summary>
public sealed class RedshiftDestination : SqlDestination
{
    /// <summary>What a VARCHAR takes at most.</summary>
    const int MaxTextBytes = 65_535;

    readonly RedshiftOptions options;
    readonly PostgresConnection connection;
    readonly S3Client s3;
    readonly List<string> secrets = [];

    /// <summary>It connects when it is used first.</summary>
    /// <param name="options">Where.</param>
    /// <param name="logger">Told of retries.</param>
    /// <param name="isWatched">Whether it is tried again soon anyway, and runs are not to wait until it works.</param>
    public RedshiftDestination(RedshiftOptions options, ILogger logger, bool isWatched = false)
        : this(options, logger, new Retries("redshift", IsWorthARetry, logger, isLeft: _ => isWatched)) { }

    internal RedshiftDestination(RedshiftOptions options, ILogger logger, Retries? retries)
        : base("redshift.sql", new(MaxTextBytes, MaxTextBytes), retries)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Staging is null)
        {
            throw new ArgumentException("A place for its files is needed.", nameof(options));
        }

        this.options = options;
        s3 = new(options.S3, logger);
        connection = new(Name, options.Address ?? throw new ArgumentException("An address is needed.", nameof(options)))
        {
            Ca = options.Ca,
            Tls = options.Tls,
            IsRedshift = true,
        };
    }

    /// <inheritdoc/>
    public override string Name => "redshift";

    /// <inheritdoc/>
    public override string Place => $"{connection.Address}, schema {options.Schema}";

    private protected override string Schema => Quote(options.Schema);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing)
        {
            s3.Dispose();
        }
    }

    private protected override DbConnection Open(bool write) => connection.Open();

    private protected override ILookup<string, string> FindColumns(SqlSession session) =>
        PostgresCatalog.FindColumns(session, options.Schema);

    private protected override bool HasSchema(SqlSession session) => PostgresCatalog.HasSchema(session, options.Schema);

    private protected override string TypeOf(KpiType type) =>
        type switch
        {
            KpiType.Integer => "BIGINT NOT NULL DEFAULT 0",
            KpiType.Quotient => "DOUBLE PRECISION NOT NULL DEFAULT 0",
            _ => "VARCHAR(65535) NOT NULL DEFAULT ''",
        };

    private protected override void AfterMaking(SqlSession session)
    {
        foreach (var name in options.GrantSelectTo)
        {
            // Granted anew each time: what somebody may do is not to be asked there in a way that all versions know.
            var to = name.Split(' ', 2) switch
            {
                ["group", var group] => $"GROUP {Quote(group.Trim())}",
                ["role", var role] => $"ROLE {Quote(role.Trim())}",
                _ when name == "public" => "PUBLIC",
                _ => Quote(name),
            };
            session.Execute($"GRANT USAGE ON SCHEMA {Schema} TO {to}");
            foreach (var table in Readable)
            {
                session.Execute($"GRANT SELECT ON {Table(table)} TO {to}");
            }
        }
    }

    /// <summary>Redshift has only locks that keep everybody out; nobody but publishers looks at this table.</summary>
    private protected override void Lock(SqlSession session) => session.Execute($"LOCK TABLE {Table(LakeTable)}");

    private protected override IDisposable Stage(
        IReadOnlyList<DateTables> dates,
        CancellationToken cancellationToken
    ) => StagedFiles.Write(s3, options.Staging!, dates, Texts, cancellationToken);

    private protected override void Load(SqlSession session, IReadOnlyList<DateTables> dates, IDisposable? staged)
    {
        var files = (StagedFiles)staged!;
        foreach (var schema in KpiTables.Published)
        {
            var staging = Quote($"downbeat_new_{schema.Name}");
            var table = Table(schema.Name);
            var columns = Columns(schema);
            session.Execute($"CREATE TEMPORARY TABLE {staging} (LIKE {table})");
            session.Execute(
                $"""
                COPY {staging} ({columns}) FROM {Text(files.Manifest(schema.Name))}
                {Authorization()}
                FORMAT AS CSV GZIP MANIFEST DATEFORMAT 'YYYY-MM-DD' NULL AS {Text(
                    files.Null
                )} COMPUPDATE OFF STATUPDATE OFF{Region()}
                """
            );
            session.Execute($"DELETE FROM {table} WHERE date IN {In(dates)}");
            session.Execute(
                $"INSERT INTO {table} ({columns}) SELECT {columns} FROM {staging} WHERE date IN {In(dates)}"
            );
            session.Execute($"DROP TABLE {staging}"); // The temporary one: it would live as long as the connection.
        }
    }

    private protected override string? Explain(Exception error) =>
        error switch
        {
            UnauthorizedAccessException => error.Message,
            AmazonClientException => $"no credentials for S3 were found: {error.Message}",
            IOException when error.Message.StartsWith("S3 ", StringComparison.Ordinal) => error.Message,
            _ when RedshiftFaults.IsFault(error) => WithoutSecrets(RedshiftFaults.Explain(error, connection)),
            _ => null,
        };

    private protected override bool IsTransient(Exception error) => RedshiftFaults.IsTransient(error);

    /// <summary>A server that repeats the statement it did not take would repeat the keys in it.</summary>
    private protected override bool MayBeShown(Exception error)
    {
        var text = error.ToString();
        return !secrets.Exists(secret => text.Contains(secret, StringComparison.Ordinal));
    }

    string WithoutSecrets(string text) =>
        secrets.Aggregate(text, (text, secret) => text.Replace(secret, "…", StringComparison.Ordinal));

    /// <summary>By which right Redshift reads the files.</summary>
    string Authorization()
    {
        if (options.IamRole is { } role)
        {
            return role == "default" ? "IAM_ROLE default" : $"IAM_ROLE {Text(role)}";
        }

        var keys = DefaultAWSCredentialsIdentityResolver.GetCredentials().GetCredentials();
        secrets.Clear();
        secrets.Add(keys.SecretKey);
        if (keys.UseToken)
        {
            secrets.Add(keys.Token);
        }

        return $"ACCESS_KEY_ID {Text(keys.AccessKey)} SECRET_ACCESS_KEY {Text(keys.SecretKey)}"
            + (keys.UseToken ? $" SESSION_TOKEN {Text(keys.Token)}" : "");
    }

    string Region() => options.S3.Region is { } region ? $" REGION {Text(region)}" : "";

    /// <summary>A text as it stands in a statement. Whether a backslash means itself there is not told by all versions.</summary>
    static string Text(string text) =>
        text.AsSpan().IndexOfAny('\\', '\0') < 0
            ? $"'{text.Replace("'", "''", StringComparison.Ordinal)}'"
            : throw new DestinationException(
                "redshiftStaging, redshiftIamRole, the region or the keys of AWS hold a backslash, which could end a text in a statement."
            );
}
