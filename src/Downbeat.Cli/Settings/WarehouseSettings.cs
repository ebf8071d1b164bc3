using Downbeat.Connectors.Postgres;
using Downbeat.Connectors.Redshift;

namespace Downbeat.Cli.Settings;

/// <summary>The settings of databases that hold all tables besides the lake.</summary>
static class WarehouseSettings
{
    const string TlsWords = "require, verify-full, or off for a server on this machine";
    const string RoleWords = "names of roles, with commas between them";

    /// <summary>Those of PostgreSQL.</summary>
    public static IReadOnlyList<Setting> Postgres { get; } =
    [
        OfPostgres(
            "postgres",
            "an address like postgresql://loader@db.example.com:5432/analytics",
            "A PostgreSQL database that holds all tables, too.",
            (postgres, text) => postgres with { Address = PostgresAddress.Parse(text, "postgres") }
        ),
        OfPostgres(
            "postgresSchema",
            "the name of a schema",
            "The schema there that holds the tables.",
            (postgres, text) => postgres with { Schema = text }
        ) with
        {
            Default = new PostgresOptions().Schema,
        },
        OfPostgres(
            "postgresCa",
            "a file",
            "The authority that signed the certificate of the PostgreSQL server (PEM); the server is verified then.",
            (postgres, text) => postgres with { Ca = text }
        ),
        OfPostgres(
            "postgresTls",
            TlsWords,
            "How the connection to PostgreSQL is protected; verify-full goes with postgresCa, require otherwise.",
            (postgres, text) => Tls(text) is { } tls ? postgres with { Tls = tls } : null
        ),
        OfPostgres(
            "postgresGrantSelectTo",
            RoleWords,
            "Roles of PostgreSQL that may read the tables.",
            (postgres, text) => postgres with { GrantSelectTo = Names(text) }
        ),
    ];

    /// <summary>Those of Redshift.</summary>
    public static IReadOnlyList<Setting> Redshift { get; } =
    [
        OfRedshift(
            "redshift",
            "an address like postgresql://loader@cluster.example.com:5439/analytics",
            "A Redshift database that holds all tables, too.",
            (redshift, text) =>
                redshift with
                {
                    Address = PostgresAddress.Parse(text, "redshift", RedshiftOptions.UsualPort),
                }
        ),
        OfRedshift(
            "redshiftSchema",
            "the name of a schema",
            "The schema there that holds the tables.",
            (redshift, text) => redshift with { Schema = text }
        ) with
        {
            Default = new RedshiftOptions().Schema,
        },
        OfRedshift(
            "redshiftStaging",
            "a place like s3://bucket/prefix",
            "Where files for Redshift lie while it loads them; below a lake in S3 when nobody says.",
            (redshift, text) => redshift with { Staging = text }
        ),
        OfRedshift(
            "redshiftIamRole",
            "the ARN of a role, or default",
            "The role by which Redshift reads these files; by the credentials of this program when nobody says.",
            (redshift, text) => redshift with { IamRole = text }
        ),
        OfRedshift(
            "redshiftCa",
            "a file",
            "The authority that signed the certificate of Redshift (PEM); the server is verified then.",
            (redshift, text) => redshift with { Ca = text }
        ),
        OfRedshift(
            "redshiftTls",
            TlsWords,
            "How the connection to Redshift is protected; verify-full goes with redshiftCa, require otherwise.",
            (redshift, text) => Tls(text) is { } tls ? redshift with { Tls = tls } : null
        ),
        OfRedshift(
            "redshiftGrantSelectTo",
            "names of users, 'group NAME' or 'role NAME', with commas between them",
            "Who may read the tables in Redshift.",
            (redshift, text) => redshift with { GrantSelectTo = Names(text) }
        ),
    ];

    static PostgresTls? Tls(string text) =>
        text switch
        {
            "require" => PostgresTls.Require,
            "verify-full" => PostgresTls.VerifyFull,
            "off" => PostgresTls.Off,
            _ => null,
        };

    static string[] Names(string text) =>
        text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    static Setting OfPostgres(
        string name,
        string allowed,
        string help,
        Func<PostgresOptions, string, PostgresOptions?> set
    ) =>
        Setting.OfSystem(
            name,
            allowed,
            help,
            (settings, text) =>
                set(settings.Postgres, text) is { } postgres ? settings with { Postgres = postgres } : null
        );

    static Setting OfRedshift(
        string name,
        string allowed,
        string help,
        Func<RedshiftOptions, string, RedshiftOptions?> set
    ) =>
        Setting.OfSystem(
            name,
            allowed,
            help,
            (settings, text) =>
                set(settings.Redshift, text) is { } redshift ? settings with { Redshift = redshift } : null
        );
}
